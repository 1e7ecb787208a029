package plug

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// counters is a RateCounter as a database would be one.
type counters struct {
	mu   sync.Mutex
	n    map[string]int64
	gone map[string]time.Time
	err  error
}

func newCounters() *counters { return &counters{n: map[string]int64{}, gone: map[string]time.Time{}} }

func (c *counters) Add(_ context.Context, key string, delta int64, ttl time.Duration) (int64, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return 0, c.err
	}
	if at, ok := c.gone[key]; ok && !time.Now().Before(at) {
		delete(c.n, key)
	}
	c.n[key] += delta
	c.gone[key] = time.Now().Add(ttl)
	return c.n[key], nil
}

func eachRates(t *testing.T, f func(t *testing.T, s RateStore)) {
	for name, make := range map[string]func() RateStore{
		"memory": func() RateStore { return NewMemoryRates(0) },
		"shared": func() RateStore { return NewSharedRates(newCounters()) },
	} {
		t.Run(name, func(t *testing.T) { synctest.Test(t, func(t *testing.T) { f(t, make()) }) })
	}
}

func take(t *testing.T, s RateStore, key string, limit int, per time.Duration) RateResult {
	t.Helper()
	res, err := s.Take(t.Context(), key, limit, per)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func TestRates(t *testing.T) {
	eachRates(t, func(t *testing.T, s RateStore) {
		for i := range 5 {
			if res := take(t, s, "a", 5, time.Minute); !res.Allowed || res.Remaining != 4-i || res.RetryAfter != 0 || res.Reset <= 0 {
				t.Errorf("request %d: got %+v", i+1, res)
			}
		}
		for range 100 { // refused ones do not count
			if res := take(t, s, "a", 5, time.Minute); res.Allowed || res.Remaining != 0 || res.RetryAfter <= 0 || res.RetryAfter > 2*time.Minute {
				t.Fatalf("beyond the limit: got %+v", res)
			}
		}
		if res := take(t, s, "b", 5, time.Minute); !res.Allowed {
			t.Errorf("another key: got %+v", res)
		}
		time.Sleep(take(t, s, "a", 5, time.Minute).RetryAfter)
		if res := take(t, s, "a", 5, time.Minute); !res.Allowed {
			t.Errorf("after RetryAfter: got %+v", res)
		}
		if res := take(t, s, "a", 5, time.Minute); res.Allowed {
			t.Errorf("one more: got %+v", res)
		}
		time.Sleep(2 * time.Minute)
		if res := take(t, s, "a", 5, time.Minute); res.Remaining != 4 {
			t.Errorf("long after: got %+v", res)
		}
	})
}

// Clients that come at any times never get more than twice the limit in any stretch of time Per, get about the limit in the long run if they always ask, are let in after
// RetryAfter, and not a moment earlier.
func TestRatesAtAnyTimes(t *testing.T) {
	eachRates(t, func(t *testing.T, s RateStore) {
		for round := range 40 {
			rng := rand.New(rand.NewPCG(uint64(round), 1))
			limit, per := 1+rng.IntN(9), time.Duration(1+rng.IntN(5000))*time.Millisecond
			key := strconv.Itoa(round)
			var passed []time.Time
			begin := time.Now()
			for range 300 {
				time.Sleep(time.Duration(rng.Int64N(int64(per)/int64(limit) + 1)))
				res := take(t, s, key, limit, per)
				if !res.Allowed && rng.IntN(4) == 0 {
					if res.RetryAfter > time.Millisecond {
						time.Sleep(res.RetryAfter - time.Millisecond/2)
						if early := take(t, s, key, limit, per); early.Allowed {
							t.Fatalf("limit %d per %v: let in %v early", limit, per, time.Millisecond/2)
						}
						time.Sleep(time.Millisecond / 2)
					} else {
						time.Sleep(res.RetryAfter)
					}
					if res = take(t, s, key, limit, per); !res.Allowed {
						t.Fatalf("limit %d per %v: not let in after RetryAfter: %+v", limit, per, res)
					}
				}
				if res.Allowed {
					passed = append(passed, time.Now())
				}
			}
			for i, first := range passed {
				n := 0
				for _, at := range passed[i:] {
					if at.Sub(first) < per {
						n++
					}
				}
				if n > 2*limit {
					t.Fatalf("limit %d per %v: %d passed", limit, per, n)
				}
			}
			if most := float64(limit) * (float64(time.Since(begin))/float64(per) + 1); float64(len(passed)) > most+1 {
				t.Fatalf("limit %d per %v: %d passed, at most %v should", limit, per, len(passed), most)
			}
		}
	})
}

func TestRatesTogether(t *testing.T) {
	eachRates(t, func(t *testing.T, s RateStore) {
		var wg sync.WaitGroup
		var passed atomic.Int64
		for range 100 {
			wg.Go(func() {
				if take(t, s, "a", 10, time.Minute).Allowed {
					passed.Add(1)
				}
			})
		}
		wg.Wait()
		_, shared := s.(*SharedRates)
		if n := passed.Load(); n > 10 || n < 10 && !shared {
			t.Errorf("%d of 100 passed, the limit is 10", n)
		}
	})
}

func TestMemoryRatesForgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := NewMemoryRates(1600)
		size := func() (n int) {
			for i := range m.shards {
				n += len(m.shards[i].fullAt)
			}
			return n
		}
		for i := range 10_000 {
			take(t, m, strconv.Itoa(i), 1, time.Second)
		}
		if n := size(); n > 1600 || n < 1500 {
			t.Errorf("got %d keys at once, the limit is 1600", n)
		}
		time.Sleep(2 * time.Second)
		for i := range 200 {
			take(t, m, "later"+strconv.Itoa(i), 1, time.Second)
		}
		if n := size(); n > 1600 {
			t.Errorf("got %d keys", n)
		}
		time.Sleep(time.Hour)
		for i := range 1600 {
			time.Sleep(2 * time.Second)
			take(t, m, "slow"+strconv.Itoa(i), 1, time.Second)
		}
		if n := size(); n > rateShards*101 {
			t.Errorf("got %d keys of which one is not full", n)
		}
	})
	mustPanic(t, "a million", func() { NewMemoryRates(-1) })
	mustPanic(t, "share", func() { NewSharedRates(nil) })
}

func TestRateLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := RateLimit(RateLimitConfig{Limit: 2, Per: 10 * time.Second, XHeaders: true})(hello)
		get := func(h http.Handler, addr string) *httptest.ResponseRecorder {
			r := httptest.NewRequest("GET", "/", nil)
			r.RemoteAddr = addr
			return serve(h, r)
		}
		for i, want := range []struct {
			status                  int
			remaining, reset, retry string
		}{{200, "1", "5", ""}, {200, "0", "10", ""}, {429, "0", "10", "5"}} {
			rec := get(h, "192.0.2.1:1000")
			g := rec.Header()
			if rec.Code != want.status || g.Get("RateLimit-Limit") != "2" || g.Get("RateLimit-Remaining") != want.remaining || g.Get("RateLimit-Reset") != want.reset || g.Get("Retry-After") != want.retry {
				t.Errorf("request %d: got %d %v", i+1, rec.Code, g)
			}
			if at := strconv.FormatInt(time.Now().Unix()+10, 10); i > 0 && (g.Get("X-RateLimit-Reset") != at || g.Get("X-RateLimit-Limit") != "2" || g.Get("X-RateLimit-Remaining") != "0") {
				t.Errorf("request %d: got %v", i+1, g)
			}
		}
		if rec := get(h, "192.0.2.1:2000"); rec.Code != 429 || rec.Body.String() != "Too Many Requests\n" {
			t.Errorf("another port: got %d", rec.Code)
		}
		if rec := get(h, "192.0.2.2:1000"); rec.Code != 200 {
			t.Errorf("another address: got %d", rec.Code)
		}
		time.Sleep(5 * time.Second)
		if rec := get(h, "192.0.2.1:1000"); rec.Code != 200 {
			t.Errorf("after Retry-After: got %d", rec.Code)
		}

		store := NewMemoryRates(0)
		a, b := RateLimit(RateLimitConfig{Limit: 1, Store: store, Name: "a"})(hello), RateLimit(RateLimitConfig{Limit: 1, Store: store, Name: "b"})(hello)
		both := RateLimit(RateLimitConfig{Limit: 1, Store: store, Name: "a"})(hello)
		for i, want := range []struct {
			h      http.Handler
			status int
		}{{a, 200}, {b, 200}, {a, 429}, {b, 429}, {both, 429}} {
			if rec := get(want.h, "192.0.2.1:1"); rec.Code != want.status {
				t.Errorf("%d: got %d, want %d", i, rec.Code, want.status)
			}
		}

		mux := http.NewServeMux()
		perRoute := RateLimit(RateLimitConfig{Limit: 1, PerRoute: true})
		mux.Handle("GET /a/{id}", perRoute(hello))
		mux.Handle("GET /b/{id}", perRoute(hello))
		for path, want := range map[string]int{"/a/1": 200, "/b/1": 200} {
			if rec := serve(mux, httptest.NewRequest("GET", path, nil)); rec.Code != want {
				t.Errorf("%s: got %d", path, rec.Code)
			}
			if rec := serve(mux, httptest.NewRequest("GET", path+"2", nil)); rec.Code != 429 && path == "/a/1" {
				t.Errorf("%s2, the same route: got %d", path, rec.Code)
			}
		}
	})
	mustPanic(t, "Limit 0", func() { RateLimit(RateLimitConfig{}) })
	mustPanic(t, "millisecond", func() { RateLimit(RateLimitConfig{Limit: 1, Per: 1}) })
}

func TestRateLimitStoreDown(t *testing.T) {
	var log strings.Builder
	c := newCounters()
	c.err = errors.New("redis down")
	for closed, want := range map[bool]int{false: 200, true: 503} {
		log.Reset()
		h := RateLimit(RateLimitConfig{Limit: 1, Store: NewSharedRates(c), FailClosed: closed, Logger: slog.New(slog.NewTextHandler(&log, nil))})(hello)
		if rec := serve(h, httptest.NewRequest("GET", "/", nil)); rec.Code != want || strings.Contains(rec.Body.String(), "redis") {
			t.Errorf("closed %v: got %d %q", closed, rec.Code, rec.Body)
		}
		if !strings.Contains(log.String(), "redis down") {
			t.Errorf("got %q", log.String())
		}
	}
}

func TestRateKeys(t *testing.T) {
	for addr, want := range map[string]string{
		"192.0.2.1:80": "addr:192.0.2.1", "192.0.2.1": "addr:192.0.2.1", "[::ffff:192.0.2.1]:80": "addr:192.0.2.1",
		"[2001:db8:1:2:3:4:5:6]:80": "addr:2001:db8:1:2::", "[2001:db8:1:2::9]:1": "addr:2001:db8:1:2::", "[fe80::1%eth0]:80": "addr:fe80::", "@": "addr:@", "": "addr:",
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = addr
		if got := KeyByAddr(r); got != want {
			t.Errorf("%s: got %s, want %s", addr, got, want)
		}
	}
	r := httptest.NewRequest("GET", "/", nil)
	r.RemoteAddr = "192.0.2.1:80"
	byHeader, byUser := KeyByHeader("X-Api-Key"), KeyByUser(func(u user) string { return u.Name })
	if byHeader(r) != "addr:192.0.2.1" || byUser(r) != "addr:192.0.2.1" {
		t.Error("nobody is not counted by the address")
	}
	r.Header.Set("X-Api-Key", "addr:192.0.2.1")
	if got := byHeader(r); got != "header:addr:192.0.2.1" {
		t.Errorf("got %s", got)
	}
	serve(BearerAuth(func(context.Context, string) (user, error) { return user{"Ada"}, nil })(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if got := byUser(r); got != "user:Ada" {
			t.Errorf("got %s", got)
		}
	})), func() *http.Request { r.Header.Set("Authorization", "Bearer x"); return r }())
	h := RateLimit(RateLimitConfig{Limit: 1, Key: func(*http.Request) string { return "" }})(hello)
	for range 3 {
		if rec := serve(h, r); rec.Code != 200 || rec.Header().Get("RateLimit-Limit") != "" {
			t.Errorf("without a key: got %d %v", rec.Code, rec.Header())
		}
	}
}

func BenchmarkMemoryRates(b *testing.B) {
	m := NewMemoryRates(0)
	keys := make([]string, 1024)
	for i := range keys {
		keys[i] = fmt.Sprint("addr:", i)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := m.Take(b.Context(), keys[i%1024], 1000, time.Minute); err != nil {
			b.Fatal(err)
		}
	}
}
