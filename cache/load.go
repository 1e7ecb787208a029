package cache

import (
	"context"
	"errors"
)

// ErrNotFound says that there is no value under a key. A Load may return it, also wrapped; it is what a key is that LoadMany leaves out.
var ErrNotFound = errors.New("cache: not found")

// ErrLoop is what a Load gets that asks for a key whose load waits for it.
var ErrLoop = errors.New("cache: a load waits for itself: it asked for a key that is being loaded for it")

// GetOrLoad returns the value under key, which it has loaded if there is none: by one load, however many ask for it. It waits for it until ctx ends; the load
// goes on then, for others. An error is that of the load, or ctx's cause. It panics if the Config has no Load and no LoadMany.
func (c *Cache[K, V]) GetOrLoad(ctx context.Context, key K) (V, error) {
	it, how := c.look(key)
	switch how {
	case fresh:
		c.hit(ctx, false)
		return it.value, it.err
	case hold, renew:
		c.hit(ctx, true)
		if how == renew {
			c.begin(ctx, []K{key}, false)
		}
		return it.value, nil
	}
	w := c.begin(ctx, []K{key}, true)[0]
	value, err := w.wait(ctx)
	if err == nil || how != ifError || w.flight == nil || ctx.Err() != nil {
		return value, err
	}
	c.counts.stale.Inc()
	return it.value, nil
}

// GetMany returns the values under keys, having those that are missing loaded together. A key that is not found is not in the result. If loading fails, or ctx
// ends, the result holds what there is and the error is that of one of the keys.
func (c *Cache[K, V]) GetMany(ctx context.Context, keys []K) (map[K]V, error) {
	values := make(map[K]V, len(keys))
	var failure error
	failed := func(err error) {
		if failure == nil && !errors.Is(err, ErrNotFound) {
			failure = err
		}
	}
	var missing, renewals []K
	stale := map[K]V{}
	seen := make(map[K]struct{}, len(keys))
	for _, key := range keys {
		if _, twice := seen[key]; twice {
			continue
		}
		seen[key] = struct{}{}
		it, how := c.look(key)
		switch how {
		case absent:
			missing = append(missing, key)
			continue
		case ifError:
			missing = append(missing, key)
			stale[key] = it.value
			continue
		case renew:
			renewals = append(renewals, key)
		}
		c.hit(ctx, how != fresh)
		if it.err != nil {
			failed(it.err)
			continue
		}
		values[key] = it.value
	}
	if len(renewals) > 0 {
		c.begin(ctx, renewals, false)
	}
	if len(missing) == 0 {
		return values, failure
	}
	for i, w := range c.begin(ctx, missing, true) {
		value, err := w.wait(ctx)
		old, isStale := stale[missing[i]]
		switch {
		case err == nil:
			values[missing[i]] = value
		case isStale && w.flight != nil && ctx.Err() == nil:
			c.counts.stale.Inc()
			values[missing[i]] = old
		default:
			failed(err)
		}
	}
	return values, failure
}

// A waiter is how a key that was missing is got: from a flight, or at once.
type waiter[V any] struct {
	flight *flight[V] // nil: value and err are there
	value  V
	err    error
}

func (w waiter[V]) wait(ctx context.Context) (V, error) {
	if w.flight == nil {
		return w.value, w.err
	}
	select {
	case <-w.flight.done:
		return w.flight.value, w.flight.err
	default:
	}
	select {
	case <-w.flight.done:
		return w.flight.value, w.flight.err
	case <-ctx.Done():
		return w.value, context.Cause(ctx)
	}
}

// begin has those of keys loaded that are still missing and not being loaded. With wait it returns how to get each.
func (c *Cache[K, V]) begin(ctx context.Context, keys []K, wait bool) []waiter[V] {
	if c.cfg.Load == nil && c.cfg.LoadMany == nil {
		panic("cache: " + c.cfg.Name + ": nothing to load with: set Config.Load or LoadMany, or call Get")
	}
	var batches []*batch[K, V]
	size := c.cfg.BatchSize
	if c.cfg.LoadMany == nil {
		size = 1
	}
	waiters := make([]waiter[V], len(keys))
	for i, key := range keys {
		if n := len(batches); n == 0 || len(batches[n-1].keys) == size {
			batches = append(batches, c.newBatch(ctx))
		}
		w, joined := c.board(key, batches[len(batches)-1])
		waiters[i] = w
		switch {
		case !wait:
		case w.flight == nil && w.err != ErrLoop:
			c.hit(ctx, false)
		default:
			c.missed(ctx, joined)
		}
	}
	for _, b := range batches {
		if len(b.keys) > 0 {
			b.start()
		}
	}
	return waiters
}

// board returns the flight of key, which b has become if there was none.
func (c *Cache[K, V]) board(key K, b *batch[K, V]) (w waiter[V], joined bool) {
	s := c.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	// Whoever was here before may have brought it since it was found missing.
	if it, how := c.look(key); how == fresh || how == hold {
		return waiter[V]{value: it.value, err: it.err}, false
	}
	if f := s.flights[key]; f != nil {
		if b.chain.contains(f.chain) && f.chain != b.chain {
			return waiter[V]{err: ErrLoop}, false
		}
		return waiter[V]{flight: f}, true
	}
	f := &flight[V]{chain: b.chain, done: make(chan struct{})}
	s.flights[key] = f
	b.keys, b.flights = append(b.keys, key), append(b.flights, f)
	return waiter[V]{flight: f}, false
}
