package ets

import (
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestBoundedSetEvicts(t *testing.T) {
	evicted := map[int]int{}
	s := NewBoundedSet(BoundedConfig[int, int]{
		Config:  Config{MaxSize: 100},
		Evicted: func(k, v int) { evicted[k] = v },
	})
	for i := range 1000 {
		s.Put(i, -i)
	}
	i := s.Info()
	if i.Len > 110 || i.Evicted < 890 || int64(i.Len)+i.Evicted != 1000 {
		t.Errorf("got %d entries and %d evicted, want about 100 and 900", i.Len, i.Evicted)
	}
	s.Put(0, 0) // tells the last ones
	for k, v := range evicted {
		if v != -k {
			t.Errorf("evicted %d with value %d", k, v)
		}
	}
	if n := int64(len(evicted)); n < i.Evicted-1 {
		t.Errorf("told of %d evictions of %d", n, i.Evicted)
	}
	hits := 0
	for k := range 1000 {
		if _, ok := s.Get(k); ok {
			hits++
		}
	}
	i = s.Info()
	if i.Hits != int64(hits) || i.Misses != int64(1000-hits) {
		t.Errorf("got %d hits and %d misses, want %d and %d", i.Hits, i.Misses, hits, 1000-hits)
	}
}

func TestBoundedSetByCost(t *testing.T) {
	s := NewBoundedSet(BoundedConfig[int, string]{
		Config: Config{MaxSize: 1000},
		Cost:   func(_ int, v string) uint32 { return uint32(len(v)) },
	})
	for i := range 100 {
		s.Put(i, string(make([]byte, 100)))
	}
	if n := s.Len(); n < 5 || n > 12 {
		t.Errorf("got %d entries of 100 within 1000", n)
	}
}

func TestBoundedCountersEvict(t *testing.T) {
	c := NewCounters[int](Config{MaxSize: 100})
	for i := range 1000 {
		c.Add(i, 1)
	}
	if i := c.Info(); i.Len > 110 || i.Evicted < 890 {
		t.Errorf("got %d counters and %d evicted", i.Len, i.Evicted)
	}
}

// Evictions of a counter at the moment of adding must lose nothing but the counter.
func TestBoundedCountersUnderLoad(t *testing.T) {
	c := NewCounters[int](Config{MaxSize: 8})
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 5000 {
				if n := c.Add((i*7+g)%64, 1); n < 1 {
					t.Errorf("got %d after adding", n)
					return
				}
			}
		})
	}
	wg.Wait()
}

func TestUpdateMayUseTheTableAndPanic(t *testing.T) {
	s := NewSet[string, int](Config{})
	s.Put("a", 1)
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic did not come through")
			}
		}()
		s.Update("a", func(int, bool) (int, bool) { panic("no") })
	}()
	calls := 0
	v, ok := s.Update("a", func(old int, found bool) (int, bool) {
		if calls++; calls == 1 {
			s.Put("a", 10) // somebody else is faster
		}
		return old + 1, true
	})
	if v != 11 || !ok || calls != 2 {
		t.Errorf("got %d, %v after %d calls; want 11, true, 2", v, ok, calls)
	}
}

func TestUpdatesAreNotLost(t *testing.T) {
	for _, s := range []keyValue{NewSet[int, int](Config{}), NewSet[int, int](Config{MaxSize: 100}), NewOrdered[int, int](Config{})} {
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for range 1000 {
					s.Update(1, func(n int, _ bool) (int, bool) { return n + 1, true })
				}
			})
		}
		wg.Wait()
		if n, _ := s.Get(1); n != 4000 {
			t.Errorf("%s: got %d, want 4000", s.Kind(), n)
		}
	}
}

// What is moved from one key to another is nowhere or in both if the table is not read at one moment.
func TestSnapshotIsOfOneMoment(t *testing.T) {
	c := NewCounters[int](Config{})
	s := NewSet[int, int](Config{})
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := 1; ; i++ {
			select {
			case <-stop:
				return
			default:
				for k := range 8 { // key k is never behind key k+1
					c.Put(k, int64(i))
					s.Put(k, i)
				}
			}
		}
	})
	for range 200 {
		for _, all := range []map[int]int{plain(c.Snapshot()), entries(s.Snapshot())} {
			for k := 1; k < 8; k++ {
				if all[k] > all[k-1] || all[k] < all[0]-1 {
					t.Fatalf("got %v, which never was", all)
				}
			}
		}
	}
	close(stop)
	wg.Wait()
}

func plain(all []Entry[int, int64]) map[int]int {
	m := map[int]int{}
	for _, e := range all {
		m[e.Key] = int(e.Value)
	}
	return m
}

func TestBagGivesAwayWhatStays(t *testing.T) {
	b := NewBag[string, int](Config{})
	for i := range 5 {
		b.Insert("k", i)
	}
	var seen []int
	for v := range b.Values("k") { // sees none of what happens meanwhile
		b.Remove("k", 4)
		b.Insert("k", 100+v)
		seen = append(seen, v)
	}
	if diff := cmp.Diff([]int{0, 1, 2, 3, 4}, seen); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]int{0, 1, 2, 3, 100, 101, 102, 103, 104}, b.Get("k")); diff != "" {
		t.Error(diff)
	}
}

func TestBagReadersBesideWriters(t *testing.T) {
	b := NewBag[string, int](Config{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := range 2000 {
			b.Insert("k", i%50)
			b.Remove("k", (i+25)%50)
		}
	})
	for range 2000 {
		values := slices.Collect(b.Values("k"))
		slices.Sort(values)
		if len(slices.Compact(values)) != len(values) {
			t.Fatal("a value is there twice")
		}
	}
	wg.Wait()
}

func TestUncomparableValueLeavesNoLock(t *testing.T) {
	b := NewBag[string, any](Config{})
	for range 2 {
		func() {
			defer func() {
				if recover() == nil {
					t.Error("a slice was compared")
				}
			}()
			b.Insert("k", []int{1})
		}()
	}
	if !b.Insert("k", 1) {
		t.Error("the bag is stuck")
	}
}

func TestUnhashableKeyLeavesNoLock(t *testing.T) {
	s := NewSet[any, int](Config{})
	func() {
		defer func() {
			if recover() == nil {
				t.Error("a slice was a key")
			}
		}()
		s.Put([]int{1}, 1)
	}()
	s.Put("k", 1)
	if len(s.Snapshot()) != 1 { // takes the whole table's lock
		t.Error("the set is stuck")
	}
}

func TestOrderedIterationIsOfOneMoment(t *testing.T) {
	o := NewOrdered[int, int](Config{})
	for i := range 1000 {
		o.Put(i, i)
	}
	n := 0
	for k := range o.All() {
		o.Delete(k + 1)
		o.Put(k+5000, 0)
		n++
	}
	if n != 1000 {
		t.Errorf("got %d entries, want the 1000 of the beginning", n)
	}
}

func TestPrefix(t *testing.T) {
	type path string
	o := NewOrdered[path, int](Config{})
	for i, k := range []path{"a", "ab", "abc", "b", "abd", "ac"} {
		o.Put(k, i)
	}
	if diff := cmp.Diff([]path{"ab", "abc", "abd"}, keysOf(Prefix(o, "ab"))); diff != "" {
		t.Error(diff)
	}
	if n := len(keysOf(Prefix(o, ""))); n != 6 {
		t.Errorf("got %d with the empty prefix, want all 6", n)
	}
}

func TestCountersDoNotPassInt64(t *testing.T) {
	const most = 1<<63 - 1
	c := NewCounters[int](Config{})
	c.Put(1, most)
	if n, ok := c.AddWithin(1, 1, -most, most); ok || n != most {
		t.Errorf("AddWithin: got %d, %v", n, ok)
	}
	if n := c.AddWrap(1, 1, most, 7); n != 7 {
		t.Errorf("AddWrap: got %d, want 7", n)
	}
}

func TestVeryLongTTL(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewSet[int, int](Config{})
		time.Sleep(time.Hour)
		s.PutTTL(1, 1, 1<<63-1)
		if !s.Member(1) {
			t.Error("an entry that lives for 292 years is gone at once")
		}
	})
}

func TestInfoEstimatesMemory(t *testing.T) {
	s := NewSet[int, string](Config{Name: "pages"})
	for i := range 1000 {
		s.Put(i, string(make([]byte, 1000)))
	}
	i := s.Info()
	if i.Bytes < 1_000_000 || i.Bytes > 1_200_000 {
		t.Errorf("got %d bytes for a million of text", i.Bytes)
	}
	i.Bytes = 0
	if diff := cmp.Diff(Info{Name: "pages", Kind: KindSet, Len: 1000}, i); diff != "" {
		t.Error(diff)
	}
}
