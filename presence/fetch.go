package presence

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/bennu-go/bennu/internal/codec"
	"github.com/bennu-go/bennu/supervise"
	"github.com/bennu-go/bennu/telemetry"
)

// FetchFunc adds to presences what clients should see next to their metas, such as a user's name and picture: one query for all keys of
// presences, which maps them to their encoded metas. The result maps keys to what encodes as a JSON object; its fields stand beside "metas". A
// key that is not in it gets none.
//
// It is called for keys that joined or were updated, and for those that a listing finds not yet fetched; what it returned is kept as long as the key
// is present and serves listings and leaves too. Calls for one topic follow each other, those for several run beside each other. An
// error, a panic, or a call that takes longer than Config.FetchTimeout costs the keys their fields, and is emitted as telemetry.FetchFailed.
type FetchFunc func(ctx context.Context, topic string, presences map[string][]json.RawMessage) (map[string]any, error)

// maxStuck bounds the calls of Fetch that may be running, those that have been given up included.
const maxStuck = 10_000

// fields are what Fetch added, by key.
type fields map[string]field

type field struct {
	json   string        // an object without its braces
	seq    uint64        // of the changes that the Fetch knew
	failed time.Duration // when, by System.Now; zero: it did not
}

func (f fields) of(key string) string { return f[key].json }

// wanted is a Fetch and, later, what came of it.
type wanted struct {
	shard     *shard
	topic     string
	seq       uint64
	presences map[string][]json.RawMessage
	result    map[string]string
	failed    bool
}

func (s *shard) want(t *topic) *wanted {
	return &wanted{shard: s, topic: t.name, seq: s.seq, presences: make(map[string][]json.RawMessage)}
}

func (w *wanted) add(key string, m meta) {
	w.presences[key] = append(w.presences[key], json.RawMessage(m))
}

// missing returns what a listing of the topic, or of one key, needs that was not fetched yet: nil is nothing.
func (s *shard) missing(t *topic, key *string) *wanted {
	w := s.want(t)
	now := s.life.cfg.System.Now()
	for row := range s.set.State().Topic(t.name) {
		if key != nil && row.Key != *key {
			continue
		}
		if f, ok := t.fields[row.Key]; !ok || f.failed > 0 && now-f.failed > s.life.cfg.FetchTimeout {
			w.add(row.Key, row.Meta)
		}
	}
	if len(w.presences) == 0 {
		return nil
	}
	return w
}

// keep stores what was fetched, unless later news has been, or nobody needs it any more: a diff that goes out does.
func (s *shard) keep(w *wanted, needed bool) {
	t := s.topics[w.topic]
	if t == nil || s.closed {
		return
	}
	failed := time.Duration(0)
	if w.failed {
		failed = max(1, s.life.cfg.System.Now())
	}
	for key := range w.presences {
		old, ok := t.fields[key]
		if ok && old.seq > w.seq || !needed && !s.known(t, key) {
			continue
		}
		if t.fields == nil {
			t.fields = make(fields)
		}
		t.fields[key] = field{json: w.result[key], seq: w.seq, failed: failed}
		t.cached = cached{}
	}
}

// known says whether a key is present or about to be told of.
func (s *shard) known(t *topic, key string) bool {
	if s.set.State().HasKey(t.name, key) {
		return true
	}
	for i := range t.pending.changes {
		if c := &t.pending.changes[i]; c.key == key && c.to != undone {
			return true
		}
	}
	return false
}

// fetch calls the user's function and waits for it, but no longer than the time-out.
func (w *wanted) fetch(ctx context.Context) {
	l, cfg := w.shard.life, w.shard.life.cfg
	start := time.Now()
	ctx, cancel := context.WithTimeoutCause(ctx, cfg.FetchTimeout, fmt.Errorf("no result within %v", cfg.FetchTimeout))
	defer cancel()
	task := supervise.Async(ctx, l.tasks, func(ctx context.Context) (map[string]string, error) {
		added, err := cfg.Fetch(ctx, w.topic, w.presences)
		if err != nil {
			return nil, err
		}
		return encodeFields(added, w.presences)
	})
	var err error
	if w.result, err = task.Await(ctx); err == nil {
		return
	}
	w.failed = true
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if l.ctx.Err() != nil {
		return // nobody waits for it any more
	}
	if t := cfg.Telemetry; t != nil && telemetry.Enabled[telemetry.FetchFailed](t) {
		telemetry.Emit(ctx, t, telemetry.FetchFailed{
			Presence: cfg.Name, Topic: w.topic, Keys: len(w.presences), Duration: time.Since(start), Err: err,
		})
	}
}

// encodeFields encodes what Fetch returned, without the braces and without "metas", which is not its to set.
func encodeFields(added map[string]any, asked map[string][]json.RawMessage) (map[string]string, error) {
	encoded := make(map[string]string, len(added))
	for key, v := range added {
		if _, ok := asked[key]; !ok || v == nil {
			continue
		}
		b, err := codec.Marshal(v)
		if err != nil {
			return nil, fmt.Errorf("key %q: %w", key, err)
		}
		if len(b) == 0 || b[0] != '{' {
			return nil, fmt.Errorf("key %q: the fields must encode as a JSON object, and %T gives %.40s", key, v, b)
		}
		if bytes.Contains(b, []byte(`"metas"`)) {
			var fields map[string]json.RawMessage
			if err := codec.Unmarshal(b, &fields); err != nil {
				return nil, fmt.Errorf("key %q: %w", key, err)
			}
			delete(fields, "metas")
			if b, err = codec.Marshal(fields); err != nil {
				return nil, fmt.Errorf("key %q: %w", key, err)
			}
		}
		encoded[key] = string(b[1 : len(b)-1])
	}
	return encoded, nil
}

// fetched is the message that a diff is complete.
type fetched struct {
	d diff
	w *wanted
}

// startFetch has a diff completed beside the shard's process, or publishes it if nothing is to be fetched.
func (s *shard) startFetch(d diff) {
	s.mu.Lock()
	w := s.want(d.topic)
	for _, c := range d.joins {
		if f, ok := d.topic.fields[c.key]; !ok || f.seq < c.seq || f.failed > 0 {
			w.add(c.key, c.meta)
		}
	}
	s.mu.Unlock()
	if len(w.presences) == 0 {
		s.process.Control(fetched{d, w})
		return
	}
	s.life.fetches.Add(1)
	s.process.Go(func(context.Context) {
		defer s.life.fetches.Done()
		w.fetch(s.life.ctx)
		s.process.Control(fetched{d, w})
	})
}

// fetched publishes a diff with what was fetched for it. It runs on the shard's process.
func (s *shard) fetched(f fetched) {
	s.mu.Lock()
	t := f.d.topic
	s.keep(f.w, true)
	f.d.fields = make(fields, len(f.d.joins)+len(f.d.leaves))
	for _, c := range f.d.joins {
		f.d.fields[c.key] = t.fields[c.key]
	}
	for _, c := range f.d.leaves {
		f.d.fields[c.key] = t.fields[c.key]
	}
	f.d.after = f.d.after.with(t.fields)
	s.fetching--
	for _, c := range f.d.leaves {
		if _, ok := t.fields[c.key]; ok && !s.known(t, c.key) {
			delete(t.fields, c.key)
		}
	}
	if len(t.fields) > 2*s.set.State().Count(t.name)+indexFrom { // some were fetched for who came and went unseen
		for key := range t.fields {
			if !s.known(t, key) {
				delete(t.fields, key)
			}
		}
	}
	s.mu.Unlock()
	s.publish([]diff{f.d})
}
