package orset

import (
	"fmt"
	"strings"
	"testing"
)

// show prints a delta as "keys | seen dots", such as "user1 user2 | s1:1-2".
func show(d Delta[string]) string {
	var ks, seen []string
	for _, p := range d.Parts {
		for _, r := range p.Rows {
			ks = append(ks, r.Key)
		}
		for _, s := range p.Seen {
			seen = append(seen, fmt.Sprintf("%s:%d-%d", p.Replica.Name, s.First, s.Last))
		}
	}
	return strings.Join(ks, " ") + " | " + strings.Join(seen, " ")
}

func wantGenerations(t *testing.T, g *Generations[string], wants ...string) {
	t.Helper()
	var got []string
	for _, d := range g.List() {
		got = append(got, show(d))
	}
	want(t, "generations", got, wants)
}

func TestGenerations(t *testing.T) {
	s1, s2 := New[string](ref("s1")), New[string](ref("s2"))
	g := NewGenerations[string](2, 5, 6)
	wantGenerations(t, g)

	join(t, s1, "lobby", 1, "user1")
	g.Push(s1.Delta())
	wantGenerations(t, g, "user1 | s1:1-1", "user1 | s1:1-1", "user1 | s1:1-1")
	g.Push(s1.Delta()) // duplicates have no effect
	wantGenerations(t, g, "user1 | s1:1-1", "user1 | s1:1-1", "user1 | s1:1-1")

	s1.ResetDelta()
	join(t, s1, "lobby", 2, "user2")
	g.Push(s1.Delta())
	wantGenerations(t, g, "user2 | s1:2-2", "user1 user2 | s1:1-2", "user1 user2 | s1:1-2")

	s1.ResetDelta()
	join(t, s1, "lobby", 3, "user3")
	g.Push(s1.Delta())
	wantGenerations(t, g, "user3 | s1:3-3", "user2 user3 | s1:2-3", "user1 user2 user3 | s1:1-3")
	want(t, "smallest", g.List()[0], s1.Delta())

	s1.ResetDelta()
	join(t, s1, "lobby", 4, "user4")
	g.Push(s1.Delta())
	wantGenerations(t, g, "user4 | s1:4-4", "user3 user4 | s1:3-4", "user2 user3 user4 | s1:2-4")

	// remote deltas
	join(t, s2, "lobby", 5, "user5")
	g.Push(s2.Delta())
	wantGenerations(t, g, "user5 | s2:1-1", "user4 user5 | s1:4-4 s2:1-1", "user3 user4 user5 | s1:3-4 s2:1-1")

	// tombstones
	s2.LeaveAll(5)
	g.Push(s2.Delta())
	wantGenerations(t, g, " | s2:1-2", "user4 | s1:4-4 s2:1-2", "user3 user4 | s1:3-4 s2:1-2")
}

func TestGenerationsDoNotIncludeNonContiguousDeltas(t *testing.T) {
	s3 := New[string](ref("s3"))
	g := NewGenerations[string](5, 10, 15)
	join(t, s3, "lobby", 1, "user3")
	g.Push(s3.Delta())
	s3.ResetDelta()
	join(t, s3, "lobby", 2, "user3")
	s3.ResetDelta()
	join(t, s3, "lobby", 3, "user3")
	g.Push(s3.Delta())
	wantGenerations(t, g, "user3 | s3:1-1", "user3 | s3:1-1", "user3 | s3:1-1")

	// A transfer closes the gap.
	whole := s3.Extract(ref("s1"), Context{ref("s3"): 1})
	g.Push(whole)
	wantGenerations(t, g, "user3 user3 user3 | s3:1-3", "user3 user3 user3 | s3:1-3", "user3 user3 user3 | s3:1-3")
}

func TestGenerationsOfOversizedDeltas(t *testing.T) {
	s := New[string](ref("s"))
	g := NewGenerations[string](1, 3)
	for i := range uint64(4) {
		join(t, s, "lobby", i, "user"+string(rune('1'+i)))
		g.Push(s.Delta())
		s.ResetDelta()
		for _, d := range g.List() {
			if d.Size() > 2 {
				t.Errorf("after %d deltas of size 2: a generation of size %d", i+1, d.Size())
			}
		}
	}
	wantGenerations(t, g, "user4 | s:4-4", "user4 | s:4-4")
}

// A whole replica larger than every generation is not kept, but makes room for
// the deltas that follow it.
func TestGenerationsOfWholeReplicas(t *testing.T) {
	s1, s3 := New[string](ref("s1")), New[string](ref("s3"))
	g := NewGenerations[string](2, 4)
	join(t, s1, "lobby", 1, "user1")
	g.Push(s1.Delta())
	join(t, s3, "lobby", 0, "user3")
	g.Push(s3.Delta())
	wantGenerations(t, g, "user3 | s3:1-1", "user1 user3 | s1:1-1 s3:1-1")
	for i := range uint64(3) {
		join(t, s3, "lobby", i+1, "user3")
		s3.ResetDelta() // lost
	}
	g.Push(s3.Extract(ref("s1"), Context{ref("s3"): 1}))
	wantGenerations(t, g, " | ", "user1 | s1:1-1")
	join(t, s3, "lobby", 4, "user4")
	g.Push(s3.Delta())
	wantGenerations(t, g, "user4 | s3:5-5", "user1 user4 | s1:1-1 s3:5-5")
}

func TestGenerationsRemoveDownReplicas(t *testing.T) {
	s1, s2 := New[string](ref("s1")), New[string](ref("s2"))
	g := NewGenerations[string](5, 10, 15)
	join(t, s2, "lobby", 1, "user2")
	g.Push(s2.Delta())
	g.RemoveDown(ref("s2"))
	wantGenerations(t, g, " | ", " | ", " | ")
	s3 := New[string](ref("s3"))
	s3.ReplicaUp(ref("s2"))
	for _, d := range g.List() {
		wantMerge(t, s3, d, "", "")
	}
	// Emptied generations take what comes next.
	join(t, s1, "lobby", 1, "user1")
	g.Push(s1.Delta())
	wantGenerations(t, g, "user1 | s1:1-1", "user1 | s1:1-1", "user1 | s1:1-1")
}

func TestGenerationsWholeStateIsExtractedIfThereAreNoDeltas(t *testing.T) {
	s := New[string](ref("r1"))
	row := join(t, s, "lobby", 1, "user1")
	g := NewGenerations[string](5)
	want(t, "answer", g.Extract(s, ref("r2"), Context{ref("r1"): 0}), Delta[string]{
		Parts: []Part[string]{{Replica: ref("r1"), End: 1, Seen: Dots{{1, 1}}, Rows: []Row[string]{row}}},
	})
}

// generationsOf makes generations with the given contents.
func generationsOf(ds ...Delta[string]) *Generations[string] {
	return &Generations[string]{max: make([]int, len(ds)), gens: ds}
}

func TestGenerationsFirstDeltaWithDominatingClocksIsExtracted(t *testing.T) {
	s := New[string](ref("r1"))
	join(t, s, "lobby", 1, "user1")
	d2 := s.Delta()
	s.ResetDelta()
	join(t, s, "lobby", 2, "user2")
	d3 := s.Delta()
	g := generationsOf(d2, d3)
	want(t, "behind by one", g.Extract(s, ref("r2"), Context{ref("r1"): 1}), d3)
	both, _ := d2.Merge(d3)
	want(t, "behind by two: half of it is not enough", g.Extract(s, ref("r2"), Context{ref("r1"): 0}), both)
	g = generationsOf(d2, d3, both)
	want(t, "behind by two", g.Extract(s, ref("r2"), Context{ref("r1"): 0}), both)
	want(t, "not behind", g.Extract(s, ref("r2"), Context{ref("r1"): 2}).Parts, nil)
}

func TestGenerationsEmptyDeltaIsNotExtracted(t *testing.T) {
	s := New[string](ref("r1"))
	join(t, s, "lobby", 1, "user1")
	d1 := s.Delta()
	s.ResetDelta()
	empty := s.Delta()
	r2 := New[string](ref("r2"))
	join(t, r2, "lobby", 1, "user2")
	s.ReplicaUp(ref("r2"))
	s.Merge(r2.Delta())
	d3, _ := d1.Merge(r2.Delta())
	got := generationsOf(empty, d3).Extract(s, ref("r3"), Context{ref("r2"): 0})
	want(t, "answer", got, r2.Delta())
}

func TestGenerationsDeltaNotDominatingOnCommonReplicasIsNotExtracted(t *testing.T) {
	s := New[string](ref("r1"))
	join(t, s, "lobby", 1, "user1")
	r2 := New[string](ref("r2"))
	join(t, r2, "lobby", 1, "user2")
	s.ReplicaUp(ref("r2"))
	s.Merge(r2.Delta())
	d1, _ := s.Delta().Merge(r2.Delta())
	join(t, s, "lobby", 2, "user3")
	d2 := s.Delta()
	// The asker has not met r2, and is not behind d1 on r1.
	got := generationsOf(d1, d2).Extract(s, ref("r3"), Context{ref("r1"): 1})
	want(t, "answer", got, d2)
	// A generation with a gap on one replica serves for the other.
	s.ResetDelta()
	join(t, s, "lobby", 3, "user4")
	gap, _ := s.Delta().Merge(r2.Delta())
	got = generationsOf(gap).Extract(s, ref("r3"), Context{ref("r1"): 1, ref("r2"): 0})
	want(t, "answer", got, Delta[string]{Parts: []Part[string]{s.replicas[ref("r1")].whole(), r2.Delta().Parts[0]}})
	got = generationsOf(gap).Extract(s, ref("r3"), Context{ref("r1"): 2, ref("r2"): 0})
	want(t, "answer", got, gap)
}
