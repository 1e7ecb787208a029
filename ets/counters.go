package ets

import (
	"iter"
	"sync"
	"time"

	"github.com/puzpuzpuz/xsync/v4"
)

// Counters hold an integer per key. Adding to one that exists allocates nothing. A counter's time to live begins when it is made
// and is not prolonged by adding: a counter with a TTL counts what happens within a window. Numbers wrap around as int64 does.
// Make them with [NewCounters].
type Counters[K comparable] struct {
	*table
	shelf shelf[K, cell]
	gate  *xsync.RBMutex // as that of keyed
}

// cell is one counter. Before it is born, by the first that is added, nobody sees it; once gone it is not in the table, and nobody may add to it.
type cell struct {
	mu     sync.Mutex // guards n, born and gone. The table is not touched under it, since a bounded one may evict any cell when it is
	n      int64
	born   bool
	gone   bool
	expiry int64 // never changes
}

// NewCounters makes a table of counters. It panics if the Config contradicts itself.
func NewCounters[K comparable](cfg Config) *Counters[K] {
	c := &Counters[K]{gate: xsync.NewRBMutex()}
	c.table = newTable(KindCounters, cfg, c)
	if cfg.MaxSize == 0 {
		c.shelf = newOpen[K, cell]()
	} else {
		c.shelf = newBounded(cfg.MaxSize, nil, func(_ K, p *cell) {
			c.evicted.Inc()
			p.remove()
		})
	}
	c.begin()
	return c
}

// remove marks a cell as gone and returns what it had counted; false if nothing yet.
func (p *cell) remove() (n int64, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.gone = true
	return p.n, p.born
}

// do runs f on the number under key; if there is none, on a new one that is start and lives for ttl. It returns the cell's expiry.
func (c *Counters[K]) do(key K, start int64, ttl time.Duration, f func(n int64) int64) (n, expiry int64) {
	tok := c.gate.RLock()
	defer c.gate.RUnlock(tok)
	if c.closed.Load() {
		return f(start), 0 // as if it had been closed just afterwards
	}
	for p := c.shelf.Load(key); ; p = nil {
		if p == nil || c.past(p.expiry) {
			p = c.fresh(key, ttl) // waits for whoever is removing it
		}
		if n, ok := p.apply(start, f); ok {
			return n, p.expiry
		}
	}
}

// apply is false if the cell is gone.
func (p *cell) apply(start int64, f func(n int64) int64) (n int64, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.gone {
		return 0, false
	}
	if !p.born {
		p.n, p.born = start, true
	}
	p.n = f(p.n)
	return p.n, true
}

// fresh puts a new cell under key unless somebody else just did.
func (c *Counters[K]) fresh(key K, ttl time.Duration) (p *cell) {
	c.shelf.Compute(key, func(old *cell) *cell {
		if old != nil && !c.past(old.expiry) {
			p = old
			return old
		}
		if old != nil {
			c.expired.Inc()
			old.remove()
		}
		p = &cell{expiry: c.until(ttl)}
		return p
	})
	if p.expiry != 0 {
		c.arm()
	}
	return p
}

// Add adds delta to the counter under key, which is zero if there is none, and returns the sum.
func (c *Counters[K]) Add(key K, delta int64) int64 {
	n, _ := c.do(key, 0, c.cfg.TTL, func(n int64) int64 { return n + delta })
	return n
}

// AddFrom is Add for a counter that begins at start.
func (c *Counters[K]) AddFrom(key K, delta, start int64) int64 {
	n, _ := c.do(key, start, c.cfg.TTL, func(n int64) int64 { return n + delta })
	return n
}

// AddTTL is Add for a counter that lives for ttl from its beginning, zero or less meaning that it does not expire. left is what
// remains of its life; negative if it does not expire. When two make the counter at the same moment, the ttl of either counts.
func (c *Counters[K]) AddTTL(key K, delta int64, ttl time.Duration) (n int64, left time.Duration) {
	n, expiry := c.do(key, 0, ttl, func(n int64) int64 { return n + delta })
	return n, c.left(expiry)
}

// AddWithin adds delta unless the sum would leave the bounds lo and hi, and says whether it did. n is the number afterwards.
// A counter that is not there is zero; one is made either way.
func (c *Counters[K]) AddWithin(key K, delta, lo, hi int64) (n int64, added bool) {
	n, _ = c.do(key, 0, c.cfg.TTL, func(n int64) int64 {
		sum := n + delta
		if added = sum >= lo && sum <= hi && (delta >= 0) == (sum >= n); added {
			return sum
		}
		return n
	})
	return n, added
}

// AddWrap adds delta, and sets the counter to reset if that takes it beyond limit: above it if delta is positive, below if it is negative.
func (c *Counters[K]) AddWrap(key K, delta, limit, reset int64) int64 {
	n, _ := c.do(key, 0, c.cfg.TTL, func(n int64) int64 {
		sum := n + delta
		if delta >= 0 && (sum > limit || sum < n) || delta < 0 && (sum < limit || sum > n) {
			return reset
		}
		return sum
	})
	return n
}

// Put sets the counter under key, whatever was there, for the table's TTL.
func (c *Counters[K]) Put(key K, n int64) { c.PutTTL(key, n, c.cfg.TTL) }

// PutTTL is Put with a time to live; zero or less means that the counter does not expire.
func (c *Counters[K]) PutTTL(key K, n int64, ttl time.Duration) { c.put(key, n, c.until(ttl)) }

func (c *Counters[K]) put(key K, n int64, expiry int64) {
	tok := c.gate.RLock()
	defer c.gate.RUnlock(tok)
	if c.closed.Load() {
		return
	}
	p := &cell{n: n, born: true, expiry: expiry}
	c.shelf.Compute(key, func(old *cell) *cell {
		if old != nil {
			old.remove()
		}
		return p
	})
	if expiry != 0 {
		c.arm()
	}
}

// peek reads the live counter under key.
func (c *Counters[K]) peek(key K) (n, expiry int64, ok bool) {
	if c.closed.Load() {
		return 0, 0, false
	}
	p := c.shelf.Load(key)
	if p == nil || c.past(p.expiry) {
		return 0, 0, false
	}
	n, ok = p.read()
	return n, p.expiry, ok
}

// read returns a cell's number; false if nobody has added to it yet. That of a cell which is gone was right until it left the table, which was after the reader found it there.
func (p *cell) read() (n int64, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.n, p.born
}

// Get returns the counter under key; zero and false if there is none. It counts as a hit or a miss if the table is bounded.
func (c *Counters[K]) Get(key K) (n int64, ok bool) {
	n, _, ok = c.peek(key)
	c.asked(ok)
	return n, ok
}

// Member reports whether there is a counter under key.
func (c *Counters[K]) Member(key K) bool {
	_, _, ok := c.peek(key)
	return ok
}

// TTL returns how long the counter under key has still to live; negative if it does not expire. ok is false if there is none.
func (c *Counters[K]) TTL(key K) (left time.Duration, ok bool) {
	_, expiry, ok := c.peek(key)
	if !ok {
		return 0, false
	}
	return c.left(expiry), true
}

// Take removes the counter under key and returns it.
func (c *Counters[K]) Take(key K) (n int64, ok bool) {
	tok := c.gate.RLock()
	defer c.gate.RUnlock(tok)
	c.shelf.Compute(key, func(old *cell) *cell {
		if old == nil {
			return nil
		}
		if c.past(old.expiry) {
			c.expired.Inc()
			old.remove()
			return nil
		}
		n, ok = old.remove()
		return nil
	})
	return n, ok
}

// Delete removes the counter under key and says whether there was one.
func (c *Counters[K]) Delete(key K) bool {
	_, ok := c.Take(key)
	return ok
}

// DeleteFunc removes the counters for which f returns true and returns their number. What is added after f saw a counter goes with it.
func (c *Counters[K]) DeleteFunc(f func(key K, n int64) bool) int {
	deleted := 0
	for key, n := range c.All() {
		if f(key, n) && c.Delete(key) {
			deleted++
		}
	}
	return deleted
}

// All iterates over the counters. They may be changed meanwhile.
func (c *Counters[K]) All() iter.Seq2[K, int64] {
	return func(yield func(K, int64) bool) {
		for key, p := range c.shelf.All() {
			if c.closed.Load() {
				return
			}
			if c.past(p.expiry) {
				continue
			}
			if n, ok := p.read(); ok && !yield(key, n) {
				return
			}
		}
	}
}

// Snapshot returns the counters of one moment. Who adds waits while it is taken.
func (c *Counters[K]) Snapshot() []Entry[K, int64] {
	frozen := c.frozen()
	all := make([]Entry[K, int64], len(frozen))
	for i, it := range frozen {
		all[i] = Entry[K, int64]{it.key, it.e.value}
	}
	return all
}

func (c *Counters[K]) frozen() []stored[K, int64] {
	c.gate.Lock()
	defer c.gate.Unlock()
	all := make([]stored[K, int64], 0, c.shelf.Len())
	now := c.now()
	for key, p := range c.shelf.All() {
		if n, ok := p.read(); ok && (p.expiry == 0 || now < p.expiry) {
			all = append(all, stored[K, int64]{key, &entry[int64]{value: n, expiry: p.expiry}})
		}
	}
	return all
}

// Len implements [Table].
func (c *Counters[K]) Len() int { return c.shelf.Len() }

func (c *Counters[K]) sweep() (expired, left int) {
	for key, p := range c.shelf.All() {
		switch {
		case p.expiry == 0:
		case !c.past(p.expiry):
			left++
		case c.drop(key, p):
			expired++
		}
	}
	return expired, left
}

func (c *Counters[K]) drop(key K, p *cell) (dropped bool) {
	tok := c.gate.RLock()
	defer c.gate.RUnlock(tok)
	c.shelf.Compute(key, func(now *cell) *cell {
		if dropped = now == p; dropped {
			c.expired.Inc()
			p.remove()
			return nil
		}
		return now
	})
	return dropped
}

func (c *Counters[K]) wipe(before func()) {
	c.gate.Lock()
	defer c.gate.Unlock()
	before()
	c.shelf.Clear() // nobody is inside do: a cell of the old shelf is not added to any more
}
