package main

import (
	"context"
	"maps"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/bennu-go/bennu/bench/internal/wsconn"
)

// manners are how clients behave.
type manners struct {
	n        int           // clients
	life     time.Duration // of a session, on average
	every    time.Duration // between two actions of a session, on average
	gap      time.Duration // between two sessions of a client, on average
	timeout  time.Duration // of the server, without a byte
	longpoll int           // clients of a hundred that use long-polling
	silent   float64       // share of WebSocket sessions that end in silence
	rate     int           // clients that come in a second at first
}

// answerWithin is how long an answer may take on a machine that others use too.
const answerWithin = 30 * time.Second

// crowd is the clients and what they have counted.
type crowd struct {
	manners
	dial    func(i int) wsconn.Dialer
	poll    *poller
	running sync.WaitGroup

	mu    sync.Mutex // guards the field below
	tally map[string]int64
}

// fault begins the names of what was not asked for.
const fault = "fault: "

func newCrowd(m manners, dial func(i int) wsconn.Dialer, p *poller) *crowd {
	return &crowd{manners: m, dial: dial, poll: p, tally: map[string]int64{}}
}

func (c *crowd) count(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tally[what]++
}

func (c *crowd) fault(what string) { c.count(fault + what) }

func (c *crowd) counted() map[string]int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.tally)
}

// faults are all so far, by name.
func (c *crowd) faults() map[string]int64 {
	all := c.counted()
	maps.DeleteFunc(all, func(what string, _ int64) bool { return !strings.HasPrefix(what, fault) })
	return all
}

// run has all clients come and churn until ctx ends, and returns when the last has gone.
func (c *crowd) run(ctx context.Context) {
	began := time.Now()
	for i := range c.n {
		if d := time.Until(began.Add(time.Duration(i) * time.Second / time.Duration(c.rate))); d > time.Millisecond && !pause(ctx, d) {
			break
		}
		c.running.Go(func() { c.client(ctx, i) })
	}
	c.running.Wait()
	c.poll.close()
}

// client has one session after the other.
func (c *crowd) client(ctx context.Context, id int) {
	rng := rand.New(rand.NewPCG(uint64(id), 1))
	for ctx.Err() == nil {
		if id%100 < c.longpoll {
			c.pollSession(ctx, id, rng)
		} else {
			c.session(ctx, id, rng)
		}
		pause(ctx, about(rng, c.gap))
	}
}

// about is a time with that mean, as between events that know nothing of each other, cut at five times the mean.
func about(rng *rand.Rand, mean time.Duration) time.Duration {
	return min(time.Duration(rng.ExpFloat64()*float64(mean)), 5*mean)
}

// pause waits, and reports whether ctx let it.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

// cancelAfter is a context without a deadline that is cancelled after d. What looks at deadlines, as net.Dialer does, would fail a moment before the context
// has ended, and that would pass for the server's fault.
func cancelAfter(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	timer := time.AfterFunc(d, cancel)
	return ctx, func() {
		timer.Stop()
		cancel()
	}
}
