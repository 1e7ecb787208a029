package supervise

import (
	"context"
	"sync/atomic"
)

// A Task is the result to come of a function that [Async] started.
type Task[T any] struct {
	done    chan struct{} // closed when it has a result
	settled atomic.Bool
	value   T     // set before done is closed, as is err
	err     error // a PanicError if it panicked
	cancel  context.CancelCauseFunc
}

// Async runs f beside the caller. f's context ends with ctx, with [Task.Cancel] and with the tasks. If it cannot be started, that is its result.
//
// A process that awaits a task stands still until then; to go on meanwhile, let f send the result to the process as a message.
func Async[T any](ctx context.Context, tasks *Tasks, f func(ctx context.Context) (T, error)) *Task[T] {
	t := &Task[T]{done: make(chan struct{})}
	var value T
	w, err := tasks.begin(ctx, func(ctx context.Context) (err error) {
		value, err = f(ctx)
		return err
	}, func(err error) {
		if t.settled.CompareAndSwap(false, true) {
			t.err = err
			if err == nil { // not when it is given up while f still runs and may write
				t.value = value
			}
			close(t.done)
		}
	})
	if err != nil {
		t.err, t.cancel = err, func(error) {}
		close(t.done)
		return t
	}
	t.cancel = w.cancel
	return t
}

// Await waits for the result until ctx ends. It may be called again, and from several goroutines. The task goes on if ctx ends; Cancel it if nobody wants it any more.
func (t *Task[T]) Await(ctx context.Context) (T, error) {
	select {
	case <-t.done:
		return t.value, t.err
	default:
	}
	select {
	case <-t.done:
		return t.value, t.err
	case <-ctx.Done():
		var zero T
		return zero, context.Cause(ctx)
	}
}

// Done is closed when there is a result.
func (t *Task[T]) Done() <-chan struct{} { return t.done }

// Cancel cancels the task's context and does not wait.
func (t *Task[T]) Cancel() { t.cancel(context.Canceled) }
