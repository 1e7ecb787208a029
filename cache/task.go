package cache

import (
	"context"
	"fmt"
	"time"

	"github.com/bennu-go/bennu/proc"
)

// ErrTimeout is what those get who wait for a load that took longer than LoadTimeout. It is a context.DeadlineExceeded.
var ErrTimeout = fmt.Errorf("cache: loading took too long: %w", context.DeadlineExceeded)

// A task is a process that calls one function of the user's. It has the values of its caller's context, and neither its end nor its identity.
type task struct {
	proc.Process
	label   string
	caller  context.Context
	timeout time.Duration
	run     func(ctx context.Context)
	end     func(err error) // what run would have brought will not come; called again, harmlessly, when it has
	tell    func(err error) // the same for the application; nil: nobody wants to know
}

func (t *task) spawn(sys *proc.System) error {
	if err := sys.Spawn(&t.Process, proc.Spec{Behaviour: t, First: t}); err != nil {
		return fmt.Errorf("%s: loading: %w", t.label, err)
	}
	return nil
}

// Label implements [proc.Behaviour].
func (t *task) Label() string { return t.label }

// Handle implements [proc.Behaviour].
func (t *task) Handle(p *proc.Process, _ any) error {
	ctx, cancel := context.WithCancelCause(proc.Outside(context.WithoutCancel(t.caller)))
	defer cancel(nil)
	own := p.Context()
	defer context.AfterFunc(own, func() { cancel(t.because(context.Cause(own))) })()
	ctx, done := context.WithTimeoutCause(ctx, t.timeout, ErrTimeout)
	defer done()
	// Nobody waits longer than that for a function that does not heed its context.
	defer context.AfterFunc(ctx, func() { t.over(context.Cause(ctx)) })()
	t.run(ctx)
	return proc.ErrNormal
}

func (t *task) over(err error) {
	t.end(err)
	if t.tell != nil {
		t.tell(err)
	}
}

func (t *task) because(reason error) error {
	return fmt.Errorf("%s: loading ended: %w", t.label, reason)
}

// Terminate implements [proc.Behaviour].
func (t *task) Terminate(_ *proc.Process, reason error) {
	if reason != proc.ErrNormal {
		t.over(t.because(reason))
	}
}

// Dropped implements [proc.Behaviour].
func (t *task) Dropped(*proc.Process, any) {}

// Exited implements [proc.Behaviour].
func (t *task) Exited(_ *proc.Process, reason error) { t.end(t.because(reason)) }
