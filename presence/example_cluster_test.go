package presence_test

import (
	"context"
	"fmt"
	"time"

	"github.com/bennu-go/bennu/presence"
	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
	"github.com/bennu-go/bennu/pubsub/pubsubtest"
)

// Two nodes know of each other's people. When one is deployed anew, the other knows at once that they have gone.
func Example_nodes() {
	cluster := pubsubtest.NewCluster()
	news := make(chan string, 10)
	node := func(name string) (*proc.System, *presence.Presence[Seat], func()) {
		sys := proc.NewSystem(proc.Config{})
		ps := pubsub.New(pubsub.Config{System: sys, Node: name, Adapter: cluster.Adapter()})
		online := presence.New[Seat](presence.Config{
			System: sys, PubSub: ps, Name: "online", BroadcastPeriod: 10 * time.Millisecond,
			HandleMetas: presence.OnMetas(nil, func(_ context.Context, s struct{}, c presence.Change[Seat]) (struct{}, error) {
				for who := range c.Joins.Keys() {
					news <- fmt.Sprintf("%s: %s came", name, who)
				}
				for who := range c.Leaves.Keys() {
					news <- fmt.Sprintf("%s: %s left", name, who)
				}
				return s, nil
			}),
		})
		stop := run(ps, online)
		return sys, online, func() { stop(); sys.Close() }
	}
	_, _, stopNorth := node("north")
	south, online, stopSouth := node("south")

	_ = online.Track(join(south, "room:1"), "ada", Seat{"phone"})
	fmt.Println(<-news)
	fmt.Println(<-news)
	stopSouth()
	fmt.Println(<-news)
	stopNorth()
	// Unordered output:
	// south: ada came
	// north: ada came
	// north: ada left
}
