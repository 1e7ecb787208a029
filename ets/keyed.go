package ets

import (
	"iter"

	"github.com/puzpuzpuz/xsync/v4"
)

// keyed is a table over a shelf: what Set and Bag share. An expired entry is never seen above it.
type keyed[K comparable, V any] struct {
	*table
	shelf shelf[K, entry[V]]
	gate  *xsync.RBMutex // writers of one key share it; what concerns the whole table holds it alone
}

func newKeyed[K comparable, V any](kind Kind, cfg Config, self ops, cost bool, gone func(K, V)) keyed[K, V] {
	k := keyed[K, V]{table: newTable(kind, cfg, self), gate: xsync.NewRBMutex()}
	if cfg.MaxSize == 0 {
		k.shelf = newOpen[K, entry[V]]()
		return k
	}
	var weigh func(*entry[V]) uint32
	if cost {
		weigh = func(e *entry[V]) uint32 { return e.cost }
	}
	k.shelf = newBounded(cfg.MaxSize, weigh, func(key K, e *entry[V]) {
		k.evicted.Inc()
		gone(key, e.value)
	})
	return k
}

// find returns the live entry under key, or nil.
func (k *keyed[K, V]) find(key K) *entry[V] {
	if k.closed.Load() {
		return nil
	}
	e := k.shelf.Load(key)
	if e != nil && k.past(e.expiry) {
		return nil
	}
	return e
}

// store puts e under key, whatever was there.
func (k *keyed[K, V]) store(key K, e *entry[V]) {
	tok := k.gate.RLock()
	defer k.gate.RUnlock(tok)
	if k.closed.Load() {
		return
	}
	k.shelf.Store(key, e)
}

// change replaces the live entry under key by what f returns; nil is nothing. It returns false, without calling f, if the table is closed.
func (k *keyed[K, V]) change(key K, f func(old *entry[V]) *entry[V]) bool {
	tok := k.gate.RLock()
	defer k.gate.RUnlock(tok)
	if k.closed.Load() {
		return false
	}
	k.shelf.Compute(key, func(old *entry[V]) *entry[V] {
		if old == nil || !k.past(old.expiry) {
			return f(old)
		}
		k.expired.Inc()
		return f(nil)
	})
	return true
}

// swap replaces old by next, if old (nil: nothing) is still what is under key.
func (k *keyed[K, V]) swap(key K, old, next *entry[V]) bool {
	done := false
	open := k.change(key, func(now *entry[V]) *entry[V] {
		if done = now == old; done {
			return next
		}
		return now
	})
	return done || !open
}

// take removes what is under key and returns it.
func (k *keyed[K, V]) take(key K) (taken *entry[V]) {
	k.change(key, func(old *entry[V]) *entry[V] {
		taken = old
		return nil
	})
	return taken
}

// live iterates without any lock.
func (k *keyed[K, V]) live() iter.Seq2[K, *entry[V]] {
	return func(yield func(K, *entry[V]) bool) {
		for key, e := range k.shelf.All() {
			if k.closed.Load() {
				return
			}
			if !k.past(e.expiry) && !yield(key, e) {
				return
			}
		}
	}
}

// frozen returns the live entries of one moment.
func (k *keyed[K, V]) frozen() []stored[K, V] {
	k.gate.Lock()
	defer k.gate.Unlock()
	all := make([]stored[K, V], 0, k.shelf.Len())
	now := k.now()
	for key, e := range k.shelf.All() {
		if e.expiry == 0 || now < e.expiry {
			all = append(all, stored[K, V]{key, e})
		}
	}
	return all
}

// stored is an entry with its key.
type stored[K any, V any] struct {
	key K
	e   *entry[V]
}

// Len implements [Table].
func (k *keyed[K, V]) Len() int { return k.shelf.Len() }

func (k *keyed[K, V]) sweep() (expired, left int) {
	for key, e := range k.shelf.All() {
		switch {
		case e.expiry == 0:
		case !k.past(e.expiry):
			left++
		case k.drop(key, e):
			expired++
		}
	}
	return expired, left
}

// drop removes an expired entry, if it is still there.
func (k *keyed[K, V]) drop(key K, e *entry[V]) (dropped bool) {
	tok := k.gate.RLock()
	defer k.gate.RUnlock(tok)
	k.shelf.Compute(key, func(now *entry[V]) *entry[V] {
		if dropped = now == e; dropped {
			k.expired.Inc()
			return nil
		}
		return now
	})
	return dropped
}

func (k *keyed[K, V]) wipe(before func()) {
	k.gate.Lock()
	defer k.gate.Unlock()
	before()
	k.shelf.Clear()
}
