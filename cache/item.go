package cache

import "time"

// An item is what the table holds: a value, or the error of a load.
type item[V any] struct {
	value V
	err   error
	until int64 // by the cache's clock, when the value turns stale; 0 if it is fresh for as long as it is there
	retry int64 // no load before
	cost  uint32
}

// A freshness says what may be done with an item.
type freshness uint8

const (
	absent  freshness = iota
	fresh             // serve it
	renew             // serve it, and load it again
	ifError           // serve it if a load fails
	hold              // serve it although it is stale: a load has just failed
)

// now is nanoseconds since New.
func (c *Cache[K, V]) now() int64 { return int64(time.Since(c.origin)) }

// look finds the item under key.
func (c *Cache[K, V]) look(key K) (item[V], freshness) {
	it, ok := c.items.Get(key)
	switch {
	case !ok:
		return it, absent
	case it.until == 0: // the table's expiry is exact, and saves reading the clock again
		return it, fresh
	}
	switch now := c.now(); {
	case now < it.until:
		return it, fresh
	case now < it.retry:
		return it, hold
	case now < it.until+int64(c.cfg.StaleWhileRevalidate):
		return it, renew
	case now < it.until+int64(c.cfg.StaleIfError):
		return it, ifError
	default:
		return it, absent
	}
}

// item makes one for value, and says how long the table is to keep it. It calls Cost.
func (c *Cache[K, V]) item(key K, value V, ttl time.Duration) (it item[V], life time.Duration) {
	it.value = value
	if c.cfg.Cost != nil {
		it.cost = c.cfg.Cost(key, value)
	}
	if ttl <= 0 {
		return it, 0
	}
	if keep := c.cfg.keep(); keep > 0 {
		it.until = c.now() + int64(ttl)
		ttl += keep
	}
	return it, ttl
}

// failedLocked notes that a load of key has failed, for NegativeTTL: with the stale value, if it is there still, or in place of a value.
func (c *Cache[K, V]) failedLocked(key K, err error) {
	ttl := c.cfg.NegativeTTL
	if ttl == 0 {
		return
	}
	retry := c.now() + int64(ttl)
	_, stale := c.items.Update(key, func(old item[V], found bool) (item[V], bool) {
		old.retry = retry
		return old, found && old.err == nil
	})
	if !stale {
		it := item[V]{err: err}
		if c.cfg.Cost != nil {
			it.cost = 1 // zero would never be evicted
		}
		c.items.PutTTL(key, it, ttl)
	}
}
