package proc

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"
)

// CallTimeout bounds a Call whose context has no deadline: 5 seconds, as a GenServer's.
const CallTimeout = 5 * time.Second

// A From is a caller that waits for an answer.
type From struct {
	answer  chan answer // capacity 1: the first answer counts, later ones vanish
	replied atomic.Bool
	unwatch atomic.Pointer[func()] // set while the answer is owed after the callback
}

type answer struct {
	value any
	err   error
}

// Reply answers the caller. It may be called from any goroutine; only the first answer counts.
func (f *From) Reply(value any, err error) {
	if !f.replied.CompareAndSwap(false, true) {
		return
	}
	f.answer <- answer{value, err}
	if stop := f.unwatch.Load(); stop != nil {
		(*stop)()
	}
}

// watch has the caller told if p ends while it still owes the answer.
func (f *From) watch(p *Process) {
	stop := p.Watch(func(reason error) { f.Reply(nil, p.noProcess("ended", reason)) })
	f.unwatch.Store(&stop)
	if f.replied.Load() {
		stop()
	}
}

// A Request is the message of a Call. A Behaviour answers it by From.Reply.
type Request struct {
	From
	Message any
}

// Call sends request to p and waits for its answer, which must be of type R, until ctx ends or, if ctx has no deadline, for CallTimeout.
// It returns ErrNoProcess (with the exit reason as text) if p ends first, ErrFull if its mailbox is full, and ErrCallSelf if called by p on itself.
// After a time-out the answer, should it come, is thrown away; the request is still handled.
func Call[R any](ctx context.Context, p *Process, request any) (R, error) {
	var zero R
	if isSelf(ctx, p) {
		return zero, ErrCallSelf
	}
	req := &Request{From: From{answer: make(chan answer, 1)}, Message: request}
	if err := p.Send(req); err != nil {
		return zero, err
	}
	var late <-chan time.Time
	if _, ok := ctx.Deadline(); !ok {
		t := time.NewTimer(CallTimeout)
		defer t.Stop()
		late = t.C
	}
	select {
	case a := <-req.answer:
		if a.err != nil {
			return zero, a.err
		}
		v, ok := a.value.(R)
		if !ok && a.value != nil {
			return zero, fmt.Errorf("proc: %s answered %T with a %T, the caller wants %T", p.Label(), request, a.value, zero)
		}
		return v, nil
	case <-ctx.Done():
		req.Reply(nil, ErrNoProcess) // nobody listens any more: lets go of the watch, should there be one
		return zero, context.Cause(ctx)
	case <-late:
		req.Reply(nil, ErrNoProcess)
		return zero, fmt.Errorf("proc: calling %s: no answer within %v: %w", p.Label(), CallTimeout, context.DeadlineExceeded)
	}
}
