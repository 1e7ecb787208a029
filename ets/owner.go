package ets

import "github.com/bennu-go/bennu/proc"

// A Transfer is the message that a process gets, as a control message, when a table has become its own: by the end of the owner
// whose heir it was, or by [Table.GiveAway].
type Transfer struct {
	Table Table
	From  *proc.Process // the owner before; nil if there was none
	Data  any
}

// Owner implements [Table].
func (t *table) Owner() *proc.Process {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.owner
}

// SetHeir implements [Table].
func (t *table) SetHeir(heir *proc.Process, data any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.closed.Load() {
		t.heir, t.data = heir, data
	}
}

// GiveAway implements [Table].
func (t *table) GiveAway(to *proc.Process, data any) {
	t.mu.Lock()
	from, unwatch := t.owner, t.unwatch
	if t.closed.Load() || from == to {
		t.mu.Unlock()
		return
	}
	t.owner, t.unwatch = to, nil
	t.mu.Unlock()
	if unwatch != nil {
		unwatch()
	}
	t.handOver(to, from, data)
}

// own makes p the first owner.
func (t *table) own(p *proc.Process) {
	t.mu.Lock()
	t.owner = p
	t.mu.Unlock()
	t.watch(p)
}

func (t *table) handOver(to, from *proc.Process, data any) {
	_ = to.Control(Transfer{Table: t.ops.(Table), From: from, Data: data}) // if it has ended, the watch finds out
	t.watch(to)
}

// watch closes the table with p, or hands it on.
func (t *table) watch(p *proc.Process) {
	stop := p.Watch(func(error) { t.ownerEnded(p) })
	t.mu.Lock()
	still := t.owner == p
	if still {
		t.unwatch = stop
	}
	t.mu.Unlock()
	if !still {
		stop()
	}
}

func (t *table) ownerEnded(p *proc.Process) {
	t.mu.Lock()
	if t.owner != p {
		t.mu.Unlock()
		return
	}
	heir, data := t.heir, t.data
	t.heir, t.data, t.unwatch = nil, nil, nil
	if heir == p || heir != nil && !heir.Alive() {
		heir = nil
	}
	t.owner = heir
	t.mu.Unlock()
	if heir == nil {
		t.Close()
		return
	}
	t.handOver(heir, p, data)
}
