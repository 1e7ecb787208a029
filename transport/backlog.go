package transport

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/bennu-go/bennu/internal/stack"
	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
	"github.com/bennu-go/bennu/telemetry"
)

// The bounds of what waits in a shard to be fanned out. An empty backlog takes one message of any size.
const (
	maxBacklog      = 1 << 20  // writes: messages times members, which is some seconds of work
	maxBacklogBytes = 64 << 20 // of payloads
	patience        = 5 * time.Second
)

// backlog counts what waits in a shard to be fanned out. Who publishes faster than the shard can write waits until there is room again; after
// patience the message is dropped, counted and logged: delivery is at most once, and memory is not for sale.
type backlog struct {
	mu      sync.Mutex // guards the fields below
	writes  int
	bytes   int
	room    chan struct{} // closed when there is room again; nil while nobody waits
	dropped int
	told    time.Time
}

func (b *backlog) fitsLocked(writes, bytes int) bool {
	return b.writes == 0 || b.writes+writes <= maxBacklog && b.bytes+bytes <= maxBacklogBytes
}

// enter counts a message in, waiting for room if wait allows it, and says whether it is in.
func (b *backlog) enter(writes, bytes int, wait bool) bool {
	var late <-chan time.Time
	for {
		b.mu.Lock()
		if b.fitsLocked(writes, bytes) {
			b.writes += writes
			b.bytes += bytes
			b.mu.Unlock()
			return true
		}
		if b.room == nil {
			b.room = make(chan struct{})
		}
		room := b.room
		b.mu.Unlock()
		if !wait {
			return false
		}
		if late == nil {
			t := time.NewTimer(patience)
			defer t.Stop()
			late = t.C
		}
		select {
		case <-room:
		case <-late:
			return false
		}
	}
}

// leave counts messages out.
func (b *backlog) leave(writes, bytes int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.writes -= writes
	b.bytes -= bytes
	if b.room != nil && b.writes <= maxBacklog/2 && b.bytes <= maxBacklogBytes/2 {
		close(b.room)
		b.room = nil
	}
}

// drop notes a message that found no room, and says whether it is time to log, about how many.
func (b *backlog) drop() (n int, log bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.dropped++
	if time.Since(b.told) < time.Minute {
		return 0, false
	}
	n, b.dropped, b.told = b.dropped, 0, time.Now()
	return n, true
}

// Deliver implements pubsub.Group: one item for all members.
func (g *group) Deliver(m *pubsub.Message, from *proc.Process) {
	s := g.shard
	writes := 1 + int(g.size.Load())
	own := func() bool { id := s.goroutine.Load(); return id != 0 && id == stack.ID() } // the shard cannot wait for itself
	if s.backlog.enter(writes, len(m.Payload()), false) || !own() && s.backlog.enter(writes, len(m.Payload()), true) {
		s.post(item{group: g, msg: m, from: from, writes: writes})
		return
	}
	ctx := context.Background()
	telemetry.Emit(ctx, s.env.telemetry, telemetry.BroadcastDropped{Topic: m.Topic, Event: m.Name, Members: writes - 1})
	if n, log := s.backlog.drop(); log && s.env.logger != nil {
		s.env.logger.LogAttrs(ctx, slog.LevelError, "transport: dropped broadcasts: they are published faster than they can be written; publish less, merge them, or add nodes",
			slog.String("topic", m.Topic), slog.Int("dropped", n), slog.Int("members", writes-1))
	}
}
