package pubsub_test

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"

	"github.com/bennu-go/bennu/internal/wire"
	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
)

// framing is a group that does what a transport shard does.
type framing struct{ frame *wire.Frame }

func (f *framing) Deliver(m *pubsub.Message, _ *proc.Process) { f.frame, _ = m.Frame(wire.V2{}) }
func (f *framing) Reset()                                     {}

func TestPublishingAllocations(t *testing.T) {
	sys := proc.NewSystem(proc.Config{})
	defer sys.Close()
	ps := pubsub.New(pubsub.Config{System: sys})
	one, many := &framing{}, &framing{}
	ps.Join("one", one)
	for range 8 {
		ps.Join("many", many)
	}
	payload := json.RawMessage(`{"body":"hello"}`)
	publish := func(topic string) func() {
		return func() {
			m, err := pubsub.NewEvent(topic, "new", payload)
			if err != nil {
				t.Fatal(err)
			}
			ps.Broadcast(m, nil)
		}
	}
	orders := pubsub.Topic[*created]("nobody")
	v := &created{ID: 1}
	m := event(t, "one", "again")
	for name, c := range map[string]struct {
		f    func()
		most float64
	}{
		"an event to one group":       {publish("one"), 3}, // the Message; its frame, and the frame's bytes
		"an event to eight groups":    {publish("many"), 3},
		"an event to nobody":          {publish("none"), 1},
		"a message published already": {func() { ps.Broadcast(m, nil) }, 0},
		"a value to nobody":           {func() { orders.Broadcast(ps, v) }, 1},
	} {
		most := c.most
		if raceEnabled {
			most += 3
		}
		if n := testing.AllocsPerRun(200, c.f); n > most {
			t.Errorf("%s: got %v allocations, want at most %v", name, n, most)
		}
	}
}

// quietly is a process that counts its messages down.
func quietly(b testing.TB, sys *proc.System, handled *sync.WaitGroup) *proc.Process {
	p, err := proc.StartUnsupervised(context.Background(), sys, proc.Server[struct{}]{
		Any: func(context.Context, *proc.Self[struct{}], any) error { handled.Done(); return nil },
	})
	if err != nil {
		b.Fatal(err)
	}
	return p
}

// BenchmarkBroadcast measures an event from NewEvent until every process has handled it, or until every group has made its frame.
func BenchmarkBroadcast(b *testing.B) {
	payload := json.RawMessage(`{"body":"0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890"}`)
	broadcast := func(ps *pubsub.PubSub) {
		m, err := pubsub.NewEvent("room:1", "new", payload)
		if err != nil {
			b.Fatal(err)
		}
		ps.Broadcast(m, nil)
	}
	for _, subs := range []int{1, 1000} {
		b.Run(fmt.Sprintf("subs=%d", subs), func(b *testing.B) {
			sys := proc.NewSystem(proc.Config{})
			defer sys.Close()
			ps := pubsub.New(pubsub.Config{System: sys})
			var handled sync.WaitGroup
			for range subs {
				if err := ps.Subscribe(quietly(b, sys, &handled), "room:1", nil); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportAllocs()
			for b.Loop() {
				handled.Add(subs)
				broadcast(ps)
				handled.Wait()
			}
		})
	}
	b.Run("groups=2", func(b *testing.B) {
		sys := proc.NewSystem(proc.Config{})
		defer sys.Close()
		ps := pubsub.New(pubsub.Config{System: sys})
		for range 2 {
			ps.Join("room:1", &framing{})
		}
		b.ReportAllocs()
		for b.Loop() {
			broadcast(ps)
		}
	})
}

func BenchmarkTopicBroadcast(b *testing.B) {
	sys := proc.NewSystem(proc.Config{})
	defer sys.Close()
	ps := pubsub.New(pubsub.Config{System: sys})
	topic := pubsub.Topic[created]("orders")
	var handled sync.WaitGroup
	const subs = 100
	for range subs {
		if err := topic.Subscribe(ps, quietly(b, sys, &handled)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		handled.Add(subs)
		if err := topic.Broadcast(ps, created{ID: 1}); err != nil {
			b.Fatal(err)
		}
		handled.Wait()
	}
}

// BenchmarkSubscribe measures one subscription and its end, beside 1,000 others of the topic.
func BenchmarkSubscribe(b *testing.B) {
	sys := proc.NewSystem(proc.Config{})
	defer sys.Close()
	ps := pubsub.New(pubsub.Config{System: sys})
	var none sync.WaitGroup
	for range 1000 {
		if err := ps.Subscribe(quietly(b, sys, &none), "room:1", nil); err != nil {
			b.Fatal(err)
		}
	}
	p := quietly(b, sys, &none)
	b.ReportAllocs()
	for b.Loop() {
		if err := ps.Subscribe(p, "room:1", nil); err != nil {
			b.Fatal(err)
		}
		ps.Unsubscribe(p, "room:1")
	}
}
