package proc

import "runtime/debug"

// Down is the message that a monitoring process gets when the monitored one has ended.
type Down struct {
	Process *Process
	Reason  error // ErrNoProcess if it had ended before the monitor was set
}

// watch is one edge from a watcher to the process it watches. It hangs in the watched process's list.
type watch struct {
	target     *Process
	f          func(reason error)
	prev, next *watch
	on         bool
}

// Watch has f called with the exit reason when p has ended, on the worker that ended it: f must not block.
// If p has ended already, f is called at once with ErrNoProcess. Stop takes the watch back; a call that is on its way still arrives.
func (p *Process) Watch(f func(reason error)) (stop func()) {
	w := &watch{target: p, f: f}
	if !w.start() {
		f(ErrNoProcess)
		return func() {}
	}
	return w.stop
}

// start is false if the target has ended: then f will never be called.
func (w *watch) start() bool {
	p := w.target
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.flags&(live|dead) != live {
		return false
	}
	x := p.extraLocked()
	w.next = x.watchers
	if w.next != nil {
		w.next.prev = w
	}
	x.watchers = w
	w.on = true
	return true
}

func (w *watch) stop() {
	p := w.target
	p.mu.Lock()
	defer p.mu.Unlock()
	if !w.on {
		return
	}
	w.on = false
	if w.prev != nil {
		w.prev.next = w.next
	} else {
		p.extra.watchers = w.next
	}
	if w.next != nil {
		w.next.prev = w.prev
	}
	w.prev, w.next = nil, nil
}

func (p *Process) notifyWatchers(reason error) {
	for {
		p.mu.Lock()
		if p.extra == nil || p.extra.watchers == nil {
			p.mu.Unlock()
			return
		}
		w := p.extra.watchers
		p.extra.watchers = w.next
		if w.next != nil {
			w.next.prev = nil
		}
		w.on, w.next = false, nil
		p.mu.Unlock()
		p.callWatcher(w.f, reason)
	}
}

func (p *Process) callWatcher(f func(error), reason error) {
	defer func() {
		if v := recover(); v != nil {
			p.sys.crashed(p, &PanicError{Value: v, Stack: debug.Stack()})
		}
	}()
	f(reason)
}

// monitor is a watch that belongs to a process and ends with it. It hangs in two lists: the target's and the owner's, each
// under that process's mutex, never both at once.
type monitor struct {
	watch
	owner      *Process
	prev, next *monitor // in the owner's list
	linked     bool
}

// Monitor has a [Down] sent to p, as a control message, when target has ended. It ends with p. Demonitor takes it back; a
// Down that is in the mailbox already still arrives. Each Monitor of the same target gives a Down of its own.
func (p *Process) Monitor(target *Process) (demonitor func()) {
	m := &monitor{watch: watch{target: target}, owner: p}
	m.f = m.down
	p.mu.Lock()
	if p.flags&(live|dead) != live {
		p.mu.Unlock()
		return func() {}
	}
	x := p.extraLocked()
	m.next = x.monitors
	if m.next != nil {
		m.next.prev = m
	}
	x.monitors = m
	m.linked = true
	p.mu.Unlock()
	if !m.watch.start() {
		m.down(ErrNoProcess)
	} else if !m.isLinked() { // p ended between the two
		m.watch.stop()
	}
	return func() {
		m.watch.stop()
		m.unlink()
	}
}

func (m *monitor) down(reason error) {
	if m.unlink() {
		m.owner.Control(Down{m.target, reason})
	}
}

func (m *monitor) isLinked() bool {
	m.owner.mu.Lock()
	defer m.owner.mu.Unlock()
	return m.linked
}

func (m *monitor) unlink() (was bool) {
	m.owner.mu.Lock()
	defer m.owner.mu.Unlock()
	if !m.linked {
		return false
	}
	m.linked = false
	if m.prev != nil {
		m.prev.next = m.next
	} else {
		m.owner.extra.monitors = m.next
	}
	if m.next != nil {
		m.next.prev = m.prev
	}
	m.prev, m.next = nil, nil
	return true
}

// stopMonitors is called when the process takes no more of them.
func (p *Process) stopMonitors() {
	for {
		p.mu.Lock()
		if p.extra == nil || p.extra.monitors == nil {
			p.mu.Unlock()
			return
		}
		m := p.extra.monitors
		p.mu.Unlock()
		m.unlink()
		m.watch.stop()
	}
}
