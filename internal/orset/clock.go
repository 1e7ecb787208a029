package orset

import "slices"

// Context says how far replicas are known: for each, the last dot before the
// first gap. A replica with no entry is not known at all, one at 0 is known
// by name.
type Context map[Replica]uint64

// Clock is the context of one replica: what Replica has seen of everybody.
type Clock struct {
	Replica Replica
	Context Context
}

// Dominates reports whether c knows everything o knows: it has at least as
// many entries, and no entry of o is ahead of it.
func (c Context) Dominates(o Context) bool {
	if len(c) < len(o) {
		return false
	}
	for r, clock := range o {
		if c[r] < clock {
			return false
		}
	}
	return true
}

// UpperBound returns the greater of both clocks for every replica in either.
func (c Context) UpperBound(o Context) Context {
	u := make(Context, max(len(c), len(o)))
	for r, clock := range c {
		u[r] = clock
	}
	for r, clock := range o {
		u[r] = max(u[r], clock)
	}
	return u
}

// LowerBound returns the smaller of both clocks for replicas in both, and the
// only clock for replicas in one.
func (c Context) LowerBound(o Context) Context {
	l := make(Context, max(len(c), len(o)))
	for r, clock := range c {
		l[r] = clock
	}
	for r, clock := range o {
		if have, ok := l[r]; ok {
			clock = min(clock, have)
		}
		l[r] = clock
	}
	return l
}

// Filter returns the entries of c whose replicas are also in known.
func (c Context) Filter(known Context) Context {
	f := make(Context, min(len(c), len(known)))
	for r, clock := range c {
		if _, ok := known[r]; ok {
			f[r] = clock
		}
	}
	return f
}

// Replicas returns the replicas of c in order.
func (c Context) Replicas() []Replica {
	rs := make([]Replica, 0, len(c))
	for r := range c {
		rs = append(rs, r)
	}
	slices.SortFunc(rs, Replica.Compare)
	return rs
}

// ClockSet is a set of clocks, none of which makes another superfluous.
type ClockSet []Clock

// Append returns the set with c. If c knows all that the members know together,
// that is c alone; if they together know all that c knows (or c knows nothing),
// it is the set itself; else it is c and those members that c does not dominate.
func (s ClockSet) Append(c Clock) ClockSet {
	if len(c.Context) == 0 {
		return s
	}
	var together Context
	for _, m := range s {
		together = together.UpperBound(m.Context)
	}
	if c.Context.Dominates(together) {
		return ClockSet{c}
	}
	if together.Dominates(c.Context) {
		return s
	}
	kept := make(ClockSet, 0, len(s)+1)
	for _, m := range s {
		if !c.Context.Dominates(m.Context) {
			kept = append(kept, m)
		}
	}
	return append(kept, c)
}

// Replicas returns whose clocks are in the set, in order.
func (s ClockSet) Replicas() []Replica {
	rs := make([]Replica, 0, len(s))
	for _, c := range s {
		rs = append(rs, c.Replica)
	}
	slices.SortFunc(rs, Replica.Compare)
	return rs
}

// Ahead returns, in order, whom to ask for what c lacks: a small set of
// replicas that together know all that is known to anyone in heard about the
// replicas in c. What they know of others is not counted: c's owner either
// has not met those, or holds them for down, and would ignore the answer.
func (c Clock) Ahead(heard []Clock) []Replica {
	var set ClockSet
	for _, h := range heard {
		h.Context = h.Context.Filter(c.Context)
		if !c.Context.Dominates(h.Context) {
			set = set.Append(h)
		}
	}
	return set.Replicas()
}
