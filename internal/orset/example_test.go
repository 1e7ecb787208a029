package orset_test

import (
	"fmt"
	"time"

	"github.com/bennu-go/bennu/internal/orset"
)

// Two replicas exchange a delta.
func Example_delta() {
	a := orset.New[string](orset.Replica{Name: "a", Vsn: 1})
	b := orset.New[string](orset.Replica{Name: "b", Vsn: 1})
	b.ReplicaUp(a.Replica())

	a.Join("room:1", 7, "alice", "phone")
	a.Join("room:1", 8, "alice", "laptop")
	joins, _ := b.Merge(a.Delta())
	a.ResetDelta()
	for _, row := range joins {
		fmt.Println("b sees", row.Key, "on her", row.Meta)
	}

	a.LeaveAll(7)
	_, leaves := b.Merge(a.Delta())
	for _, row := range leaves {
		fmt.Println("b misses", row.Key, "on her", row.Meta)
	}
	fmt.Println(len(b.GetByKey("room:1", "alice")), "device left")
	// Output:
	// b sees alice on her phone
	// b sees alice on her laptop
	// b misses alice on her phone
	// 1 device left
}

// A node that starts late hears a heartbeat, asks, and is answered.
func Example_gossip() {
	now := time.Unix(0, 0)
	start := func(name string) *orset.Shard[string] {
		s, err := orset.NewShard[string](orset.ShardConfig{Replica: orset.NewReplica(name)})
		if err != nil {
			panic(err)
		}
		return s
	}
	old, late := start("old"), start("late")
	old.State().Join("room:1", 7, "alice", "phone")
	old.Tick(now) // nobody there to hear it

	for range 12 {
		now = now.Add(1500 * time.Millisecond)
		news, _ := old.Tick(now)
		for _, e := range news {
			late.Receive(e.Message, now)
		}
		requests, _ := late.Tick(now)
		for _, e := range requests {
			if e.To == "old" {
				answers, _ := old.Receive(e.Message, now)
				_, diff := late.Receive(answers[0].Message, now)
				fmt.Println("late sees", diff.Joins[0].Key)
			}
		}
	}
	// Output:
	// late sees alice
}
