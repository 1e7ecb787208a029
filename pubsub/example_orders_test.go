package pubsub_test

import (
	"context"
	"fmt"

	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
)

// OrderCreated is what the shop tells about a new order.
type OrderCreated struct {
	ID    int
	Total int // cents
}

// OrderEvents is where it tells it. A topic is a constant that publisher and subscribers share.
const OrderEvents = pubsub.Topic[OrderCreated]("orders")

// Shop is a context: the part of an application that knows orders, and nothing of who listens.
type Shop struct {
	ps   *pubsub.PubSub
	last int
}

func (s *Shop) Create(total int) error {
	s.last++ // in a database, and what follows after the commit
	return OrderEvents.Broadcast(s.ps, OrderCreated{ID: s.last, Total: total})
}

// Revenue is the state of a server that adds up what it hears.
type Revenue struct{ Cents int }

type Total struct{}

// NewRevenue subscribes in Init: when Start returns, nothing that is published later is missed.
func NewRevenue(ps *pubsub.PubSub) proc.Server[Revenue] {
	return proc.Server[Revenue]{
		Init: func(_ context.Context, s *proc.Self[Revenue]) error {
			return OrderEvents.Subscribe(ps, s.Process())
		},
		Info: proc.Infos[Revenue]{proc.OnInfo(func(_ context.Context, s *proc.Self[Revenue], e OrderCreated) error {
			s.State.Cents += e.Total
			return nil
		})},
		Call: proc.Calls[Revenue]{proc.OnCall(func(_ context.Context, s *proc.Self[Revenue], _ Total) (int, error) {
			return s.State.Cents, nil
		})},
	}
}

// A context publishes that an order was created, and a server that subscribed adds it up.
func Example_orders() {
	ctx := context.Background()
	sys := proc.NewSystem(proc.Config{})
	defer sys.Close()
	ps := pubsub.New(pubsub.Config{System: sys})
	shop := &Shop{ps: ps}

	revenue, err := proc.StartUnsupervised(ctx, sys, NewRevenue(ps)) // in an application: under a supervisor
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, total := range []int{1250, 400} {
		if err := shop.Create(total); err != nil {
			fmt.Println(err)
		}
	}
	cents, err := proc.Call[int](ctx, revenue, Total{})
	fmt.Println(cents, err)
	// Output:
	// 1650 <nil>
}

// Channel clients get events; a process may listen in, and says what it wants of each.
func ExamplePubSub_Subscribe() {
	sys := proc.NewSystem(proc.Config{})
	defer sys.Close()
	ps := pubsub.New(pubsub.Config{System: sys})

	heard := make(chan string, 10)
	moderator, err := proc.StartUnsupervised(context.Background(), sys, proc.Server[struct{}]{
		Info: proc.Infos[struct{}]{proc.OnInfo(func(_ context.Context, _ *proc.Self[struct{}], body string) error {
			heard <- body
			return nil
		})},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	err = ps.Subscribe(moderator, "room:1", func(m *pubsub.Message) any {
		if m.Name != "message:new" {
			return nil // not even put into the mailbox
		}
		return string(m.Payload())
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, name := range []string{"typing", "message:new"} {
		m, err := pubsub.NewEvent("room:1", name, []byte(`{"body":"hi"}`))
		if err != nil {
			fmt.Println(err)
			return
		}
		if err := ps.Broadcast(m, nil); err != nil {
			fmt.Println(err)
		}
	}
	fmt.Println(<-heard)
	// Output:
	// {"body":"hi"}
}
