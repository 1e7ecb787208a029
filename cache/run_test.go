package cache_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bennu-go/bennu/cache"
	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
	"github.com/bennu-go/bennu/pubsub/pubsubtest"
	"github.com/bennu-go/bennu/supervise"
	"github.com/bennu-go/bennu/supervise/supervisetest"
)

// run runs services, in order, until stop is called or the test ends, and returns when they are ready.
func run(t *testing.T, services ...supervise.Service) (stop func() error) {
	t.Helper()
	children := make([]supervise.Child, len(services))
	for i, s := range services {
		children[i] = supervise.Child{Name: string(rune('a' + i)), Service: s}
	}
	ready := make(chan struct{})
	ctx, cancel := context.WithCancel(supervise.NotifyReady(bg, func() { close(ready) }))
	done := make(chan error, 1)
	go func() { done <- supervise.New(supervise.Config{Logger: quiet}, children...).Run(ctx) }()
	stop = func() error {
		cancel()
		err := <-done
		done <- err
		return err
	}
	t.Cleanup(func() { stop() })
	select {
	case <-ready:
	case err := <-done:
		done <- err
	}
	return stop
}

func TestSupervisetest(t *testing.T) {
	supervisetest.TestRestart(t, func(t testing.TB) supervisetest.Subject {
		sys := proc.NewSystem(proc.Config{Logger: quiet})
		t.Cleanup(sys.Close)
		c := cache.New(cache.Config[string, int]{
			Name: "c", System: sys, PubSub: pubsub.New(pubsub.Config{System: sys}), Logger: quiet,
			Warmers: []cache.Warmer[string, int]{{BeforeReady: true, Load: func(context.Context) (map[string]int, error) { return map[string]int{"w": 1}, nil }}},
		})
		return supervisetest.Subject{Child: supervise.Child{Name: "cache", Service: c}, Check: func(t testing.TB) {
			if _, ok := c.Get("left"); ok {
				t.Error("something is left of the life before")
			}
			if v, _ := c.Get("w"); v != 1 {
				t.Errorf("got %d of the warmer, want 1", v)
			}
			c.Put("left", 1)
		}}
	})
}

func TestWarmerRunsAtIntervals(t *testing.T) {
	inBubble(t, func(t *testing.T, sys *proc.System) {
		var at []time.Duration
		begin := time.Now()
		var n atomic.Int64
		c := cache.New(cache.Config[string, int]{System: sys, Logger: quiet, Warmers: []cache.Warmer[string, int]{{
			BeforeReady: true, Every: time.Minute, Jitter: 0.5,
			Load: func(context.Context) (map[string]int, error) {
				at = append(at, time.Since(begin))
				time.Sleep(time.Second)
				n := n.Add(1)
				switch n {
				case 2:
					return nil, errDown
				case 3:
					panic("ouch")
				}
				return map[string]int{"k": int(n)}, nil
			},
		}}})
		stop := run(t, c)
		wantGet(t, c, "k", 1, true) // ready means that it has loaded
		time.Sleep(20 * time.Minute)
		synctest.Wait()
		wantGet(t, c, "k", int(n.Load()), true)
		if err := stop(); err != nil {
			t.Error(err)
		}
		equal := true
		for i, d := range at[1:] {
			pause := d - at[i] - time.Second
			if pause < 30*time.Second || pause > 90*time.Second {
				t.Errorf("pause of %v, want 30s to 90s", pause)
			}
			equal = equal && pause == at[1]-at[0]-time.Second
		}
		if len(at) < 13 || equal {
			t.Errorf("loaded at %v, want about 20 times with different pauses", at)
		}
		before := n.Load()
		time.Sleep(time.Hour)
		if n.Load() != before {
			t.Error("the warmer outlives the cache")
		}
	})
}

func TestWarmerBesideTheStart(t *testing.T) {
	inBubble(t, func(t *testing.T, sys *proc.System) {
		begin := time.Now()
		c := cache.New(cache.Config[string, int]{System: sys, Logger: quiet, Warmers: []cache.Warmer[string, int]{{
			Load: func(context.Context) (map[string]int, error) {
				time.Sleep(time.Second)
				return map[string]int{"k": 1}, nil
			},
		}}})
		run(t, c)
		if d := time.Since(begin); d != 0 {
			t.Errorf("ready after %v, want at once", d)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		wantGet(t, c, "k", 1, true)
	})
}

func TestFirstWarmFails(t *testing.T) {
	for name, load := range map[string]func(ctx context.Context) error{
		"error":    func(context.Context) error { return errDown },
		"panic":    func(context.Context) error { panic(errDown) },
		"time-out": func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, sys *proc.System) {
				c := cache.New(cache.Config[string, int]{System: sys, Logger: quiet, Warmers: []cache.Warmer[string, int]{{
					BeforeReady: true,
					Load:        func(ctx context.Context) (map[string]int, error) { return nil, load(ctx) },
				}}})
				if err := c.Run(bg); !errors.Is(err, errDown) && !errors.Is(err, cache.ErrTimeout) {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}

func TestInvalidatingWinsOverWarmer(t *testing.T) {
	inBubble(t, func(t *testing.T, sys *proc.System) {
		give := make(chan map[string]int)
		c := cache.New(cache.Config[string, int]{System: sys, Logger: quiet, Warmers: []cache.Warmer[string, int]{{
			Every: time.Minute, Timeout: time.Hour,
			Load: func(ctx context.Context) (map[string]int, error) {
				select {
				case m := <-give:
					return m, nil
				case <-ctx.Done():
					return nil, ctx.Err()
				}
			},
		}}})
		run(t, c)
		synctest.Wait()
		c.Delete("deleted")
		c.Put("put", 2)
		give <- map[string]int{"deleted": 1, "put": 1, "other": 1}
		synctest.Wait()
		wantGet(t, c, "deleted", 0, false)
		wantGet(t, c, "put", 2, true)
		wantGet(t, c, "other", 1, true)
		time.Sleep(2 * time.Minute)
		c.Clear()
		give <- map[string]int{"deleted": 1, "other": 1}
		synctest.Wait()
		wantGet(t, c, "other", 0, false)
		time.Sleep(2 * time.Minute)
		give <- map[string]int{"deleted": 3}
		synctest.Wait()
		wantGet(t, c, "deleted", 3, true)
	})
}

// A node of a cluster in memory.
type node struct {
	cache *cache.Cache[string, int]
	load  *source
	ps    *pubsub.PubSub
	stop  func() error
}

func start(t *testing.T, sys *proc.System, cluster *pubsubtest.Cluster, name string) *node {
	t.Helper()
	n := &node{load: newSource(), ps: pubsub.New(pubsub.Config{System: sys, Node: name, Adapter: cluster.Adapter(), Logger: quiet})}
	n.cache = cache.New(cache.Config[string, int]{Name: "users", System: sys, PubSub: n.ps, Load: n.load.load, Logger: quiet})
	n.stop = run(t, n.ps, n.cache)
	return n
}

func TestOtherNodesForget(t *testing.T) {
	inBubble(t, func(t *testing.T, sys *proc.System) {
		cluster := pubsubtest.NewCluster()
		a, b := start(t, sys, cluster, "a"), start(t, sys, cluster, "b")
		defer b.stop()
		defer a.stop()
		fill := func(key string) { // as a load would: without telling
			for _, n := range []*node{a, b} {
				n.load.give <- answer{value: 1}
				wantAsked(t, ask(bg, n.cache, key), 1, nil)
			}
		}
		for _, key := range []string{"x", "y", "bytes that are no UTF-8: \xff", "z", "kept"} {
			fill(key)
		}
		a.cache.Delete("x", "bytes that are no UTF-8: \xff")
		a.cache.Put("y", 2)
		synctest.Wait()
		wantGet(t, a.cache, "x", 0, false)
		wantGet(t, b.cache, "x", 0, false)
		wantGet(t, b.cache, "bytes that are no UTF-8: \xff", 0, false)
		wantGet(t, a.cache, "y", 2, true)
		wantGet(t, b.cache, "y", 0, false)
		wantGet(t, b.cache, "kept", 1, true)
		if got := b.cache.Stats().Invalidated; got != 3 {
			t.Errorf("got %d keys invalidated, want 3", got)
		}
		if got := a.cache.Stats().Invalidated; got != 0 {
			t.Errorf("a heard of %d keys, want nothing of its own", got)
		}

		// A load of b that began before a's Delete does not bring back what it has read.
		loading := ask(bg, b.cache, "raced")
		synctest.Wait()
		a.cache.Delete("raced")
		synctest.Wait()
		b.load.give <- answer{value: 1}
		wantAsked(t, loading, 1, nil)
		wantGet(t, b.cache, "raced", 0, false)

		b.cache.Clear()
		synctest.Wait()
		wantGet(t, a.cache, "kept", 0, false)
		if n := a.cache.Len(); n != 0 {
			t.Errorf("%d entries are left", n)
		}
		a.cache.Put("k", 1)
		a.cache.DeleteFunc(func(string, int) bool { return true })
		if n := a.cache.Len(); n != 0 {
			t.Errorf("DeleteFunc left %d entries", n)
		}
	})
}

// What may have been missed is not served.
func TestEmptyAfterPubSubWasRestarted(t *testing.T) {
	inBubble(t, func(t *testing.T, sys *proc.System) {
		cluster := pubsubtest.NewCluster()
		ps := pubsub.New(pubsub.Config{System: sys, Node: "a", Adapter: cluster.Adapter(), Logger: quiet})
		c := cache.New(cache.Config[string, int]{Name: "users", System: sys, PubSub: ps, Logger: quiet, Warmers: []cache.Warmer[string, int]{{
			BeforeReady: true,
			Load:        func(context.Context) (map[string]int, error) { return map[string]int{"warm": 1}, nil },
		}}})
		stop := run(t, ps)
		run(t, c)
		c.Put("k", 1)
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		b := start(t, sys, cluster, "b")
		defer b.stop()
		run(t, ps)
		synctest.Wait()
		wantGet(t, c, "k", 0, false)
		wantGet(t, c, "warm", 1, true)
		c.Put("k", 1)
		b.cache.Delete("k")
		synctest.Wait()
		wantGet(t, c, "k", 0, false)
	})
}

type odd struct {
	Name   string
	hidden int
}

func TestKeysThatAreNoStrings(t *testing.T) {
	inBubble(t, func(t *testing.T, sys *proc.System) {
		ps := pubsub.New(pubsub.Config{System: sys, Strict: true, Logger: quiet})
		numbers := func() *cache.Cache[int64, int] {
			return cache.New(cache.Config[int64, int]{Name: "numbers", System: sys, PubSub: ps, Logger: quiet})
		}
		a, b := numbers(), numbers()
		odds := func() *cache.Cache[odd, int] {
			return cache.New(cache.Config[odd, int]{Name: "odds", System: sys, PubSub: ps, Logger: quiet})
		}
		oa, ob := odds(), odds()
		run(t, a, b, oa, ob)
		b.Put(1<<62+1, 1)
		b.Put(1<<62, 1)
		many := make([]int64, 20_000) // more than fits into one message
		for i := range many {
			many[i] = 1<<62 + 1 + int64(i)
		}
		a.Delete(many...)
		if _, ok := b.Get(1<<62 + 1); ok {
			t.Error("b has kept what was deleted")
		}
		if _, ok := b.Get(1 << 62); !ok {
			t.Error("b has lost what was not deleted")
		}
		if got := b.Stats().Invalidated; got != 20_000 {
			t.Errorf("b heard of %d keys, want 20,000", got)
		}
		ob.Put(odd{"plain", 0}, 1)
		ob.Put(odd{"kept", 0}, 1)
		oa.Delete(odd{"plain", 0})
		if _, ok := ob.Get(odd{"kept", 0}); !ok {
			t.Error("b has forgotten more than was deleted")
		}
		oa.Delete(odd{"secret", 1}) // does not travel: b forgets everything
		if n := ob.Len(); n != 0 {
			t.Errorf("b has kept %d entries", n)
		}
		if errs := ps.Mutated(); len(errs) != 0 {
			t.Error(errs)
		}
	})
}

func FuzzKeysTravel(f *testing.F) {
	f.Add("a", int64(1), 1.5)
	f.Add("\xff", int64(-1)<<63, 1e300)
	f.Fuzz(func(t *testing.T, s string, i int64, x float64) {
		sys := proc.NewSystem(proc.Config{Logger: quiet})
		defer sys.Close()
		type key struct {
			S string
			I int64
			F float64
		}
		ps := pubsub.New(pubsub.Config{System: sys, Strict: true, Logger: quiet})
		strings := cache.New(cache.Config[string, int]{Name: "s", System: sys, PubSub: ps, Logger: quiet})
		structs := cache.New(cache.Config[key, int]{Name: "k", System: sys, PubSub: ps, Logger: quiet})
		strings2 := cache.New(cache.Config[string, int]{Name: "s", System: sys, PubSub: ps, Logger: quiet})
		structs2 := cache.New(cache.Config[key, int]{Name: "k", System: sys, PubSub: ps, Logger: quiet})
		run(t, strings, structs, strings2, structs2)
		strings2.Put(s, 1)
		strings.Delete(s)
		structs2.Put(key{s, i, x}, 1)
		structs.Delete(key{s, i, x})
		if strings2.Len() != 0 || structs2.Len() != 0 {
			t.Errorf("%q, %d, %v: a deleted key is there on the other side", s, i, x)
		}
	})
}
