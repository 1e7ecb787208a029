package proc_test

import (
	"context"
	"fmt"
	"time"

	"github.com/bennu-go/bennu/proc"
)

// Timers run on the process, between its other callbacks, and end with it.
func ExampleSelf_Every() {
	ctx := context.Background()
	sys := proc.NewSystem(proc.Config{})
	defer sys.Close()
	done := make(chan struct{})
	_, _ = proc.StartUnsupervised(ctx, sys, proc.Server[int]{
		Init: func(ctx context.Context, s *proc.Self[int]) error {
			s.Every(10*time.Millisecond, func(ctx context.Context, s *proc.Self[int]) error {
				s.State++
				fmt.Println("tick", s.State)
				if s.State == 3 {
					return proc.ErrNormal // ends the process, and with it the interval
				}
				return nil
			})
			return nil
		},
		Terminate: func(context.Context, *proc.Self[int], error) { close(done) },
	})
	<-done
	// Output:
	// tick 1
	// tick 2
	// tick 3
}
