package channel

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/bennu-go/bennu/internal/frame"
	"github.com/bennu-go/bennu/internal/wire"
	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
	"github.com/bennu-go/bennu/transport"
)

// bench is a socket with clients that are lists of the messages they got: everything but the transport is real.
type rig struct {
	t      *testing.T
	sys    *proc.System
	ps     *pubsub.PubSub
	socket transport.Socket
	shards *transport.Shards
}

// onRig runs f in virtual time over a socket.
func onRig(t *testing.T, def transport.Definition, f func(r *rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		log := slog.New(slog.DiscardHandler)
		sys := proc.NewSystem(proc.Config{Logger: log})
		defer sys.Close()
		ps := pubsub.New(pubsub.Config{System: sys, Strict: true, Logger: log})
		shards := transport.NewShards(2, ps, func(stack []byte, v any) { t.Errorf("panic in a shard: %v\n%s", v, stack) })
		s, err := def.NewSocket(transport.Env{System: sys, PubSub: ps, Shards: shards, Logger: log})
		if err != nil {
			t.Fatal(err)
		}
		f(&rig{t: t, sys: sys, ps: ps, socket: s, shards: shards})
		synctest.Wait()
		for _, err := range ps.Mutated() {
			t.Error(err)
		}
	})
}

// client implements transport.Conn.
type client struct {
	r       *rig
	session transport.Session
	shard   *transport.Shard
	sr      wire.Serializer
	mu      sync.Mutex
	got     []string
	closed  int
}

func (r *rig) connect() *client { return r.connectAs(wire.V2{}) }

func (r *rig) connectAs(sr wire.Serializer) *client {
	r.t.Helper()
	s, err := r.socket.Connect(context.Background(), &ConnectRequest{Serializer: sr})
	if err != nil {
		r.t.Fatal(err)
	}
	c := &client{r: r, session: s, shard: r.shards.Pick(), sr: sr}
	s.Open(c)
	return c
}

func (c *client) add(data []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed == 0 {
		c.got = append(c.got, string(data))
	}
}
func (c *client) Send(b *transport.Batch) {
	for _, f := range b.Frames {
		c.add(f.Data())
	}
}
func (c *client) Write(p []byte) {
	n := 2
	if p[1] == 126 {
		n = 4
	}
	c.add(p[n:])
}
func (c *client) Close(code int, reason string) {
	c.mu.Lock()
	first := c.closed == 0
	if first {
		c.closed = code
	}
	c.mu.Unlock()
	if first {
		c.session.Closed(transport.ErrDisconnected)
	}
}
func (c *client) Shard() *transport.Shard     { return c.shard }
func (c *client) Serializer() wire.Serializer { return c.sr }
func (c *client) Transport() string           { return "test" }

// say sends messages without waiting between them.
func (c *client) say(messages ...string) {
	c.r.t.Helper()
	for _, m := range messages {
		if err := c.session.Receive(frame.Text, []byte(m)); err != nil {
			c.r.t.Fatalf("Receive(%s): %v", m, err)
		}
	}
}

// want waits until nothing moves and compares what came since the last time.
func (c *client) want(messages ...string) {
	c.r.t.Helper()
	synctest.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	got, want := strings.Join(c.got, "\n"), strings.Join(messages, "\n")
	if got != want {
		c.r.t.Errorf("the client got\n%s\nwant\n%s", got, want)
	}
	c.got = nil
}

func envFor(sys *proc.System) transport.Env {
	ps := pubsub.New(pubsub.Config{System: sys})
	return transport.Env{System: sys, PubSub: ps, Shards: transport.NewShards(1, ps, nil), Logger: slog.New(slog.DiscardHandler)}
}
