package ets

import (
	"iter"
	"slices"
	"time"
)

// A Bag holds several different values per key, in the order in which they were inserted. A key and its values expire
// together. Make one with [NewBag].
type Bag[K, V comparable] struct{ keyed[K, []V] }

// NewBag makes a Bag. It panics if the Config contradicts itself. MaxSize bounds the number of keys.
func NewBag[K, V comparable](cfg Config) *Bag[K, V] {
	b := &Bag[K, V]{}
	b.keyed = newKeyed(KindBag, cfg, b, false, func(K, []V) {})
	b.begin()
	return b
}

// Insert adds value to those under key and says whether it was not there yet. The key then lives for the table's TTL.
func (b *Bag[K, V]) Insert(key K, value V) bool { return b.InsertTTL(key, value, b.cfg.TTL) }

// InsertTTL is Insert with a time to live for the key; zero or less means that it does not expire.
func (b *Bag[K, V]) InsertTTL(key K, value V, ttl time.Duration) bool {
	mustCompare(value, value)
	expiry := b.until(ttl)
	inserted := false
	b.change(key, func(old *entry[[]V]) *entry[[]V] {
		inserted = true
		if old == nil {
			return &entry[[]V]{value: []V{value}, expiry: expiry}
		}
		values := old.value
		if inserted = !slices.Contains(values, value); inserted {
			// Readers of the shorter slice do not see what lies behind its end, and only the owner of the longest appends: this may
			// write into the same array.
			values = append(values, value)
		}
		return &entry[[]V]{value: values, expiry: expiry}
	})
	if expiry != 0 {
		b.arm()
	}
	return inserted
}

// mustCompare panics here, and not later under a lock, for a value in an interface that cannot be compared.
func mustCompare[V comparable](a, b V) { _ = a == b }

// Get returns the values under key in the order of their insertion. It counts as a hit or a miss if the Bag is bounded.
func (b *Bag[K, V]) Get(key K) []V {
	e := b.find(key)
	b.asked(e != nil)
	if e == nil {
		return []V{}
	}
	return slices.Clone(e.value)
}

// Values iterates over what Get returns, without a copy.
func (b *Bag[K, V]) Values(key K) iter.Seq[V] {
	return func(yield func(V) bool) {
		e := b.find(key)
		b.asked(e != nil)
		if e == nil {
			return
		}
		for _, v := range e.value {
			if !yield(v) {
				return
			}
		}
	}
}

// Member reports whether there is a value under key.
func (b *Bag[K, V]) Member(key K) bool { return b.find(key) != nil }

// Contains reports whether value is under key.
func (b *Bag[K, V]) Contains(key K, value V) bool {
	e := b.find(key)
	return e != nil && slices.Contains(e.value, value)
}

// Remove removes one value from those under key and says whether it was there.
func (b *Bag[K, V]) Remove(key K, value V) bool {
	mustCompare(value, value)
	removed := false
	b.change(key, func(old *entry[[]V]) *entry[[]V] {
		if old == nil {
			return nil
		}
		i := slices.Index(old.value, value)
		if removed = i >= 0; !removed {
			return old
		}
		if len(old.value) == 1 {
			return nil
		}
		rest := make([]V, 0, len(old.value)) // readers still have the old one
		rest = append(append(rest, old.value[:i]...), old.value[i+1:]...)
		return &entry[[]V]{value: rest, expiry: old.expiry}
	})
	return removed
}

// Take removes all values under key and returns them.
func (b *Bag[K, V]) Take(key K) []V {
	e := b.take(key)
	if e == nil {
		return []V{}
	}
	return slices.Clip(e.value)
}

// Delete removes all values under key and returns their number.
func (b *Bag[K, V]) Delete(key K) int { return len(b.Take(key)) }

// DeleteFunc removes the values for which f returns true and returns their number.
func (b *Bag[K, V]) DeleteFunc(f func(key K, value V) bool) int {
	n := 0
	for key, value := range b.All() {
		if f(key, value) && b.Remove(key, value) {
			n++
		}
	}
	return n
}

// TTL returns how long the key has still to live; negative if it does not expire. ok is false if there is none.
func (b *Bag[K, V]) TTL(key K) (left time.Duration, ok bool) {
	e := b.find(key)
	if e == nil {
		return 0, false
	}
	return b.left(e.expiry), true
}

// All iterates over the pairs of key and value, those of one key one after the other. The table may be changed meanwhile.
func (b *Bag[K, V]) All() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		for key, e := range b.live() {
			for _, v := range e.value {
				if !yield(key, v) {
					return
				}
			}
		}
	}
}

// Select returns the pairs for which f returns true.
func (b *Bag[K, V]) Select(f func(key K, value V) bool) []Entry[K, V] {
	return selectFrom(b.All(), f)
}

// Snapshot returns the pairs of one moment. Writers wait while it is taken.
func (b *Bag[K, V]) Snapshot() []Entry[K, V] {
	all := []Entry[K, V]{}
	for _, it := range b.frozen() {
		for _, v := range it.e.value {
			all = append(all, Entry[K, V]{it.key, v})
		}
	}
	return all
}
