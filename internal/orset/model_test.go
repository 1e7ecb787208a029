package orset

import (
	"maps"
	"slices"
	"testing"
)

// model is the naive set that states are compared with: all additions and all
// removals it ever heard of, which only grow. An addition that is not removed
// is there.
type model struct {
	adds    map[Tag]Row[string]
	removes map[Tag]bool
}

func newModel() *model {
	return &model{make(map[Tag]Row[string]), make(map[Tag]bool)}
}

func (m *model) clone() *model { return &model{maps.Clone(m.adds), maps.Clone(m.removes)} }

// merge adds what o knows of replicas that keep accepts.
func (m *model) merge(o *model, keep func(Replica) bool) {
	for tag, row := range o.adds {
		if keep(tag.Replica) {
			m.adds[tag] = row
		}
	}
	for tag := range o.removes {
		if keep(tag.Replica) {
			m.removes[tag] = true
		}
	}
}

// rows returns what is there, in the order of State.List.
func (m *model) rows() []Row[string] {
	var rows []Row[string]
	for tag, row := range m.adds {
		if !m.removes[tag] {
			rows = append(rows, row)
		}
	}
	slices.SortFunc(rows, func(a, b Row[string]) int { return compareRows(&a, &b) })
	return rows
}

// world knows everything that really happened, on all replicas.
type world struct {
	adds      map[Tag]Row[string]
	removedBy map[Tag]uint64 // the last dot of the operation that removed the row, before it added any
}

func newWorld() *world {
	return &world{adds: make(map[Tag]Row[string]), removedBy: make(map[Tag]uint64)}
}

// node is a replica under test together with its model.
type node struct {
	state   *State[string]
	gens    *Generations[string]
	known   *model // what it should know
	pending *model // what it did since the last flush
}

func newNode(name string, met ...string) *node {
	n := &node{
		state: New[string](ref(name)), gens: NewGenerations[string](3, 6),
		known: newModel(), pending: newModel(),
	}
	for _, other := range met {
		n.state.ReplicaUp(ref(other))
	}
	return n
}

func (n *node) clone() *node {
	gens := *n.gens
	gens.gens = slices.Clone(gens.gens)
	return &node{cloneState(n.state), &gens, n.known.clone(), n.pending.clone()}
}

// packet is a delta and what it should say.
type packet struct {
	delta Delta[string]
	says  *model
}

// op performs an operation by name; it reports false if it makes no sense.
func (n *node) op(w *world, kind string, process uint64, key string) bool {
	var added, gone []Row[string]
	switch kind {
	case "join":
		row, ok := n.state.Join("t", process, key, "0")
		if !ok {
			return false
		}
		added = append(added, row)
	case "leave":
		row, ok := n.state.Leave("t", process, key)
		if !ok {
			return false
		}
		gone = append(gone, row)
	case "update":
		before, after, ok := n.state.Update("t", process, key, "1")
		if !ok {
			return false
		}
		added, gone = append(added, after), append(gone, before)
	case "leaveall":
		gone = n.state.LeaveAll(process)
		if len(gone) == 0 {
			return false
		}
	}
	bump := n.state.self.seen.Last() - uint64(len(added))
	for _, row := range added {
		w.adds[row.Tag], n.known.adds[row.Tag], n.pending.adds[row.Tag] = row, row, row
	}
	for _, row := range gone {
		w.removedBy[row.Tag], n.known.removes[row.Tag], n.pending.removes[row.Tag] = bump, true, true
	}
	return true
}

// flush makes a packet of what happened since the last one.
func (n *node) flush() packet {
	p := packet{n.state.Delta(), n.pending}
	n.state.ResetDelta()
	n.gens.Push(p.delta)
	n.pending = newModel()
	return p
}

// transfer makes the packet that answers a request of to.
func (n *node) transfer(w *world, to *node) packet {
	d := n.gens.Extract(n.state, to.state.Replica(), to.state.Clocks().Context)
	return packet{d, w.says(d)}
}

// whole makes a packet of all that n knows and to lacks.
func (n *node) whole(to *node) packet {
	context := to.state.Clocks().Context
	says := newModel()
	says.merge(n.known, func(r Replica) bool {
		_, known := context[r]
		return known && r != to.state.Replica()
	})
	return packet{n.state.Extract(to.state.Replica(), context), says}
}

// wantLevel checks that n knows all that from does of replicas both have up.
func (n *node) wantLevel(t testing.TB, from *node) {
	t.Helper()
	have := n.state.Context()
	for ref, clock := range from.state.Clocks().Context {
		if own, met := have[ref]; met && own < clock {
			t.Fatalf("after a transfer from %v, %v knows %v to %d only, not %d", from.state.Replica(), n.state.Replica(), ref, own, clock)
		}
	}
}

// receive merges a packet into state and model and compares them.
func (n *node) receive(t testing.TB, p packet) {
	t.Helper()
	before := n.state.List()
	joins, leaves := n.state.Merge(p.delta)
	n.known.merge(p.says, func(r Replica) bool { return n.state.replicas[r] != nil && r != n.state.Replica() })
	n.gens.Push(p.delta)
	got := n.state.List()
	if want := n.known.rows(); !slices.Equal(got, want) {
		t.Fatalf("after %+v\nstate has %+v\nmodel has %+v", p.delta, got, want)
	}
	if after := applied(t, before, joins, leaves); !slices.Equal(after, got) {
		t.Fatalf("%+v with joins %+v and leaves %+v is not %+v", before, joins, leaves, got)
	}
}

// applied returns rows with joins added and leaves removed.
func applied(t testing.TB, rows, joins, leaves []Row[string]) []Row[string] {
	t.Helper()
	set := make(map[Tag]Row[string], len(rows))
	for _, r := range rows {
		set[r.Tag] = r
	}
	for _, r := range joins {
		if _, there := set[r.Tag]; there {
			t.Fatalf("%+v joins a second time", r)
		}
		set[r.Tag] = r
	}
	for _, r := range leaves {
		if _, there := set[r.Tag]; !there {
			t.Fatalf("%+v leaves and was not there", r)
		}
		delete(set, r.Tag)
	}
	return slices.SortedFunc(maps.Values(set), func(a, b Row[string]) int { return compareRows(&a, &b) })
}

// says returns the additions and removals that a delta tells of.
func (w *world) says(d Delta[string]) *model {
	m := newModel()
	for i := range d.Parts {
		p := &d.Parts[i]
		for tag, row := range w.adds {
			if tag.Replica != p.Replica || !p.Seen.Has(tag.Clock) {
				continue
			}
			m.adds[tag] = row
			if !p.has(tag.Clock) {
				m.removes[tag] = true
			}
		}
	}
	return m
}

// truth checks that a delta is true: what it claims happened, and what it covers
// it tells.
func (w *world) truth(t testing.TB, d Delta[string]) {
	t.Helper()
	for i := range d.Parts {
		p := &d.Parts[i]
		if p.End > p.Start && !slices.ContainsFunc(p.Seen, func(s Span) bool { return s.First <= p.Start+1 && p.End <= s.Last }) {
			t.Fatalf("%+v has not seen its own range", p)
		}
		for _, row := range p.Rows {
			if w.adds[row.Tag] != row || !p.Seen.Has(row.Tag.Clock) {
				t.Fatalf("%+v has the row %+v, which nobody added", p, row)
			}
		}
		for tag := range w.adds {
			bump, removed := w.removedBy[tag]
			switch {
			case tag.Replica != p.Replica:
			case p.Seen.Has(tag.Clock) && !p.has(tag.Clock) && !removed:
				t.Fatalf("%+v claims that %v was removed", p, tag)
			case removed && p.Seen.Has(bump) && (p.has(tag.Clock) || !p.Seen.Has(tag.Clock)):
				t.Fatalf("%+v has seen dot %d and does not tell that it removed %v", p, bump, tag)
			}
		}
	}
}

// stateTruth does the same for what a state knows of others.
func (w *world) stateTruth(t testing.TB, s *State[string]) {
	t.Helper()
	nothing := make(Context)
	for ref := range s.replicas {
		nothing[ref] = 0
	}
	w.truth(t, s.Extract(Replica{Name: "nobody"}, nothing))
}

// rows returns what should be visible to one that knows everything.
func (w *world) rows() []Row[string] {
	m := &model{adds: w.adds, removes: make(map[Tag]bool)}
	for tag := range w.removedBy {
		m.removes[tag] = true
	}
	return m.rows()
}

func (w *world) clone() *world {
	return &world{adds: maps.Clone(w.adds), removedBy: maps.Clone(w.removedBy)}
}

// cloneState returns a deep copy.
func cloneState(s *State[string]) *State[string] {
	c := New[string](s.self.ref)
	c.start, c.removed = s.start, slices.Clone(s.removed)
	for ref, r := range s.replicas {
		cr := c.replicas[ref]
		if cr == nil {
			cr = c.meet(ref)
		}
		cr.down, cr.seen = r.down, slices.Clone(r.seen)
		for dot, e := range r.rows {
			c.insert(cr, e.topic.name, e.process, e.key, e.meta, dot)
		}
	}
	return c
}

// converge lets nodes ask each other until nobody is behind.
func converge(t testing.TB, w *world, nodes ...*node) {
	t.Helper()
	for round := 0; ; round++ {
		if round == 3 {
			t.Fatal("still asking after 3 rounds")
		}
		asked := false
		var clocks []Clock
		for _, n := range nodes {
			clocks = append(clocks, n.state.Clocks())
		}
		for _, n := range nodes {
			for _, from := range n.state.Clocks().Ahead(clocks) {
				asked = true
				i := slices.IndexFunc(nodes, func(n *node) bool { return n.state.Replica() == from })
				n.receive(t, nodes[i].transfer(w, n))
				n.wantLevel(t, nodes[i])
			}
		}
		if !asked {
			return
		}
	}
}
