package ets

import (
	"iter"
	"sync"
	"sync/atomic"
	"time"
)

// A Set holds one value per key, in no order. Make one with [NewSet] or [NewBoundedSet].
type Set[K comparable, V any] struct {
	keyed[K, V]
	cost func(K, V) uint32

	tell    func(K, V) // of evictions; nil: nobody wants to know
	waiting atomic.Bool
	mu      sync.Mutex // guards what follows
	untold  []Entry[K, V]
}

// An Entry is a key with its value.
type Entry[K, V any] struct {
	Key   K
	Value V
}

// NewSet makes a Set. It panics if the Config contradicts itself.
func NewSet[K comparable, V any](cfg Config) *Set[K, V] {
	return NewBoundedSet(BoundedConfig[K, V]{Config: cfg})
}

// NewBoundedSet makes a Set whose entries cost different amounts, or that tells what it evicts. Without MaxSize it is like any other.
func NewBoundedSet[K comparable, V any](cfg BoundedConfig[K, V]) *Set[K, V] {
	s := &Set[K, V]{cost: cfg.Cost, tell: cfg.Evicted}
	s.keyed = newKeyed(KindSet, cfg.Config, s, cfg.Cost != nil, s.note)
	s.begin()
	return s
}

func (s *Set[K, V]) entry(key K, value V, expiry int64) *entry[V] {
	e := &entry[V]{value: value, expiry: expiry}
	if s.cost != nil {
		e.cost = s.cost(key, value)
	}
	return e
}

// Get returns the value under key. It counts as a hit or a miss if the Set is bounded.
func (s *Set[K, V]) Get(key K) (value V, ok bool) {
	e := s.find(key)
	s.asked(e != nil)
	if e == nil {
		return value, false
	}
	return e.value, true
}

// Member reports whether there is a value under key.
func (s *Set[K, V]) Member(key K) bool { return s.find(key) != nil }

// Put puts value under key, whatever was there, for the table's TTL.
func (s *Set[K, V]) Put(key K, value V) { s.PutTTL(key, value, s.cfg.TTL) }

// PutTTL is Put with a time to live of its own; zero or less means that the entry does not expire.
func (s *Set[K, V]) PutTTL(key K, value V, ttl time.Duration) {
	expiry := s.until(ttl)
	s.store(key, s.entry(key, value, expiry))
	s.after(expiry)
}

// InsertNew puts value under key if there is none, for the table's TTL, and says whether it did.
func (s *Set[K, V]) InsertNew(key K, value V) bool {
	return s.InsertNewTTL(key, value, s.cfg.TTL)
}

// InsertNewTTL is InsertNew with a time to live of its own; zero or less means that the entry does not expire.
func (s *Set[K, V]) InsertNewTTL(key K, value V, ttl time.Duration) bool {
	if s.Member(key) {
		return false
	}
	expiry := s.until(ttl)
	e := s.entry(key, value, expiry)
	inserted := false
	s.change(key, func(old *entry[V]) *entry[V] {
		if inserted = old == nil; inserted {
			return e
		}
		return old
	})
	s.after(expiry)
	return inserted
}

// Update replaces the value under key by what f makes of it, at one instant, and returns the new value. found tells f
// whether there was one; if f returns keep false there is none afterwards. The entry keeps its time to live, a new one gets the
// table's. f is called again when the key was written meanwhile, so it should do nothing but compute; it must not change
// old but return another value.
func (s *Set[K, V]) Update(key K, f func(old V, found bool) (next V, keep bool)) (value V, ok bool) {
	for {
		old := s.find(key)
		var was V
		var expiry int64
		if old != nil {
			was, expiry = old.value, old.expiry
		} else {
			expiry = s.until(s.cfg.TTL)
		}
		next, keep := f(was, old != nil)
		var e *entry[V]
		if keep {
			e = s.entry(key, next, expiry)
		}
		if !s.swap(key, old, e) {
			continue
		}
		if s.closed.Load() || !keep {
			s.after(0)
			return value, false
		}
		s.after(expiry)
		return next, true
	}
}

// Touch has the entry under key expire after ttl from now; zero or less means never. It says whether there is one.
func (s *Set[K, V]) Touch(key K, ttl time.Duration) bool {
	expiry := s.until(ttl)
	touched := false
	s.change(key, func(old *entry[V]) *entry[V] {
		if touched = old != nil; touched {
			return &entry[V]{value: old.value, expiry: expiry, cost: old.cost}
		}
		return nil
	})
	s.after(expiry)
	return touched
}

// TTL returns how long the entry under key has still to live; negative if it does not expire. ok is false if there is none.
func (s *Set[K, V]) TTL(key K) (left time.Duration, ok bool) {
	e := s.find(key)
	if e == nil {
		return 0, false
	}
	return s.left(e.expiry), true
}

// Take removes the entry under key and returns its value.
func (s *Set[K, V]) Take(key K) (value V, ok bool) {
	e := s.take(key)
	s.after(0)
	if e == nil {
		return value, false
	}
	return e.value, true
}

// Delete removes the entry under key and says whether there was one.
func (s *Set[K, V]) Delete(key K) bool {
	_, ok := s.Take(key)
	return ok
}

// DeleteFunc removes the entries for which f returns true and returns their number. An entry that is written after f saw it stays.
func (s *Set[K, V]) DeleteFunc(f func(key K, value V) bool) int {
	n := 0
	for key, e := range s.live() {
		if f(key, e.value) && s.replace(key, e) {
			n++
		}
	}
	s.after(0)
	return n
}

// replace removes e unless it was replaced.
func (s *Set[K, V]) replace(key K, e *entry[V]) (removed bool) {
	s.change(key, func(now *entry[V]) *entry[V] {
		if removed = now == e; removed {
			return nil
		}
		return now
	})
	return removed
}

// All iterates over the entries. The table may be changed meanwhile: see Order in the package comment.
func (s *Set[K, V]) All() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		for key, e := range s.live() {
			if !yield(key, e.value) {
				return
			}
		}
	}
}

// Select returns the entries for which f returns true.
func (s *Set[K, V]) Select(f func(key K, value V) bool) []Entry[K, V] {
	return selectFrom(s.All(), f)
}

// Snapshot returns the entries of one moment. Writers wait while it is taken.
func (s *Set[K, V]) Snapshot() []Entry[K, V] {
	frozen := s.frozen()
	all := make([]Entry[K, V], len(frozen))
	for i, it := range frozen {
		all[i] = Entry[K, V]{it.key, it.e.value}
	}
	return all
}

func selectFrom[K, V any](all iter.Seq2[K, V], f func(K, V) bool) []Entry[K, V] {
	chosen := []Entry[K, V]{}
	for key, value := range all {
		if f(key, value) {
			chosen = append(chosen, Entry[K, V]{key, value})
		}
	}
	return chosen
}

// note keeps an eviction for later: it is called under locks.
func (s *Set[K, V]) note(key K, value V) {
	if s.tell == nil {
		return
	}
	s.mu.Lock()
	s.untold = append(s.untold, Entry[K, V]{key, value})
	s.mu.Unlock()
	s.waiting.Store(true)
}

// after is the end of every write, when no lock is held.
func (s *Set[K, V]) after(expiry int64) {
	if expiry != 0 {
		s.arm()
	}
	if s.tell == nil || !s.waiting.Swap(false) {
		return
	}
	s.mu.Lock()
	untold := s.untold
	s.untold = nil
	s.mu.Unlock()
	for _, e := range untold {
		s.tell(e.Key, e.Value)
	}
}
