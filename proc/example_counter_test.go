package proc_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/bennu-go/bennu/proc"
)

type Counts struct{ N int }

type (
	Increment struct{ By int } // answered with the new count
	Reset     struct{}         // not answered
)

// counter is a GenServer: state with one owner, requests that are answered and messages that are not.
func counter() proc.Server[Counts] {
	return proc.Server[Counts]{
		Name: "counter",
		Init: func(ctx context.Context, s *proc.Self[Counts]) error { s.State.N = 40; return nil },
		Call: proc.Calls[Counts]{
			proc.OnCall(func(ctx context.Context, s *proc.Self[Counts], in Increment) (int, error) {
				if in.By < 0 {
					return 0, errors.New("a counter only counts up")
				}
				s.State.N += in.By
				return s.State.N, nil
			}),
		},
		Info: proc.Infos[Counts]{
			proc.OnInfo(func(ctx context.Context, s *proc.Self[Counts], _ Reset) error { s.State.N = 0; return nil }),
		},
	}
}

func ExampleServer() {
	ctx := context.Background()
	sys := proc.NewSystem(proc.Config{})
	defer sys.Close()
	c, err := proc.StartUnsupervised(ctx, sys, counter()) // an application has a supervisor: proc.Start
	if err != nil {
		fmt.Println(err)
		return
	}
	n, _ := proc.Call[int](ctx, c, Increment{By: 2})
	fmt.Println(n)
	_, err = proc.Call[int](ctx, c, Increment{By: -1})
	fmt.Println(err)
	c.Send(Reset{})
	n, _ = proc.Call[int](ctx, c, Increment{By: 1})
	fmt.Println(n)
	// Output:
	// 42
	// a counter only counts up
	// 1
}

// Whoever monitors a process gets a message when it has ended, and why.
func ExampleProcess_Monitor() {
	ctx := context.Background()
	sys := proc.NewSystem(proc.Config{Logger: slog.New(slog.DiscardHandler)})
	defer sys.Close()
	worker, _ := proc.StartUnsupervised(ctx, sys, proc.Server[int]{Name: "worker", Info: proc.Infos[int]{
		proc.OnInfo(func(ctx context.Context, s *proc.Self[int], job string) error { panic("cannot do " + job) }),
	}})
	told := make(chan struct{})
	_, _ = proc.StartUnsupervised(ctx, sys, proc.Server[int]{
		Init: func(ctx context.Context, s *proc.Self[int]) error { s.Process().Monitor(worker); return nil },
		Info: proc.Infos[int]{proc.OnInfo(func(ctx context.Context, s *proc.Self[int], down proc.Down) error {
			fmt.Println(down.Process.Label(), "ended:", down.Reason)
			close(told)
			return nil
		})},
	})
	worker.Send("the impossible")
	<-told
	// Output: worker ended: panic: cannot do the impossible
}
