package pubsubtest_test

import (
	"context"
	"fmt"
	"sync"

	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
	"github.com/bennu-go/bennu/pubsub/pubsubtest"
	"github.com/bennu-go/bennu/supervise"
)

// Two nodes in one test, and a link between them that fails and is mended.
func ExampleCluster() {
	ctx, cancel := context.WithCancel(context.Background())
	sys := proc.NewSystem(proc.Config{})
	cluster := pubsubtest.NewCluster()
	north := pubsub.New(pubsub.Config{System: sys, Node: "north", Adapter: cluster.Adapter()})
	south := pubsub.New(pubsub.Config{System: sys, Node: "south", Adapter: cluster.Adapter()})
	var nodes, ready sync.WaitGroup
	for _, ps := range []*pubsub.PubSub{north, south} {
		ready.Add(1)
		nodes.Go(func() { ps.Run(supervise.NotifyReady(ctx, ready.Done)) })
	}
	ready.Wait()

	news := pubsub.Topic[string]("news")
	read := make(chan string, 10)
	reader, _ := proc.StartUnsupervised(ctx, sys, proc.Server[struct{}]{
		Info: proc.Infos[struct{}]{proc.OnInfo(func(_ context.Context, _ *proc.Self[struct{}], text string) error {
			read <- text
			return nil
		})},
	})
	news.Subscribe(south, reader)

	news.Broadcast(north, "snow")
	fmt.Println(<-read)
	cluster.Partition([]string{"north"}, []string{"south"})
	news.Broadcast(north, "storm")
	cluster.Heal()
	news.Broadcast(north, "sun")
	fmt.Println(<-read)

	sys.Close()
	cancel()
	nodes.Wait()
	// Output:
	// snow
	// sun
}
