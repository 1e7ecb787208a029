package presence

import (
	"context"
	"log/slog"

	"github.com/bennu-go/bennu/pubsub"
	"github.com/bennu-go/bennu/telemetry"
)

// event is the name under which clients get diffs.
const event = "presence_diff"

// diff is what goes out to the clients of one topic.
type diff struct {
	topic         *topic
	joins, leaves []change
	fields        fields    // of the keys, when it goes out
	after         *snapshot // for the listener
}

// flush is the message that has the shard's process see what is to go out.
type flush struct{}

// enqueue has the changes of a topic go out when its window ends.
func (s *shard) enqueue(t *topic) {
	if t.dirty || t.fetching {
		return
	}
	if t.pending.empty() {
		s.tidy(t)
		return
	}
	window := s.life.cfg.Window
	if window < 0 && s.room() {
		s.take(t)
		s.wake()
		return
	}
	t.dirty = true
	t.due = s.life.cfg.System.Now() + max(window, 0)
	s.dirty = append(s.dirty, t)
	s.wake()
}

// wake sends the process a flush for the earliest thing to do.
func (s *shard) wake() {
	switch {
	case s.armed || s.closed:
		return
	case len(s.ready) > 0:
		s.armed = true
		s.process.Control(flush{})
	case len(s.dirty) > 0 && s.room():
		s.armed = true
		s.process.SendAfter(max(0, s.dirty[0].due-s.life.cfg.System.Now()), flush{})
	}
}

// room says whether one more topic may go out: always, unless too many wait for their Fetch.
func (s *shard) room() bool {
	return s.life.cfg.Fetch == nil || s.fetching < s.life.cfg.FetchConcurrency
}

// take makes a diff of a topic's changes and puts it in line.
func (s *shard) take(t *topic) {
	d := diff{topic: t}
	d.joins, d.leaves = t.pending.take()
	if len(d.joins)+len(d.leaves) == 0 {
		s.tidy(t)
		return
	}
	if s.life.cfg.HandleMetas != nil {
		d.after = s.snapshot(t)
	}
	if s.life.cfg.Fetch != nil {
		t.fetching = true
		s.fetching++
	}
	s.ready = append(s.ready, d)
	if s.life.cfg.Fetch == nil {
		s.tidy(t)
	}
}

// flush runs on the shard's process, as do all below.
func (s *shard) flush(ctx context.Context) {
	s.mu.Lock()
	s.armed = false
	now := s.life.cfg.System.Now()
	for len(s.dirty) > 0 && s.dirty[0].due <= now && s.room() {
		t := s.dirty[0]
		s.dirty[0] = nil
		s.dirty = s.dirty[1:]
		t.dirty = false
		s.take(t)
	}
	if len(s.dirty) == 0 {
		s.dirty = nil
	}
	ready := s.ready
	s.ready = nil
	s.wake()
	s.mu.Unlock()
	for i := range ready {
		if s.life.cfg.Fetch != nil {
			s.startFetch(ready[i])
		} else {
			s.publish(ctx, ready[i])
		}
	}
}

// publish hands a diff to the topic's clients on this node, then to the listener.
func (s *shard) publish(ctx context.Context, d diff) {
	cfg := s.life.cfg
	joins, leaves := d.snapshot(d.joins), d.snapshot(d.leaves)
	b := make([]byte, 0, joins.size()+leaves.size()+len(`{"joins":,"leaves":}`))
	b = append(b, `{"joins":`...)
	b = joins.append(b)
	b = append(b, `,"leaves":`...)
	b = leaves.append(b)
	b = append(b, '}')
	m, err := pubsub.NewEvent(d.topic.name, event, b)
	if err == nil {
		err = cfg.PubSub.LocalBroadcast(m, nil)
	}
	if err != nil {
		cfg.Logger.LogAttrs(ctx, slog.LevelError, "presence: a diff could not be broadcast",
			slog.String("presence", cfg.Name), slog.String("topic", d.topic.name), slog.Any("error", err))
	}
	if t := cfg.Telemetry; t != nil && telemetry.Enabled[telemetry.PresenceDiff](t) {
		telemetry.Emit(ctx, t, telemetry.PresenceDiff{Topic: d.topic.name, Joins: len(d.joins), Leaves: len(d.leaves)})
	}
	if cfg.HandleMetas != nil {
		s.life.listener.tell(occurrence{d.topic.name, joins, leaves, d.after})
	}
}

// snapshot gives joins or leaves as clients get them.
func (d *diff) snapshot(changes []change) *snapshot {
	return groupBy(len(changes), func(yield func(item) bool) {
		for i := range changes {
			if !yield(changes[i].item) {
				return
			}
		}
	}, d.fields.of)
}
