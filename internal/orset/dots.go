package orset

import (
	"slices"
	"sort"
)

// Span is the dots First to Last of one replica, both included; First is at
// least 1.
type Span struct {
	First, Last uint64
}

// Dots is a set of dots of one replica: spans in ascending order that neither
// overlap nor touch. The zero value is the empty set. Because it is always in this
// form, there is no separate compaction: a dot that closes a gap joins its neighbours.
type Dots []Span

// Context returns how many dots are known without a gap, counted from 1.
func (d Dots) Context() uint64 {
	if len(d) == 0 || d[0].First != 1 {
		return 0
	}
	return d[0].Last
}

// Cloud returns the dots after the first gap. It shares memory with d.
func (d Dots) Cloud() Dots {
	if d.Context() == 0 {
		return d
	}
	return d[1:]
}

// Last returns the greatest dot, or 0.
func (d Dots) Last() uint64 {
	if len(d) == 0 {
		return 0
	}
	return d[len(d)-1].Last
}

// Len returns the number of dots.
func (d Dots) Len() uint64 {
	var n uint64
	for _, s := range d {
		n += s.Last - s.First + 1
	}
	return n
}

// search returns the index of the first span that ends at or after dot.
func (d Dots) search(dot uint64) int {
	// One span is the state of nearly every replica nearly always.
	if len(d) == 1 {
		if d[0].Last >= dot {
			return 0
		}
		return 1
	}
	return sort.Search(len(d), func(i int) bool { return d[i].Last >= dot })
}

// Has reports whether dot is in the set.
func (d Dots) Has(dot uint64) bool {
	i := d.search(dot)
	return i < len(d) && d[i].First <= dot
}

// Add returns the set with the dots first to last added. It may change d's
// memory, as append does.
func (d Dots) Add(first, last uint64) Dots {
	// Spans from..to (excluded) overlap or touch the new one. first is at
	// least 1, so first-1 does not wrap.
	from := d.search(first - 1)
	to := from
	for to < len(d) && d[to].First <= last+1 {
		to++
	}
	if from == to {
		return slices.Insert(d, from, Span{first, last})
	}
	d[from] = Span{min(first, d[from].First), max(last, d[to-1].Last)}
	return slices.Delete(d, from+1, to)
}

// Union returns the dots of both sets in new memory.
func (d Dots) Union(o Dots) Dots {
	u := make(Dots, 0, len(d)+len(o))
	for len(d) > 0 || len(o) > 0 {
		var s Span
		if len(o) == 0 || len(d) > 0 && d[0].First <= o[0].First {
			s, d = d[0], d[1:]
		} else {
			s, o = o[0], o[1:]
		}
		if n := len(u); n > 0 && s.First <= u[n-1].Last+1 {
			u[n-1].Last = max(u[n-1].Last, s.Last)
		} else {
			u = append(u, s)
		}
	}
	return u
}

// include adds o to d, changing d's memory.
func (d Dots) include(o Dots) Dots {
	// A heartbeat's delta is a span or two; a transfer after a partition can be
	// thousands, for which one pass is better than as many insertions.
	if len(o) > 8 {
		return d.Union(o)
	}
	for _, s := range o {
		d = d.Add(s.First, s.Last)
	}
	return d
}
