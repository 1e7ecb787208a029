package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"runtime"
	"time"

	"github.com/bennu-go/bennu/bench/internal/child"
	"github.com/bennu-go/bennu/bench/internal/counts"
	"github.com/bennu-go/bennu/bench/internal/wsconn"
	"github.com/bennu-go/bennu/bench/settle"
)

// What may differ between a base and a return to it.
const (
	moreMemory      = 0.15      // of the base,
	moreHeap        = 512 << 10 // but as much as this of a heap that is nearly empty,
	moreResident    = 2 << 20   // and of a resident set
	moreDescriptors = 3         // for who answers us
	returnLimit     = 45 * time.Second
	pollEvery       = 50 * time.Millisecond
)

// moreGoroutines are the workers that proc keeps idle, 16 for each CPU, and who answers us.
func moreGoroutines() int { return 16*runtime.GOMAXPROCS(0) + 8 }

// site is a server that is asked what it holds.
type site struct {
	*child.Process
	admin string
	hc    http.Client
}

// open starts a server that can be asked, with more arguments.
func (o options) open(ctx context.Context, args ...string) (*site, error) {
	if o.admin == "" {
		o.admin = netip.AddrPortFrom(o.addr.Addr(), o.addr.Port()+1).String()
	}
	o.args = append(args, "-churn", "-engine", o.engine)
	p, err := o.serve(ctx)
	if err != nil {
		return nil, err
	}
	return &site{Process: p, admin: o.admin, hc: http.Client{Timeout: 30 * time.Second}}, nil
}

func (s *site) close() {
	s.hc.CloseIdleConnections()
	s.Kill()
}

func (s *site) ask(path string, into any) error {
	resp, err := s.hc.Get("http://" + s.admin + path)
	if err != nil {
		return fmt.Errorf("asking the server: %w; it says:\n%s", err, s.Log.Tail())
	}
	defer resp.Body.Close()
	return json.NewDecoder(resp.Body).Decode(into)
}

func (s *site) counts() (c counts.Counts, err error) { return c, s.ask(counts.Path, &c) }

// await asks until f is true, and says how long that took.
func (s *site) await(ctx context.Context, what string, f func(counts.Counts) bool) (time.Duration, error) {
	for began := time.Now(); ; {
		c, err := s.counts()
		if err != nil {
			return 0, err
		}
		if f(c) {
			return time.Since(began), nil
		}
		if !pause(ctx, pollEvery) {
			return 0, fmt.Errorf("waiting until %s, with %+v: %w", what, c, context.Cause(ctx))
		}
	}
}

// held is what a server holds.
type held struct {
	counts.Counts
	resident    int64
	heap        uint64
	descriptors int
}

// settled looks after a collection of garbage.
func (s *site) settled() (h held, err error) {
	var stats runtime.MemStats
	if err := s.ask(settle.Path, &stats); err != nil {
		return h, err
	}
	h.heap = stats.HeapAlloc
	if h.Counts, err = s.counts(); err != nil {
		return h, err
	}
	st, err := s.Status()
	h.resident, h.descriptors = st.Resident, st.Descriptors
	return h, err
}

// full has so many more come to a flock's rooms, and go again, so that tables that grow and never shrink are in the base at the size that they will have.
func (s *site) full(ctx context.Context, o options, f *flock, more int) error {
	others := newFlock(f.name, more, f.rooms, 0)
	err := others.gather(ctx, wsconn.DialTCP(o.addr), o.rate)
	others.leave()
	if err == nil {
		_, err = s.await(ctx, "they are gone again", func(c counts.Counts) bool { return c.WebSockets == len(f.peers) && c.Processes <= len(f.peers)+1 })
	}
	return err
}

// forgetPeak has the largest resident set begin anew, where the kernel can.
func (s *site) forgetPeak() error {
	return os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", s.PID()), []byte("5"), 0)
}

// returned is what must be true when those who behaved badly are gone: what they took has come back.
func (s *site) returned(ctx context.Context, v *verdicts, base held, after string) (now held, err error) {
	began := time.Now()
	for {
		if now, err = s.settled(); err != nil {
			return now, err
		}
		if now.countsAsIn(base) && now.bytesAsIn(base) || time.Since(began) > returnLimit {
			break
		}
		if !pause(ctx, 500*time.Millisecond) {
			return now, context.Cause(ctx)
		}
	}
	v.that(now.countsAsIn(base), "%s the server holds what it held: WebSockets %d (%d), descriptors %d (%d), goroutines %d (%d), processes %d (%d), topics %d (%d), %.1f s later", after,
		now.WebSockets, base.WebSockets, now.descriptors, base.descriptors, now.Goroutines, base.Goroutines, now.Processes, base.Processes, now.Topics, base.Topics,
		time.Since(began).Seconds())
	v.that(now.bytesAsIn(base), "%s memory is back: heap %.2f MB (%.2f), resident %.2f MB (%.2f)", after,
		megabytes(now.heap), megabytes(base.heap), megabytes(now.resident), megabytes(base.resident))
	return now, nil
}

func (h held) countsAsIn(base held) bool {
	return h.WebSockets == base.WebSockets && h.Processes == base.Processes && h.Topics == base.Topics && h.Goroutines <= base.Goroutines+moreGoroutines() &&
		h.descriptors <= base.descriptors+moreDescriptors
}

func (h held) bytesAsIn(base held) bool {
	return float64(h.heap) <= float64(base.heap)+max(float64(base.heap)*moreMemory, moreHeap) &&
		float64(h.resident) <= float64(base.resident)+max(float64(base.resident)*moreMemory, moreResident)
}

func megabytes[T int64 | uint64](n T) float64 { return float64(n) / (1 << 20) }
