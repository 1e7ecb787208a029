package main

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bennu-go/bennu/bench/internal/phx"
	"github.com/bennu-go/bennu/bench/internal/wsconn"
)

// probes send echoes, each on a connection and a topic of its own, one at a time and at a pace. What they measure goes to the phase that runs when
// the echo is sent.
type probes struct {
	phase   atomic.Int32
	every   time.Duration
	running sync.WaitGroup

	mu    sync.Mutex // guards the fields below
	took  map[int32][]time.Duration
	fault error
}

// startProbes connects n probes, and returns when all have joined. They run until ctx ends.
func startProbes(ctx context.Context, d wsconn.Dialer, n int, every time.Duration) (*probes, error) {
	p := &probes{every: every, took: map[int32][]time.Duration{}}
	for i := range n {
		conn, err := wsconn.Dial(ctx, d)
		if err != nil {
			return p, fmt.Errorf("probe %d: %w", i, err)
		}
		topic := strconv.Quote("room:probe-" + strconv.Itoa(i))
		if _, err := conn.Ask(wsconn.AppendMessage(nil, 1, 1, topic, phx.Join, "{}")); err != nil {
			conn.NC.Close()
			return p, fmt.Errorf("probe %d: joining: %w", i, err)
		}
		p.running.Go(func() { p.run(ctx, conn, topic) })
	}
	return p, nil
}

func (p *probes) run(ctx context.Context, conn *wsconn.Conn, topic string) {
	defer conn.NC.Close()
	stop := context.AfterFunc(ctx, func() { conn.NC.Close() })
	defer stop()
	const payload = `{"body":"0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567"}`
	took := map[int32][]time.Duration{}
	pace := time.NewTicker(p.every)
	defer pace.Stop()
	var fault error
	for ref := 2; fault == nil; ref++ {
		select {
		case <-pace.C:
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			break
		}
		phase, sent := p.phase.Load(), time.Now()
		_, err := conn.Ask(wsconn.AppendMessage(nil, 1, ref, topic, phx.Echo, payload))
		took[phase] = append(took[phase], time.Since(sent))
		if ctx.Err() == nil {
			fault = err
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for phase, t := range took {
		p.took[phase] = append(p.took[phase], t...)
	}
	if p.fault == nil {
		p.fault = fault
	}
}

// stop waits for the probes, whose context has ended, and returns what went wrong.
func (p *probes) stop() error {
	p.running.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.fault
}

// of returns what was measured in a phase. It is for after stop.
func (p *probes) of(phase int32) latency { return latencyOf(p.took[phase]) }

// latency sums up how long something took.
type latency struct {
	Count int     `json:"count"`
	P50   float64 `json:"p50_ms"`
	P99   float64 `json:"p99_ms"`
	Max   float64 `json:"max_ms"`
}

func latencyOf(took []time.Duration) latency {
	took = slices.Clone(took)
	slices.Sort(took)
	return latency{Count: len(took), P50: millis(quantile(took, 0.5)), P99: millis(quantile(took, 0.99)), Max: millis(quantile(took, 1))}
}

// quantile of a sorted list: the smallest value that so great a share is not above. Zero of an empty one.
func quantile(sorted []time.Duration, q float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[max(int(math.Ceil(q*float64(len(sorted))))-1, 0)]
}

// millis rounds to a thousandth of a millisecond.
func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func seconds(d time.Duration) float64 { return float64(d.Milliseconds()) / 1000 }
