package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bennu-go/bennu/bench/internal/phx"
	"github.com/bennu-go/bennu/bench/internal/wsconn"
)

const (
	maxRounds  = 4096             // of broadcasts that a flock can tell apart
	stuckAfter = 40 * time.Second // without one more broadcast that everybody has
	together   = 64               // echoes outstanding
)

// flock is clients that behave well while others do not. Each has one connection, which it never replaces, and knows to the byte what it is to get: in every
// round the first of each room shouts, and everybody hears the shouts of the own room, all of them, in order and nothing else.
type flock struct {
	name      string // of its rooms
	rooms     int
	fill      string // the end of every broadcast's text
	peers     []*peer
	reading   sync.WaitGroup
	leaving   atomic.Bool
	heard     [maxRounds]atomic.Int64
	whole     chan int // rounds that all have heard
	published int
	complete  int
	answered  chan struct{} // by each reply to an echo, of which a client has one at a time

	mu     sync.Mutex // guards the fields below
	joins  []time.Duration
	echoes []time.Duration
	beats  []time.Duration
	pongs  int
	ends   map[string]int
	strays map[string]int
}

// newFlock makes n clients in so many rooms; size is about the length of a broadcast's payload.
func newFlock(name string, n, rooms, size int) *flock {
	f := &flock{name: name, rooms: min(rooms, n), fill: strings.Repeat("x", size) + `"}`, whole: make(chan int, maxRounds), answered: make(chan struct{}, n),
		ends: map[string]int{}, strays: map[string]int{}}
	for i := range n {
		f.peers = append(f.peers, newPeer(f, i))
	}
	return f
}

// roomOf is the topic of a room, as a JSON string.
func roomOf(name string, room int) string {
	return strconv.Quote("room:" + name + "-" + strconv.Itoa(room))
}

// appendPayload appends the payload of a broadcast, without the fill.
func appendPayload(b []byte, room, round int) []byte {
	b = strconv.AppendInt(append(b, `{"room":`...), int64(room), 10)
	b = strconv.AppendInt(append(b, `,"round":`...), int64(round), 10)
	return append(b, `,"fill":"`...)
}

// gather connects and joins everybody, so many a second, and has them read.
func (f *flock) gather(ctx context.Context, d wsconn.Dialer, perSecond int) error {
	return paced(ctx, len(f.peers), perSecond, func(i int) error {
		p := f.peers[i]
		began := time.Now()
		if err := p.arrive(ctx, d); err != nil {
			return fmt.Errorf("client %d of %s: %w", i, f.name, err)
		}
		took := time.Since(began)
		f.mu.Lock()
		f.joins = append(f.joins, took)
		f.mu.Unlock()
		p.here.Store(true)
		f.reading.Go(p.read)
		return nil
	})
}

// paced calls f for 0 to n-1, each in a goroutine, so many a second, and waits for all.
func paced(ctx context.Context, n, perSecond int, f func(i int) error) error {
	var running sync.WaitGroup
	var mu sync.Mutex
	var errs []error
	began := time.Now()
	for i := range n {
		if d := time.Until(began.Add(time.Duration(i) * time.Second / time.Duration(perSecond))); d > time.Millisecond && !pause(ctx, d) {
			break
		}
		running.Go(func() {
			if err := f(i); err != nil {
				mu.Lock()
				defer mu.Unlock()
				errs = append(errs, err)
			}
		})
	}
	running.Wait()
	if len(errs) > 0 {
		return fmt.Errorf("%d of %d failed, the first: %w", len(errs), n, errs[0])
	}
	return context.Cause(ctx)
}

// publish has n rounds of broadcasts, of which at most window are on their way to somebody, and returns when everybody has them all. So nobody can be overrun who
// reads: there is never more than window messages for him.
func (f *flock) publish(ctx context.Context, n, window int) error {
	if f.published+n > maxRounds {
		return errors.New("a flock cannot tell so many broadcasts apart")
	}
	for range n {
		for room := range f.rooms {
			payload := appendPayload(nil, room, f.published)
			if err := f.peers[room].write(phx.Shout, string(payload)+f.fill); err != nil {
				return fmt.Errorf("shouting in %s: %w; connections have ended with %v", f.peers[room].topic, err, f.sum().ends)
			}
		}
		f.published++
		for f.published-f.complete > window {
			if err := f.next(ctx); err != nil {
				return err
			}
		}
	}
	for f.complete < f.published {
		if err := f.next(ctx); err != nil {
			return err
		}
	}
	return nil
}

// next waits for one more round that all have heard.
func (f *flock) next(ctx context.Context) error {
	late := time.NewTimer(stuckAfter)
	defer late.Stop()
	select {
	case <-f.whole:
		f.complete++
		return nil
	case <-late.C:
		return fmt.Errorf("broadcast %d has reached %d of %d clients of %s, and %v have passed; ends %v, strays %v", f.complete, f.heard[f.complete].Load(), len(f.peers), f.name, stuckAfter,
			f.sum().ends, f.sum().strays)
	case <-ctx.Done():
		return fmt.Errorf("broadcast %d has reached %d of %d clients of %s: %w", f.complete, f.heard[f.complete].Load(), len(f.peers), f.name, context.Cause(ctx))
	}
}

// heardRound notes that one more has heard a broadcast.
func (f *flock) heardRound(round int) {
	if f.heard[round].Add(1) == int64(len(f.peers)) {
		f.whole <- round
	}
}

// echo has everybody send one echo, 64 at a time, and waits for the replies.
func (f *flock) echo(ctx context.Context) error {
	out := 0
	for i := 0; i < len(f.peers) || out > 0; {
		if i < len(f.peers) && out < together {
			if err := f.peers[i].echo(i); err != nil {
				return fmt.Errorf("client %d of %s: %w", i, f.name, err)
			}
			i++
			out++
			continue
		}
		select {
		case <-f.answered:
			out--
		case <-ctx.Done():
			return fmt.Errorf("waiting for %d echoes of %s: %w", out, f.name, context.Cause(ctx))
		}
	}
	return nil
}

// beat has everybody who has joined send heartbeats, evenly over the interval, until ctx ends.
func (f *flock) beat(ctx context.Context, every time.Duration) {
	for began := time.Now(); ; began = began.Add(every) {
		for i, p := range f.peers {
			if d := time.Until(began.Add(every * time.Duration(i) / time.Duration(len(f.peers)))); d > time.Millisecond && !pause(ctx, d) {
				return
			}
			if ctx.Err() != nil {
				return
			}
			if p.here.Load() {
				p.heartbeat()
			}
		}
	}
}

// leave has all go, without a closing handshake, and waits for their ends. It may be called again.
func (f *flock) leave() {
	f.leaving.Store(true)
	for _, p := range f.peers {
		if p.conn != nil {
			p.conn.NC.Close()
		}
	}
	f.reading.Wait()
}

func (f *flock) count(g func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	g()
}

// stray notes a message that was not to come; its length tells a lot, its beginning most.
func (f *flock) stray(why string, text []byte) {
	f.count(func() { f.strays[why+" "+string(text[:min(len(text), 80)])]++ })
}

// sums are what a flock has seen.
type sums struct {
	joins, echoes, beats latency
	pongs                int
	ends, strays         map[string]int
}

func (f *flock) sum() sums {
	f.mu.Lock()
	defer f.mu.Unlock()
	return sums{latencyOf(f.joins), latencyOf(f.echoes), latencyOf(f.beats), f.pongs, maps.Clone(f.ends), maps.Clone(f.strays)}
}
