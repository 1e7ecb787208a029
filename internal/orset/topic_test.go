package orset

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// A topic that grows to many blocks and shrinks again always has its rows in
// order.
func TestTopicBlocks(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	s := New[string](ref("a"))
	var all []Row[string]
	for size := range 6 * maxBlock {
		row, ok := s.Join("t", uint64(r.IntN(50)), fmt.Sprint("key", r.IntN(10_000)), "")
		if ok {
			all = append(all, row)
		}
		if size%500 == 0 {
			check(t, s)
		}
	}
	byPlace := slices.SortedFunc(slices.Values(all), func(a, b Row[string]) int {
		ea := entry[string]{replica: s.self, key: a.Key, process: a.Process, clock: a.Tag.Clock}
		return ea.comparePlace(&place{b.Key, s.self.ref, b.Process, b.Tag.Clock})
	})
	if !slices.Equal(s.GetByTopic("t"), byPlace) {
		t.Fatal("rows are not in order")
	}
	for _, row := range byPlace[:100] {
		found := s.GetByKey("t", row.Key)
		if !slices.Contains(found, row) || slices.ContainsFunc(found, func(r Row[string]) bool { return r.Key != row.Key }) {
			t.Fatalf("rows of %q: %+v", row.Key, found)
		}
	}
	if len(s.topics["t"].blocks) < 6 {
		t.Fatalf("only %d blocks", len(s.topics["t"].blocks))
	}
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	for i, row := range all {
		if _, ok := s.Leave("t", row.Process, row.Key); !ok {
			t.Fatalf("%+v is gone", row)
		}
		if i%500 == 0 {
			check(t, s)
		}
		if left := len(all) - i - 1; left == 20 && len(s.topics["t"].blocks) != 1 {
			t.Errorf("%d rows in %d blocks", left, len(s.topics["t"].blocks))
		}
	}
	check(t, s)
	if len(s.topics) != 0 || len(s.processes) != 0 {
		t.Errorf("left behind: %v, %v", s.topics, s.processes)
	}
}

func TestTopicIterationStops(t *testing.T) {
	s := New[string](ref("a"))
	for i := range uint64(3) {
		join(t, s, "t", i, "k")
	}
	n := 0
	for range s.Topic("t") {
		if n++; n == 2 {
			break
		}
	}
	for range s.Topic("nowhere") {
		n++
	}
	want(t, "rows", n, 2)
}
