package supervisetest

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/supervise"
)

// Start runs svc until the test ends, and returns when it is ready. The test fails if it ends early or with an error. Stop ends it sooner, waits for it and
// returns its error; it may be called again.
func Start(t testing.TB, svc supervise.Service) (stop func() error) {
	t.Helper()
	l := begin(context.Background(), svc)
	stopped := false // by the caller, who gets the error
	wait := sync.OnceValue(func() error {
		l.cancel(proc.ErrShutdown)
		<-l.done
		return l.err
	})
	t.Cleanup(func() {
		select {
		case <-l.done:
			if !stopped {
				t.Errorf("supervisetest: the service ended before the test: %v", l.err)
			}
		default:
			if err := wait(); !orderly(err) {
				t.Errorf("supervisetest: the service ended with: %v", err)
			}
		}
	})
	select {
	case <-l.ready:
	case <-l.done:
		stopped = true // reported here
		t.Fatalf("supervisetest: the service ended before it was ready: %v", l.err)
	}
	return func() error {
		stopped = true
		return wait()
	}
}

// life is one Run of a service.
type life struct {
	cancel context.CancelCauseFunc
	ready  chan struct{} // closed when ready
	done   chan struct{} // closed when Run has returned
	err    error         // what it returned
}

func begin(ctx context.Context, svc supervise.Service) *life {
	l := &life{ready: make(chan struct{}), done: make(chan struct{})}
	ctx, l.cancel = context.WithCancelCause(ctx)
	if _, ok := svc.(supervise.ReadyService); ok {
		ctx = supervise.NotifyReady(ctx, func() { close(l.ready) })
	} else {
		close(l.ready)
	}
	go func() {
		defer close(l.done)
		l.err = svc.Run(ctx)
	}()
	return l
}

// orderly says whether err is what a service may return when it was told to stop.
func orderly(err error) bool {
	return proc.Orderly(err) || errors.Is(err, context.Canceled)
}
