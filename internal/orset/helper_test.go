package orset

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func ref(name string) Replica { return Replica{Name: name, Vsn: 1} }

// cluster returns states that have all met each other.
func cluster(names ...string) []*State[string] {
	var states []*State[string]
	for _, name := range names {
		s := New[string](ref(name))
		for _, other := range names {
			if other != name {
				s.ReplicaUp(ref(other))
			}
		}
		states = append(states, s)
	}
	return states
}

// extract is a transfer: what from would send to.
func extract(from, to *State[string]) Delta[string] {
	return from.Extract(to.Replica(), to.Context())
}

func join(t testing.TB, s *State[string], topic string, process uint64, key string) Row[string] {
	t.Helper()
	row, ok := s.Join(topic, process, key, "meta")
	if !ok {
		t.Fatalf("Join(%q, %d, %q) found the key already there", topic, process, key)
	}
	return row
}

func leave(t testing.TB, s *State[string], topic string, process uint64, key string) {
	t.Helper()
	if _, ok := s.Leave(topic, process, key); !ok {
		t.Fatalf("Leave(%q, %d, %q) found nothing", topic, process, key)
	}
}

func keys[M any](rows []Row[M]) string {
	var ks []string
	for _, r := range rows {
		ks = append(ks, r.Key)
	}
	slices.Sort(ks)
	return strings.Join(ks, " ")
}

// wantMerge merges d and checks the keys that join and leave.
func wantMerge(t testing.TB, s *State[string], d Delta[string], joins, leaves string) {
	t.Helper()
	j, l := s.Merge(d)
	if keys(j) != joins || keys(l) != leaves {
		t.Fatalf("got joins %q leaves %q, want joins %q leaves %q", keys(j), keys(l), joins, leaves)
	}
	check(t, s)
}

func want[T any](t testing.TB, what string, got, want T) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("%s (-want +got):\n%s", what, diff)
	}
}

// dump prints everything a state knows.
func dump[M any](s *State[M]) string {
	var b strings.Builder
	fmt.Fprintf(&b, "self %v start %d\n", s.self.ref, s.start)
	for _, ref := range slices.SortedFunc(maps.Keys(s.replicas), Replica.Compare) {
		r := s.replicas[ref]
		fmt.Fprintf(&b, "%v down=%t seen=%v\n", ref, r.down, []Span(r.seen))
		for _, dot := range slices.Sorted(maps.Keys(r.rows)) {
			fmt.Fprintf(&b, "  %+v\n", r.rows[dot].row())
		}
	}
	return b.String()
}

// check verifies that the indexes of a state agree with each other.
func check[M any](t testing.TB, s *State[M]) {
	t.Helper()
	rows, own := 0, 0
	for ref, r := range s.replicas {
		rows += len(r.rows)
		for i, span := range r.seen {
			if span.First < 1 || span.Last < span.First || i > 0 && span.First <= r.seen[i-1].Last+1 {
				t.Fatalf("%v: dots %v are not in order", ref, r.seen)
			}
		}
		for dot, e := range r.rows {
			if e.clock != dot || e.replica != r || !r.seen.Has(dot) {
				t.Fatalf("%v: row %+v stands at dot %d of %v", ref, e.row(), dot, r.seen)
			}
			if s.topics[e.topic.name] != e.topic {
				t.Fatalf("row %+v is in a topic of its own", e.row())
			}
		}
	}
	for name, topic := range s.topics {
		n := 0
		var last *entry[M]
		for b, block := range topic.blocks {
			if len(block) == 0 || len(block) > maxBlock {
				t.Fatalf("topic %q: block %d has %d rows", name, b, len(block))
			}
			for _, e := range block {
				n++
				if e.replica.rows[e.clock] != e {
					t.Fatalf("topic %q has the row %+v, its replica does not", name, e.row())
				}
				if last != nil {
					if p := e.place(); last.comparePlace(&p) >= 0 {
						t.Fatalf("topic %q: %+v stands before %+v", name, last.row(), e.row())
					}
				}
				last = e
			}
		}
		if n == 0 || n != topic.len {
			t.Fatalf("topic %q counts %d rows and has %d", name, topic.len, n)
		}
		rows -= n
	}
	if rows != 0 {
		t.Fatalf("replicas have %d rows more than topics", rows)
	}
	for process, e := range s.processes {
		if e.prev != nil {
			t.Fatalf("the list of process %d starts in the middle", process)
		}
		for ; e != nil; e = e.next {
			own++
			if e.process != process || s.self.rows[e.clock] != e || e.next != nil && e.next.prev != e {
				t.Fatalf("the list of process %d has the row %+v", process, e.row())
			}
		}
	}
	if own != len(s.self.rows) {
		t.Fatalf("processes have %d rows, the replica has %d", own, len(s.self.rows))
	}
}
