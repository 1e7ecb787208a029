package channel_test

import (
	"context"

	"github.com/bennu-go/bennu/channel"
	"github.com/bennu-go/bennu/pubsub"
)

type order struct{ ID int }

// orders is a context of the application: it knows nothing of sockets, and tells everybody.
type orders struct{ pubsub *pubsub.PubSub }

func (o orders) Place(id int) error {
	// ... commit, then:
	if err := channel.Broadcast(o.pubsub, "orders", "placed", map[string]int{"id": id}); err != nil { // to clients
		return err
	}
	return pubsub.Topic[order]("orders").Broadcast(o.pubsub, order{id}) // to processes
}

// A channel hears of values that contexts publish, timers, and other processes; it pushes what its client is to see.
func Example_subscribe() {
	_ = orders{}.Place
	_ = channel.Channel[[]order]{
		Join: channel.Reply(func(_ context.Context, s *channel.Socket[[]order], _ struct{}) (any, error) {
			return nil, channel.Subscribe(s, pubsub.Topic[order]("orders"), func(_ context.Context, s *channel.Socket[[]order], o order) error {
				s.Assigns = append(s.Assigns, o)
				return s.Push("count", map[string]int{"orders": len(s.Assigns)})
			})
		}),
	}
}
