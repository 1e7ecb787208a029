package cache

import (
	"context"
	"time"

	"github.com/puzpuzpuz/xsync/v4"

	"github.com/bennu-go/bennu/telemetry"
)

// Stats are what a Cache has counted since New.
type Stats struct {
	Len         int   // entries now: see [Cache.Len]
	Hits        int64 // values and negative entries that were there
	Stale       int64 // stale values that were served, as hits or in place of an error
	Misses      int64 // the others, those that joined a load included
	Joined      int64 // misses for which a load ran already
	Loads       int64 // loads that began; one may be for many keys
	Failed      int64 // loads that ended in an error other than ErrNotFound
	Evicted     int64 // entries that had to go because the cache was full
	Invalidated int64 // keys that other nodes said to forget, all of them counting as one
}

type counts struct {
	hits, stale, misses, joined, loads, failed, evicted, invalidated *xsync.Counter
}

func newCounts() counts {
	n := xsync.NewCounter
	return counts{n(), n(), n(), n(), n(), n(), n(), n()}
}

// Stats returns what was counted.
func (c *Cache[K, V]) Stats() Stats {
	n := &c.counts
	return Stats{
		Len: c.Len(), Hits: n.hits.Value(), Stale: n.stale.Value(), Misses: n.misses.Value(), Joined: n.joined.Value(),
		Loads: n.loads.Value(), Failed: n.failed.Value(), Evicted: n.evicted.Value() + c.unheard.Load(), Invalidated: n.invalidated.Value(),
	}
}

func (c *Cache[K, V]) hit(ctx context.Context, stale bool) {
	c.counts.hits.Inc()
	if stale {
		c.counts.stale.Inc()
	}
	telemetry.Emit(ctx, c.cfg.Telemetry, Hit{Cache: c.cfg.Name, Stale: stale})
}

func (c *Cache[K, V]) missed(ctx context.Context, joined bool) {
	c.counts.misses.Inc()
	if joined {
		c.counts.joined.Inc()
	}
	telemetry.Emit(ctx, c.cfg.Telemetry, Miss{Cache: c.cfg.Name, Joined: joined})
}

// Hit is emitted for each key that was asked for and found.
type Hit struct {
	Cache string
	Stale bool // past its TTL
}

// EventName returns "bennu.cache.hit".
func (Hit) EventName() string { return "bennu.cache.hit" }

// Miss is emitted for each key that was asked for and not found.
type Miss struct {
	Cache  string
	Joined bool // a load of the key ran already
}

// EventName returns "bennu.cache.miss".
func (Miss) EventName() string { return "bennu.cache.miss" }

// Loaded is emitted when a load has ended.
type Loaded struct {
	Cache    string
	Keys     int
	Duration time.Duration
	Err      error // of the whole load; nil if only some keys were not found
}

// EventName returns "bennu.cache.loaded".
func (Loaded) EventName() string { return "bennu.cache.loaded" }

// Evicted is emitted soon after entries had to go because the cache was full.
type Evicted struct {
	Cache string
	Keys  int
}

// EventName returns "bennu.cache.evicted".
func (Evicted) EventName() string { return "bennu.cache.evicted" }

// Invalidated is emitted when another node has said what is no longer true.
type Invalidated struct {
	Cache string
	Keys  int
	All   bool // everything was forgotten
}

// EventName returns "bennu.cache.invalidated".
func (Invalidated) EventName() string { return "bennu.cache.invalidated" }
