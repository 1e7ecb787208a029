package ets

import (
	"cmp"
	"sync"
	"time"

	"github.com/tidwall/btree"
)

// An Ordered holds one value per key, in the order of keys. Make one with [NewOrdered] or [NewOrderedFunc].
type Ordered[K, V any] struct {
	*table
	compare func(a, b K) int
	natural bool // compare is cmp.Compare

	mu   sync.RWMutex // guards the tree
	tree *btree.BTreeG[stored[K, V]]
}

// NewOrdered makes an Ordered in the natural order of its keys. It panics if the Config contradicts itself.
func NewOrdered[K cmp.Ordered, V any](cfg Config) *Ordered[K, V] {
	t := NewOrderedFunc[K, V](cfg, cmp.Compare[K])
	t.natural = true
	return t
}

// NewOrderedFunc makes an Ordered in the order of compare, which is negative if a comes before b and zero if they are the same key. It runs
// under the table's lock and must not use the table.
func NewOrderedFunc[K, V any](cfg Config, compare func(a, b K) int) *Ordered[K, V] {
	t := &Ordered[K, V]{compare: compare}
	less := func(a, b stored[K, V]) bool { return compare(a.key, b.key) < 0 }
	t.tree = btree.NewBTreeGOptions(less, btree.Options{NoLocks: true})
	t.table = newTable(KindOrdered, cfg, t)
	t.begin()
	return t
}

// find returns the live entry under key, or nil.
func (t *Ordered[K, V]) find(key K) *entry[V] {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.findLocked(key)
}

func (t *Ordered[K, V]) findLocked(key K) *entry[V] {
	it, ok := t.tree.Get(stored[K, V]{key: key})
	if !ok || t.past(it.e.expiry) {
		return nil
	}
	return it.e
}

// swap replaces old by next, if old is still what is under key; nil is nothing. In a closed table it does nothing, and says that it did.
func (t *Ordered[K, V]) swap(key K, old, next *entry[V]) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed.Load() {
		return true
	}
	if t.findLocked(key) != old {
		return false
	}
	t.setLocked(key, next)
	return true
}

func (t *Ordered[K, V]) setLocked(key K, next *entry[V]) (old *entry[V]) {
	var was stored[K, V]
	if next != nil {
		was, _ = t.tree.Set(stored[K, V]{key, next})
	} else {
		was, _ = t.tree.Delete(stored[K, V]{key: key})
	}
	if was.e != nil && t.past(was.e.expiry) {
		t.expired.Inc()
		return nil
	}
	return was.e
}

// set puts next under key, nil for nothing, and returns the live entry that was there.
func (t *Ordered[K, V]) set(key K, next *entry[V]) (old *entry[V]) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed.Load() {
		return nil
	}
	return t.setLocked(key, next)
}

func (t *Ordered[K, V]) after(expiry int64) {
	if expiry != 0 {
		t.arm()
	}
}

// Get returns the value under key.
func (t *Ordered[K, V]) Get(key K) (value V, ok bool) {
	e := t.find(key)
	if e == nil {
		return value, false
	}
	return e.value, true
}

// Member reports whether there is a value under key.
func (t *Ordered[K, V]) Member(key K) bool { return t.find(key) != nil }

// Put puts value under key, whatever was there, for the table's TTL.
func (t *Ordered[K, V]) Put(key K, value V) { t.PutTTL(key, value, t.cfg.TTL) }

// PutTTL is Put with a time to live of its own; zero or less means that the entry does not expire.
func (t *Ordered[K, V]) PutTTL(key K, value V, ttl time.Duration) {
	expiry := t.until(ttl)
	t.set(key, &entry[V]{value: value, expiry: expiry})
	t.after(expiry)
}

// InsertNew puts value under key if there is none, for the table's TTL, and says whether it did.
func (t *Ordered[K, V]) InsertNew(key K, value V) bool {
	return t.InsertNewTTL(key, value, t.cfg.TTL)
}

// InsertNewTTL is InsertNew with a time to live of its own; zero or less means that the entry does not expire.
func (t *Ordered[K, V]) InsertNewTTL(key K, value V, ttl time.Duration) bool {
	expiry := t.until(ttl)
	inserted := t.swap(key, nil, &entry[V]{value: value, expiry: expiry})
	t.after(expiry)
	return inserted && !t.closed.Load()
}

// Update replaces the value under key by what f makes of it: see [Set.Update].
func (t *Ordered[K, V]) Update(key K, f func(old V, found bool) (next V, keep bool)) (value V, ok bool) {
	for {
		old := t.find(key)
		var was V
		var expiry int64
		if old != nil {
			was, expiry = old.value, old.expiry
		} else {
			expiry = t.until(t.cfg.TTL)
		}
		next, keep := f(was, old != nil)
		var e *entry[V]
		if keep {
			e = &entry[V]{value: next, expiry: expiry}
		}
		if !t.swap(key, old, e) {
			continue
		}
		if t.closed.Load() || !keep {
			return value, false
		}
		t.after(expiry)
		return next, true
	}
}

// Touch has the entry under key expire after ttl from now; zero or less means never. It says whether there is one.
func (t *Ordered[K, V]) Touch(key K, ttl time.Duration) bool {
	expiry := t.until(ttl)
	for {
		old := t.find(key)
		if old == nil {
			return false
		}
		if t.swap(key, old, &entry[V]{value: old.value, expiry: expiry}) {
			t.after(expiry)
			return !t.closed.Load()
		}
	}
}

// TTL returns how long the entry under key has still to live; negative if it does not expire. ok is false if there is none.
func (t *Ordered[K, V]) TTL(key K) (left time.Duration, ok bool) {
	e := t.find(key)
	if e == nil {
		return 0, false
	}
	return t.left(e.expiry), true
}

// Take removes the entry under key and returns its value.
func (t *Ordered[K, V]) Take(key K) (value V, ok bool) {
	e := t.set(key, nil)
	if e == nil {
		return value, false
	}
	return e.value, true
}

// Delete removes the entry under key and says whether there was one.
func (t *Ordered[K, V]) Delete(key K) bool { return t.set(key, nil) != nil }

// DeleteFunc removes the entries for which f returns true and returns their number. An entry that is written after f saw it stays.
func (t *Ordered[K, V]) DeleteFunc(f func(key K, value V) bool) int {
	n := 0
	for _, it := range t.frozen() {
		if f(it.key, it.e.value) && t.remove(it) {
			n++
		}
	}
	return n
}

// remove removes an entry unless it was replaced.
func (t *Ordered[K, V]) remove(it stored[K, V]) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	now, ok := t.tree.Get(it)
	if !ok || now.e != it.e {
		return false
	}
	t.setLocked(it.key, nil)
	return true
}

// Len implements [Table].
func (t *Ordered[K, V]) Len() int {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.tree.Len()
}

func (t *Ordered[K, V]) sweep() (expired, left int) {
	t.copy().Scan(func(it stored[K, V]) bool {
		switch {
		case it.e.expiry == 0:
		case !t.past(it.e.expiry):
			left++
		case t.remove(it): // one by one: others get their turn in between
			expired++
		}
		return true
	})
	return expired, left
}

func (t *Ordered[K, V]) wipe(before func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	before()
	t.tree.Clear()
}
