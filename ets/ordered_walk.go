package ets

import (
	"iter"
	"strings"

	"github.com/tidwall/btree"
)

// First returns the entry with the least key.
func (t *Ordered[K, V]) First() (key K, value V, ok bool) {
	return t.seek(func(tree *btree.BTreeG[stored[K, V]], try func(stored[K, V]) bool) { tree.Scan(try) })
}

// Last returns the entry with the greatest key.
func (t *Ordered[K, V]) Last() (key K, value V, ok bool) {
	return t.seek(func(tree *btree.BTreeG[stored[K, V]], try func(stored[K, V]) bool) { tree.Reverse(try) })
}

// Next returns the first entry after key, which need not be there.
func (t *Ordered[K, V]) Next(key K) (next K, value V, ok bool) {
	return t.seek(func(tree *btree.BTreeG[stored[K, V]], try func(stored[K, V]) bool) {
		tree.Ascend(stored[K, V]{key: key}, func(it stored[K, V]) bool { return t.compare(it.key, key) == 0 || try(it) })
	})
}

// Prev returns the last entry before key, which need not be there.
func (t *Ordered[K, V]) Prev(key K) (prev K, value V, ok bool) {
	return t.seek(func(tree *btree.BTreeG[stored[K, V]], try func(stored[K, V]) bool) {
		tree.Descend(stored[K, V]{key: key}, func(it stored[K, V]) bool { return t.compare(it.key, key) == 0 || try(it) })
	})
}

// seek returns the first live entry that walk comes to.
func (t *Ordered[K, V]) seek(walk func(tree *btree.BTreeG[stored[K, V]], try func(stored[K, V]) bool)) (key K, value V, ok bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	walk(t.tree, func(it stored[K, V]) bool {
		if t.past(it.e.expiry) {
			return true
		}
		key, value, ok = it.key, it.e.value, true
		return false
	})
	return key, value, ok
}

// copy returns the tree as it is now, at no cost but that writers copy what they change of it.
func (t *Ordered[K, V]) copy() *btree.BTreeG[stored[K, V]] {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.tree.Copy()
}

// walk iterates over the live entries of one moment, that at which the loop begins.
func (t *Ordered[K, V]) walk(walk func(tree *btree.BTreeG[stored[K, V]], visit func(stored[K, V]) bool)) iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		tree, now := t.copy(), t.now()
		walk(tree, func(it stored[K, V]) bool {
			return it.e.expiry != 0 && now >= it.e.expiry || yield(it.key, it.e.value)
		})
	}
}

// All iterates over the entries of one moment in the order of keys.
func (t *Ordered[K, V]) All() iter.Seq2[K, V] {
	return t.walk((*btree.BTreeG[stored[K, V]]).Scan)
}

// Backward iterates over the entries of one moment, the greatest key first.
func (t *Ordered[K, V]) Backward() iter.Seq2[K, V] {
	return t.walk((*btree.BTreeG[stored[K, V]]).Reverse)
}

// From iterates over the entries of one moment with keys from lo on.
func (t *Ordered[K, V]) From(lo K) iter.Seq2[K, V] {
	return t.walk(func(tree *btree.BTreeG[stored[K, V]], visit func(stored[K, V]) bool) {
		tree.Ascend(stored[K, V]{key: lo}, visit)
	})
}

// Range iterates over the entries of one moment with keys from lo on and below hi.
func (t *Ordered[K, V]) Range(lo, hi K) iter.Seq2[K, V] {
	return t.walk(func(tree *btree.BTreeG[stored[K, V]], visit func(stored[K, V]) bool) {
		tree.Ascend(stored[K, V]{key: lo}, func(it stored[K, V]) bool { return t.compare(it.key, hi) < 0 && visit(it) })
	})
}

// RangeBackward iterates over what Range does, the greatest key first.
func (t *Ordered[K, V]) RangeBackward(lo, hi K) iter.Seq2[K, V] {
	return t.walk(func(tree *btree.BTreeG[stored[K, V]], visit func(stored[K, V]) bool) {
		tree.Descend(stored[K, V]{key: hi}, func(it stored[K, V]) bool {
			return t.compare(it.key, hi) >= 0 || t.compare(it.key, lo) >= 0 && visit(it)
		})
	})
}

// Prefix iterates over the entries of one moment whose keys begin with prefix, in their order. It panics for a table in an order of its own, where such keys
// need not stand together.
func Prefix[K ~string, V any](t *Ordered[K, V], prefix K) iter.Seq2[K, V] {
	if !t.natural {
		panic("ets: Prefix of a table made by NewOrderedFunc; only in the natural order do keys with one prefix stand together")
	}
	return t.walk(func(tree *btree.BTreeG[stored[K, V]], visit func(stored[K, V]) bool) {
		tree.Ascend(stored[K, V]{key: prefix}, func(it stored[K, V]) bool {
			return strings.HasPrefix(string(it.key), string(prefix)) && visit(it)
		})
	})
}

// Select returns the entries for which f returns true, in order.
func (t *Ordered[K, V]) Select(f func(key K, value V) bool) []Entry[K, V] {
	return selectFrom(t.All(), f)
}

// Snapshot returns the entries of one moment in order. Nobody waits for it.
func (t *Ordered[K, V]) Snapshot() []Entry[K, V] {
	return selectFrom(t.All(), func(K, V) bool { return true })
}

func (t *Ordered[K, V]) frozen() []stored[K, V] {
	tree, now := t.copy(), t.now()
	all := make([]stored[K, V], 0, tree.Len())
	tree.Scan(func(it stored[K, V]) bool {
		if it.e.expiry == 0 || now < it.e.expiry {
			all = append(all, it)
		}
		return true
	})
	return all
}
