package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/bennu-go/bennu/bench/internal/child"
	"github.com/bennu-go/bennu/bench/internal/counts"
	"github.com/bennu-go/bennu/bench/internal/wsconn"
)

const (
	stillRooms   = 20
	closeTimeout = 5 * time.Second  // the server's, for a client's side of the closing handshake
	noticeLimit  = 20 * time.Second // beyond both time-outs, on a busy machine
	between      = 500 * time.Millisecond
)

// halfOpen has a process with a fifth of the clients stopped: the kernel goes on for them, and nobody answers.
func (o options) halfOpen(ctx context.Context, v *verdicts) error {
	few := max(o.n/5, 1)
	s, err := o.open(ctx, "-timeout", o.idle.String())
	if err != nil {
		return err
	}
	defer s.close()
	f := newFlock("still", o.n-few, stillRooms, 200)
	defer f.leave()
	beating, still := context.WithCancel(ctx)
	var beside sync.WaitGroup
	defer beside.Wait()
	defer still()
	beside.Go(func() { f.beat(beating, o.idle/3) })
	if err := f.gather(ctx, wsconn.DialTCP(o.addr), o.rate); err != nil {
		return err
	}
	if err := f.publish(ctx, 2, 1); err != nil {
		return err
	}
	if err := s.full(ctx, o, f, few); err != nil {
		return err
	}
	base, err := s.settled()
	if err != nil {
		return err
	}

	self, err := os.Executable()
	if err != nil {
		return err
	}
	sleepers, err := child.Start(self, "-mode", "hold", "-n", strconv.Itoa(few), "-addr", o.addr.String(), "-rate", strconv.Itoa(o.rate), "-idle", o.idle.String(), "-timeout", o.timeout.String())
	if err != nil {
		return err
	}
	defer sleepers.Kill()
	if _, err := s.await(ctx, "those are joined who will vanish", func(c counts.Counts) bool { return c.Counters["joins ok"] >= int64(o.n+few) }); err != nil {
		return fmt.Errorf("%w; they say:\n%s", err, sleepers.Log.Tail())
	}
	if err := sleepers.Signal(syscall.SIGSTOP); err != nil {
		return err
	}
	began := time.Now()
	var c counts.Counts
	for {
		if err := f.publish(ctx, 1, 1); err != nil {
			return err
		}
		if c, err = s.counts(); err != nil {
			return err
		}
		if c.WebSockets <= len(f.peers) || time.Since(began) > o.idle+closeTimeout+noticeLimit {
			break
		}
		if !pause(ctx, between) {
			return context.Cause(ctx)
		}
	}
	took := time.Since(began)
	for range 2 {
		if err := f.publish(ctx, 1, 1); err != nil {
			return err
		}
	}
	v.that(c.WebSockets == len(f.peers), "%d clients that answer no more, with an idle time-out of %v: %d left after %.1f s, closed by the server with%s", few, o.idle, c.WebSockets-len(f.peers),
		took.Seconds(), listed(endsOf(c)))
	_, err = s.returned(ctx, v, base, "when they are gone")
	still()
	beside.Wait()
	v.unharmed(f, "the others")
	v.that(f.complete == f.published, "the others: %d rounds of broadcasts meanwhile, each heard by all", f.published)
	v.faultless(c)
	return err
}

// endsOf are the close codes of connections that have ended.
func endsOf(c counts.Counts) map[string]int {
	const prefix = "ends websocket "
	ends := map[string]int{}
	for name, n := range c.Counters {
		if len(name) > len(prefix) && name[:len(prefix)] == prefix {
			ends[name[len(prefix):]] = int(n)
		}
	}
	return ends
}

// hold is the process that half-open stops: clients that join the rooms and stay.
func (o options) hold(ctx context.Context) error {
	f := newFlock("still", o.n, stillRooms, 200)
	defer f.leave()
	if err := f.gather(ctx, wsconn.DialTCP(o.addr), o.rate); err != nil {
		return err
	}
	f.beat(ctx, o.idle/3)
	return nil
}
