package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/bennu-go/bennu/bench/internal/wsconn"
)

// crowd is many clients and what happened to them.
//
// Lock order: a client's mutex, then the crowd's.
type crowd struct {
	dial      wsconn.Dialer
	heartbeat time.Duration
	clients   []*client
	running   sync.WaitGroup

	mu      sync.Mutex // guards the fields below, and epoch and back of each client
	epoch   int        // clients of this epoch are back
	since   time.Time
	present int
	changed chan struct{} // closed at the next change of what somebody may wait for
	tally   tally
}

// tally is what was counted in an epoch.
type tally struct {
	dials   map[string]int // by outcome: "open", or why not
	ends    map[string]int // of connections that were open: by close code, or error
	refused map[string]int // joins, by reason
	joins   []time.Duration
	beats   []time.Duration
	replies map[string]int // by status
	pushes  map[string]int // by event
	faults  map[string]int // messages that cannot be understood
}

func newTally() tally {
	return tally{dials: map[string]int{}, ends: map[string]int{}, refused: map[string]int{}, replies: map[string]int{}, pushes: map[string]int{}, faults: map[string]int{}}
}

// newCrowd makes n clients; topics names the channels of the i-th.
func newCrowd(d wsconn.Dialer, n int, topics func(i int) []string) *crowd {
	c := &crowd{dial: d, heartbeat: heartbeatInterval, epoch: 1, since: time.Now(), changed: make(chan struct{}), tally: newTally()}
	for i := range n {
		one := &client{crowd: c}
		for _, topic := range topics(i) {
			one.members = append(one.members, &member{topic: strconv.Quote(topic)})
		}
		c.clients = append(c.clients, one)
	}
	return c
}

// arrive starts the clients, so many a second, and returns when all have been started or ctx ends. They run until ctx ends: see leave.
func (c *crowd) arrive(ctx context.Context, perSecond int) {
	for i, one := range c.clients {
		if d := time.Until(c.since.Add(time.Duration(i) * time.Second / time.Duration(perSecond))); d > time.Millisecond && !pause(ctx, d) {
			return
		}
		c.running.Go(func() { one.run(ctx) })
	}
}

// leave waits for the clients when their context has ended.
func (c *crowd) leave() { c.running.Wait() }

// mark begins an epoch: nobody is back, nothing is counted.
func (c *crowd) mark() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.epoch++
	c.since, c.present, c.tally = time.Now(), 0, newTally()
}

// taken returns what was counted in this epoch, and begins to count anew.
func (c *crowd) taken() tally {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.tally
	c.tally = newTally()
	return t
}

// await waits until f, which is called with the mutex held, is true.
func (c *crowd) await(ctx context.Context, what string, f func() bool) error {
	for {
		c.mu.Lock()
		ok, changed, present := f(), c.changed, c.present
		c.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("waiting until %s, with %d of %d clients joined: %w", what, present, len(c.clients), context.Cause(ctx))
		}
	}
}

// allBack waits until all clients are back in this epoch, and returns how long each took, in order.
func (c *crowd) allBack(ctx context.Context) ([]time.Duration, error) {
	if err := c.await(ctx, "all are joined", func() bool { return c.present == len(c.clients) }); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	took := make([]time.Duration, 0, len(c.clients))
	for _, one := range c.clients {
		took = append(took, one.back)
	}
	slices.Sort(took)
	return took, nil
}

func (c *crowd) changedLocked() {
	close(c.changed)
	c.changed = make(chan struct{})
}

// in notes that a client has joined all its channels.
func (c *crowd) in(one *client) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if one.epoch == c.epoch {
		return
	}
	one.epoch, one.back = c.epoch, time.Since(c.since)
	if c.present++; c.present == len(c.clients) {
		c.changedLocked()
	}
}

// out notes that it has lost one.
func (c *crowd) out(one *client) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if one.epoch == c.epoch {
		one.epoch = 0
		c.present--
	}
}

func (c *crowd) count(f func(t *tally)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f(&c.tally)
}

func (c *crowd) dialled(err error) {
	outcome := "open"
	if err != nil {
		outcome = wsconn.Reason(err)
	}
	c.count(func(t *tally) { t.dials[outcome]++ })
}

func (c *crowd) ended(how string)         { c.count(func(t *tally) { t.ends[how]++ }) }
func (c *crowd) joinFailed(why string)    { c.count(func(t *tally) { t.refused[why]++ }) }
func (c *crowd) joinTook(d time.Duration) { c.count(func(t *tally) { t.joins = append(t.joins, d) }) }
func (c *crowd) beat(d time.Duration)     { c.count(func(t *tally) { t.beats = append(t.beats, d) }) }
func (c *crowd) unexpected(err error)     { c.count(func(t *tally) { t.faults[err.Error()]++ }) }

func (c *crowd) replied(status string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tally.replies[status]++
	c.changedLocked()
}

func (c *crowd) pushed(event string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tally.pushes[event]++
	c.changedLocked()
}
