package supervise_test

import (
	"context"
	"fmt"

	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/supervise"
)

// An application is a tree: things start in order, each when the one before is ready, and stop in reverse.
func ExampleSupervisor() {
	sys := proc.NewSystem(proc.Config{})
	rooms := supervise.NewDynamic(supervise.DynamicConfig{Name: "rooms", System: sys})
	listener := supervise.ReadyFunc(func(ctx context.Context) error {
		fmt.Println("listening")
		supervise.Ready(ctx)
		<-ctx.Done()
		fmt.Println("drained")
		return nil
	})
	app := supervise.New(supervise.Config{Name: "chat", System: sys},
		supervise.Child{Name: "processes", Service: sys},
		supervise.Child{Name: "counter", Process: supervise.Server(proc.Server[int]{Name: "counter"})},
		supervise.Child{Name: "rooms", Service: rooms},
		supervise.Child{Name: "listener", Service: listener},
	)

	ctx, stop := context.WithCancel(context.Background()) // in main: signal.NotifyContext
	ctx = supervise.NotifyReady(ctx, func() {
		go func() {
			fmt.Print(app.Tree())
			stop()
		}()
	})
	fmt.Println("ended:", app.Run(ctx))
	// Output:
	// listening
	// chat (one_for_one)
	// ├── processes  service  running
	// ├── counter  process  running  counter
	// ├── rooms  dynamic  running  0 children
	// └── listener  service  running
	// drained
	// ended: <nil>
}

// A child that fails too often is not repaired for ever: its supervisor gives up, and says why.
func ExampleChildError() {
	app := supervise.New(supervise.Config{Name: "app", MaxRestarts: 2, Logger: quiet},
		supervise.Child{Name: "db", Service: supervise.Func(func(context.Context) error { return fmt.Errorf("connection refused") })},
	)
	fmt.Println(app.Run(context.Background()))
	// Output: supervise: app/db: restarted too often: connection refused
}
