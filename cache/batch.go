package cache

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"github.com/bennu-go/bennu/telemetry"
)

// A batch is one call of Load or LoadMany, on its way.
type batch[K comparable, V any] struct {
	task
	c       *Cache[K, V]
	chain   *chain
	keys    []K
	flights []*flight[V] // of the keys
	began   time.Time
	told    atomic.Bool
}

func (c *Cache[K, V]) newBatch(ctx context.Context) *batch[K, V] {
	b := &batch[K, V]{c: c, chain: &chain{parent: chainOf(ctx)}}
	b.task = task{label: "cache " + c.cfg.Name, caller: context.WithValue(ctx, chainKey{}, b.chain), timeout: c.cfg.LoadTimeout, run: b.load, end: b.fail, tell: b.tell}
	return b
}

func (b *batch[K, V]) start() {
	b.began = time.Now()
	b.c.counts.loads.Inc()
	if err := b.spawn(b.c.cfg.System); err != nil {
		b.fail(err)
		b.tell(err)
	}
}

func (b *batch[K, V]) load(ctx context.Context) {
	var err error
	if b.c.cfg.LoadMany == nil || len(b.keys) == 1 && b.c.cfg.Load != nil {
		var value V
		if value, err = b.c.cfg.Load(ctx, b.keys[0]); err == nil {
			b.bring(0, value)
		}
	} else {
		var values map[K]V
		if values, err = b.c.cfg.LoadMany(ctx, slices.Clone(b.keys)); err == nil {
			for i, key := range b.keys {
				if value, ok := values[key]; ok {
					b.bring(i, value)
				}
			}
			b.fail(ErrNotFound) // the others
		}
	}
	if err != nil {
		if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
			err = context.Cause(ctx) // says whose time-out it was
		}
		b.fail(err)
	}
	b.c.tellEvicted()
	b.tell(err)
}

// bring ends a flight with a value.
func (b *batch[K, V]) bring(i int, value V) {
	it, life := b.c.item(b.keys[i], value, b.c.ttl())
	b.settle(i, func(f *flight[V]) { f.value = value }, func() { b.c.items.PutTTL(b.keys[i], it, life) })
}

// fail ends with an error the flights that have not ended. It calls nothing of the user's.
func (b *batch[K, V]) fail(err error) {
	for i, key := range b.keys {
		b.settle(i, func(f *flight[V]) { f.err = err }, func() { b.c.failedLocked(key, err) })
	}
}

func (b *batch[K, V]) settle(i int, set func(f *flight[V]), keepLocked func()) {
	key, f := b.keys[i], b.flights[i]
	s := b.c.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.settled {
		return
	}
	f.settled = true
	set(f)
	if s.flights[key] == f { // it was not invalidated
		delete(s.flights, key)
		keepLocked()
	}
	close(f.done)
}

// tell says once how the load ended.
func (b *batch[K, V]) tell(err error) {
	if b.told.Swap(true) {
		return
	}
	if err != nil && !errors.Is(err, ErrNotFound) {
		b.c.counts.failed.Inc()
	}
	telemetry.Emit(b.caller, b.c.cfg.Telemetry, Loaded{Cache: b.c.cfg.Name, Keys: len(b.keys), Duration: time.Since(b.began), Err: err})
}
