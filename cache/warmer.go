package cache

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/supervise"
)

const (
	defaultEvery       = time.Minute
	defaultWarmTimeout = 20 * time.Second
)

// A Warmer loads values ahead: when the cache begins to run, and at intervals. It has no say about keys that are invalidated while it
// loads: those stay as they are.
type Warmer[K comparable, V any] struct {
	// Name tells it from the others, in logs and listings. Empty means "warmer" and its number.
	Name string
	// Load brings values, which are put for the Config's TTL. Other nodes are not told. After an error or a panic the next
	// attempt comes in its turn. Required.
	Load func(ctx context.Context) (map[K]V, error)
	// Every is the pause after a load. Zero means a minute.
	Every time.Duration
	// Jitter is the part of Every by up to which each pause is shorter or longer, at random, so that the nodes of a cluster do not all ask at once.
	// Zero means 0.1; negative means none.
	Jitter float64
	// Timeout bounds a load. Zero means 20 seconds.
	Timeout time.Duration
	// BeforeReady has the cache become ready, and so the supervisor go on, after the first load; if that fails, the cache fails to start. Give its
	// supervise.Child a StartTimeout if that may take longer than 30 seconds. By default the first load runs beside what starts next.
	BeforeReady bool
}

func (w Warmer[K, V]) withDefaults(i int) Warmer[K, V] {
	if w.Name == "" {
		w.Name = fmt.Sprintf("warmer %d", i+1)
	}
	if w.Every == 0 {
		w.Every = defaultEvery
	}
	if w.Timeout == 0 {
		w.Timeout = defaultWarmTimeout
	}
	if w.Jitter == 0 {
		w.Jitter = defaultJitter
	}
	w.Jitter = max(w.Jitter, 0)
	return w
}

func (w Warmer[K, V]) pause() time.Duration {
	return max(w.Every+time.Duration((2*rand.Float64()-1)*w.Jitter*float64(w.Every)), 1)
}

// warmer is the service of a Warmer.
type warmer[K comparable, V any] struct {
	c *Cache[K, V]
	w Warmer[K, V]
}

var _ supervise.ReadyService = (*warmer[int, int])(nil)

// AnnouncesReady implements [supervise.ReadyService].
func (s *warmer[K, V]) AnnouncesReady() {}

// Run implements [supervise.Service].
func (s *warmer[K, V]) Run(ctx context.Context) error {
	if !s.w.BeforeReady {
		supervise.Ready(ctx)
	}
	err := s.warm(ctx)
	if err != nil && s.w.BeforeReady {
		return err
	}
	supervise.Ready(ctx)
	for ctx.Err() == nil {
		if err != nil {
			s.c.cfg.Logger.LogAttrs(ctx, slog.LevelError, "cache: a warmer failed", slog.String("cache", s.c.cfg.Name), slog.String("warmer", s.w.Name), slog.Any("error", err))
		}
		pause := time.NewTimer(s.w.pause())
		select {
		case <-pause.C:
			err = s.warm(ctx)
		case <-ctx.Done():
			pause.Stop()
		}
	}
	return nil
}

// warm loads once, in a process, and returns when that has ended.
func (s *warmer[K, V]) warm(ctx context.Context) error {
	notes := s.c.observe()
	defer s.c.unobserve(notes)
	result, exited := make(chan error, 1), make(chan struct{})
	end := func(err error) {
		select {
		case result <- err:
		default: // it has ended
		}
	}
	t := &task{label: "cache " + s.c.cfg.Name + " " + s.w.Name, caller: ctx, timeout: s.w.Timeout, end: end, run: func(ctx context.Context) {
		values, err := s.w.Load(ctx)
		if ctx.Err() != nil { // what comes too late is thrown away, and so is an error that only says so
			end(context.Cause(ctx))
			return
		}
		for key, value := range values {
			s.c.putUnlessNoted(notes, key, value)
		}
		s.c.tellEvicted()
		end(err)
	}}
	if err := t.spawn(s.c.cfg.System); err != nil {
		return err
	}
	t.Watch(func(error) { close(exited) })
	stop := context.AfterFunc(ctx, func() { t.Exit(proc.ErrShutdown) })
	defer stop()
	<-exited
	return <-result
}
