package cache

import (
	"context"
	"hash/maphash"
	"slices"
	"sync"
)

const shards = 32

// A shard is a part of the keys. What is written to the table under one of them is written under its lock: invalidating and the end
// of a load must not overtake each other.
type shard[K comparable, V any] struct {
	mu      sync.Mutex       // guards what follows, and writing to the table
	flights map[K]*flight[V] // loads whose result would be kept
	notes   []*notes[K]      // of warmers that run
	_       [24]byte         // neighbours share no cache line
}

// A flight is one key of a load that has begun. Who waits for it reads value and err once done is closed.
type flight[V any] struct {
	chain   *chain
	done    chan struct{}
	settled bool // guarded by the shard's lock
	value   V
	err     error
}

// notes are what a warmer needs to know of one shard: which of the values that it is about to bring are out of date.
type notes[K comparable] struct {
	keys map[K]struct{}
	all  bool
}

func (c *Cache[K, V]) shard(key K) *shard[K, V] {
	return &c.shards[maphash.Comparable(c.seed, key)%shards]
}

// invalidateLocked has the load of key, if there is one, not be kept, nor be joined by others.
func (s *shard[K, V]) invalidateLocked(key K) {
	delete(s.flights, key)
	for _, n := range s.notes {
		n.keys[key] = struct{}{}
	}
}

func (s *shard[K, V]) invalidateAllLocked() {
	clear(s.flights)
	for _, n := range s.notes {
		n.all = true
	}
}

// observe begins to take notes, for each shard.
func (c *Cache[K, V]) observe() *[shards]*notes[K] {
	all := &[shards]*notes[K]{}
	for i := range c.shards {
		all[i] = &notes[K]{keys: map[K]struct{}{}}
		s := &c.shards[i]
		s.mu.Lock()
		s.notes = append(s.notes, all[i])
		s.mu.Unlock()
	}
	return all
}

// unobserve ends it.
func (c *Cache[K, V]) unobserve(all *[shards]*notes[K]) {
	for i := range c.shards {
		s := &c.shards[i]
		s.mu.Lock()
		s.notes = slices.DeleteFunc(s.notes, func(n *notes[K]) bool { return n == all[i] })
		s.mu.Unlock()
	}
}

// putUnlessNoted puts what a warmer brought, unless key was invalidated since observe.
func (c *Cache[K, V]) putUnlessNoted(all *[shards]*notes[K], key K, value V) bool {
	it, life := c.item(key, value, c.ttl())
	i := maphash.Comparable(c.seed, key) % shards
	s := &c.shards[i]
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, out := all[i].keys[key]; out || all[i].all {
		return false
	}
	c.items.PutTTL(key, it, life)
	return true
}

// A chain leads from a load to the one that asked for it, and so on.
type chain struct{ parent *chain }

type chainKey struct{}

func chainOf(ctx context.Context) *chain {
	ch, _ := ctx.Value(chainKey{}).(*chain)
	return ch
}

// contains reports whether to wait for other would be to wait for oneself.
func (ch *chain) contains(other *chain) bool {
	for ; ch != nil; ch = ch.parent {
		if ch == other {
			return true
		}
	}
	return false
}
