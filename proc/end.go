package proc

import (
	"errors"
	"fmt"
	"runtime/debug"
)

// errGoexit is the reason of a process whose callback called runtime.Goexit, as testing's FailNow does.
var errGoexit = errors.New("a callback called runtime.Goexit")

// set raises a flag and says whether it was down: each stage of the end happens once, even if a callback's
// runtime.Goexit makes another worker take over in the middle.
func (p *Process) set(flag uint32) (first bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	first = p.flags&flag == 0
	p.flags |= flag
	return first
}

// end is the last thing that a process's worker does for it.
func (p *Process) end(w *worker, reason error) {
	p.cancelContext(reason)
	if p.set(terminated) && reason != ErrKilled {
		if err := p.terminate(reason); err != nil && Orderly(reason) {
			reason = err
		}
	}
	p.set(dead) // from here on nothing is added to the mailbox or to extra
	p.dropMail(reason)
	w.process.Store(nil)
	p.stopTimers()
	p.stopMonitors()
	if p.set(removed) {
		p.sys.remove(p)
	}
	p.sys.unlabel()
	if p.set(told) {
		if !Orderly(reason) && !errors.Is(reason, ErrKilled) {
			p.sys.crashed(p, reason)
		}
		p.behaviour.Exited(p, reason)
		if p.supervisor != nil {
			p.supervisor.Exited(p, reason)
		}
	}
	p.notifyWatchers(reason)
}

func (p *Process) terminate(reason error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &PanicError{Value: v, Stack: debug.Stack()}
			if !Orderly(reason) {
				p.sys.crashed(p, err) // the first reason stays the exit reason
			}
		}
	}()
	p.behaviour.Terminate(p, reason)
	return nil
}

// dropMail empties the mailbox of a dead process.
func (p *Process) dropMail(reason error) {
	for {
		p.mu.Lock()
		msg, ok := p.box.pop(p.sys)
		p.mu.Unlock()
		if !ok {
			return
		}
		switch m := msg.(type) {
		case *do:
			m.drop()
		case *timerRing:
		case *Request:
			m.Reply(nil, p.noProcess("ended", reason))
		default:
			p.drop(msg)
		}
	}
}

func (p *Process) drop(msg any) {
	defer func() {
		if v := recover(); v != nil {
			p.sys.crashed(p, &PanicError{Value: v, Stack: debug.Stack()})
		}
	}()
	p.behaviour.Dropped(p, msg)
}

// noProcess is ErrNoProcess with what is known of the end.
func (p *Process) noProcess(what string, reason error) error {
	return fmt.Errorf("%w: %s %s: %v", ErrNoProcess, p.Label(), what, reason)
}
