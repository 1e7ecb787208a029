package cache

import (
	"context"
	crand "crypto/rand"
	"hash/maphash"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/bennu-go/bennu/ets"
	"github.com/bennu-go/bennu/telemetry"
)

// A Cache keeps values under keys. It works from New on; what other nodes invalidate and what warmers load it gets while it runs, as a service under a
// supervisor. Make one with [New].
type Cache[K comparable, V any] struct {
	cfg     Config[K, V]
	id      string // tells this cache from those of its name on other nodes, and on this one
	items   *ets.Set[K, item[V]]
	seed    maphash.Seed
	shards  [shards]shard[K, V]
	origin  time.Time
	counts  counts
	unheard atomic.Int64 // evictions that no event was emitted for
}

// New makes a Cache that is empty. It panics if the Config contradicts itself.
func New[K comparable, V any](cfg Config[K, V]) *Cache[K, V] {
	cfg = cfg.withDefaults()
	cfg.validate()
	c := &Cache[K, V]{cfg: cfg, id: crand.Text(), seed: maphash.MakeSeed(), origin: time.Now(), counts: newCounts()}
	table := ets.BoundedConfig[K, item[V]]{
		Config:  ets.Config{Name: cfg.Name, MaxSize: cfg.MaxSize, System: cfg.System},
		Evicted: func(K, item[V]) { c.unheard.Add(1) },
	}
	if cfg.TTL > 0 {
		table.TTL = cfg.TTL + cfg.keep()
	}
	if cfg.Cost != nil {
		table.Cost = func(_ K, it item[V]) uint32 { return it.cost }
	}
	c.items = ets.NewBoundedSet(table)
	for i := range c.shards {
		c.shards[i].flights = map[K]*flight[V]{}
	}
	return c
}

// Get returns the value under key if there is a fresh one. It loads nothing.
func (c *Cache[K, V]) Get(key K) (value V, ok bool) {
	it, how := c.look(key)
	if how != fresh || it.err != nil {
		c.missed(context.Background(), false)
		return value, false
	}
	c.hit(context.Background(), false)
	return it.value, true
}

// Put puts value under key for the Config's TTL, whatever was there, and invalidates the key: loads that have begun do not replace it, and other nodes forget
// what they have.
func (c *Cache[K, V]) Put(key K, value V) { c.put(key, value, c.ttl()) }

// PutTTL is Put with a time to live of its own, which has no jitter; zero or less means that the value does not expire.
func (c *Cache[K, V]) PutTTL(key K, value V, ttl time.Duration) { c.put(key, value, ttl) }

func (c *Cache[K, V]) put(key K, value V, ttl time.Duration) {
	it, life := c.item(key, value, ttl)
	s := c.shard(key)
	s.mu.Lock()
	s.invalidateLocked(key)
	c.items.PutTTL(key, it, life)
	s.mu.Unlock()
	c.tellEvicted()
	c.tellKeys(key)
}

// Delete invalidates keys, here and on other nodes.
func (c *Cache[K, V]) Delete(keys ...K) {
	for _, key := range keys {
		c.forget(key)
	}
	c.tellKeys(keys...)
}

func (c *Cache[K, V]) forget(key K) {
	s := c.shard(key)
	s.mu.Lock()
	s.invalidateLocked(key)
	c.items.Delete(key)
	s.mu.Unlock()
	c.tellEvicted()
}

// DeleteFunc deletes the values, fresh and stale, for which f returns true, on this node only, and returns their number. What loads have not found yet f cannot
// be asked about: no load that has begun is kept. A value that is put after f saw the one before stays.
func (c *Cache[K, V]) DeleteFunc(f func(key K, value V) bool) int {
	for i := range c.shards {
		s := &c.shards[i]
		s.mu.Lock()
		s.invalidateAllLocked()
		s.mu.Unlock()
	}
	n := c.items.DeleteFunc(func(key K, it item[V]) bool { return it.err == nil && f(key, it.value) })
	c.tellEvicted()
	return n
}

// Clear invalidates every key, here and on other nodes.
func (c *Cache[K, V]) Clear() {
	c.clear()
	c.tellClear()
}

func (c *Cache[K, V]) clear() {
	for i := range c.shards {
		c.shards[i].mu.Lock()
		c.shards[i].invalidateAllLocked()
	}
	c.items.Clear()
	for i := range c.shards {
		c.shards[i].mu.Unlock()
	}
}

// Len returns the number of entries: negative ones, stale ones and those that have expired but are not swept yet included.
func (c *Cache[K, V]) Len() int { return c.items.Len() }

// ttl is the Config's with jitter.
func (c *Cache[K, V]) ttl() time.Duration {
	return shorten(c.cfg.TTL, c.cfg.Jitter)
}

// shorten takes up to that part from d, but leaves something.
func shorten(d time.Duration, part float64) time.Duration {
	if d <= 0 || part <= 0 {
		return d
	}
	return max(d-time.Duration(rand.Float64()*part*float64(d)), 1)
}

func (c *Cache[K, V]) tellEvicted() {
	if c.unheard.Load() == 0 {
		return
	}
	if n := c.unheard.Swap(0); n > 0 {
		c.counts.evicted.Add(n)
		telemetry.Emit(context.Background(), c.cfg.Telemetry, Evicted{Cache: c.cfg.Name, Keys: int(n)})
	}
}
