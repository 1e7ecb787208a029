package cache

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
	"github.com/bennu-go/bennu/telemetry"
)

const (
	defaultName        = "cache"
	defaultJitter      = 0.1
	defaultLoadTimeout = 10 * time.Second
	defaultBatchSize   = 1000
)

// Config of a [Cache]. Only System is required.
type Config[K comparable, V any] struct {
	// Name stands in events, logs and listings, and is what the caches of several nodes have in common. Empty means "cache"; required with PubSub.
	Name string
	// System runs the loads and sweeps. Required.
	System *proc.System

	// Load gets the value of a key from its source. Its ctx has the values of the context of whoever asked first, so what it returns must depend
	// on the key alone. An error that is [ErrNotFound] says that there is none. Nil means LoadMany, with one key.
	Load func(ctx context.Context, key K) (V, error)
	// LoadMany gets the values of several keys in one go; a key that is missing in the result is ErrNotFound. Nil means Load, for each key beside the others.
	LoadMany func(ctx context.Context, keys []K) (map[K]V, error)
	// LoadTimeout bounds a load. Zero means 10 seconds.
	LoadTimeout time.Duration
	// BatchSize is how many keys LoadMany is given at most; if there are more it is called several times, side by side. Zero means 1,000.
	BatchSize int

	// TTL is how long a value is fresh. Zero means until it is invalidated.
	TTL time.Duration
	// Jitter is the part of the TTL, from 0 to 1, by up to which each value's own is shorter, at random: values that were loaded together are not
	// loaded again together. Zero means 0.1; negative means none.
	Jitter float64
	// StaleWhileRevalidate is how long after its TTL a value is served while a load gets the next one, which nobody waits for. Zero means not at all.
	StaleWhileRevalidate time.Duration
	// StaleIfError is how long after its TTL a value is served when a load fails. Zero means not at all.
	StaleIfError time.Duration
	// NegativeTTL is how long after a failed load there is no other: meanwhile who asks gets the error, or the stale value. Zero means that the
	// next one who asks has it loaded.
	NegativeTTL time.Duration

	// MaxSize bounds the number of values, or the sum of their costs. Zero means no limit.
	MaxSize int
	// Cost of a value, taken when it is put; a value of cost zero is never evicted. Nil means 1 each. It needs MaxSize.
	Cost func(key K, value V) uint32

	// PubSub tells other nodes what is invalidated here, and this one what is there, while the cache runs (see [Cache.Run]). Keys travel as JSON unless they are
	// strings; a key that does not come through that as it was has the other nodes forget everything. Nil means no other nodes.
	PubSub *pubsub.PubSub
	// Warmers load values ahead, while the cache runs.
	Warmers []Warmer[K, V]

	// Logger gets failed warmers and what could not be told to other nodes. Nil means slog.Default(), taken in New.
	Logger *slog.Logger
	// Telemetry gets [Hit], [Miss], [Loaded], [Evicted] and [Invalidated]. Nil is off.
	Telemetry *telemetry.Telemetry
}

func (c Config[K, V]) withDefaults() Config[K, V] {
	if c.Name == "" && c.PubSub == nil {
		c.Name = defaultName
	}
	if c.Jitter == 0 {
		c.Jitter = defaultJitter
	}
	c.Jitter = max(c.Jitter, 0)
	if c.LoadTimeout == 0 {
		c.LoadTimeout = defaultLoadTimeout
	}
	if c.BatchSize == 0 {
		c.BatchSize = defaultBatchSize
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	warmers := make([]Warmer[K, V], len(c.Warmers))
	for i, w := range c.Warmers {
		warmers[i] = w.withDefaults(i)
	}
	c.Warmers = warmers
	return c
}

// validate panics: these are mistakes in the program's wiring.
func (c Config[K, V]) validate() {
	wrong := func(format string, args ...any) {
		panic(fmt.Sprintf("cache: %q: ", c.Name) + fmt.Sprintf(format, args...))
	}
	switch {
	case c.System == nil:
		wrong("Config.System is nil; loads are processes and need one")
	case c.Name == "":
		wrong("there is a PubSub but no Name: other nodes know the cache by it")
	case c.TTL < 0, c.LoadTimeout < 0, c.StaleWhileRevalidate < 0, c.StaleIfError < 0, c.NegativeTTL < 0:
		wrong("a duration is negative; zero means the default")
	case c.BatchSize < 0, c.MaxSize < 0:
		wrong("a size is negative; zero means the default")
	case c.Jitter > 1:
		wrong("Jitter is %v; it is a part of the TTL, from 0 to 1", c.Jitter)
	case c.Cost != nil && c.MaxSize == 0:
		wrong("there is a Cost but no MaxSize for their sum")
	}
	for _, w := range c.Warmers {
		switch {
		case w.Load == nil:
			wrong("warmer %q has no Load", w.Name)
		case w.Every < 0, w.Timeout < 0:
			wrong("warmer %q: a duration is negative; zero means the default", w.Name)
		case w.Jitter > 1:
			wrong("warmer %q: Jitter is %v; it is a part of Every, from 0 to 1", w.Name, w.Jitter)
		}
	}
}

// keep is how long values are kept beyond their TTL.
func (c Config[K, V]) keep() time.Duration { return max(c.StaleWhileRevalidate, c.StaleIfError) }
