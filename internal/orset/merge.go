package orset

import (
	"cmp"
	"maps"
	"slices"
)

// Merge takes in a delta. It returns the rows that became
// visible and those that no longer are. Parts on replicas that are not known
// are ignored (their own heartbeat makes them known, see ReplicaUp), and nobody
// knows better than this replica what it tracks itself.
func (s *State[M]) Merge(d Delta[M]) (joins, leaves []Row[M]) {
	var added, gone []*entry[M]
	for i := range d.Parts {
		p := &d.Parts[i]
		r := s.replicas[p.Replica]
		if r == nil || r == s.self {
			continue
		}
		for _, e := range r.removedIn(p) {
			s.remove(e)
			if !r.down {
				gone = append(gone, e)
			}
		}
		for j := range p.Rows {
			row := &p.Rows[j]
			if r.seen.Has(row.Tag.Clock) {
				continue
			}
			e := s.insert(r, row.Topic, row.Process, row.Key, row.Meta, row.Tag.Clock)
			if !r.down {
				added = append(added, e)
			}
		}
		r.seen = r.seen.include(p.Seen)
	}
	return sortedRows(added), sortedRows(gone)
}

// known returns d without the parts on replicas that have not been met.
func (s *State[M]) known(d Delta[M]) Delta[M] {
	for _, p := range d.Parts {
		if s.replicas[p.Replica] == nil {
			d = d.Without(p.Replica)
		}
	}
	return d
}

// removedIn returns the rows that p has seen and no longer has.
func (r *replica[M]) removedIn(p *Part[M]) []*entry[M] {
	var removed []*entry[M]
	// A delta names few dots, a full state nearly all: walk the shorter side.
	if p.Seen.Len() <= uint64(len(r.rows)) {
		for _, span := range p.Seen {
			for dot := span.First; dot <= span.Last; dot++ {
				if e := r.rows[dot]; e != nil && !p.has(dot) {
					removed = append(removed, e)
				}
			}
		}
		return removed
	}
	for dot, e := range r.rows {
		if p.Seen.Has(dot) && !p.has(dot) {
			removed = append(removed, e)
		}
	}
	return removed
}

// Extract returns all this replica knows that is news to another with the
// given context: nothing of the asker itself, of replicas it does not know, and
// of replicas that it knows as far.
func (s *State[M]) Extract(to Replica, known Context) Delta[M] {
	return s.extract(to, known, func(Replica, uint64, uint64) *Part[M] { return nil })
}

// extract makes the delta of Extract from the parts that smaller returns, given
// how far the asker and the state know a replica, and where that is nil
// from all that the state has.
func (s *State[M]) extract(to Replica, known Context, smaller func(ref Replica, clock, context uint64) *Part[M]) (d Delta[M]) {
	for ref, r := range s.replicas {
		clock, ok := known[ref]
		if !ok || ref == to || clock >= r.seen.Last() {
			continue
		}
		if p := smaller(ref, clock, r.seen.Context()); p != nil {
			d.Parts = append(d.Parts, *p)
		} else {
			d.Parts = append(d.Parts, r.whole())
		}
	}
	slices.SortFunc(d.Parts, func(a, b Part[M]) int { return a.Replica.Compare(b.Replica) })
	return d
}

// whole returns all that is known of a replica.
func (r *replica[M]) whole() Part[M] {
	entries := slices.AppendSeq(make([]*entry[M], 0, len(r.rows)), maps.Values(r.rows))
	slices.SortFunc(entries, func(a, b *entry[M]) int { return cmp.Compare(a.clock, b.clock) })
	p := Part[M]{Replica: r.ref, End: r.seen.Context(), Seen: slices.Clone(r.seen), Rows: make([]Row[M], len(entries))}
	for i, e := range entries {
		p.Rows[i] = e.row()
	}
	return p
}

// ReplicaUp makes a replica known, or a down one visible again, and returns
// the rows that thereby appear.
func (s *State[M]) ReplicaUp(ref Replica) (joins []Row[M]) {
	r := s.replicas[ref]
	if r == nil {
		s.meet(ref)
		return nil
	}
	if !r.down {
		return nil
	}
	r.down = false
	return r.sorted()
}

// ReplicaDown hides the rows of a replica and returns them. The state itself
// is never down.
func (s *State[M]) ReplicaDown(ref Replica) (leaves []Row[M]) {
	r := s.replicas[ref]
	if r == nil || r == s.self || r.down {
		return nil
	}
	r.down = true
	return r.sorted()
}

// RemoveDown forgets a replica: rows and how far it was known. It returns the rows
// that were still visible, which are none after ReplicaDown.
func (s *State[M]) RemoveDown(ref Replica) (leaves []Row[M]) {
	leaves = s.ReplicaDown(ref)
	r := s.replicas[ref]
	if r == nil || r == s.self {
		return nil
	}
	for _, e := range r.rows {
		s.remove(e)
	}
	delete(s.replicas, ref)
	return leaves
}

// sorted returns the rows of a replica.
func (r *replica[M]) sorted() []Row[M] {
	return sortedRows(slices.AppendSeq(make([]*entry[M], 0, len(r.rows)), maps.Values(r.rows)))
}

// sortedRows returns the rows of entries in the order that compareRows has. Sorting
// pointers and then copying is measured in BenchmarkMerge.
func sortedRows[M any](entries []*entry[M]) []Row[M] {
	if len(entries) == 0 {
		return nil
	}
	slices.SortFunc(entries, compareEntries)
	rows := make([]Row[M], len(entries))
	for i, e := range entries {
		rows[i] = e.row()
	}
	return rows
}

func compareEntries[M any](a, b *entry[M]) int {
	if a.topic != b.topic {
		if c := cmp.Compare(a.topic.name, b.topic.name); c != 0 {
			return c
		}
	}
	if a.replica != b.replica {
		return a.replica.ref.Compare(b.replica.ref)
	}
	return cmp.Or(
		cmp.Compare(a.process, b.process),
		cmp.Compare(a.key, b.key),
		cmp.Compare(a.clock, b.clock),
	)
}
