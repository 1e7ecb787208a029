package proc

import (
	"context"
	"time"
)

// procContext is a Process seen as the context of its callbacks: no memory until somebody asks for Done. Then it
// carries a cancelCtx of package context, handed through Value and Done, so that deriving from it starts no goroutine
// and context.Cause gives the exit reason.
type procContext Process

type selfKey struct{}

// Context returns the process's own context. It is cancelled when the process exits, with the exit reason as its cause.
func (p *Process) Context() context.Context { return (*procContext)(p) }

func (c *procContext) Deadline() (time.Time, bool) { return time.Time{}, false }

func (c *procContext) Done() <-chan struct{} { return c.inner().Done() }

func (c *procContext) Err() error {
	p := (*Process)(c)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.extra != nil && p.extra.ctx != nil { // it is cancelled a moment after exiting is set: Err and Done agree
		return p.extra.ctx.Err()
	}
	if p.flags&(exiting|dead) != 0 {
		return context.Canceled
	}
	return nil
}

func (c *procContext) Value(key any) any {
	p := (*Process)(c)
	if _, ok := key.(selfKey); ok {
		return p
	}
	p.mu.Lock()
	made := p.extra != nil && (p.extra.ctx != nil || p.flags&(exiting|dead) != 0)
	p.mu.Unlock()
	if !made {
		return nil
	}
	return c.inner().Value(key)
}

func (c *procContext) String() string { return "proc.Context(" + (*Process)(c).Label() + ")" }

func (c *procContext) inner() context.Context {
	p := (*Process)(c)
	p.mu.Lock()
	defer p.mu.Unlock()
	x := p.extraLocked()
	if x.ctx == nil {
		x.ctx, x.cancel = context.WithCancelCause(context.Background())
		if p.flags&(exiting|dead) != 0 {
			x.cancel(x.reason)
		}
	}
	return x.ctx
}

// CancelContext cancels the context that p's callbacks see, without ending p: what it was doing is no longer wanted.
func (p *Process) CancelContext(cause error) {
	(*procContext)(p).inner() // so that a callback which asks later sees it too
	p.cancelContext(cause)
}

func (p *Process) cancelContext(cause error) {
	p.mu.Lock()
	var cancel context.CancelCauseFunc
	if p.extra != nil {
		cancel = p.extra.cancel
	}
	p.mu.Unlock()
	if cancel != nil {
		cancel(cause)
	}
}

// Current returns the process whose callback was given ctx, or a context derived from it; nil outside of processes.
func Current(ctx context.Context) *Process {
	p, _ := ctx.Value(selfKey{}).(*Process)
	return p
}

func isSelf(ctx context.Context, p *Process) bool { return Current(ctx) == p }

// Outside returns ctx as work beside the process's callbacks should see it: the same cancellation and values, but
// [Current] is nil, so that it may [Call] the process that started it.
func Outside(ctx context.Context) context.Context {
	if Current(ctx) == nil {
		return ctx
	}
	return outside{ctx}
}

type outside struct{ context.Context }

func (o outside) Value(key any) any {
	if _, ok := key.(selfKey); ok {
		return nil
	}
	return o.Context.Value(key)
}

func (o outside) String() string { return "proc.Outside" }
