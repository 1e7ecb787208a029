package channel

import (
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/bennu-go/bennu/internal/wire"
)

// A Rate allows N messages in Per, and N at once. The zero Rate allows everything.
type Rate struct {
	N   int
	Per time.Duration // zero means a second
	By  Scope
}

// Scope says what a Rate counts by.
type Scope uint8

// The scopes. By default every joined topic of every client has its own count. Join, which every topic has once, needs one of the others.
const (
	PerChannel    Scope = iota
	PerConnection       // all channels of the same definition of one connection together
	PerUser             // all connections with the same id; of one without id, the connection
	PerTopic            // all clients of a topic on this node
)

// String returns the scope's name as telemetry shows it.
func (s Scope) String() string {
	return [...]string{"channel", "connection", "user", "topic"}[s]
}

func (r Rate) limiter() *rate.Limiter {
	per := r.Per
	if per <= 0 {
		per = time.Second
	}
	return rate.NewLimiter(rate.Every(per/time.Duration(r.N)), r.N)
}

// limiters are the limits of one channel or one connection, by handler.
type limiters map[*handler]*rate.Limiter

func (l *limiters) of(h *handler) *rate.Limiter {
	if *l == nil {
		*l = make(limiters)
	}
	lim := (*l)[h]
	if lim == nil {
		lim = h.rate.limiter()
		(*l)[h] = lim
	}
	return lim
}

// limits are those that clients share, in parts so that clients do not wait for each other. What has not been used for long enough to be full again is
// forgotten; and beyond maxLimits, since clients invent topics, any other: whoever it belongs to starts afresh.
type limits [limitParts]limitPart

const (
	limitParts = 16
	maxLimits  = 8192 // of one part
	sweepEvery = time.Minute
)

type limitPart struct {
	mu    sync.Mutex // guards the fields below
	m     map[limitKey]*rate.Limiter
	sweep time.Time
}

type limitKey struct {
	h   *handler
	key string
}

func (l *limits) allow(h *handler, key string) bool {
	hash := uint32(2166136261) // FNV-1a: the keys of one part may be found out, which costs no more than that part
	for i := range len(key) {
		hash = (hash ^ uint32(key[i])) * 16777619
	}
	return l[hash%limitParts].allow(h, key)
}

func (l *limitPart) allow(h *handler, key string) bool {
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.m == nil {
		l.m, l.sweep = make(map[limitKey]*rate.Limiter), now
	}
	if now.Sub(l.sweep) > sweepEvery {
		l.sweep = now
		for k, lim := range l.m {
			if lim.TokensAt(now) >= float64(lim.Burst()) {
				delete(l.m, k)
			}
		}
	}
	k := limitKey{h, key}
	lim := l.m[k]
	if lim == nil {
		if len(l.m) >= maxLimits {
			for other := range l.m {
				delete(l.m, other)
				break
			}
		}
		lim = h.rate.limiter()
		l.m[k] = lim
	}
	return lim.AllowN(now, 1)
}

func (c *core) allow(h *handler) bool {
	s := c.session
	switch h.rate.By {
	case PerTopic:
		return c.def.limits.allow(h, c.topic)
	case PerUser:
		if s.ID() != "" {
			return c.def.limits.allow(h, s.ID())
		}
		fallthrough
	case PerConnection:
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.rareLocked().handlers.of(h).Allow()
	}
	return c.more().limiters.of(h).Allow()
}

// sessionLimits bound what one connection sends.
type sessionLimits struct{ messages, joins *rate.Limiter }

func newSessionLimits(messages, joins Rate) *sessionLimits {
	l := &sessionLimits{}
	if messages.N > 0 {
		l.messages = messages.limiter()
	}
	if joins.N > 0 {
		l.joins = joins.limiter()
	}
	return l
}

// allow decides about one message. A heartbeat and a leave are always taken.
func (l *sessionLimits) allow(in *wire.Inbound) bool {
	switch string(in.Event) {
	case wire.EventLeave:
		return true
	case wire.EventJoin:
		if l.joins != nil && !l.joins.Allow() {
			return false
		}
	}
	return l.messages == nil || l.messages.Allow()
}
