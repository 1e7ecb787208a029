package supervise

import (
	"context"
	"errors"
	"log/slog"
	"runtime/debug"
	"runtime/pprof"
	"sync"
	"time"

	"github.com/bennu-go/bennu/internal/stack"
	"github.com/bennu-go/bennu/proc"
)

var (
	errSecondProcess = errors.New("supervise: a Process definition starts one process; start others as children of their own, or under a Dynamic")
	errOtherProcess  = errors.New("Process returned another process than the one that it started with its supervisor")
)

// instance is one life of a child, from its start to its end. It is the proc.Supervisor of a process child.
type instance struct {
	child  *Child
	owner  *reporter
	system *proc.System
	ended  func(*instance) // called once, after done is closed, on the goroutine that ended: must not block

	ctx    context.Context
	cancel context.CancelCauseFunc
	ready  chan struct{} // closed when ready
	done   chan struct{} // closed when ended
	reason error         // why; set before done is closed

	mu        sync.Mutex // guards the fields below
	service   Service
	process   *proc.Process
	exited    bool  // the process has
	exit      error // why
	defined   bool  // Process has returned
	failed    error // what it returned, if that is why
	isReady   bool
	stopping  bool
	goroutine uint64
}

func newInstance(parent context.Context, child *Child, owner *reporter, system *proc.System, ended func(*instance)) *instance {
	in := &instance{child: child, owner: owner, system: system, ended: ended, ready: make(chan struct{}), done: make(chan struct{})}
	ctx := context.WithoutCancel(parent) // the supervisor cancels it in its turn
	ctx, in.cancel = context.WithCancelCause(NotifyReady(ctx, in.announced))
	in.ctx = ctx
	return in
}

// launch starts it and returns at once.
func (in *instance) launch() {
	go func() {
		pprof.SetGoroutineLabels(pprof.WithLabels(context.Background(), pprof.Labels("supervisor", in.owner.name, "child", in.child.Name)))
		in.mu.Lock()
		in.goroutine = stack.ID()
		in.mu.Unlock()
		if in.child.Process != nil {
			in.define()
		} else {
			in.serve()
		}
	}()
}

// serve is the life of a service.
func (in *instance) serve() {
	reason := errGoexit
	defer func() {
		if v := recover(); v != nil {
			reason = &proc.PanicError{Value: v, Stack: debug.Stack()}
		}
		in.finish(reason)
	}()
	reason = in.run()
}

func (in *instance) run() error {
	svc := in.child.Service
	if svc == nil {
		var err error
		if svc, err = in.child.Start(in.ctx); err != nil {
			return err
		}
		if svc == nil {
			return errNoService
		}
	}
	in.mu.Lock()
	in.service = svc
	in.mu.Unlock()
	if _, ok := svc.(ReadyService); !ok {
		in.becomeReady()
	}
	return svc.Run(in.ctx)
}

// announced is what Ready calls.
func (in *instance) announced() {
	in.mu.Lock()
	svc := in.service
	in.mu.Unlock()
	if _, ok := svc.(ReadyService); !ok {
		in.owner.logger.Warn("a child calls supervise.Ready but is no supervise.ReadyService, so its supervisor has not waited for it",
			slog.String("supervisor", in.owner.name), slog.String("child", in.child.Name))
		return
	}
	in.becomeReady()
}

func (in *instance) becomeReady() {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.becomeReadyLocked()
}

func (in *instance) becomeReadyLocked() {
	if !in.isReady {
		in.isReady = true
		close(in.ready)
	}
}

func (in *instance) wasReady() bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.isReady
}

// define starts a process. Its goroutine ends as soon as the process is ready.
func (in *instance) define() {
	var p *proc.Process
	err := errGoexit
	defer func() {
		if v := recover(); v != nil {
			err = &proc.PanicError{Value: v, Stack: debug.Stack()}
		}
		in.definedAs(p, err)
	}()
	p, err = in.child.Process(in.ctx, in)
	if err == nil && p == nil {
		err = errNoProcess
	}
}

func (in *instance) definedAs(p *proc.Process, err error) {
	in.mu.Lock()
	adopted := in.process
	if err == nil && adopted != nil && adopted != p {
		err = errOtherProcess
	}
	in.defined, in.failed, in.goroutine = true, err, 0
	if err == nil {
		in.process = p
		in.becomeReadyLocked()
	}
	exited, reason := in.exited, in.exit
	in.mu.Unlock()
	switch {
	case err != nil && (adopted == nil || exited):
		in.finish(err)
	case err != nil:
		adopted.Exit(proc.ErrShutdown) // finished when it has exited
	default:
		if in.isStopping() {
			p.Exit(proc.ErrShutdown)
		}
		if adopted == nil {
			p.Watch(in.processEnded) // started outside of this supervisor
		} else if exited {
			in.finish(reason)
		}
	}
}

// System implements proc.Supervisor.
func (in *instance) System() *proc.System { return in.system }

// Adopt implements proc.Supervisor.
func (in *instance) Adopt(p *proc.Process) error {
	in.mu.Lock()
	defer in.mu.Unlock()
	switch {
	case in.stopping:
		return proc.ErrShutdown
	case in.defined || in.process != nil && !in.exited:
		return errSecondProcess
	}
	in.process, in.exited = p, false
	return nil
}

// Exited implements proc.Supervisor.
func (in *instance) Exited(p *proc.Process, reason error) { in.processEnded(reason) }

func (in *instance) processEnded(reason error) {
	in.mu.Lock()
	in.exited, in.exit = true, reason
	defined := in.defined
	if in.failed != nil {
		reason = in.failed
	}
	in.mu.Unlock()
	if defined {
		in.finish(reason)
	}
}

func (in *instance) finish(reason error) {
	in.reason = reason
	in.cancel(proc.ErrNormal) // lets go of what hangs on the context
	in.owner.exited(in.child.Name, reason, in.isStopping(), in.wasReady() && in.child.Process != nil)
	close(in.done)
	in.ended(in)
}

// await waits until it is ready. It returns why it is not.
func (in *instance) await(ctx context.Context, timeout time.Duration) error {
	var late <-chan time.Time
	if timeout >= 0 {
		t := time.NewTimer(timeout)
		defer t.Stop()
		late = t.C
	}
	select {
	case <-in.ready:
		return nil
	case <-in.done:
		switch {
		case in.wasReady():
			return nil // its end is dealt with as any other
		case proc.Orderly(in.reason):
			return errNotReady
		}
		return in.reason
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-late:
		return timeoutError{timeout}
	}
}

func (in *instance) isStopping() bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.stopping
}

// ask has it end, without waiting.
func (in *instance) ask() {
	in.mu.Lock()
	in.stopping = true
	p := in.process
	in.mu.Unlock()
	in.cancel(proc.ErrShutdown)
	if p != nil {
		p.Exit(proc.ErrShutdown)
	}
}

func (in *instance) stopTimeout(def time.Duration) time.Duration {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.child.stopTimeout(in.service, def)
}

// abandon gives up on it, and reports where it hangs. A process is killed first: should it come back, it does no more than end.
func (in *instance) abandon(after time.Duration) {
	in.mu.Lock()
	p, id := in.process, in.goroutine
	in.mu.Unlock()
	var trace []byte
	if p != nil {
		trace = p.Stack()
		p.Exit(proc.ErrKilled)
	}
	if trace == nil {
		trace = stack.Of(id)
	}
	in.owner.abandoned(in.child.Name, after, trace)
}
