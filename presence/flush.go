package presence

import (
	"log/slog"
	"time"

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

// The messages that have the shard's process see what is to go out.
type (
	flush       struct{}
	windowEnded struct{}
)

// done ends a batch of changes. Diffs that can go out at once are the caller's to publish, without the lock, if it wants them: then clients have
// been told when Track returns.
func (s *shard) done(want bool) (mine []diff) {
	for i, t := range s.touched {
		t.touched = false
		t.cached = cached{}
		s.enqueue(t)
		s.touched[i] = nil
	}
	s.touched = s.touched[:0]
	if want && s.life.cfg.Fetch == nil {
		mine, s.ready = s.ready, nil
	}
	s.wake()
	return mine
}

// enqueue has the changes of a topic go out: at once if it has been quiet, else together with what follows within the window.
func (s *shard) enqueue(t *topic) {
	if t.dirty || t.busy {
		return
	}
	now := s.life.cfg.System.Now()
	switch {
	case now < t.quiet: // also if there is nothing to tell: a topic is remembered until then
	case t.pending.empty():
		s.tidy(t)
		return
	case s.room():
		s.take(t, now)
		return
	}
	t.dirty = true
	t.due = now + s.life.cfg.Window
	s.dirty = append(s.dirty, t)
}

// wake sends the process a flush for the earliest thing to do.
func (s *shard) wake() {
	switch {
	case s.closed:
	case len(s.ready) > 0 && !s.posted:
		s.posted = true
		s.process.Control(flush{})
	case len(s.dirty) > 0 && !s.armed && s.room():
		s.armed = true
		s.process.SendAfter(max(0, s.dirty[0].due-s.life.cfg.System.Now()), windowEnded{})
	}
}

// room says whether one more topic may go out: always, unless too many wait for their Fetch.
func (s *shard) room() bool {
	return s.life.cfg.Fetch == nil || s.fetching < s.life.cfg.FetchConcurrency
}

// take makes a diff of a topic's changes. Until it is published, and enqueue called, later ones wait.
func (s *shard) take(t *topic, now time.Duration) {
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
		s.fetching++
	}
	t.busy = true
	t.quiet = now + s.life.cfg.Window
	s.ready = append(s.ready, d)
}

// windowEnded runs on the shard's process.
func (s *shard) windowEnded() {
	s.mu.Lock()
	s.armed = false
	now := s.life.cfg.System.Now()
	for len(s.dirty) > 0 && s.dirty[0].due <= now && s.room() {
		t := s.dirty[0]
		s.dirty[0] = nil
		s.dirty = s.dirty[1:]
		t.dirty = false
		s.take(t, now)
	}
	if len(s.dirty) == 0 {
		s.dirty = nil
	}
	s.mu.Unlock()
	s.flush()
}

// flush runs on the shard's process.
func (s *shard) flush() {
	s.mu.Lock()
	ready := s.ready
	s.ready = nil
	s.posted = false
	s.wake()
	s.mu.Unlock()
	if s.life.cfg.Fetch == nil {
		s.publish(ready)
		return
	}
	for i := range ready {
		s.startFetch(ready[i])
	}
}

// publish hands diffs to the clients on this node, then to the listener. It is called by whoever took them, without the lock.
func (s *shard) publish(ready []diff) {
	if len(ready) == 0 {
		return
	}
	for i := range ready {
		s.broadcast(&ready[i])
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range ready {
		ready[i].topic.busy = false
		s.enqueue(ready[i].topic)
	}
	s.wake()
}

func (s *shard) broadcast(d *diff) {
	ctx, cfg := s.life.ctx, s.life.cfg
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
