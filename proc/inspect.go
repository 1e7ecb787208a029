package proc

import (
	"context"
	"iter"
	"slices"

	"github.com/bennu-go/bennu/internal/stack"
)

// Count returns the number of processes.
func (s *System) Count() int { return int(s.count.Load()) }

// Processes lists the processes alive when each part of the list is read. Processes may come and go meanwhile.
func (s *System) Processes() iter.Seq[*Process] {
	return func(yield func(*Process) bool) {
		for i := range s.shards {
			sh := &s.shards[i]
			sh.mu.Lock()
			all := slices.Clone(sh.all)
			sh.mu.Unlock()
			for _, p := range all {
				if !yield(p) {
					return
				}
			}
		}
	}
}

// Info is what inspection shows of a process.
type Info struct {
	ID       uint64
	Label    string
	Status   string // "idle", "running", "exiting" or "dead"
	Mailbox  int    // messages waiting
	Limit    int    // of the mailbox
	Watchers int    // monitors on it
	Timers   int
}

// Info describes p at this moment.
func (p *Process) Info() Info {
	label := p.Label()
	p.mu.Lock()
	defer p.mu.Unlock()
	i := Info{ID: p.id, Label: label, Status: "idle", Mailbox: p.box.len(), Limit: int(p.box.limit)}
	switch {
	case p.flags&dead != 0:
		i.Status = "dead"
	case p.flags&exiting != 0:
		i.Status = "exiting"
	case p.flags&scheduled != 0:
		i.Status = "running"
	}
	if p.extra != nil {
		for w := p.extra.watchers; w != nil; w = w.next {
			i.Watchers++
		}
		for t := p.extra.timers; t != nil; t = t.next {
			i.Timers++
		}
	}
	return i
}

// An Inspector is a Behaviour that shows its state.
type Inspector interface {
	// Inspect is called on the process, between callbacks.
	Inspect() any
}

// State returns what p's behaviour shows of its state, read between two callbacks; nil if it shows none. What is returned is the state itself, not a
// copy: print it, do not keep it.
func (p *Process) State(ctx context.Context) (state any, err error) {
	in, ok := p.behaviour.(Inspector)
	if !ok {
		return nil, nil
	}
	if err := p.Do(ctx, func() { state = in.Inspect() }); err != nil {
		return nil, err
	}
	return state, nil
}

// Stack returns the trace of the callback that p is running, nil if it runs none. It stops the world for a moment.
func (p *Process) Stack() []byte {
	w := p.sys.workers.busy()[p]
	if w == nil {
		return nil
	}
	trace := stack.Of(w.id)
	if w.process.Load() != p { // the worker has gone on to another process
		return nil
	}
	return trace
}
