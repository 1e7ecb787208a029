package proc

import (
	"context"
	"runtime/debug"
	"sync"
)

// A Behaviour is what a process does: the erased shape under [Server], channels and live views. Its methods are called one
// at a time, by whichever worker the process has borrowed. Most users write a Server.
type Behaviour interface {
	// Label names the process for people: in listings, logs and profiles. It must be safe to call at any time.
	Label() string
	// Handle deals with one message. An error ends the process with it as the reason; a panic ends it with a PanicError.
	Handle(p *Process, msg any) error
	// Terminate is called once when the process ends, but not for ErrKilled. A panic in it is reported.
	Terminate(p *Process, reason error)
	// Dropped gets each message that was still in the mailbox at the end, or came too late, in order.
	Dropped(p *Process, msg any)
	// Exited is the last call, after everything else about the process is gone. It must not run user code.
	Exited(p *Process, reason error)
}

// A Supervisor owns processes: it is asked before one starts and told when one has ended.
type Supervisor interface {
	System() *System
	// Adopt takes p in, or says why it cannot. It is called before p handles its first message.
	Adopt(p *Process) error
	// Exited is called once for each adopted process, on its last worker: it must not block.
	Exited(p *Process, reason error)
}

const (
	live       = 1 << iota // started
	scheduled              // has, or is about to get, a worker
	exiting                // extra.reason is set; takes effect between callbacks
	ending                 // the reason is final: no callback but Terminate follows
	terminated             // Terminate has been called
	dead                   // takes no more messages
	removed                // its System no longer lists it
	told                   // Exited has been called
)

// A Process is the core of every process. It is embedded by what it runs, takes no more than 96 bytes, and is started by [System.Spawn].
// Its methods may be called from any goroutine.
type Process struct {
	sys        *System
	behaviour  Behaviour
	supervisor Supervisor
	mu         sync.Mutex // guards the fields below; never held while user code runs
	flags      uint32
	place      int32 // in the System's list; that list's mutex guards it
	box        mailbox
	id         uint64
	extra      *extra // made when first needed
}

// extra is what few processes have.
type extra struct {
	reason   error // why it exits
	ctx      context.Context
	cancel   context.CancelCauseFunc
	watchers *watch   // of this process, by others
	monitors *monitor // of others, by this process
	timers   *Timer
}

func (p *Process) extraLocked() *extra {
	if p.extra == nil {
		p.extra = &extra{}
	}
	return p.extra
}

// System returns the System in which p lives.
func (p *Process) System() *System { return p.sys }

// ID is unique within the System and never used again.
func (p *Process) ID() uint64 { return p.id }

// Label is the name that the behaviour gives itself.
func (p *Process) Label() string { return p.behaviour.Label() }

// Behaviour returns what p runs.
func (p *Process) Behaviour() Behaviour { return p.behaviour }

// Alive reports whether p still takes messages.
func (p *Process) Alive() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.flags&(live|dead) == live
}

// Mailbox returns the number of waiting messages.
func (p *Process) Mailbox() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.box.len()
}

// Send puts a message into the mailbox. It returns ErrFull or ErrNoProcess if the message was not taken; a full
// mailbox is counted as telemetry.MailboxOverflow.
func (p *Process) Send(msg any) error { return p.post(msg, false) }

// Control is Send for messages that must never be lost and that their sender bounds: answers, monitors, leaves.
// They keep their place in the order but do not count against the limit.
func (p *Process) Control(msg any) error { return p.post(msg, true) }

// Deliver is Send for messages whose loss would go unnoticed: a process with a full mailbox ends with ErrOverloaded,
// so that whoever supervises it, or its client, starts afresh.
func (p *Process) Deliver(msg any) error {
	err := p.post(msg, false)
	if err == ErrFull {
		p.Exit(ErrOverloaded)
	}
	return err
}

func (p *Process) post(msg any, control bool) error {
	p.mu.Lock()
	switch {
	case p.flags&(live|dead) != live:
		p.mu.Unlock()
		return ErrNoProcess
	case !control && p.box.n >= p.box.limit:
		over := p.flags&exiting != 0
		p.mu.Unlock()
		if !over { // a process that is on its way out has been counted
			p.sys.overflow(p)
		}
		return ErrFull
	}
	p.box.push(p.sys, msg, control)
	p.wakeAndUnlock()
	return nil
}

func (p *Process) wakeAndUnlock() {
	if p.flags&scheduled != 0 {
		p.mu.Unlock()
		return
	}
	p.flags |= scheduled
	p.mu.Unlock()
	p.sys.workers.run(p)
}

// Exit asks p to end for the given reason (nil is ErrNormal): its context is cancelled at once, the callback that is running, if any,
// is the last one, then Terminate follows. The first reason counts, except that ErrKilled replaces another.
func (p *Process) Exit(reason error) {
	if reason == nil {
		reason = ErrNormal
	}
	p.mu.Lock()
	if p.flags&(live|dead) != live {
		p.mu.Unlock()
		return
	}
	x := p.extraLocked()
	if p.flags&exiting == 0 || reason == ErrKilled {
		x.reason = reason
	}
	p.flags |= exiting
	cancel := x.cancel
	p.wakeAndUnlock()
	if cancel != nil {
		cancel(reason)
	}
}

// fail ends p because of what its own code did. A panic is never lost: it takes the place of an orderly reason, and is
// reported by itself if another reason is final already.
func (p *Process) fail(err error) {
	if _, ok := err.(*PanicError); ok {
		p.mu.Lock()
		switch {
		case p.flags&(ending|dead) != 0, p.flags&exiting != 0 && !Orderly(p.extra.reason):
			p.mu.Unlock()
			p.sys.crashed(p, err)
			return
		case p.flags&exiting != 0:
			p.extra.reason = err
			p.mu.Unlock()
			return
		}
		p.mu.Unlock()
	}
	p.Exit(err)
}

// Go runs f in a goroutine of its own whose context ends with the process. A panic in f ends the process as a
// panic in a callback would. Since f is not a callback it may Call the process. Close waits for f.
func (p *Process) Go(f func(ctx context.Context)) {
	ctx := Outside(p.Context())
	p.sys.workers.enter()
	go p.background(ctx, f)
}

// background has a name of its own so that a report of what hangs can find its goroutines.
func (p *Process) background(ctx context.Context, f func(ctx context.Context)) {
	defer p.sys.workers.leave()
	defer func() {
		if v := recover(); v != nil {
			p.fail(&PanicError{Value: v, Stack: debug.Stack()})
		}
	}()
	f(ctx)
}

// run deals with messages until there are none. It is called by a worker.
func (p *Process) run(w *worker) {
	w.process.Store(p)
	p.sys.label(p)
	for {
		p.mu.Lock()
		if p.flags&exiting != 0 {
			p.flags |= ending
			reason := p.extra.reason
			p.mu.Unlock()
			p.end(w, reason)
			return
		}
		msg, ok := p.box.pop(p.sys)
		if !ok {
			p.flags &^= scheduled
			w.process.Store(nil)
			p.mu.Unlock()
			p.sys.unlabel()
			return
		}
		p.mu.Unlock()
		if err := p.handle(msg); err != nil {
			p.failed(msg, err)
		}
	}
}

// failed ends p because of how it dealt with msg.
func (p *Process) failed(msg any, err error) {
	p.fail(err)
	if req, ok := msg.(*Request); ok { // whoever asked need not wait for the rest
		req.Reply(nil, p.noProcess("ended while answering", err))
	}
}

func (p *Process) handle(msg any) (err error) {
	returned := false
	defer func() {
		if v := recover(); v != nil {
			err = &PanicError{Value: v, Stack: debug.Stack()}
		} else if !returned { // the worker is lost, and will send another
			p.failed(msg, errGoexit)
		}
	}()
	err = p.dispatch(msg)
	returned = true
	return err
}

func (p *Process) dispatch(msg any) error {
	switch m := msg.(type) {
	case *do:
		m.run()
		return nil
	case *timerRing:
		return m.handle(p)
	}
	return p.behaviour.Handle(p, msg)
}
