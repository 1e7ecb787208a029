package presence

import (
	"slices"
	"strings"
)

// item is a meta under its key.
type item struct {
	key  string
	meta meta
}

// pending is what happened in a topic since its last diff went out, one change for each ref.
//
// Clients apply the joins of a diff, then its leaves, to what they were given before: earlier diffs, and a listing that may have been served at any
// moment. So a ref that is here goes out as a join, even if clients may have it: joining twice is harmless. A ref that has gone goes out as a leave if
// anybody can have heard of it, and leaving what one does not have is harmless too. Nobody can have heard of a ref that came and went between
// two diffs with no listing in between: the two cancel.
type pending struct {
	changes []change       // in the order in which their refs first changed
	index   map[string]int // ref to change, once there are many
	listing int            // listings served since the last diff
	undone  int            // changes of which nobody will hear
}

type change struct {
	item
	to  fate
	seq uint64 // of the shard's changes, the latest to this ref
	// known refs may be known to clients. Others came after the listing numbered at.
	known bool
	at    int
}

// fate is what became of a ref.
type fate uint8

const (
	undone fate = iota // it came and went unseen
	joined
	left
)

const indexFrom = 16 // changes that are searched one by one

func (p *pending) find(ref string) *change {
	if p.index != nil {
		if i, ok := p.index[ref]; ok {
			return &p.changes[i]
		}
		return nil
	}
	for i := range p.changes {
		if p.changes[i].meta.ref() == ref {
			return &p.changes[i]
		}
	}
	return nil
}

func (p *pending) add(c change) {
	if p.undone >= indexFrom && p.undone > len(p.changes)/2 {
		p.changes = slices.DeleteFunc(p.changes, func(c change) bool { return c.to == undone })
		p.index, p.undone = nil, 0
	}
	p.changes = append(p.changes, c)
	switch n := len(p.changes); {
	case p.index != nil:
		p.index[c.meta.ref()] = n - 1
	case n >= indexFrom:
		p.index = make(map[string]int, 2*n)
		for i := range p.changes {
			p.index[p.changes[i].meta.ref()] = i
		}
	}
}

// join notes that a meta is here now. A node that was silent for a while comes back with the refs that left with it.
func (p *pending) join(it item, seq uint64) {
	c := p.find(it.meta.ref())
	switch {
	case c == nil:
		p.add(change{item: it, to: joined, at: p.listing, seq: seq})
		return
	case c.to == undone:
		p.undone--
	}
	c.to, c.seq = joined, seq
}

func (p *pending) leave(it item, seq uint64) {
	c := p.find(it.meta.ref())
	switch {
	case c == nil:
		p.add(change{item: it, to: left, known: true, seq: seq})
		return
	case c.to == undone:
		return
	case c.known || c.at < p.listing:
		c.to = left
	default:
		c.to = undone
		p.undone++
	}
	c.seq = seq
}

// listed notes that somebody was shown the topic as it is.
func (p *pending) listed() {
	if len(p.changes) > 0 {
		p.listing++
	}
}

// empty says that there is nothing to tell.
func (p *pending) empty() bool { return len(p.changes) == p.undone }

// take returns the joins and leaves to go out, by key, and starts anew.
func (p *pending) take() (joins, leaves []change) {
	for _, c := range p.changes {
		switch c.to {
		case joined:
			joins = append(joins, c)
		case left:
			leaves = append(leaves, c)
		}
	}
	byKey := func(a, b change) int { return strings.Compare(a.key, b.key) }
	slices.SortStableFunc(joins, byKey)
	slices.SortStableFunc(leaves, byKey)
	*p = pending{}
	return joins, leaves
}
