package pubsub_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/bennu-go/bennu/internal/wire"
	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
	"github.com/bennu-go/bennu/pubsub/pubsubtest"
	"github.com/bennu-go/bennu/supervise"
)

// TestStress has everything happen at once, for the race detector and for what must hold in the end: the tables hold what is subscribed, and a
// message still arrives.
func TestStress(t *testing.T) {
	const workers, rounds = 8, 300
	sys := proc.NewSystem(proc.Config{Logger: quiet})
	cluster := pubsubtest.NewCluster()
	var nodes [2]*pubsub.PubSub
	var stops [2]func()
	run := func(i int) {
		ctx, cancel := context.WithCancel(context.Background())
		ready, ended := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(ended)
			if err := nodes[i].Run(supervise.NotifyReady(ctx, func() { close(ready) })); err != nil {
				t.Error(err)
			}
		}()
		<-ready
		stops[i] = func() { cancel(); <-ended }
	}
	for i := range nodes {
		nodes[i] = pubsub.New(pubsub.Config{System: sys, Node: fmt.Sprint("n", i), Adapter: cluster.Adapter(), Tables: 3, Strict: i == 1, Logger: quiet})
		run(i)
	}
	topics := []string{"a", "b", "c", "d", "e"}
	values := pubsub.Topic[created]("a")
	spawn := func() *proc.Process {
		p, err := proc.StartUnsupervised(context.Background(), sys, proc.Server[struct{}]{Mailbox: 20,
			Any: func(context.Context, *proc.Self[struct{}], any) error { return nil },
		})
		if err != nil {
			t.Error(err)
		}
		return p
	}
	shared := spawn() // by all workers
	var delivered atomic.Int64
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			rnd := rand.New(rand.NewPCG(uint64(w), 1))
			ps := nodes[w%2]
			mine := spawn()
			g := &crowd{on: func(m *pubsub.Message) {
				m.Frame(wire.V2{})
				delivered.Add(1)
			}}
			joined := map[string]bool{}
			for range rounds {
				topic := topics[rnd.IntN(len(topics))]
				m, _ := pubsub.NewEvent(topic, "e", nil)
				switch rnd.IntN(12) {
				case 0, 1:
					ps.Broadcast(m, mine)
				case 2:
					ps.DirectBroadcast("n0", m)
				case 3:
					values.Broadcast(ps, created{ID: w})
				case 4:
					for _, p := range []*proc.Process{mine, shared} {
						if err := ps.Subscribe(p, topic, nil); err != nil && !errors.Is(err, proc.ErrNoProcess) {
							t.Error(err)
						}
					}
				case 5:
					values.Subscribe(ps, mine)
				case 6:
					ps.Unsubscribe(mine, topic)
					ps.Unsubscribe(shared, topic)
				case 7:
					mine.Exit(nil)
					mine = spawn()
				case 8:
					if !joined[topic] {
						ps.Join(topic, g)
						joined[topic] = true
					}
				case 9:
					ps.Leave(topic, g)
					delete(joined, topic)
				case 10:
					ps.Subscribe(mine, topic, func(m *pubsub.Message) any {
						if m.Name == "e" {
							return nil
						}
						panic("boom")
					})
				case 11:
					if w == 0 && rnd.IntN(4) == 0 {
						stops[0]()
						run(0)
					}
				}
			}
			for topic := range joined {
				ps.Leave(topic, g)
			}
		})
	}
	wg.Wait()
	for _, ps := range nodes {
		last := make(chan struct{})
		g := &crowd{on: func(m *pubsub.Message) {
			if m.Name == "last" {
				close(last)
			}
		}}
		ps.Join("a", g)
		m, _ := pubsub.NewEvent("a", "last", nil)
		if err := nodes[0].DirectBroadcast(ps.Node(), m); err != nil {
			t.Error(err)
		}
		<-last
		ps.Leave("a", g)
	}
	sys.Close() // ends every process, and so every subscription
	for i, ps := range nodes {
		wantSizes(t, ps, 0, 0)
		stops[i]()
	}
	if delivered.Load() == 0 {
		t.Error("no group got anything")
	}
}
