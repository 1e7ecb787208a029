package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bennu-go/bennu/bench/internal/counts"
	"github.com/bennu-go/bennu/bench/internal/wsconn"
)

const (
	headerTimeout = 10 * time.Second // the endpoint's, for the head of a request
	lorisPace     = time.Second      // between two bytes
	lorisLimit    = 30 * time.Second // to be cut off
	goodLimit     = time.Second      // for an echo of the others; what a busy machine takes is far below
)

// slowRequest is longer than anybody has the patience for.
var slowRequest = "GET /socket/websocket?vsn=2.0.0 HTTP/1.1\r\nHost: localhost\r\nX-Slow: " + strings.Repeat("z", 100)

// loris has half of the clients send the head of their upgrade byte by byte while the other half comes.
func (o options) loris(ctx context.Context, v *verdicts) error {
	few := o.n / 2
	s, err := o.open(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	dial := wsconn.DialTCP(o.addr)
	if err := s.crowded(ctx, dial, few, o.rate, func() error {
		f := goodOnes(o)
		defer f.leave()
		return f.gather(ctx, dial, o.rate)
	}); err != nil {
		return err
	}
	base, err := s.settled()
	if err != nil {
		return err
	}
	probing, stopProbes := context.WithCancel(ctx)
	defer stopProbes()
	probes, err := startProbes(probing, dial, probeCount, probeEvery)
	if err != nil {
		stopProbes()
		return errors.Join(err, probes.stop())
	}
	const before, onset, during, after = 0, 1, 2, 3
	if !pause(ctx, 2*time.Second) {
		return context.Cause(ctx)
	}
	probes.phase.Store(onset)
	slow := slowOnes{}
	var coming sync.WaitGroup
	var slowErr error
	coming.Go(func() { slowErr = paced(ctx, few, o.rate, func(int) error { return slow.one(ctx, dial) }) })
	defer coming.Wait()
	for slow.connected.Load() < int64(few) && slow.failed.Load() == 0 {
		if !pause(ctx, time.Millisecond) {
			return context.Cause(ctx)
		}
	}
	probes.phase.Store(during)
	f := goodOnes(o)
	defer f.leave()
	err = f.gather(ctx, dial, o.rate)
	beside := slow.cut.Load()
	for err == nil && slow.cut.Load() == 0 && slow.failed.Load() == 0 {
		err = f.echo(ctx)
	}
	probes.phase.Store(after)
	if err != nil {
		return err
	}
	coming.Wait()
	if slowErr != nil {
		return slowErr
	}
	stopProbes()
	if err := probes.stop(); err != nil {
		return fmt.Errorf("a probe was not served: %w", err)
	}
	c, err := s.counts()
	if err != nil {
		return err
	}
	slices.Sort(slow.took)
	first, last := slow.took[0], slow.took[len(slow.took)-1]
	v.that(first > headerTimeout*9/10 && last < headerTimeout*2, "%d slow upgrades, a byte a second: all cut off, the first after %.1f s, the last after %.1f s, time-out %v", len(slow.took), first.Seconds(),
		last.Seconds(), headerTimeout)
	sum := f.sum()
	v.that(sum.joins.Count == len(f.peers), "%d others came meanwhile (%d slow ones had gone by then): connect and join p50 %.1f ms, p99 %.1f ms", sum.joins.Count, beside, sum.joins.P50, sum.joins.P99)
	v.that(sum.echoes.Count > 0 && sum.echoes.P99 < millis(goodLimit), "their echoes: %d, p50 %.2f ms, p99 %.2f ms, limit %v", sum.echoes.Count, sum.echoes.P50, sum.echoes.P99, goodLimit)
	idle, busy := probes.of(before), probes.of(during)
	v.that(busy.Count > 0 && busy.P99 < millis(goodLimit), "echoes of clients that were there before: p99 %.2f ms of %d before the slow ones came, %.2f ms of %d meanwhile", idle.P99, idle.Count, busy.P99, busy.Count)
	v.unharmed(f, "the others")
	v.faultless(c)
	f.leave()
	_, err = s.returned(ctx, v, base, "when all are gone")
	return err
}

// crowded has as many connections there at once as there will be, and gone again, so that what the runtime and the server keep for good of so many
// (a goroutine that has ended leaves some 400 bytes for the next) is in the base.
func (s *site) crowded(ctx context.Context, dial wsconn.Dialer, n, rate int, meanwhile func() error) error {
	conns := make([]net.Conn, n)
	err := paced(ctx, n, rate, func(i int) (err error) {
		if conns[i], err = dial(ctx); err == nil {
			_, err = conns[i].Write([]byte("G"))
		}
		return err
	})
	if err == nil {
		_, err = s.await(ctx, "so many are there", func(c counts.Counts) bool { return c.Goroutines >= n })
	}
	if err == nil {
		err = meanwhile()
	}
	for _, nc := range conns {
		if nc != nil {
			nc.Close()
		}
	}
	if err == nil {
		_, err = s.await(ctx, "they are gone", func(c counts.Counts) bool { return c.WebSockets == 0 && c.Goroutines < max(n/10, 100) })
	}
	return err
}

// goodOnes are the others.
func goodOnes(o options) *flock { return newFlock("good", o.n-o.n/2, max(o.n/100, 1), 100) }

// slowOnes are what became of slow upgrades.
type slowOnes struct {
	connected, cut, failed atomic.Int64

	mu   sync.Mutex // guards the field below
	took []time.Duration
}

// one sends a byte a second until the server has had enough.
func (s *slowOnes) one(ctx context.Context, dial wsconn.Dialer) (err error) {
	defer func() {
		if err != nil {
			s.failed.Add(1)
		}
	}()
	nc, err := dial(ctx)
	if err != nil {
		return err
	}
	defer nc.Close()
	stop := context.AfterFunc(ctx, func() { nc.Close() })
	defer stop()
	began := time.Now()
	s.connected.Add(1)
	var answer [512]byte
	for i := range int(lorisLimit / lorisPace) {
		nc.Write([]byte{slowRequest[i]}) // that it fails is seen below
		nc.SetReadDeadline(began.Add(time.Duration(i+1) * lorisPace))
		for {
			_, err := nc.Read(answer[:])
			if err == nil {
				continue
			}
			if errors.Is(err, os.ErrDeadlineExceeded) {
				break
			}
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			s.cut.Add(1)
			s.mu.Lock()
			defer s.mu.Unlock()
			s.took = append(s.took, time.Since(began))
			return nil
		}
	}
	return fmt.Errorf("the server has waited for a slow head for %v", lorisLimit)
}
