package cache_test

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/bennu-go/bennu/cache"
	"github.com/bennu-go/bennu/internal/race"
	"github.com/bennu-go/bennu/proc"
)

func one(_ context.Context, key string) (int, error) { return len(key), nil }

func BenchmarkHit(b *testing.B) {
	sys := proc.NewSystem(proc.Config{})
	defer sys.Close()
	for name, cfg := range map[string]cache.Config[string, int]{
		"plain":   {},
		"ttl":     {TTL: time.Hour},
		"stale":   {TTL: time.Hour, StaleWhileRevalidate: time.Hour},
		"bounded": {TTL: time.Hour, MaxSize: 1 << 16},
	} {
		cfg.System, cfg.Load = sys, one
		c := cache.New(cfg)
		keys := make([]string, 1<<12)
		for i := range keys {
			keys[i] = strconv.Itoa(i)
			c.Put(keys[i], i)
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, err := c.GetOrLoad(bg, keys[i%len(keys)]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkMiss(b *testing.B) {
	sys := proc.NewSystem(proc.Config{})
	defer sys.Close()
	c := cache.New(cache.Config[string, int]{System: sys, Load: one})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.GetOrLoad(bg, "k"); err != nil {
			b.Fatal(err)
		}
		c.Delete("k")
	}
}

func BenchmarkPut(b *testing.B) {
	sys := proc.NewSystem(proc.Config{})
	defer sys.Close()
	c := cache.New(cache.Config[string, int]{System: sys, TTL: time.Hour})
	b.ReportAllocs()
	for b.Loop() {
		c.Put("k", 1)
	}
}

func TestHitAllocatesNothing(t *testing.T) {
	sys := proc.NewSystem(proc.Config{})
	defer sys.Close()
	for name, cfg := range map[string]cache.Config[string, int]{
		"plain":   {},
		"stale":   {TTL: time.Hour, StaleWhileRevalidate: time.Hour},
		"bounded": {TTL: time.Hour, MaxSize: 100},
	} {
		cfg.System, cfg.Load = sys, one
		c := cache.New(cfg)
		c.Put("k", 1)
		for op, f := range map[string]func(){
			"Get":       func() { c.Get("k") },
			"GetOrLoad": func() { c.GetOrLoad(bg, "k") },
		} {
			if n := testing.AllocsPerRun(1000, f); n != 0 && !race.Enabled { // the race detector allocates
				t.Errorf("%s, %s: got %v allocations, want none", name, op, n)
			}
		}
	}
}
