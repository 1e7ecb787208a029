package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bennu-go/bennu/bench/internal/counts"
	"github.com/bennu-go/bennu/bench/internal/wsconn"
)

const (
	moreIdlers   = 50 // than there are descriptors
	waiting      = 20 // clients that come when there are none
	goodTimes    = 10 // that the others are served meanwhile, at least a second in all
	acceptErrors = "accept errors"
	refused      = "refused" // by limits, which is as it should be here
)

// files is a server that may open no more files than there are clients: half of them are there when all of them come again, and then others take every descriptor by connecting and saying
// nothing.
func (o options) files(ctx context.Context, v *verdicts) error {
	o.openFiles = o.n // of which the server keeps some for others than clients
	s, err := o.open(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	dial := wsconn.DialTCP(o.addr)
	f := newFlock("there", o.n/2, max(o.n/100, 1), 100)
	defer f.leave()
	if err := f.gather(ctx, dial, o.rate); err != nil {
		return err
	}
	if err := f.good(ctx); err != nil {
		return err
	}
	// What is made on first use is in the base.
	if err := o.exhaust(ctx, s, f, &verdicts{out: io.Discard}); err != nil {
		return err
	}
	base, err := s.settled()
	if err != nil {
		return err
	}
	if err := o.exhaust(ctx, s, f, v); err != nil {
		return err
	}
	if err := f.good(ctx); err != nil {
		return err
	}
	c, err := s.counts()
	if err != nil {
		return err
	}
	v.unharmed(f, "who was there")
	v.that(f.complete == f.published, "who was there: %d echoes and %d rounds of broadcasts, all as they should be", f.sum().echoes.Count, f.published)
	v.faultless(c, acceptErrors, refused)
	_, err = s.returned(ctx, v, base, "when all are gone")
	return err
}

// good has everybody send an echo and hear broadcasts.
func (f *flock) good(ctx context.Context) error {
	if err := f.echo(ctx); err != nil {
		return err
	}
	return f.publish(ctx, 2, 1)
}

// exhaust has more clients come than there may be, and when they have left, more connections than there are descriptors.
func (o options) exhaust(ctx context.Context, s *site, f *flock, v *verdicts) error {
	dial := wsconn.DialTCP(o.addr)
	start, err := s.counts()
	if err != nil {
		return err
	}
	failed := start.Counters[counts.Fault+acceptErrors]

	// More than it may hold.
	n := newcomers{}
	if err := n.come(ctx, dial, o.n, o.rate); err != nil {
		return err
	}
	defer n.leave()
	other := o.n - len(n.in) - n.busy
	v.that(len(n.in) > 0 && n.busy > 0 && other == 0, "limit of open files %d, %d clients there, %d come: %d get in, %d are told 503, %d something else%s", o.openFiles, len(f.peers), o.n, len(n.in), n.busy, other,
		listed(n.why))
	after, err := o.askedBack(ctx)
	if err != nil {
		return err
	}
	v.that(after != "", "who is told 503 is told when to come again: Retry-After %s", after)
	if err := f.good(ctx); err != nil {
		return fmt.Errorf("who was there, with no place left: %w", err)
	}
	n.leave()
	if _, err := s.await(ctx, "the newcomers are gone", func(c counts.Counts) bool { return c.WebSockets == len(f.peers) }); err != nil {
		return err
	}
	now, err := s.Status()
	if err != nil {
		return err
	}

	// No descriptor is left.
	idlers := make([]net.Conn, o.openFiles-now.Descriptors+moreIdlers)
	free := func() {
		for _, nc := range idlers {
			if nc != nil {
				nc.Close()
			}
		}
	}
	defer free()
	if err := paced(ctx, len(idlers), o.rate, func(i int) (err error) { idlers[i], err = dial(ctx); return err }); err != nil {
		return err
	}
	if _, err := s.await(ctx, "the server cannot accept", func(c counts.Counts) bool { return c.Counters[counts.Fault+acceptErrors] > failed }); err != nil {
		return err
	}
	full, err := s.Status()
	if err != nil {
		return err
	}
	late := newcomers{}
	var coming sync.WaitGroup
	var lateErr error
	coming.Go(func() { lateErr = late.come(ctx, dial, waiting, o.rate) })
	defer coming.Wait()
	for range goodTimes {
		if err := f.good(ctx); err != nil {
			return fmt.Errorf("who was there, with no descriptor left: %w", err)
		}
		if !pause(ctx, time.Second/goodTimes) {
			return context.Cause(ctx)
		}
	}
	early := late.answered.Load()
	began := time.Now()
	free()
	coming.Wait()
	if lateErr != nil {
		return lateErr
	}
	defer late.leave()
	c, err := s.counts()
	if err != nil {
		return err
	}
	failed = c.Counters[counts.Fault+acceptErrors] - failed
	v.that(failed > 0, "%d connections that say nothing: %d descriptors of %d in use, accepting fails %d times", len(idlers), full.Descriptors, o.openFiles,
		failed)
	v.that(early == 0 && len(late.in) == waiting, "%d clients that come then: %d are answered at once, %d are in %.1f s after there are descriptors again%s", waiting, early, len(late.in), time.Since(began).Seconds(), listed(late.why))
	again := time.Now()
	err = askHealth(ctx, &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: healthLimit}, o.addr)
	v.that(err == nil, "/health answers again, after %.1f ms; error: %v", millis(time.Since(again)), err)
	late.leave()
	_, err = s.await(ctx, "they are gone", func(c counts.Counts) bool { return c.WebSockets == len(f.peers) })
	return err
}

// askedBack asks for an upgrade as a client that reads the head of the answer, and returns its Retry-After; empty if it is not 503.
func (o options) askedBack(ctx context.Context) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+o.addr.String()+"/socket/websocket?vsn=2.0.0", nil)
	if err != nil {
		return "", err
	}
	for name, value := range map[string]string{"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "c2l4dGVlbiBieXRlcyAxNg=="} {
		req.Header.Set(name, value)
	}
	hc := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: healthLimit}
	resp, err := hc.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	io.Copy(io.Discard, resp.Body)
	if resp.StatusCode != http.StatusServiceUnavailable {
		return "", nil
	}
	return resp.Header.Get("Retry-After"), nil
}

// newcomers are what became of clients that come when there may be no room.
type newcomers struct {
	answered atomic.Int64

	mu   sync.Mutex // guards the fields below
	in   []*wsconn.Conn
	busy int            // 503
	why  map[string]int // other failures
}

// come has so many upgrade, and says nothing of failures but to count them.
func (n *newcomers) come(ctx context.Context, dial wsconn.Dialer, many, rate int) error {
	n.why = map[string]int{}
	return paced(ctx, many, rate, func(int) error {
		conn, err := wsconn.Dial(ctx, dial)
		n.answered.Add(1)
		n.mu.Lock()
		defer n.mu.Unlock()
		switch {
		case err == nil:
			n.in = append(n.in, conn)
		case errors.Is(err, wsconn.StatusError(http.StatusServiceUnavailable)):
			n.busy++
		default:
			n.why[wsconn.Reason(err)]++
		}
		return nil
	})
}

func (n *newcomers) leave() {
	for _, conn := range n.in {
		conn.NC.Close()
	}
}
