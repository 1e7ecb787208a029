package supervise

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/bennu-go/bennu/proc"
)

// A Ref is a child that was started by [Dynamic.StartChild], through all its lives. Its methods may be called from any goroutine.
type Ref struct {
	run    *dynamicRun
	child  Child
	ctx    context.Context // ends when the child is to end for good
	cancel context.CancelFunc
	ended  chan struct{} // closed when it has

	mu       sync.Mutex // guards the fields below
	in       *instance  // its present or last life
	status   Status
	restarts int
	since    time.Time
	reason   error
}

// StartChild starts a child, for which it keeps a goroutine, and waits until it is ready; what fails is not kept. Its name need not be unique. ctx bounds
// the wait only: the child lives until it ends, Stop is called, or the Dynamic stops. Significant means nothing here.
func (d *Dynamic) StartChild(ctx context.Context, child Child) (*Ref, error) {
	child.Significant = false
	err := child.validate()
	if err == nil && child.Process != nil && d.cfg.System == nil {
		err = errors.New("a Process child needs DynamicConfig.System")
	}
	if err != nil {
		return nil, &ChildError{Supervisor: d.cfg.Name, Child: child.Name, Reason: err}
	}
	r := d.run.Load()
	if err := d.enter(r); err != nil {
		return nil, err
	}
	ref := &Ref{run: r, child: child, ended: make(chan struct{})}
	ref.ctx, ref.cancel = context.WithCancel(context.Background())
	r.mu.Lock()
	r.refs[ref] = struct{}{}
	r.mu.Unlock()
	if r.closed.Load() { // stop may have listed the children before this one
		ref.cancel()
	}
	started := make(chan error, 1)
	in := ref.launch()
	go ref.live(in, started)
	select {
	case err = <-started:
	case <-ctx.Done():
		ref.cancel()
		err = context.Cause(ctx)
	}
	if err != nil {
		return nil, &ChildError{Supervisor: d.cfg.Name, Child: child.Name, Reason: err}
	}
	return ref, nil
}

// launch begins a life.
func (ref *Ref) launch() *instance {
	in := newInstance(ref.run.ctx, &ref.child, &ref.run.report, ref.run.cfg.System, func(*instance) {})
	ref.mu.Lock()
	ref.in = in
	ref.mu.Unlock()
	ref.set(Starting)
	in.launch()
	return in
}

// live sees the child through its lives.
func (ref *Ref) live(in *instance, started chan<- error) {
	r := ref.run
	defer ref.forget()
	var reason error // why the last life ended
	for first := true; ; first = false {
		err := ref.await(in)
		if first {
			started <- err
			if err != nil {
				return
			}
		} else if err == nil {
			ref.restarted(reason)
		}
		if reason = err; err == nil {
			select {
			case <-in.done:
			case <-ref.ctx.Done():
				ref.end(in)
				return
			}
			reason = in.reason
		}
		ref.mu.Lock()
		ref.reason = reason
		ref.mu.Unlock()
		if leftBehind(reason) {
			r.giveUp(&ChildError{Supervisor: r.cfg.Name, Child: ref.child.Name, Reason: reason})
			return
		}
		again := err != nil || ref.child.Restart.after(reason)
		if !again || ref.ctx.Err() != nil || ref.isAbandoned() || !r.mayRestart(ref.child.Name, reason) {
			return
		}
		in = ref.launch()
	}
}

// await waits until a life is ready, or ends it.
func (ref *Ref) await(in *instance) error {
	err := in.await(ref.ctx, ref.child.startTimeout())
	if err == nil {
		ref.set(Running)
		return nil
	}
	if ref.ctx.Err() != nil {
		err = errStopped
	}
	if abandoned := ref.end(in); abandoned != nil {
		err = fmt.Errorf("%w, and %w", err, abandoned)
	}
	return err
}

// end stops a life. One that has to be abandoned ends the Dynamic: it cannot be trusted with its children any more.
func (ref *Ref) end(in *instance) error {
	ref.set(Stopping)
	in.ask()
	timeout := in.stopTimeout(ref.run.cfg.StopTimeout)
	if wait(in.done, timeout) {
		if leftBehind(in.reason) {
			ref.run.giveUp(&ChildError{Supervisor: ref.run.cfg.Name, Child: ref.child.Name, Reason: in.reason})
		}
		return nil
	}
	in.abandon(timeout)
	ref.set(Abandoned)
	err := fmt.Errorf("%w after %v", ErrAbandoned, timeout)
	ref.run.giveUp(&ChildError{Supervisor: ref.run.cfg.Name, Child: ref.child.Name, Reason: err})
	return err
}

func (ref *Ref) set(s Status) {
	ref.mu.Lock()
	defer ref.mu.Unlock()
	ref.status, ref.since = s, time.Now()
}

func (ref *Ref) isAbandoned() bool {
	ref.mu.Lock()
	defer ref.mu.Unlock()
	return ref.status == Abandoned
}

func (ref *Ref) restarted(reason error) {
	ref.mu.Lock()
	ref.restarts++
	ref.mu.Unlock()
	r := ref.run
	r.mu.Lock()
	n := r.restarts.count()
	r.mu.Unlock()
	r.report.restarted(ref.child.Name, reason, n)
}

func (ref *Ref) forget() {
	if !ref.isAbandoned() {
		ref.set(Ended)
	}
	ref.cancel()
	r := ref.run
	r.mu.Lock()
	delete(r.refs, ref)
	r.mu.Unlock()
	r.count.Add(-1) // before Stop returns, which ended lets it
	close(ref.ended)
	r.tellStop()
}

// Stop has the child end for good and waits for it. It returns ErrAbandoned if it did not end within its stop time-out. Stopping again is harmless.
// The child must not stop itself so: it would wait for itself; it returns, or its process exits.
func (ref *Ref) Stop() error {
	ref.cancel()
	<-ref.ended
	if ref.isAbandoned() {
		return &ChildError{Supervisor: ref.run.cfg.Name, Child: ref.child.Name, Reason: ErrAbandoned}
	}
	return nil
}

// Done is closed when the child has ended for good.
func (ref *Ref) Done() <-chan struct{} { return ref.ended }

// Process returns the process that a process child is at the moment, or nil.
func (ref *Ref) Process() *proc.Process { return ref.Info().Process }

// Info describes the child at this moment.
func (ref *Ref) Info() ChildInfo {
	ref.mu.Lock()
	defer ref.mu.Unlock()
	svc, p := ref.in.what()
	info := ChildInfo{Name: ref.child.Name, Kind: ref.child.kind(svc), Status: ref.status, Restart: ref.child.Restart,
		Restarts: ref.restarts, Since: ref.since, Process: p}
	if !proc.Orderly(ref.reason) {
		info.Reason = ref.reason
	}
	return info
}
