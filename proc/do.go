package proc

import (
	"context"
	"runtime/debug"
	"sync/atomic"
)

// Do runs f on the process, between callbacks, as a control message, and waits for it. It is how inspection reads
// state without a race. If ctx ends before f has begun, f is not run. A panic in f is returned as a PanicError, and the
// process lives on. Do must not be called from p itself.
func (p *Process) Do(ctx context.Context, f func()) error {
	if isSelf(ctx, p) {
		return ErrCallSelf
	}
	d := &do{f: f, done: make(chan error, 1)}
	if err := p.Control(d); err != nil {
		return err
	}
	select {
	case err := <-d.done:
		return err
	case <-ctx.Done():
		if d.begun.CompareAndSwap(false, true) {
			return context.Cause(ctx)
		}
		return <-d.done // it is running: f may be writing what the caller will read
	}
}

type do struct {
	f     func()
	begun atomic.Bool // f runs, or never will
	done  chan error  // capacity 1
}

func (d *do) run() {
	if !d.begun.CompareAndSwap(false, true) {
		return
	}
	err := errGoexit
	defer func() {
		if v := recover(); v != nil {
			err = &PanicError{Value: v, Stack: debug.Stack()}
		}
		d.done <- err
	}()
	d.f()
	err = nil
}

func (d *do) drop() {
	if d.begun.CompareAndSwap(false, true) {
		d.done <- ErrNoProcess
	}
}
