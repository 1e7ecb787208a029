package orset

import (
	"cmp"
	"math"
	"slices"
)

// Delta is knowledge made for travel: a replica's latest doings, several of
// those merged, or all that is known of some replicas. It is immutable; its
// parts may be shared between deltas. The zero value knows nothing.
type Delta[M any] struct {
	// Parts has one part for each replica, in order.
	Parts []Part[M]
}

// Part is what a [Delta] knows of one replica.
type Part[M any] struct {
	Replica Replica
	// The part knows everything the replica did after dot Start up to and
	// including dot End. A part with Start 0 is all that there is up to End.
	Start, End uint64
	// Seen has every dot from Start+1 to End, and of those before and after
	// the ones whose rows the part knows to be gone or alive.
	Seen Dots
	// Rows are the rows alive among Seen, in ascending order of their dots. A
	// dot in Seen without a row is a removed row (or was never a row).
	Rows []Row[M]
}

// has reports whether the row of a dot is alive in p.
func (p *Part[M]) has(dot uint64) bool {
	_, ok := slices.BinarySearchFunc(p.Rows, dot, func(r Row[M], dot uint64) int {
		return cmp.Compare(r.Tag.Clock, dot)
	})
	return ok
}

// Size returns the number of rows and dots, by which generations are limited.
func (d Delta[M]) Size() int {
	size := 0
	for i := range d.Parts {
		size = min(size+d.Parts[i].size(), huge)
	}
	return size
}

func (p *Part[M]) size() int {
	return len(p.Rows) + int(min(p.Seen.Len(), huge))
}

// huge is a size past every limit that can still be added to.
const huge = math.MaxInt32 / 2

// Range returns, for every replica in d, after which dot the delta starts and
// at which it ends.
func (d Delta[M]) Range() (start, end Context) {
	start, end = make(Context, len(d.Parts)), make(Context, len(d.Parts))
	for i := range d.Parts {
		p := &d.Parts[i]
		start[p.Replica], end[p.Replica] = p.Start, p.End
	}
	return start, end
}

// Merge returns the knowledge of both deltas. It reports false, and no delta,
// when the ranges of some replica in both neither overlap nor touch: the
// result would claim to know what happened between them.
func (d Delta[M]) Merge(o Delta[M]) (Delta[M], bool) {
	merged := Delta[M]{Parts: make([]Part[M], 0, max(len(d.Parts), len(o.Parts)))}
	a, b := d.Parts, o.Parts
	for len(a) > 0 && len(b) > 0 {
		switch c := a[0].Replica.Compare(b[0].Replica); {
		case c < 0:
			merged.Parts, a = append(merged.Parts, a[0]), a[1:]
		case c > 0:
			merged.Parts, b = append(merged.Parts, b[0]), b[1:]
		default:
			if a[0].End < b[0].Start || b[0].End < a[0].Start {
				return Delta[M]{}, false
			}
			merged.Parts = append(merged.Parts, mergeParts(&a[0], &b[0]))
			a, b = a[1:], b[1:]
		}
	}
	merged.Parts = append(append(merged.Parts, a...), b...)
	return merged, true
}

// mergeParts joins two parts of one replica: a row is alive if both have it, or
// one has it and the other has not seen its dot.
func mergeParts[M any](a, b *Part[M]) Part[M] {
	m := Part[M]{
		Replica: a.Replica,
		Start:   min(a.Start, b.Start),
		End:     max(a.End, b.End),
		Seen:    a.Seen.Union(b.Seen),
	}
	rows := make([]Row[M], 0, len(a.Rows)+len(b.Rows))
	x, y := a.Rows, b.Rows
	for len(x) > 0 || len(y) > 0 {
		switch {
		case len(y) == 0 || len(x) > 0 && x[0].Tag.Clock < y[0].Tag.Clock:
			if !b.Seen.Has(x[0].Tag.Clock) {
				rows = append(rows, x[0])
			}
			x = x[1:]
		case len(x) == 0 || y[0].Tag.Clock < x[0].Tag.Clock:
			if !a.Seen.Has(y[0].Tag.Clock) {
				rows = append(rows, y[0])
			}
			y = y[1:]
		default:
			rows = append(rows, x[0])
			x, y = x[1:], y[1:]
		}
	}
	m.Rows = rows
	return m
}

// part returns what d knows of a replica, or nil.
func (d Delta[M]) part(ref Replica) *Part[M] {
	i, ok := slices.BinarySearchFunc(d.Parts, ref, func(p Part[M], ref Replica) int { return p.Replica.Compare(ref) })
	if !ok {
		return nil
	}
	return &d.Parts[i]
}

// Without returns d without its part on a replica.
func (d Delta[M]) Without(ref Replica) Delta[M] {
	i := slices.IndexFunc(d.Parts, func(p Part[M]) bool { return p.Replica == ref })
	if i < 0 {
		return d
	}
	d.Parts = slices.Concat(d.Parts[:i], d.Parts[i+1:])
	return d
}
