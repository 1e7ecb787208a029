package cache_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bennu-go/bennu/cache"
	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/telemetry"
)

func TestTTL(t *testing.T) {
	inBubble(t, func(t *testing.T, sys *proc.System) {
		c := cache.New(cache.Config[string, int]{System: sys, TTL: time.Minute, Jitter: -1})
		c.Put("a", 1)
		c.PutTTL("b", 2, time.Hour)
		c.PutTTL("forever", 3, 0)
		time.Sleep(time.Minute - 1)
		wantGet(t, c, "a", 1, true)
		time.Sleep(time.Nanosecond)
		wantGet(t, c, "a", 0, false)
		wantGet(t, c, "b", 2, true)
		time.Sleep(2 * time.Minute)
		if n := c.Len(); n != 2 {
			t.Errorf("got %d entries, want that a was swept", n)
		}
		time.Sleep(1000 * time.Hour)
		wantGet(t, c, "b", 0, false)
		wantGet(t, c, "forever", 3, true)
	})
}

func TestJitterSpreadsExpiry(t *testing.T) {
	inBubble(t, func(t *testing.T, sys *proc.System) {
		c := cache.New(cache.Config[int, int]{System: sys, TTL: 100 * time.Minute, Jitter: 0.5})
		const n = 1000
		for i := range n {
			c.Put(i, i)
		}
		left := func() (left int) {
			for i := range n {
				if _, ok := c.Get(i); ok {
					left++
				}
			}
			return left
		}
		time.Sleep(50 * time.Minute)
		if got := left(); got != n {
			t.Errorf("%d left at half the TTL, want all", got)
		}
		time.Sleep(25 * time.Minute)
		if got := left(); got < n/3 || got > n*2/3 {
			t.Errorf("%d left at three quarters of the TTL, want about half", got)
		}
		time.Sleep(25 * time.Minute)
		if got := left(); got != 0 {
			t.Errorf("%d left after the TTL", got)
		}
	})
}

func TestStaleWhileRevalidate(t *testing.T) {
	inBubble(t, func(t *testing.T, sys *proc.System) {
		s := newSource()
		c := cache.New(cache.Config[string, int]{System: sys, Load: s.load, TTL: time.Minute, Jitter: -1, StaleWhileRevalidate: time.Hour, LoadTimeout: time.Minute})
		c.Put("k", 1)
		time.Sleep(time.Minute)
		wantGet(t, c, "k", 0, false) // Get wants a fresh one
		for range 3 {
			wantAsked(t, ask(bg, c, "k"), 1, nil)
		}
		wantLoads(t, s, 1)
		s.give <- answer{err: errDown}
		synctest.Wait()
		wantAsked(t, ask(bg, c, "k"), 1, nil) // and another load begins
		s.give <- answer{value: 2}
		synctest.Wait()
		wantAsked(t, ask(bg, c, "k"), 2, nil)
		wantGet(t, c, "k", 2, true)
		wantLoads(t, s, 2)

		time.Sleep(time.Minute + time.Hour)
		late := ask(bg, c, "k")
		s.give <- answer{value: 3}
		wantAsked(t, late, 3, nil)
		if got := c.Stats().Stale; got != 4 {
			t.Errorf("got %d stale hits, want 4", got)
		}
	})
}

func TestStaleIfError(t *testing.T) {
	inBubble(t, func(t *testing.T, sys *proc.System) {
		s := newSource()
		c := cache.New(cache.Config[string, int]{System: sys, Load: s.load, TTL: time.Minute, Jitter: -1, StaleIfError: time.Hour})
		c.Put("k", 1)
		time.Sleep(time.Minute)
		got := ask(bg, c, "k")
		wantLoads(t, s, 1)
		s.give <- answer{err: errDown}
		wantAsked(t, got, 1, nil)
		s.give <- answer{err: errDown}
		if got, err := c.GetMany(bg, []string{"k"}); got["k"] != 1 || err != nil {
			t.Errorf("GetMany: got %v and %v", got, err)
		}
		c.Delete("k") // what is known to be wrong is not served either
		got = ask(bg, c, "k")
		s.give <- answer{err: errDown}
		wantAsked(t, got, 0, errDown)

		c.Put("k", 1)
		time.Sleep(time.Minute + time.Hour)
		got = ask(bg, c, "k")
		s.give <- answer{err: errDown}
		wantAsked(t, got, 0, errDown)
	})
}

func TestNegativeTTL(t *testing.T) {
	inBubble(t, func(t *testing.T, sys *proc.System) {
		s := newSource()
		c := cache.New(cache.Config[string, int]{System: sys, Load: s.load, TTL: time.Hour, Jitter: -1, NegativeTTL: time.Minute})
		s.give <- answer{err: errDown}
		wantAsked(t, ask(bg, c, "k"), 0, errDown)
		time.Sleep(time.Minute - 1)
		wantAsked(t, ask(bg, c, "k"), 0, errDown)
		wantGet(t, c, "k", 0, false)
		if got, err := c.GetMany(bg, []string{"k"}); len(got) != 0 || err != errDown {
			t.Errorf("GetMany: got %v and %v", got, err)
		}
		wantLoads(t, s, 1)
		time.Sleep(time.Nanosecond)
		s.give <- answer{value: 1}
		wantAsked(t, ask(bg, c, "k"), 1, nil)
		s.give <- answer{err: errDown}
		wantAsked(t, ask(bg, c, "l"), 0, errDown)
		c.Delete("l")
		s.give <- answer{value: 2}
		wantAsked(t, ask(bg, c, "l"), 2, nil)
	})
}

// Without it each request would try a source that is down.
func TestNegativeTTLHoldsBackRetriesOfStaleValues(t *testing.T) {
	inBubble(t, func(t *testing.T, sys *proc.System) {
		s := newSource()
		c := cache.New(cache.Config[string, int]{
			System: sys, Load: s.load, TTL: time.Minute, Jitter: -1, StaleWhileRevalidate: time.Minute, StaleIfError: time.Hour, NegativeTTL: time.Second,
		})
		c.Put("k", 1)
		for i, age := range []time.Duration{time.Minute, 10 * time.Minute} {
			time.Sleep(age)
			s.give <- answer{err: errDown}
			for range 3 {
				wantAsked(t, ask(bg, c, "k"), 1, nil)
			}
			wantLoads(t, s, i+1)
		}
		time.Sleep(time.Second)
		s.give <- answer{value: 2}
		wantAsked(t, ask(bg, c, "k"), 2, nil)
	})
}

func TestMaxSizeAndCost(t *testing.T) {
	inBubble(t, func(t *testing.T, sys *proc.System) {
		tel := telemetry.New(telemetry.Config{Logger: quiet})
		evicted := 0
		telemetry.Attach(tel, func(_ context.Context, e cache.Evicted) { evicted += e.Keys })
		c := cache.New(cache.Config[int, int]{System: sys, MaxSize: 100, Telemetry: tel})
		for i := range 1000 {
			c.Put(i, i)
		}
		c.Delete(-1) // evictions are told with a later write
		if n := c.Len(); n > 100 {
			t.Errorf("got %d entries, want 100 at most", n)
		}
		if st := c.Stats(); st.Evicted != int64(evicted) || evicted < 850 {
			t.Errorf("counted %d evictions and was told of %d, want about 900", st.Evicted, evicted)
		}
		heavy := cache.New(cache.Config[int, int]{System: sys, MaxSize: 100, Cost: func(_, v int) uint32 { return uint32(v) }})
		for i := range 50 {
			heavy.Put(i, 10)
		}
		if n := heavy.Len(); n > 10 || n == 0 {
			t.Errorf("got %d entries of cost 10, want 10 at most", n)
		}
	})
}

func TestDeleteFunc(t *testing.T) {
	inBubble(t, func(t *testing.T, sys *proc.System) {
		c := cache.New(cache.Config[int, int]{System: sys})
		for i := range 10 {
			c.Put(i, i*i)
		}
		if n := c.DeleteFunc(func(key, value int) bool { c.Get(key); return value >= 25 }); n != 5 || c.Len() != 5 {
			t.Errorf("deleted %d and left %d, want 5 and 5", n, c.Len())
		}
	})
}

func TestTelemetry(t *testing.T) {
	inBubble(t, func(t *testing.T, sys *proc.System) {
		tel := telemetry.New(telemetry.Config{Logger: quiet})
		var mu sync.Mutex
		var events []telemetry.Event
		tel.AttachAll(func(_ context.Context, e telemetry.Event) {
			mu.Lock()
			defer mu.Unlock()
			events = append(events, e)
		})
		c := cache.New(cache.Config[string, int]{Name: "users", System: sys, Telemetry: tel, Load: func(_ context.Context, key string) (int, error) {
			time.Sleep(time.Second)
			if key == "bad" {
				return 0, errDown
			}
			return 1, nil
		}})
		joined := ask(bg, c, "k")
		synctest.Wait()
		c.GetOrLoad(bg, "k")
		<-joined
		synctest.Wait() // the end of the load is told after its waiters have the value
		c.Get("k")
		c.GetOrLoad(bg, "bad")
		synctest.Wait()
		want := []telemetry.Event{
			cache.Miss{Cache: "users"}, cache.Miss{Cache: "users", Joined: true},
			cache.Loaded{Cache: "users", Keys: 1, Duration: time.Second}, cache.Hit{Cache: "users"},
			cache.Miss{Cache: "users"}, cache.Loaded{Cache: "users", Keys: 1, Duration: time.Second, Err: errDown},
		}
		if diff := cmp.Diff(want, events, cmp.Comparer(func(a, b error) bool { return a == b })); diff != "" {
			t.Error(diff)
		}
	})
}

func TestWrongConfig(t *testing.T) {
	sys := proc.NewSystem(proc.Config{})
	defer sys.Close()
	for name, cfg := range map[string]cache.Config[int, int]{
		"no System":        {},
		"negative TTL":     {System: sys, TTL: -1},
		"negative size":    {System: sys, MaxSize: -1},
		"Jitter":           {System: sys, Jitter: 2},
		"Cost, no MaxSize": {System: sys, Cost: func(int, int) uint32 { return 1 }},
		"warmer":           {System: sys, Warmers: []cache.Warmer[int, int]{{}}},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("got no panic")
				}
			}()
			cache.New(cfg)
		})
	}
}
