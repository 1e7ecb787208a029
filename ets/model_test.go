package ets

import (
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// timed is a value of a model, with its end.
type timed[V any] struct {
	value V
	end   time.Time // zero: none
}

// model is what a table is meant to be: a map of values that end.
type model[V any] map[int]timed[V]

func (m model[V]) get(key int) (V, bool) {
	v, ok := m[key]
	if ok && !v.end.IsZero() && !time.Now().Before(v.end) {
		delete(m, key)
		return *new(V), false
	}
	return v.value, ok
}

func (m model[V]) put(key int, v V, ttl time.Duration) { m[key] = timed[V]{v, end(ttl)} }

func (m model[V]) live() map[int]V {
	all := map[int]V{}
	for key := range maps.Clone(m) {
		if v, ok := m.get(key); ok {
			all[key] = v
		}
	}
	return all
}

func end(ttl time.Duration) time.Time {
	if ttl <= 0 {
		return time.Time{}
	}
	return time.Now().Add(ttl)
}

func equal(t *rapid.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("%s: got +, want -:\n%s", what, diff)
	}
}

// bubbled is a test without its deadline, which may not be asked for in a bubble.
type bubbled struct{ rapid.TB }

var (
	keys = rapid.IntRange(0, 5)
	nums = rapid.IntRange(-3, 3)
	ttls = rapid.SampledFrom([]time.Duration{0, time.Second, 5 * time.Second})
)

// keyValue is what Set and Ordered have in common.
type keyValue interface {
	Table
	Get(int) (int, bool)
	Member(int) bool
	PutTTL(int, int, time.Duration)
	InsertNewTTL(int, int, time.Duration) bool
	Update(int, func(int, bool) (int, bool)) (int, bool)
	Touch(int, time.Duration) bool
	TTL(int) (time.Duration, bool)
	Take(int) (int, bool)
	Delete(int) bool
	DeleteFunc(func(int, int) bool) int
	Select(func(int, int) bool) []Entry[int, int]
	Snapshot() []Entry[int, int]
}

func TestSetModel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rapid.Check(bubbled{t}, func(rt *rapid.T) {
			checkKeyValue(rt, NewSet[int, int](Config{}))
			checkKeyValue(rt, NewSet[int, int](Config{MaxSize: 1000}))
		})
	})
}

func TestOrderedModel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rapid.Check(bubbled{t}, func(rt *rapid.T) { checkKeyValue(rt, NewOrdered[int, int](Config{})) })
	})
}

func checkKeyValue(t *rapid.T, s keyValue) {
	m := model[int]{}
	t.Repeat(map[string]func(*rapid.T){
		"put": func(t *rapid.T) {
			k, v, ttl := keys.Draw(t, "key"), nums.Draw(t, "value"), ttls.Draw(t, "ttl")
			s.PutTTL(k, v, ttl)
			m.put(k, v, ttl)
		},
		"insert new": func(t *rapid.T) {
			k, v, ttl := keys.Draw(t, "key"), nums.Draw(t, "value"), ttls.Draw(t, "ttl")
			_, there := m.get(k)
			if !there {
				m.put(k, v, ttl)
			}
			equal(t, "inserted", s.InsertNewTTL(k, v, ttl), !there)
		},
		"update": func(t *rapid.T) {
			k, d, keep := keys.Draw(t, "key"), nums.Draw(t, "delta"), rapid.Bool().Draw(t, "keep")
			old, there := m.get(k)
			got, ok := s.Update(k, func(v int, found bool) (int, bool) {
				equal(t, "found", found, there)
				equal(t, "old", v, old)
				return v + d, keep
			})
			equal(t, "kept", ok, keep)
			if keep {
				equal(t, "updated", got, old+d)
				m[k] = timed[int]{old + d, m[k].end}
			} else {
				delete(m, k)
			}
		},
		"touch": func(t *rapid.T) {
			k, ttl := keys.Draw(t, "key"), ttls.Draw(t, "ttl")
			v, there := m.get(k)
			equal(t, "touched", s.Touch(k, ttl), there)
			if there {
				m.put(k, v, ttl)
			}
		},
		"take": func(t *rapid.T) {
			k := keys.Draw(t, "key")
			want, there := m.get(k)
			delete(m, k)
			got, ok := s.Take(k)
			equal(t, "taken", ok, there)
			equal(t, "value", got, want)
		},
		"delete": func(t *rapid.T) {
			k := keys.Draw(t, "key")
			_, there := m.get(k)
			delete(m, k)
			equal(t, "deleted", s.Delete(k), there)
		},
		"delete func": func(t *rapid.T) {
			d, n := nums.Draw(t, "value"), 0
			for k, v := range m.live() {
				if v == d {
					delete(m, k)
					n++
				}
			}
			equal(t, "deleted", s.DeleteFunc(func(_, v int) bool { return v == d }), n)
		},
		"clear": func(*rapid.T) { s.Clear(); clear(m) },
		"sweep": func(t *rapid.T) { s.Sweep(); equal(t, "len", s.Len(), len(m.live())) },
		"wait":  func(*rapid.T) { time.Sleep(time.Second) },
		"": func(t *rapid.T) {
			for k := range 6 {
				want, there := m.get(k)
				got, ok := s.Get(k)
				equal(t, "found", ok, there)
				equal(t, "value", got, want)
				equal(t, "member", s.Member(k), there)
				left, ok := s.TTL(k)
				equal(t, "has ttl", ok, there)
				switch {
				case !there:
				case m[k].end.IsZero():
					equal(t, "ttl is negative", left < 0, true)
				default:
					equal(t, "ttl", left, time.Until(m[k].end))
				}
			}
			equal(t, "snapshot", entries(s.Snapshot()), m.live())
			equal(t, "selected", len(s.Select(func(k, _ int) bool { return k < 3 })), len(entries(s.Snapshot()))-above(m.live(), 3))
			if o, ok := s.(*Ordered[int, int]); ok {
				checkOrder(t, o, m.live())
			}
		},
	})
}

func above(m map[int]int, key int) (n int) {
	for k := range m {
		if k >= key {
			n++
		}
	}
	return n
}

func entries[V any](all []Entry[int, V]) map[int]V {
	m := map[int]V{}
	for _, e := range all {
		m[e.Key] = e.Value
	}
	return m
}

// checkOrder compares all that has to do with order with a sorted slice.
func checkOrder(t *rapid.T, o *Ordered[int, int], m map[int]int) {
	sorted := slices.Sorted(maps.Keys(m))
	backward := slices.Clone(sorted)
	slices.Reverse(backward)
	lo, hi := keys.Draw(t, "lo"), keys.Draw(t, "hi")
	within := func(all []int) []int {
		return slices.DeleteFunc(slices.Clone(all), func(k int) bool { return k < lo || k >= hi })
	}
	equal(t, "all", keysOf(o.All()), sorted)
	equal(t, "backward", keysOf(o.Backward()), backward)
	equal(t, "range", keysOf(o.Range(lo, hi)), within(sorted))
	equal(t, "range backward", keysOf(o.RangeBackward(lo, hi)), within(backward))
	equal(t, "from", keysOf(o.From(lo)), slices.DeleteFunc(slices.Clone(sorted), func(k int) bool { return k < lo }))
	first, _, ok := o.First()
	equal(t, "first", []any{first, ok}, firstOf(sorted))
	last, _, ok := o.Last()
	equal(t, "last", []any{last, ok}, firstOf(backward))
	next, v, ok := o.Next(lo)
	equal(t, "next", []any{next, ok}, firstOf(slices.DeleteFunc(slices.Clone(sorted), func(k int) bool { return k <= lo })))
	equal(t, "value of next", v, m[next]*b2i(ok))
	prev, v, ok := o.Prev(lo)
	equal(t, "prev", []any{prev, ok}, firstOf(slices.DeleteFunc(slices.Clone(backward), func(k int) bool { return k >= lo })))
	equal(t, "value of prev", v, m[prev]*b2i(ok))
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func firstOf(all []int) []any {
	if len(all) == 0 {
		return []any{0, false}
	}
	return []any{all[0], true}
}

func keysOf[K, V any](all func(func(K, V) bool)) []K {
	var ks []K
	for k := range all {
		ks = append(ks, k)
	}
	return slices.Clip(ks)
}

func TestBagModel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rapid.Check(bubbled{t}, func(rt *rapid.T) {
			checkBag(rt, NewBag[int, int](Config{}))
			checkBag(rt, NewBag[int, int](Config{MaxSize: 1000}))
		})
	})
}

func checkBag(t *rapid.T, b *Bag[int, int]) {
	m := model[[]int]{}
	t.Repeat(map[string]func(*rapid.T){
		"insert": func(t *rapid.T) {
			k, v, ttl := keys.Draw(t, "key"), nums.Draw(t, "value"), ttls.Draw(t, "ttl")
			old, _ := m.get(k)
			isNew := !slices.Contains(old, v)
			next := slices.Clone(old)
			if isNew {
				next = append(next, v)
			}
			m.put(k, next, ttl)
			equal(t, "inserted", b.InsertTTL(k, v, ttl), isNew)
		},
		"remove": func(t *rapid.T) {
			k, v := keys.Draw(t, "key"), nums.Draw(t, "value")
			old, _ := m.get(k)
			there := slices.Contains(old, v)
			next := slices.DeleteFunc(slices.Clone(old), func(x int) bool { return x == v })
			if len(next) == 0 {
				delete(m, k)
			} else {
				m[k] = timed[[]int]{next, m[k].end}
			}
			equal(t, "removed", b.Remove(k, v), there)
		},
		"take": func(t *rapid.T) {
			k := keys.Draw(t, "key")
			want, _ := m.get(k)
			delete(m, k)
			equal(t, "taken", b.Take(k), append([]int{}, want...))
		},
		"delete func": func(t *rapid.T) {
			d, n := nums.Draw(t, "value"), 0
			for k, vs := range m.live() {
				rest := slices.DeleteFunc(slices.Clone(vs), func(v int) bool { return v == d })
				n += len(vs) - len(rest)
				if len(rest) == 0 {
					delete(m, k)
				} else {
					m[k] = timed[[]int]{rest, m[k].end}
				}
			}
			equal(t, "deleted", b.DeleteFunc(func(_, v int) bool { return v == d }), n)
		},
		"clear": func(*rapid.T) { b.Clear(); clear(m) },
		"sweep": func(t *rapid.T) { b.Sweep(); equal(t, "len", b.Len(), len(m.live())) },
		"wait":  func(*rapid.T) { time.Sleep(time.Second) },
		"": func(t *rapid.T) {
			for k := range 6 {
				want, there := m.get(k)
				got := b.Get(k)
				equal(t, "values", got, append([]int{}, want...))
				equal(t, "same values", append([]int{}, slices.Collect(b.Values(k))...), got)
				equal(t, "member", b.Member(k), there)
				equal(t, "contains", b.Contains(k, 1), slices.Contains(want, 1))
				_, ok := b.TTL(k)
				equal(t, "has ttl", ok, there)
			}
			pairs := map[int][]int{}
			for _, e := range b.Snapshot() {
				pairs[e.Key] = append(pairs[e.Key], e.Value)
			}
			equal(t, "snapshot", pairs, m.live())
		},
	})
}

func TestCountersModel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rapid.Check(bubbled{t}, func(rt *rapid.T) {
			checkCounters(rt, NewCounters[int](Config{}))
			checkCounters(rt, NewCounters[int](Config{MaxSize: 1000}))
		})
	})
}

func checkCounters(t *rapid.T, c *Counters[int]) {
	m := model[int64]{}
	deltas := rapid.Int64Range(-3, 3)
	add := func(k int, start int64, ttl time.Duration, f func(int64) int64) int64 {
		n, there := m.get(k)
		if !there {
			n = start
			m.put(k, n, ttl)
		}
		m[k] = timed[int64]{f(n), m[k].end}
		return m[k].value
	}
	t.Repeat(map[string]func(*rapid.T){
		"add": func(t *rapid.T) {
			k, d := keys.Draw(t, "key"), deltas.Draw(t, "delta")
			equal(t, "sum", c.Add(k, d), add(k, 0, 0, func(n int64) int64 { return n + d }))
		},
		"add from": func(t *rapid.T) {
			k, d := keys.Draw(t, "key"), deltas.Draw(t, "delta")
			equal(t, "sum", c.AddFrom(k, d, 10), add(k, 10, 0, func(n int64) int64 { return n + d }))
		},
		"add ttl": func(t *rapid.T) {
			k, d, ttl := keys.Draw(t, "key"), deltas.Draw(t, "delta"), ttls.Draw(t, "ttl")
			n, left := c.AddTTL(k, d, ttl)
			equal(t, "sum", n, add(k, 0, ttl, func(n int64) int64 { return n + d }))
			if m[k].end.IsZero() {
				equal(t, "left is negative", left < 0, true)
			} else {
				equal(t, "left", left, time.Until(m[k].end))
			}
		},
		"add within": func(t *rapid.T) {
			k, d, added := keys.Draw(t, "key"), deltas.Draw(t, "delta"), false
			want := add(k, 0, 0, func(n int64) int64 {
				if added = n+d >= -2 && n+d <= 4; added {
					return n + d
				}
				return n
			})
			n, ok := c.AddWithin(k, d, -2, 4)
			equal(t, "sum", n, want)
			equal(t, "added", ok, added)
		},
		"add wrap": func(t *rapid.T) {
			k, d := keys.Draw(t, "key"), deltas.Draw(t, "delta")
			equal(t, "sum", c.AddWrap(k, d, 2, -1), add(k, 0, 0, func(n int64) int64 {
				if n += d; d >= 0 && n > 2 || d < 0 && n < 2 {
					return -1
				}
				return n
			}))
		},
		"put": func(t *rapid.T) {
			k, n, ttl := keys.Draw(t, "key"), deltas.Draw(t, "n"), ttls.Draw(t, "ttl")
			c.PutTTL(k, n, ttl)
			m.put(k, n, ttl)
		},
		"take": func(t *rapid.T) {
			k := keys.Draw(t, "key")
			want, there := m.get(k)
			delete(m, k)
			n, ok := c.Take(k)
			equal(t, "n", n, want)
			equal(t, "ok", ok, there)
		},
		"delete func": func(t *rapid.T) {
			want := 0
			for k, n := range m.live() {
				if n > 0 {
					delete(m, k)
					want++
				}
			}
			equal(t, "deleted", c.DeleteFunc(func(_ int, n int64) bool { return n > 0 }), want)
		},
		"clear": func(*rapid.T) { c.Clear(); clear(m) },
		"sweep": func(t *rapid.T) { c.Sweep(); equal(t, "len", c.Len(), len(m.live())) },
		"wait":  func(*rapid.T) { time.Sleep(time.Second) },
		"": func(t *rapid.T) {
			for k := range 6 {
				want, there := m.get(k)
				n, ok := c.Get(k)
				equal(t, "n", n, want)
				equal(t, "ok", ok, there)
				equal(t, "member", c.Member(k), there)
				left, ok := c.TTL(k)
				equal(t, "has ttl", ok, there)
				equal(t, "expires", ok && left >= 0, there && !m[k].end.IsZero())
			}
			equal(t, "snapshot", entries(c.Snapshot()), m.live())
		},
	})
}
