package proc

import (
	"sync/atomic"
	"time"
)

// A Timer sends a message to its process later. It ends with the process.
type Timer struct {
	alarm      Alarm
	process    *Process
	msg        any
	every      time.Duration // zero: once
	due        time.Duration // of an interval: when it rings next, by System.Now
	stopped    atomic.Bool
	waiting    atomic.Bool // a ring of an interval is in the mailbox: the next is skipped
	prev, next *Timer
}

// timerRing is a Timer as the message that says it rang.
type timerRing Timer

// SendAfter sends msg to p after d. A timer's message counts against no limit.
func (p *Process) SendAfter(d time.Duration, msg any) *Timer { return p.newTimer(d, 0, msg) }

// SendEvery sends msg to p every d, first after d. A tick that finds the one before still unhandled is skipped, so a slow process is never flooded. It
// panics if d is not positive.
func (p *Process) SendEvery(d time.Duration, msg any) *Timer {
	if d <= 0 {
		panic("proc: SendEvery with an interval that is not positive")
	}
	return p.newTimer(d, d, msg)
}

func (p *Process) newTimer(d, every time.Duration, msg any) *Timer {
	t := &Timer{process: p, msg: msg, every: every}
	p.mu.Lock()
	if p.flags&(live|dead) != live {
		p.mu.Unlock()
		t.stopped.Store(true)
		return t
	}
	x := p.extraLocked()
	t.next = x.timers
	if t.next != nil {
		t.next.prev = t
	}
	x.timers = t
	t.due = p.sys.Now() + d
	p.mu.Unlock()
	t.set(d)
	return t
}

func (t *Timer) set(d time.Duration) {
	wheel := t.process.sys.wheel
	wheel.set(&t.alarm, t, d)
	if t.stopped.Load() { // by another goroutine, or by the end of the process, in between
		wheel.cancel(&t.alarm)
	}
}

// Stop says whether it was in time: after it the message is not delivered, even if it was already in the mailbox.
func (t *Timer) Stop() bool {
	first := t.stopped.CompareAndSwap(false, true)
	t.process.sys.wheel.cancel(&t.alarm)
	t.unlink()
	return first
}

func (t *Timer) unlink() {
	p := t.process
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case t.prev != nil:
		t.prev.next = t.next
	case p.extra != nil && p.extra.timers == t:
		p.extra.timers = t.next
	default:
		return
	}
	if t.next != nil {
		t.next.prev = t.prev
	}
	t.prev, t.next = nil, nil
}

// Ring is called by the wheel.
func (t *Timer) Ring() {
	if t.stopped.Load() {
		return
	}
	if t.every > 0 {
		now := t.process.sys.Now()
		t.due += t.every // from the last due time: an interval does not drift
		if t.due <= now {
			t.due = now + t.every
		}
		t.set(t.due - now)
		if t.stopped.Load() || t.waiting.Swap(true) {
			return
		}
	}
	t.process.Control((*timerRing)(t))
}

func (r *timerRing) handle(p *Process) error {
	t := (*Timer)(r)
	t.waiting.Store(false)
	if t.every == 0 {
		if !t.stopped.CompareAndSwap(false, true) {
			return nil
		}
		t.unlink()
	} else if t.stopped.Load() {
		return nil
	}
	return p.behaviour.Handle(p, t.msg)
}

// stopTimers is called when the process takes no more timers.
func (p *Process) stopTimers() {
	var all []*Timer
	p.mu.Lock()
	if p.extra != nil {
		for t := p.extra.timers; t != nil; t = t.next {
			all = append(all, t)
		}
	}
	p.mu.Unlock()
	for _, t := range all {
		t.Stop()
	}
}
