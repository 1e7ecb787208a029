package presence_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/bennu-go/bennu/presence"
	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
	"github.com/bennu-go/bennu/supervise"
)

// Seat is what is known of one device of a person in a room.
type Seat struct {
	Device string `json:"device"`
}

// member stands for a channel's socket: a process and the topic that it joined.
type member struct {
	process *proc.Process
	topic   string
}

func (m member) Process() *proc.Process { return m.process }
func (m member) Topic() string          { return m.topic }

// join starts a member's process.
func join(sys *proc.System, topic string) member {
	p, err := proc.StartUnsupervised(context.Background(), sys, proc.Server[struct{}]{Name: topic})
	if err != nil {
		panic(err)
	}
	return member{p, topic}
}

// run runs services until stop is called. An application leaves that to its supervisor.
func run(services ...supervise.Service) (stop func()) {
	var stops []func()
	for _, svc := range services {
		ctx, cancel := context.WithCancel(context.Background())
		ready, ended := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(ended)
			if err := svc.Run(supervise.NotifyReady(ctx, func() { close(ready) })); err != nil {
				fmt.Println(err)
			}
		}()
		<-ready
		stops = append(stops, func() { cancel(); <-ended })
	}
	return func() {
		for i := len(stops) - 1; i >= 0; i-- {
			stops[i]()
		}
	}
}

// show prints who is in a room.
func show(s presence.State[Seat]) {
	for name, entry := range s.All() {
		var devices []string
		for _, m := range entry.Metas {
			devices = append(devices, m.Value.Device)
		}
		fmt.Printf("%s: %s\n", name, strings.Join(devices, ", "))
	}
}

// Two people are in a room, one of them with two devices.
func Example() {
	sys := proc.NewSystem(proc.Config{})
	defer sys.Close()
	ps := pubsub.New(pubsub.Config{System: sys})
	online := presence.New[Seat](presence.Config{System: sys, PubSub: ps, Name: "online"})
	defer run(online)()

	phone, desk, bob := join(sys, "room:1"), join(sys, "room:1"), join(sys, "room:1")
	_ = online.Track(phone, "ada", Seat{"phone"})
	_ = online.Track(desk, "ada", Seat{"desk"})
	_ = online.Track(bob, "bob", Seat{"tablet"})
	show(online.List("room:1"))

	err := online.Track(phone, "ada", Seat{"phone"})
	fmt.Println(strings.SplitN(err.Error(), ":", 3)[1])

	_ = online.Update(bob, "bob", Seat{"television"})
	online.Untrack(phone, "ada")
	fmt.Println("later")
	show(online.List("room:1"))
	// Output:
	// ada: phone, desk
	// bob: tablet
	//  already tracked
	// later
	// ada: desk
	// bob: television
}

// A counter of messages that a person has typed is kept in the meta.
func ExamplePresence_UpdateFunc() {
	sys := proc.NewSystem(proc.Config{})
	defer sys.Close()
	ps := pubsub.New(pubsub.Config{System: sys})
	online := presence.New[map[string]int](presence.Config{System: sys, PubSub: ps, Name: "online"})
	defer run(online)()

	ada := join(sys, "room:1")
	_ = online.Track(ada, "ada", map[string]int{"messages": 0})
	for range 3 {
		err := online.UpdateFunc(ada, "ada", func(m map[string]int) map[string]int {
			m["messages"]++
			return m
		})
		if err != nil {
			fmt.Println(err)
		}
	}
	entry, _ := online.GetByKey("room:1", "ada")
	fmt.Println(entry.Metas[0].Value)
	// Output:
	// map[messages:3]
}

// Names and pictures come from a database, in one query for all who have just come.
func Example_fetch() {
	sys := proc.NewSystem(proc.Config{})
	defer sys.Close()
	ps := pubsub.New(pubsub.Config{System: sys})
	online := presence.New[Seat](presence.Config{
		System: sys, PubSub: ps, Name: "online",
		Fetch: func(ctx context.Context, topic string, presences map[string][]json.RawMessage) (map[string]any, error) {
			fields := make(map[string]any)
			for id := range presences { // SELECT name FROM users WHERE id = ANY(…)
				fields[id] = map[string]string{"name": map[string]string{"1": "Ada", "2": "Bob"}[id]}
			}
			return fields, nil
		},
	})
	defer run(online)()

	_ = online.Track(join(sys, "room:1"), "1", Seat{"phone"})
	_ = online.Track(join(sys, "room:1"), "2", Seat{"desk"})
	for id, entry := range online.List("room:1").All() {
		fmt.Println(id, string(entry.Fields))
	}
	// Output:
	// 1 {"name":"Ada"}
	// 2 {"name":"Bob"}
}

// A room is told when its last guest has gone.
func ExampleOnMetas() {
	sys := proc.NewSystem(proc.Config{})
	defer sys.Close()
	ps := pubsub.New(pubsub.Config{System: sys})
	full, empty := make(chan bool, 1), make(chan string, 1)
	online := presence.New[Seat](presence.Config{
		System: sys, PubSub: ps, Name: "online",
		HandleMetas: presence.OnMetas(nil, func(ctx context.Context, most int, c presence.Change[Seat]) (int, error) {
			switch c.Presences.Len() {
			case 2:
				full <- true
			case 0:
				empty <- fmt.Sprintf("%s is empty, %d had been there", c.Topic, most)
			}
			return max(most, c.Presences.Len()), nil
		}),
	})
	defer run(online)()

	ada, bob := join(sys, "room:1"), join(sys, "room:1")
	_ = online.Track(ada, "ada", Seat{})
	_ = online.Track(bob, "bob", Seat{})
	<-full
	ada.process.Exit(nil)
	bob.process.Exit(nil)
	fmt.Println(<-empty)
	// Output:
	// room:1 is empty, 2 had been there
}
