package plug

import (
	"context"
	"fmt"
	"hash/maphash"
	"math"
	"strconv"
	"sync"
	"time"
)

const (
	rateShards      = 16
	defaultRateKeys = 1 << 20
)

// MemoryRates is the [RateStore] in the memory of this process, a token bucket for each key: a client that has used its limit gets one request back after each part Per/Limit of the
// time. What has been full again for long is forgotten by the way; no goroutine sweeps. Make one with [NewMemoryRates].
type MemoryRates struct {
	seed   maphash.Seed
	shards [rateShards]rateShard
	origin time.Time
}

// rateShard is a map of its own and no table of package ets: a number that changes with each request costs that an allocation or more and three to six times the time
// (BenchmarkMemoryRates: 0 allocations), and somebody would have to sweep it.
type rateShard struct {
	mu      sync.Mutex               // guards what follows
	fullAt  map[string]time.Duration // since origin; a key that is not there is full
	sweepAt int                      // size at which to look for keys that are full
	max     int
}

var _ RateStore = (*MemoryRates)(nil)

// NewMemoryRates returns an empty MemoryRates for about so many keys; zero means a million, of 100 to 200 bytes each. Beyond that it forgets any: better that
// some clients get more than their limit than that an attacker with many addresses takes all memory.
func NewMemoryRates(keys int) *MemoryRates {
	if keys < 0 {
		panic(fmt.Sprintf("plug: NewMemoryRates(%d): zero means a million", keys))
	}
	if keys == 0 {
		keys = defaultRateKeys
	}
	m := &MemoryRates{seed: maphash.MakeSeed(), origin: time.Now()}
	for i := range m.shards {
		s := &m.shards[i]
		s.max = max(keys/rateShards, 1)
		s.fullAt, s.sweepAt = map[string]time.Duration{}, min(s.max, 64)
	}
	return m
}

// Take implements [RateStore].
func (m *MemoryRates) Take(_ context.Context, key string, limit int, per time.Duration) (RateResult, error) {
	now := time.Since(m.origin)
	each := per / time.Duration(limit)
	all := each * time.Duration(limit)
	s := &m.shards[maphash.String(m.seed, key)%rateShards]
	s.mu.Lock()
	defer s.mu.Unlock()
	before, known := s.fullAt[key]
	if before < now {
		before = now
	}
	after := before + each
	if wait := after - all - now; wait > 0 {
		return RateResult{Reset: before - now, RetryAfter: wait}, nil
	}
	if !known && len(s.fullAt) >= s.sweepAt {
		s.sweepLocked(now)
	}
	s.fullAt[key] = after
	return RateResult{Allowed: true, Remaining: int((all - (after - now)) / each), Reset: after - now}, nil
}

// sweepLocked makes room for a key.
func (s *rateShard) sweepLocked(now time.Duration) {
	for key, at := range s.fullAt {
		if at <= now {
			delete(s.fullAt, key)
		}
	}
	for key := range s.fullAt {
		if len(s.fullAt) < s.max {
			break
		}
		delete(s.fullAt, key)
	}
	s.sweepAt = min(max(2*len(s.fullAt), 64), s.max)
}

// A RateCounter is a number for each key that all nodes share: INCRBY and EXPIRE of Redis, or an upsert of a database. Its methods may be called from any goroutine.
type RateCounter interface {
	// Add adds delta, which may be zero or negative, to the number under key and returns the sum. A number that is not there is zero. It may be forgotten when it was
	// not added to for the time ttl.
	Add(ctx context.Context, key string, delta int64, ttl time.Duration) (int64, error)
}

// SharedRates is the [RateStore] for several nodes, a sliding window: requests of the current stretch of time Per count, and those of the one before in part, as far as the
// window reaches back. Nodes' clocks should agree to within a fraction of Per. Make one with [NewSharedRates].
type SharedRates struct{ counter RateCounter }

var _ RateStore = (*SharedRates)(nil)

// NewSharedRates returns the SharedRates on counter. Each request takes two additions, a refused one three.
func NewSharedRates(counter RateCounter) *SharedRates {
	if counter == nil {
		panic("plug: NewSharedRates(nil): give it a counter that all nodes share, or take NewMemoryRates")
	}
	return &SharedRates{counter}
}

// Take implements [RateStore].
func (s *SharedRates) Take(ctx context.Context, key string, limit int, per time.Duration) (RateResult, error) {
	now := time.Now().UnixNano()
	window, within := now/int64(per), time.Duration(now%int64(per))
	name := func(window int64) string { return key + "\x00" + strconv.FormatInt(window, 10) }
	current, err := s.counter.Add(ctx, name(window), 1, 2*per)
	if err != nil {
		return RateResult{}, fmt.Errorf("plug: rate limit: %w", err)
	}
	before, err := s.counter.Add(ctx, name(window-1), 0, 2*per)
	if err != nil {
		return RateResult{}, fmt.Errorf("plug: rate limit: %w", err)
	}
	left := float64(per-within) / float64(per) // of the window before
	used := float64(current) + float64(before)*left
	res := RateResult{Allowed: used <= float64(limit), Remaining: max(0, int(float64(limit)-used)), Reset: 2*per - within}
	if res.Allowed {
		return res, nil
	}
	// Refused requests do not count, or a client that asks again too early would never be let in.
	if _, err := s.counter.Add(ctx, name(window), -1, 2*per); err != nil {
		return RateResult{}, fmt.Errorf("plug: rate limit: %w", err)
	}
	res.RetryAfter = retryAfter(current-1, before, limit, per, within)
	return res, nil
}

// retryAfter is when one more request fits, if nobody else asks: within this stretch as the one before slides out, or else in the next as this one does.
func retryAfter(current, before int64, limit int, per, within time.Duration) time.Duration {
	if free := float64(limit) - float64(current) - 1; free >= 0 && before > 0 {
		at := time.Duration(math.Ceil(float64(per) * (1 - free/float64(before))))
		return min(max(at-within, 0), per-within)
	}
	at := time.Duration(0)
	if free := float64(limit) - 1; current > 0 {
		at = time.Duration(math.Ceil(float64(per) * max(0, 1-free/float64(current))))
	}
	return per - within + at
}
