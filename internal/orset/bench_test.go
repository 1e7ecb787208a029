package orset

import (
	"fmt"
	"testing"
	"unsafe"
)

var sizes = []int{1_000, 100_000}

// filled returns a state with rows of n processes in one topic, and their keys.
func filled(n int) (*State[string], []string) {
	s := New[string](ref("a"))
	keys := make([]string, n)
	for i := range keys {
		keys[i] = fmt.Sprintf("user:%06d", i*7919%n)
		s.Join("room:1", uint64(i), keys[i], `{"online_at":"1700000000"}`)
	}
	return s, keys
}

func BenchmarkJoinLeave(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprintf("rows=%d", n), func(b *testing.B) {
			s, keys := filled(n)
			s.ResetDelta()
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				p := i % n
				s.Leave("room:1", uint64(p), keys[p])
				s.Join("room:1", uint64(p), keys[p], "")
				if i++; p == 0 {
					s.ResetDelta()
				}
			}
		})
	}
}

func BenchmarkUpdate(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprintf("rows=%d", n), func(b *testing.B) {
			s, keys := filled(n)
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				p := i % n
				s.Update("room:1", uint64(p), keys[p], "")
				if i++; p == 0 {
					s.ResetDelta()
				}
			}
		})
	}
}

// All rows join an empty state.
func BenchmarkFill(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprintf("rows=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				filled(n)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/row")
		})
	}
}

// A whole state of n rows arrives at a replica that knows nothing.
func BenchmarkMerge(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprintf("rows=%d", n), func(b *testing.B) {
			s, _ := filled(n)
			whole := s.Extract(ref("b"), Context{ref("a"): 0})
			b.ReportAllocs()
			for b.Loop() {
				other := New[string](ref("b"))
				other.ReplicaUp(ref("a"))
				if joins, _ := other.Merge(whole); len(joins) != n {
					b.Fatal(len(joins))
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/row")
		})
	}
}

// A whole state of n rows arrives at a replica that has all but one.
func BenchmarkMergeKnown(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprintf("rows=%d", n), func(b *testing.B) {
			s, keys := filled(n)
			other := New[string](ref("b"))
			other.ReplicaUp(ref("a"))
			other.Merge(s.Extract(ref("b"), Context{ref("a"): 0}))
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				s.Update("room:1", 1, keys[1], "")
				whole := s.Extract(ref("b"), Context{ref("a"): 0})
				b.StartTimer()
				if joins, leaves := other.Merge(whole); len(joins) != 1 || len(leaves) != 1 {
					b.Fatal(joins, leaves)
				}
			}
		})
	}
}

// A delta of 10 rows arrives at a replica that has n.
func BenchmarkMergeDelta(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprintf("rows=%d", n), func(b *testing.B) {
			s, keys := filled(n)
			other := New[string](ref("b"))
			other.ReplicaUp(ref("a"))
			other.Merge(s.Delta())
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				s.ResetDelta()
				for range 10 {
					i++
					s.Update("room:1", uint64(i%n), keys[i%n], "")
				}
				if joins, leaves := other.Merge(s.Delta()); len(joins) != 10 || len(leaves) != 10 {
					b.Fatal(joins, leaves)
				}
			}
		})
	}
}

func BenchmarkGetByTopic(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprintf("rows=%d", n), func(b *testing.B) {
			s, _ := filled(n)
			b.ReportAllocs()
			for b.Loop() {
				s.GetByTopic("room:1")
			}
		})
	}
}

func BenchmarkGetByKey(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprintf("rows=%d", n), func(b *testing.B) {
			s, keys := filled(n)
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				i++
				s.GetByKey("room:1", keys[i%n])
			}
		})
	}
}

func BenchmarkCodec(b *testing.B) {
	for _, n := range sizes {
		s, _ := filled(n)
		d := s.Delta()
		m := Message[string]{Kind: Answer, From: ref("a"), Delta: &d}
		bytes, _ := stringCodec.Append(nil, &m)
		b.Run(fmt.Sprintf("append/rows=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(bytes)))
			buf := make([]byte, 0, len(bytes))
			for b.Loop() {
				stringCodec.Append(buf, &m)
			}
		})
		b.Run(fmt.Sprintf("decode/rows=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(bytes)))
			for b.Loop() {
				stringCodec.Decode(bytes)
			}
		})
	}
}

// A join and a leave cost the row itself; reads by key cost their result.
func TestAllocations(t *testing.T) {
	s, keys := filled(2_000)
	s.ResetDelta()
	i := 0
	for _, c := range []struct {
		what string
		most float64
		f    func()
	}{
		{"leave and join", 1, func() {
			p := i % 1000
			i++
			s.Leave("room:1", uint64(p), keys[p])
			s.Join("room:1", uint64(p), keys[p], "")
		}},
		{"get by key", 1, func() { s.GetByKey("room:1", keys[500]) }},
		{"get", 0, func() { s.Get("room:1", 500, keys[500]) }},
		{"iterate a topic", 2, func() {
			for range s.Topic("room:1") {
			}
		}},
		{"dot", 0, func() { s.self.seen.Has(77) }},
	} {
		if got := testing.AllocsPerRun(500, c.f); got > c.most+raceSlack {
			t.Errorf("%s: %v allocations, want at most %v", c.what, got, c.most)
		}
	}
}

// What a row costs in memory besides its strings, its dot and its place in the
// topic.
func TestEntrySize(t *testing.T) {
	const word = unsafe.Sizeof(uintptr(0))
	if got, most := unsafe.Sizeof(entry[[]byte]{}), 8*word+2*8+3*word; got > most {
		t.Errorf("%d bytes, want at most %d", got, most)
	}
}
