package supervise_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"

	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/supervise"
)

var quiet = slog.New(slog.DiscardHandler)

// run runs svc beside f.
func run(svc supervise.Service, f func(ctx context.Context)) {
	ctx, stop := context.WithCancel(context.Background())
	ready, done := make(chan struct{}), make(chan error)
	go func() { done <- svc.Run(supervise.NotifyReady(ctx, func() { close(ready) })) }()
	<-ready
	f(ctx)
	stop()
	<-done
}

// Work that need not be done one after the other.
func ExampleAsync() {
	tasks := supervise.NewTasks(supervise.TasksConfig{})
	run(tasks, func(ctx context.Context) {
		user := supervise.Async(ctx, tasks, func(ctx context.Context) (string, error) { return "ada", nil })
		posts := supervise.Async(ctx, tasks, func(ctx context.Context) (int, error) { return 3, nil })
		name, _ := user.Await(ctx)
		n, _ := posts.Await(ctx)
		fmt.Println(name, "has", n, "posts")
	})
	// Output: ada has 3 posts
}

// A function over many inputs, a few at a time, results in order.
func ExampleAsyncStream() {
	tasks := supervise.NewTasks(supervise.TasksConfig{Logger: quiet})
	run(tasks, func(ctx context.Context) {
		words := slices.Values([]string{"fire", "", "nest"})
		length := func(ctx context.Context, word string) (int, error) {
			return int(word[0]), nil // panics on an empty word
		}
		for n, err := range supervise.AsyncStream(ctx, tasks, words, length, supervise.StreamConfig{MaxConcurrency: 2}) {
			fmt.Println(n, err)
		}
	})
	// Output:
	// 102 <nil>
	// 0 panic: runtime error: index out of range [0] with length 0
	// 110 <nil>
}

// Processes that come and go. They end with the Dynamic, and a crash of one is nobody else's.
func ExampleDynamic() {
	sys := proc.NewSystem(proc.Config{Logger: quiet})
	defer sys.Close()
	rooms := supervise.NewDynamic(supervise.DynamicConfig{Name: "rooms", System: sys, MaxChildren: 2})
	room := proc.Server[[]string]{Call: proc.Calls[[]string]{
		proc.OnCall(func(ctx context.Context, s *proc.Self[[]string], who string) (int, error) {
			s.State = append(s.State, who)
			return len(s.State), nil
		}),
	}}
	run(rooms, func(ctx context.Context) {
		lobby, _ := proc.Start(ctx, rooms, room)
		proc.Call[int](ctx, lobby, "ada")
		n, _ := proc.Call[int](ctx, lobby, "grace")
		fmt.Println(n, "in the lobby,", rooms.Len(), "room")
		proc.Start(ctx, rooms, room)
		_, err := proc.Start(ctx, rooms, room)
		fmt.Println(err)
	})
	fmt.Println(sys.Count(), "processes left")
	// Output:
	// 2 in the lobby, 1 room
	// supervise: rooms: too many children: MaxChildren is 2
	// 0 processes left
}
