package channel

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"

	"github.com/bennu-go/bennu/internal/frame"
	"github.com/bennu-go/bennu/internal/wire"
	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
	"github.com/bennu-go/bennu/transport"
)

// sink implements transport.Conn: it counts what it gets, and keeps nothing.
type sink struct {
	shard *transport.Shard
	got   chan struct{} // gets one for each Write, unless nil
	sends atomic.Int64
}

func (s *sink) Send(*transport.Batch) { s.sends.Add(1) }
func (s *sink) Write([]byte) {
	if s.got != nil {
		s.got <- struct{}{}
	}
}
func (s *sink) Close(int, string)           {}
func (s *sink) Shard() *transport.Shard     { return s.shard }
func (s *sink) Serializer() wire.Serializer { return wire.V2{} }
func (s *sink) Transport() string           { return "sink" }

// workshop is a socket over sinks, in real time.
type workshop struct {
	sys    *proc.System
	ps     *pubsub.PubSub
	shards *transport.Shards
	socket transport.Socket
}

func newWorkshop(tb testing.TB, shards int) *workshop {
	log := slog.New(slog.DiscardHandler)
	sys := proc.NewSystem(proc.Config{Logger: log})
	tb.Cleanup(sys.Close)
	ps := pubsub.New(pubsub.Config{System: sys, Logger: log})
	w := &workshop{sys: sys, ps: ps, shards: transport.NewShards(shards, ps, func(stack []byte, v any) { tb.Errorf("panic in a shard: %v\n%s", v, stack) })}
	def := UserSocket[struct{}]{Connect: Anonymous, Channels: []Route{Topic("room:*", Channel[struct{}]{
		Join: Reply(func(ctx context.Context, s *Socket[struct{}], in struct{}) (any, error) { return nil, nil }),
		In: Events[struct{}]{
			"echo": Reply(func(ctx context.Context, s *Socket[struct{}], in json.RawMessage) (json.RawMessage, error) {
				return in, nil
			}),
			"typed": Reply(func(ctx context.Context, s *Socket[struct{}], in struct{ Body string }) (struct{ Body string }, error) {
				return in, nil
			}),
			"shout": NoReply(func(ctx context.Context, s *Socket[struct{}], in json.RawMessage) error {
				return s.Broadcast("shout", in)
			}),
		},
	})}}
	var err error
	w.socket, err = def.NewSocket(transport.Env{System: sys, PubSub: ps, Shards: w.shards, Logger: log})
	if err != nil {
		tb.Fatal(err)
	}
	return w
}

func (w *workshop) connect(tb testing.TB) (transport.Session, *sink) {
	s, err := w.socket.Connect(context.Background(), &ConnectRequest{Serializer: wire.V2{}})
	if err != nil {
		tb.Fatal(err)
	}
	c := &sink{shard: w.shards.Pick(), got: make(chan struct{}, 16)}
	s.Open(c)
	return s, c
}

func receive(tb testing.TB, s transport.Session, c *sink, message []byte) {
	if err := s.Receive(frame.Text, message); err != nil {
		tb.Fatal(err)
	}
	<-c.got
}

func joinedClient(tb testing.TB, w *workshop) (transport.Session, *sink) {
	s, c := w.connect(tb)
	receive(tb, s, c, []byte(`["1","1","room:a","phx_join",{}]`))
	return s, c
}

func BenchmarkEcho(b *testing.B) {
	for _, event := range []string{"echo", "typed"} {
		b.Run(event, func(b *testing.B) {
			s, c := joinedClient(b, newWorkshop(b, 1))
			message := []byte(`["1","2","room:a","` + event + `",{"Body":"how do you do"}]`)
			b.ReportAllocs()
			for b.Loop() {
				receive(b, s, c, message)
			}
		})
	}
}

func BenchmarkJoinAndLeave(b *testing.B) {
	s, c := newWorkshop(b, 1).connect(b)
	join, leave := []byte(`["1","1","room:a","phx_join",{}]`), []byte(`["1","2","room:a","phx_leave",{}]`)
	b.ReportAllocs()
	for b.Loop() {
		receive(b, s, c, join)
		receive(b, s, c, leave)
		<-c.got // phx_close
	}
}

func BenchmarkBroadcast(b *testing.B) {
	for _, n := range []int{1, 1000} {
		b.Run(fmt.Sprintf("members=%d", n), func(b *testing.B) {
			w := newWorkshop(b, 1)
			for range n {
				_, c := joinedClient(b, w)
				c.got = nil
			}
			shard := w.shards.Pick()
			payload := json.RawMessage(`{"body":"how do you do"}`)
			b.ReportAllocs()
			for b.Loop() {
				if err := Broadcast(w.ps, "room:a", "shout", payload); err != nil {
					b.Fatal(err)
				}
				done := make(chan struct{})
				shard.PostFunc(func() { close(done) })
				<-done
			}
		})
	}
}
