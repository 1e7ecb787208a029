package orset

import (
	"cmp"
	"slices"
)

// Diff is what became visible and what no longer is.
type Diff[M any] struct {
	Joins, Leaves []Row[M]
}

// Empty reports whether nothing changed.
func (d Diff[M]) Empty() bool { return len(d.Joins) == 0 && len(d.Leaves) == 0 }

// then returns the sum of two diffs. A row of d that left again in next, such
// as one of a replica that comes up with the news of its removal, is in neither.
func (d Diff[M]) then(next Diff[M]) Diff[M] {
	if d.Empty() {
		return next
	}
	if next.Empty() {
		return d
	}
	if len(d.Joins) > 0 && len(next.Leaves) > 0 {
		joined := make(map[Tag]bool, len(d.Joins))
		for i := range d.Joins {
			joined[d.Joins[i].Tag] = true
		}
		undone := make(map[Tag]bool)
		next.Leaves = slices.DeleteFunc(next.Leaves, func(r Row[M]) bool {
			undone[r.Tag] = joined[r.Tag]
			return joined[r.Tag]
		})
		d.Joins = slices.DeleteFunc(d.Joins, func(r Row[M]) bool { return undone[r.Tag] })
	}
	return Diff[M]{
		Joins:  mergeSorted(d.Joins, next.Joins),
		Leaves: mergeSorted(d.Leaves, next.Leaves),
	}
}

// mergeSorted returns the rows of both in the order of joins and leaves.
func mergeSorted[M any](a, b []Row[M]) []Row[M] {
	m := make([]Row[M], 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		if compareRows(&a[0], &b[0]) < 0 {
			m, a = append(m, a[0]), a[1:]
		} else {
			m, b = append(m, b[0]), b[1:]
		}
	}
	return append(append(m, a...), b...)
}

// compareRows is the order of joins and leaves: topic, process, key, dot.
func compareRows[M any](a, b *Row[M]) int {
	return cmp.Or(
		cmp.Compare(a.Topic, b.Topic),
		a.Tag.Replica.Compare(b.Tag.Replica),
		cmp.Compare(a.Process, b.Process),
		cmp.Compare(a.Key, b.Key),
		cmp.Compare(a.Tag.Clock, b.Tag.Clock),
	)
}
