package orset

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// step is one operation of a small history and whether a delta is made after it.
type step struct {
	node    int
	kind    string
	process uint64
	key     string
	flush   bool
}

// alphabet is what happens in small histories: one replica on which all can
// happen to two keys of a process, and another beside it.
var alphabet = []step{
	{node: 0, kind: "join", process: 1, key: "x"},
	{node: 0, kind: "leave", process: 1, key: "x"},
	{node: 0, kind: "update", process: 1, key: "x"},
	{node: 0, kind: "join", process: 1, key: "y"},
	{node: 0, kind: "leaveall", process: 1},
	{node: 1, kind: "join", process: 1, key: "x"},
	{node: 1, kind: "update", process: 1, key: "x"},
	{node: 1, kind: "leave", process: 1, key: "x"},
}

// histories calls f with every history of n operations that all do something.
// The last operation is followed by a delta; with always, every one is.
func histories(n int, always bool, f func([]step)) {
	var extend func(prefix []step)
	extend = func(prefix []step) {
		if len(prefix) == n {
			f(prefix)
			return
		}
		for _, s := range alphabet {
			for _, s.flush = range []bool{true, false} {
				if !s.flush && (always || len(prefix) == n-1) {
					continue
				}
				next := append(slices.Clip(prefix), s)
				w, nodes := newWorld(), [2]*node{newNode("a"), newNode("b")}
				sense := true
				for _, s := range next {
					sense = sense && nodes[s.node].op(w, s.kind, s.process, s.key)
				}
				if sense {
					extend(next)
				}
			}
		}
	}
	extend(nil)
}

// Every history of up to four operations on two replicas, with deltas cut in
// every way (and five with a delta each; one operation less where the race
// detector, which finds nothing in here, makes it slow), is brought to a third replica with
// every subset of the deltas in every order. The third always equals the model,
// repetitions change nothing, and transfers complete it from wherever it is.
func TestOracleEveryDeliveryOrder(t *testing.T) {
	visited := 0
	try := func(h []step) {
		w, nodes := newWorld(), [2]*node{newNode("a"), newNode("b")}
		var packets []packet
		for _, s := range h {
			n := nodes[s.node]
			n.op(w, s.kind, s.process, s.key)
			if s.flush {
				packets = append(packets, n.flush())
			}
		}
		for _, n := range nodes {
			if n.state.HasDelta() {
				packets = append(packets, n.flush())
			}
		}
		for _, p := range packets {
			w.truth(t, p.delta)
		}
		// Orders that lead to the same situation go on together from there.
		seen := make(map[string]bool)
		var deliver func(c *node, used int, key string)
		deliver = func(c *node, used int, key string) {
			key = fmt.Sprint(used, key)
			if seen[key] {
				return
			}
			seen[key] = true
			visited++
			w.stateTruth(t, c.state)
			done := c.clone()
			converge(t, w, nodes[0], nodes[1], done)
			if got := done.state.List(); !slices.Equal(got, w.rows()) {
				t.Fatalf("%+v: got %+v, want %+v", h, got, w.rows())
			}
			for i, p := range packets {
				if used&(1<<i) != 0 {
					continue
				}
				next := c.clone()
				next.receive(t, p)
				once := dump(next.state)
				next.receive(t, p)
				if twice := dump(next.state); twice != once {
					t.Fatalf("%+v: a repeated delta changed\n%sto\n%s", h, once, twice)
				}
				deliver(next, used|1<<i, once)
			}
		}
		deliver(newNode("c", "a", "b"), 0, "")
	}
	for n := 1; n <= longest; n++ {
		histories(n, false, try)
	}
	histories(longest+1, true, try)
	if visited < fewest {
		t.Errorf("only %d situations", visited)
	}
	t.Logf("%d situations", visited)
}

// network is a writer, a relay and a reader, and the deltas under way.
type network struct {
	w       *world
	nodes   [3]*node
	packets []packet
	trace   []string
}

func (n *network) clone() *network {
	c := &network{w: n.w.clone(), packets: slices.Clone(n.packets), trace: slices.Clone(n.trace)}
	for i := range n.nodes {
		c.nodes[i] = n.nodes[i].clone()
	}
	return c
}

// key tells situations apart.
func (n *network) key() string {
	var b strings.Builder
	for _, node := range n.nodes {
		b.WriteString(dump(node.state))
		for _, g := range node.gens.List() {
			fmt.Fprintf(&b, "%v", g)
		}
	}
	for _, p := range n.packets {
		fmt.Fprintf(&b, "%v", p.delta)
	}
	return b.String()
}

// Every situation that a writer, a relay and a reader can get into by up to six
// operations, deltas, deliveries (in any order, again and again, or never) and transfers
// through either, and out of each the way back to agreement.
func TestOracleEveryInterleaving(t *testing.T) {
	start := &network{w: newWorld(), nodes: [3]*node{newNode("a", "b", "c"), newNode("b", "a", "c"), newNode("c", "a", "b")}}
	level := []*network{start}
	seen := map[string]bool{start.key(): true}
	visited := 0
	for depth := 0; depth < 8; depth++ {
		var next []*network
		for _, n := range level {
			for _, move := range n.moves() {
				m := n.clone()
				if !move(t, m) {
					continue
				}
				if k := m.key(); seen[k] {
					continue
				} else {
					seen[k] = true
				}
				visited++
				next = append(next, m)
				done := m.clone()
				for _, node := range done.nodes {
					done.w.stateTruth(t, node.state)
					for _, g := range node.gens.List() {
						done.w.truth(t, g)
					}
				}
				converge(t, done.w, done.nodes[:]...)
				for _, node := range done.nodes {
					if got := node.state.List(); !slices.Equal(got, done.w.rows()) {
						t.Fatalf("%q: %v has %+v, want %+v", m.trace, node.state.Replica(), got, done.w.rows())
					}
				}
			}
		}
		level = next
	}
	if visited < 5_000 {
		t.Errorf("only %d situations", visited)
	}
	t.Logf("%d situations", visited)
}

type move func(t testing.TB, n *network) bool

func (n *network) moves() []move {
	var moves []move
	add := func(name string, m move) {
		moves = append(moves, func(t testing.TB, n *network) bool {
			n.trace = append(n.trace, name)
			return m(t, n)
		})
	}
	for _, kind := range []string{"join", "leave", "update"} {
		add(kind, func(_ testing.TB, n *network) bool { return n.nodes[0].op(n.w, kind, 1, "x") })
	}
	add("flush", func(_ testing.TB, n *network) bool {
		if !n.nodes[0].state.HasDelta() {
			return false
		}
		n.packets = append(n.packets, n.nodes[0].flush())
		return true
	})
	for p := range n.packets {
		for to := 1; to <= 2; to++ {
			add(fmt.Sprintf("delta %d to %d", p, to), func(t testing.TB, n *network) bool {
				n.nodes[to].receive(t, n.packets[p])
				return true
			})
		}
	}
	for _, pull := range [][2]int{{0, 1}, {0, 2}, {1, 2}, {2, 1}} {
		add(fmt.Sprintf("transfer %v", pull), func(t testing.TB, n *network) bool {
			n.nodes[pull[1]].receive(t, n.nodes[pull[0]].transfer(n.w, n.nodes[pull[1]]))
			return true
		})
	}
	return moves
}

// Long random histories: deltas are lost, repeated and late, replicas are cut
// off, go down, are forgotten, and start again.
func TestOracleRandomHistories(t *testing.T) {
	for seed := range uint64(12) {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 7))
			w := newWorld()
			names := []string{"a", "b", "c", "d"}
			var nodes []*node
			for _, name := range names {
				nodes = append(nodes, newNode(name, slices.DeleteFunc(slices.Clone(names), func(n string) bool { return n == name })...))
			}
			type flying struct {
				p  packet
				to int
			}
			var air []flying
			for range 1500 {
				i := r.IntN(len(nodes))
				n := nodes[i]
				other := nodes[(i+1+r.IntN(len(nodes)-1))%len(nodes)]
				switch k := r.IntN(20); {
				case k < 7:
					kind := []string{"join", "join", "join", "leave", "update", "leaveall"}[r.IntN(6)]
					n.op(w, kind, uint64(r.IntN(5)), string(rune('p'+r.IntN(5))))
				case k < 10:
					p := n.flush()
					w.truth(t, p.delta)
					for to := range nodes {
						if to != i && r.IntN(5) > 0 { // else lost
							air = append(air, flying{p, to})
						}
					}
				case k < 16 && len(air) > 0:
					f := r.IntN(len(air))
					nodes[air[f].to].receive(t, air[f].p)
					if r.IntN(4) > 0 { // else it comes again
						air = slices.Delete(air, f, f+1)
					}
				case k < 18:
					if r.IntN(2) == 0 {
						n.receive(t, other.whole(n))
					} else {
						n.receive(t, other.transfer(w, n))
					}
					n.wantLevel(t, other)
				case k == 18:
					// n holds other for down, then forgets it, and meets it again.
					rows, gone := n.state.List(), other.state.Replica()
					if slices.Equal(applied(t, rows, nil, n.state.ReplicaDown(gone)), n.state.List()) == false {
						t.Fatal("leaves of a replica that goes down are wrong")
					}
					n.receive2(t, other.transfer(w, n)) // hidden, and not reported
					rows = n.state.List()
					if r.IntN(2) == 0 {
						n.state.RemoveDown(gone)
						n.gens.RemoveDown(gone)
						n.known.forget(gone)
					}
					if !slices.Equal(applied(t, rows, n.state.ReplicaUp(gone), nil), n.state.List()) {
						t.Fatal("joins of a replica that comes up are wrong")
					}
				case k == 19 && r.IntN(10) == 0:
					// n starts again under a new version; what flies to it is lost.
					old := n.state.Replica()
					now := Replica{old.Name, old.Vsn + 1}
					nodes[i] = &node{New[string](now), NewGenerations[string](3, 6), newModel(), newModel()}
					air = slices.DeleteFunc(air, func(f flying) bool { return f.to == i })
					for tag := range w.adds {
						if _, removed := w.removedBy[tag]; tag.Replica == old && !removed {
							w.removedBy[tag] = maxDot // not by any dot: by being forgotten
						}
					}
					for j, m := range nodes {
						if j == i {
							continue
						}
						nodes[i].state.ReplicaUp(m.state.Replica())
						m.state.ReplicaDown(old)
						m.state.RemoveDown(old)
						m.gens.RemoveDown(old)
						m.known.forget(old)
						m.state.ReplicaUp(now)
					}
				}
				check(t, n.state)
				for _, g := range n.gens.List() {
					w.truth(t, g)
				}
				w.stateTruth(t, n.state)
			}
			converge(t, w, nodes...)
			for _, n := range nodes {
				if got := n.state.List(); !slices.Equal(got, w.rows()) {
					t.Fatalf("%v has %+v, want %+v", n.state.Replica(), got, w.rows())
				}
			}
		})
	}
}

// receive2 merges a packet from somebody held for down: neither row of it shows.
func (n *node) receive2(t testing.TB, p packet) {
	t.Helper()
	before := n.state.List()
	joins, leaves := n.state.Merge(p.delta)
	n.known.merge(p.says, func(r Replica) bool { return n.state.replicas[r] != nil && r != n.state.Replica() })
	if !slices.Equal(applied(t, before, joins, leaves), n.state.List()) {
		t.Fatalf("%+v with joins %+v and leaves %+v is not %+v", before, joins, leaves, n.state.List())
	}
}

func (m *model) forget(r Replica) {
	for tag := range m.adds {
		if tag.Replica == r {
			delete(m.adds, tag)
		}
	}
	for tag := range m.removes {
		if tag.Replica == r {
			delete(m.removes, tag)
		}
	}
}

// Merging obeys the laws of a join, both on states and on deltas.
func TestOracleLaws(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 1_000 {
		w := newWorld()
		nodes := [2]*node{newNode("a", "b"), newNode("b", "a")}
		var deltas []Delta[string]
		for range 3 {
			for _, n := range nodes {
				for range r.IntN(4) {
					s := alphabet[r.IntN(5)]
					n.op(w, s.kind, s.process, s.key)
				}
				if r.IntN(3) > 0 {
					deltas = append(deltas, n.flush().delta)
				}
			}
			if r.IntN(4) == 0 {
				deltas = append(deltas, nodes[0].state.Extract(ref("c"), Context{ref("a"): 0, ref("b"): 0}))
			}
		}
		merged := func(ds ...Delta[string]) string {
			c := New[string](ref("c"))
			c.ReplicaUp(ref("a"))
			c.ReplicaUp(ref("b"))
			for _, d := range ds {
				c.Merge(d)
			}
			return dump(c)
		}
		whole := merged(deltas...)
		shuffled := slices.Concat(deltas, deltas)
		r.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		if got := merged(shuffled...); got != whole {
			t.Fatalf("another order and repetitions: got\n%s want\n%s", got, whole)
		}
		for i := 1; i < len(deltas); i++ {
			a, b := deltas[i-1], deltas[i]
			ab, ok1 := a.Merge(b)
			ba, ok2 := b.Merge(a)
			if ok1 != ok2 {
				t.Fatalf("%+v and %+v are contiguous one way only", a, b)
			}
			if !ok1 {
				continue
			}
			want(t, "the other way round", ba, ab)
			again, _ := ab.Merge(b)
			want(t, "once more", again, ab)
			// Merging deltas first, or one after the other, is the same.
			if got, want := merged(ab), merged(a, b); got != want {
				t.Fatalf("%+v then %+v: got\n%s want\n%s", a, b, got, want)
			}
			if i+1 < len(deltas) {
				left, ok1 := ab.Merge(deltas[i+1])
				bc, ok2 := b.Merge(deltas[i+1])
				if right, ok3 := a.Merge(bc); ok1 && ok2 && ok3 {
					want(t, "grouped otherwise", right, left)
				}
			}
		}
	}
}
