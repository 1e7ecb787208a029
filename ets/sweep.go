package ets

import "github.com/bennu-go/bennu/proc"

// sweeper is a process that sleeps until entries may have expired. It is started by the first entry that can, and holds
// no timer while there is none.
type sweeper struct {
	proc.Process
	t *table
}

type sweepNow struct{}

// Sweep implements [Table].
func (t *table) Sweep() int {
	expired, _ := t.ops.sweep()
	return expired
}

// arm sees to it that a sweep will come. It is called after an entry with an expiry was put in.
func (t *table) arm() {
	if t.cfg.System == nil || t.cfg.SweepEvery < 0 || t.armed.Load() || !t.armed.CompareAndSwap(false, true) {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed.Load() {
		return
	}
	if t.sweeper == nil || !t.sweeper.Alive() { // the first one, or the System was run again
		sw := &sweeper{t: t}
		if err := t.cfg.System.Spawn(&sw.Process, proc.Spec{Behaviour: sw}); err != nil {
			t.armed.Store(false) // the System is closed or full: the next entry tries again
			return
		}
		t.sweeper = sw
	}
	t.sweeper.SendAfter(t.cfg.SweepEvery, sweepNow{})
}

// Label implements [proc.Behaviour].
func (s *sweeper) Label() string { return "ets sweeper of " + s.t.cfg.Name }

// Handle implements [proc.Behaviour].
func (s *sweeper) Handle(_ *proc.Process, msg any) error {
	if _, ok := msg.(sweepNow); !ok {
		return nil
	}
	s.t.armed.Store(false) // first: what is put in from here on arms anew
	if _, left := s.t.ops.sweep(); left > 0 {
		s.t.arm()
	}
	return nil
}

// Terminate implements [proc.Behaviour].
func (s *sweeper) Terminate(*proc.Process, error) {}

// Dropped implements [proc.Behaviour].
func (s *sweeper) Dropped(*proc.Process, any) {}

// Exited implements [proc.Behaviour].
func (s *sweeper) Exited(*proc.Process, error) { s.t.armed.Store(false) }
