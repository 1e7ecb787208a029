package plug

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"time"
)

// RateLimitConfig says how many requests pass [RateLimit]. Limit must be set.
type RateLimitConfig struct {
	// Limit is how many requests with one key pass in the time Per. So many may come at once.
	Limit int
	// Per is the time for Limit. Zero means a minute.
	Per time.Duration
	// Key that requests are counted by: KeyByAddr, KeyByUser, KeyByHeader or one's own. A request whose key is empty is not counted. Nil means KeyByAddr.
	Key func(r *http.Request) string
	// Name keeps limits with the same Store apart. Empty means that they count together.
	Name string
	// PerRoute counts each route (method and r.Pattern) by itself. Off by default.
	PerRoute bool
	// Store has the counts. Nil means a NewMemoryRates of this plug's own.
	Store RateStore
	// XHeaders adds X-RateLimit-Limit, -Remaining and -Reset, for clients that know these. Off by default.
	XHeaders bool
	// FailClosed answers 503 where the Store fails. Off by default: requests pass, and it is logged.
	FailClosed bool
	// Logger of failures of the Store. Nil means slog.Default().
	Logger *slog.Logger
}

// A RateStore counts requests. Its methods may be called from any goroutine.
type RateStore interface {
	// Take asks whether one more request with this key may pass, when limit may in the time per, and counts it if it may. The key is of any length and may hold any bytes.
	Take(ctx context.Context, key string, limit int, per time.Duration) (RateResult, error)
}

// RateResult is what a [RateStore] says.
type RateResult struct {
	Allowed    bool
	Remaining  int           // requests that could follow at once
	Reset      time.Duration // until all of the limit could
	RetryAfter time.Duration // until one could; zero where Allowed
}

// ErrRateLimited is what [RateLimit] refuses with: 429.
var ErrRateLimited error = &Error{Status: http.StatusTooManyRequests, Reason: "too many requests: wait as long as the header Retry-After says"}

// RateLimit refuses requests beyond a rate with 429 and Retry-After. All answers say where the client stands, in the headers RateLimit-Limit, RateLimit-Remaining and
// RateLimit-Reset (seconds). Phoenix has no such plug. It stands behind RewriteOn, or all clients of a proxy are one, and where routes or users count behind what finds these.
func RateLimit(cfg RateLimitConfig) Plug {
	if cfg.Per == 0 {
		cfg.Per = time.Minute
	}
	if cfg.Key == nil {
		cfg.Key = KeyByAddr
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	switch {
	case cfg.Limit <= 0:
		panic(fmt.Sprintf("plug: RateLimit: Limit %d: how many requests may pass in the time Per, at least 1", cfg.Limit))
	case cfg.Per < time.Millisecond || time.Duration(cfg.Limit) > cfg.Per:
		panic(fmt.Sprintf("plug: RateLimit: %d in %v: at least a millisecond, and a nanosecond each", cfg.Limit, cfg.Per))
	}
	if cfg.Store == nil {
		cfg.Store = NewMemoryRates(0)
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			key := cfg.Key(r)
			if key == "" {
				next.ServeHTTP(w, r)
				return
			}
			res, err := cfg.Store.Take(r.Context(), cfg.full(r, key), cfg.Limit, cfg.Per)
			if err != nil {
				cfg.Logger.ErrorContext(r.Context(), "rate limit not counted", "name", cfg.Name, "refused", cfg.FailClosed, "error", err.Error())
				if cfg.FailClosed {
					Refuse(w, r, &Error{Status: http.StatusServiceUnavailable, Reason: "rate limit not counted", Err: err})
					return
				}
				next.ServeHTTP(w, r)
				return
			}
			cfg.headers(w.Header(), res)
			if !res.Allowed {
				Refuse(w, r, ErrRateLimited)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// full is the key with what it is counted apart by. NUL is in no method, pattern or header.
func (c *RateLimitConfig) full(r *http.Request, key string) string {
	if c.PerRoute {
		return c.Name + "\x00" + r.Method + " " + r.Pattern + "\x00" + key
	}
	return c.Name + "\x00" + key
}

func (c *RateLimitConfig) headers(h http.Header, res RateResult) {
	limit, remaining, reset := strconv.Itoa(c.Limit), strconv.Itoa(max(res.Remaining, 0)), seconds(res.Reset)
	h.Set("Ratelimit-Limit", limit)
	h.Set("Ratelimit-Remaining", remaining)
	h.Set("Ratelimit-Reset", reset)
	if c.XHeaders {
		h.Set("X-Ratelimit-Limit", limit)
		h.Set("X-Ratelimit-Remaining", remaining)
		h.Set("X-Ratelimit-Reset", strconv.FormatInt(time.Now().Add(res.Reset).Unix(), 10))
	}
	if !res.Allowed {
		h.Set("Retry-After", seconds(max(res.RetryAfter, time.Second)))
	}
}

// seconds rounds up, so that who waits as long as it says has waited long enough.
func seconds(d time.Duration) string {
	return strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10)
}

// KeyByAddr is the client's address as r.RemoteAddr has it, of IPv6 the network /64 that one customer has.
func KeyByAddr(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return "addr:" + host
	}
	addr = addr.Unmap().WithZone("")
	if addr.Is6() {
		if network, err := addr.Prefix(64); err == nil {
			return "addr:" + network.Addr().String()
		}
	}
	return "addr:" + addr.String()
}

// KeyByUser makes a key of the current user, by what tells one from another. Requests of nobody are counted by their address.
func KeyByUser[U any](id func(u U) string) func(r *http.Request) string {
	return func(r *http.Request) string {
		if u, ok := CurrentUser[U](r); ok {
			return "user:" + id(u)
		}
		return KeyByAddr(r)
	}
}

// KeyByHeader makes a key of a header, that of an API key for example. Requests without it are counted by their address. It must be one that was checked before: whoever can
// choose it has as many limits as they like.
func KeyByHeader(name string) func(r *http.Request) string {
	return func(r *http.Request) string {
		if v := r.Header.Get(name); v != "" {
			return "header:" + v
		}
		return KeyByAddr(r)
	}
}
