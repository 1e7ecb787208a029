package ets

import (
	"fmt"
	"testing"
	"time"

	"github.com/bennu-go/bennu/internal/race"
)

const benchKeys = 1 << 14

func BenchmarkSet(b *testing.B) {
	for _, size := range []int{0, benchKeys * 2} {
		s := NewSet[int, int](Config{MaxSize: size})
		for i := range benchKeys {
			s.PutTTL(i, i, time.Hour)
		}
		name := fmt.Sprintf("/max=%d", size)
		b.Run("Get"+name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				s.Get(i % benchKeys)
			}
		})
		b.Run("Put"+name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				s.Put(i%benchKeys, i)
			}
		})
		b.Run("Update"+name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				s.Update(i%benchKeys, func(n int, _ bool) (int, bool) { return n + 1, true })
			}
		})
	}
}

func BenchmarkCountersAdd(b *testing.B) {
	c := NewCounters[int](Config{})
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		c.Add(i%benchKeys, 1)
	}
}

func BenchmarkOrdered(b *testing.B) {
	o := NewOrdered[int, int](Config{})
	for i := range benchKeys {
		o.Put(i, i)
	}
	b.Run("Get", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			o.Get(i % benchKeys)
		}
	})
	b.Run("Put", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			o.Put(i%benchKeys, i)
		}
	})
	b.Run("Range100", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			for range o.Range(5000, 5100) {
			}
		}
	})
}

func BenchmarkBagInsertRemove(b *testing.B) {
	bag := NewBag[int, int](Config{})
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		bag.Insert(i%100, i)
		bag.Remove(i%100, i)
	}
}

func BenchmarkSweep(b *testing.B) {
	s := NewSet[int, int](Config{})
	for i := range 100_000 {
		s.PutTTL(i, i, time.Hour)
	}
	b.ReportAllocs()
	for b.Loop() {
		s.Sweep()
	}
}

func TestReadsAllocateNothing(t *testing.T) {
	set, bag, ordered, counters := NewSet[string, int](Config{}), NewBag[string, int](Config{}), NewOrdered[string, int](Config{}), NewCounters[string](Config{})
	bounded := NewSet[string, int](Config{MaxSize: 100})
	set.PutTTL("k", 1, time.Hour)
	bounded.PutTTL("k", 1, time.Hour)
	bag.Insert("k", 1)
	ordered.Put("k", 1)
	counters.Add("k", 1)
	for name, f := range map[string]func(){
		"Set.Get":         func() { set.Get("k") },
		"Set.Get bounded": func() { bounded.Get("k") },
		"Set.Member":      func() { set.Member("none") },
		"Bag.Contains":    func() { bag.Contains("k", 1) },
		"Ordered.Get":     func() { ordered.Get("k") },
		"Counters.Add":    func() { counters.Add("k", 1) },
		"Counters.AddTTL": func() { counters.AddTTL("k", 1, time.Minute) },
		"Counters.Get":    func() { counters.Get("k") },
	} {
		if n := testing.AllocsPerRun(1000, f); n != 0 && !race.Enabled { // the race detector allocates
			t.Errorf("%s: got %v allocations, want none", name, n)
		}
	}
}
