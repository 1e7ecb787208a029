package proc

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
// If p has ended already, f is called at once with ErrNoProcess. Stop takes the watch back.
func (p *Process) Watch(f func(reason error)) (stop func()) {
	w := &watch{target: p, f: f, on: true}
	p.mu.Lock()
	if p.flags&(live|dead) != live {
		p.mu.Unlock()
		f(ErrNoProcess)
		return func() {}
	}
	x := p.extraLocked()
	w.next = x.watchers
	if w.next != nil {
		w.next.prev = w
	}
	x.watchers = w
	p.mu.Unlock()
	return w.stop
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
		w.on = false
		p.mu.Unlock()
		w.f(reason)
	}
}

// Monitor has a [Down] sent to p, as a control message, when target has ended. Demonitor takes it back; a Down that
// is in the mailbox already still arrives.
func (p *Process) Monitor(target *Process) (demonitor func()) {
	return target.Watch(func(reason error) { p.Control(Down{target, reason}) })
}
