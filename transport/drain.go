package transport

import (
	"context"
	"slices"
	"time"

	"github.com/bennu-go/bennu/telemetry"
)

// DrainConfig says how the connections of a socket are told to go elsewhere when the server stops. The zero value works.
type DrainConfig struct {
	// Batch of connections that are told at once. Zero means 10,000.
	Batch int
	// Interval between batches. Zero means 2 seconds.
	Interval time.Duration
	// Timeout of the whole; what is left then is told at once. Zero means 30 seconds.
	Timeout time.Duration
}

// Limit is how long draining may take: Timeout, or its default.
func (c DrainConfig) Limit() time.Duration { return c.withDefaults().Timeout }

func (c DrainConfig) withDefaults() DrainConfig {
	if c.Batch <= 0 {
		c.Batch = 10_000
	}
	if c.Interval <= 0 {
		c.Interval = 2 * time.Second
	}
	if c.Timeout <= 0 {
		c.Timeout = 30 * time.Second
	}
	return c
}

// Drain ends every connection of socket (nil: of all sockets), those without channels too, with code 1012, in batches. Connections that come meanwhile
// are drained at once. It returns when all have been told and the last have gone, or when ctx ends.
func (ss *Shards) Drain(ctx context.Context, env Env, socket Socket, cfg DrainConfig) {
	cfg = cfg.withDefaults()
	ss.phase.CompareAndSwap(phaseAccept, phaseDrain)
	var all []client
	for _, s := range ss.all {
		all = append(all, s.conns.of(socket)...)
	}
	name := ""
	if socket != nil {
		name = socket.Name()
	}
	deadline := time.Now().Add(cfg.Timeout)
	rounds := (len(all) + cfg.Batch - 1) / cfg.Batch
	for i := range rounds {
		if i > 0 && time.Now().Before(deadline) && ctx.Err() == nil {
			pause(ctx, cfg.Interval)
		}
		batch := all[i*cfg.Batch : min((i+1)*cfg.Batch, len(all))]
		for _, c := range batch {
			c.drain()
		}
		telemetry.Emit(ctx, env.Telemetry, telemetry.SocketDrain{Socket: name, Count: len(batch), Total: len(all), Index: i + 1, Rounds: rounds, Interval: cfg.Interval})
	}
	ss.await(ctx, socket, deadline)
}

// await waits until the closing handshakes are over.
func (ss *Shards) await(ctx context.Context, socket Socket, deadline time.Time) {
	for time.Now().Before(deadline) && ctx.Err() == nil {
		if !slices.ContainsFunc(ss.all, func(s *Shard) bool { return s.conns.has(socket) }) {
			return
		}
		pause(ctx, 10*time.Millisecond)
	}
}

// Abandon closes every connection without more ado, and those that come later, until Accept.
func (ss *Shards) Abandon() {
	ss.phase.Store(phaseAbandon)
	for _, s := range ss.all {
		for _, c := range s.conns.of(nil) {
			c.abandon()
		}
	}
}

// Accept lets connections in again after Drain and Abandon.
func (ss *Shards) Accept() { ss.phase.Store(phaseAccept) }

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
