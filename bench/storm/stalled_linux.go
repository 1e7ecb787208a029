package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/bennu-go/bennu/bench/internal/counts"
	"github.com/bennu-go/bennu/bench/internal/ws"
	"github.com/bennu-go/bennu/bench/internal/wsconn"
)

const (
	stormRooms  = 10
	stormSize   = 10 << 10 // of a broadcast
	stormRounds = 160      // 1.6 MB for each client: more than its queue of 1 MiB, the kernel's 128 KiB and what is on its way hold together
	stormWindow = 4
	smallBuffer = 4 << 10          // a stalled client's SO_RCVBUF
	mostQueued  = 1<<20 + 64<<10   // that the server may keep for one client: MaxQueued and a message or two
	ownGarbage  = 16 << 20         // of the storm itself, until it is collected
	slowClients = "slow clients"   // the server's counter of clients that it has closed with 1013
	wakeLimit   = 20 * time.Second // for all that a stalled client is to read when it reads again
	leaveLimit  = 30 * time.Second // for the server to close those who do not read: CloseTimeout is 5 s
)

// dialSmall is for clients whose kernel takes little for them.
func dialSmall(addr netip.AddrPort) wsconn.Dialer {
	d := net.Dialer{KeepAlive: -1, Timeout: time.Minute, Control: func(_, _ string, c syscall.RawConn) (err error) {
		if cerr := c.Control(func(fd uintptr) {
			err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, smallBuffer)
		}); cerr != nil {
			return cerr
		}
		return err
	}}
	text := addr.String()
	return func(ctx context.Context) (net.Conn, error) { return d.DialContext(ctx, "tcp4", text) }
}

// stopReading is a storm of broadcasts during which a tenth of the members read no more. One half of them begins to read again when the server has given them up, and
// is to find 1013; the other does so when it has been cut off.
func (o options) stopReading(ctx context.Context, v *verdicts) error {
	few := max(o.n/10, 2)
	s, err := o.open(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	f := newFlock("storm", o.n-few, stormRooms, stormSize)
	defer f.leave()
	if err := f.gather(ctx, wsconn.DialTCP(o.addr), o.rate); err != nil {
		return err
	}
	if err := f.publish(ctx, stormWindow, stormWindow); err != nil { // what is made on first use is there now
		return err
	}
	if err := s.full(ctx, o, f, few); err != nil {
		return err
	}
	base, err := s.settled()
	if err != nil {
		return err
	}
	deaf := make([]*peer, few)
	defer func() {
		for _, p := range deaf {
			if p != nil && p.conn != nil {
				p.conn.NC.Close()
			}
		}
	}()
	small := dialSmall(o.addr)
	if err := paced(ctx, few, o.rate, func(i int) error {
		deaf[i] = newPeer(f, i)
		deaf[i].round = f.published
		return deaf[i].arrive(ctx, small)
	}); err != nil {
		return err
	}
	before, err := s.settled()
	if err != nil {
		return err
	}
	if err := s.forgetPeak(); err != nil {
		return err
	}

	polls := pollWhile(ctx, o, nil)
	beating, still := context.WithCancel(ctx)
	var beside sync.WaitGroup
	beside.Go(func() { f.beat(beating, 10*time.Second) })
	woken := make(chan wakened, 1)
	beside.Go(func() { woken <- s.wake(beating, deaf, base.descriptors+moreDescriptors) })
	began := time.Now()
	err = f.publish(ctx, stormRounds, stormWindow)
	took := time.Since(began)
	h := polls()
	var w wakened
	if err == nil {
		w = <-woken
	}
	still()
	beside.Wait()
	if err != nil {
		return err
	}
	peak, err := s.Peak()
	if err != nil {
		return err
	}
	c, err := s.counts()
	if err != nil {
		return err
	}
	if w.err != nil {
		return w.err
	}

	v.unharmed(f, "who read")
	v.that(f.complete == f.published, "who read: %d rounds of %d KB in %.1f s, each heard by all: %d deliveries", stormRounds, stormSize>>10, took.Seconds(), stormRounds*len(f.peers))
	v.that(c.Counters[counts.Fault+slowClients] == int64(few), "the server counts %d slow clients of %d that read no more", c.Counters[counts.Fault+slowClients], few)
	v.that(w.ends["1013"]+w.ends["eof"]+w.ends["reset"] == few, "they were closed with 1013 or cut off%s", listed(w.ends))
	v.that(w.ends["1013"] > 0, "who read again in time found 1013: %d", w.ends["1013"])
	v.that(w.astray == 0, "what they found when they read again was theirs, in order and without a gap: %d messages, %d not so", w.heard, w.astray)
	v.that(h.Failed == 0, "/health meanwhile: %d answers, p50 %.1f ms, p99 %.1f ms, slowest %.1f ms, %d failed", h.Answers, h.P50, h.P99, h.Slowest, h.Failed)
	bound := megabytes(before.resident) + float64(few*mostQueued+ownGarbage)/(1<<20)
	v.that(peak <= bound, "resident set: %.1f MB before the storm, %.1f MB at most; bound %.1f MB, which is 1,088 KB for each of them and 16 MB for the storm", megabytes(before.resident), peak, bound)
	v.faultless(c, slowClients)
	_, err = s.returned(ctx, v, base, "after the storm")
	return err
}

// wakened is what clients found that did not read for a while.
type wakened struct {
	heard  int // messages
	astray int // of those who found what was not to be there
	ends   map[string]int
	err    error
}

// wake has those who do not read do so again: every other when the server has given all of them up, the rest when it has let them go, and has but the rest of its
// descriptors.
func (s *site) wake(ctx context.Context, deaf []*peer, rest int) (w wakened) {
	w.ends = map[string]int{}
	var mu sync.Mutex
	var reading sync.WaitGroup
	read := func(from int) {
		for i := from; i < len(deaf); i += 2 {
			reading.Go(func() {
				heard, end, ok := deaf[i].catchUp()
				mu.Lock()
				defer mu.Unlock()
				w.heard += heard
				w.ends[end]++
				if !ok {
					w.astray++
				}
			})
		}
	}
	_, err := s.await(ctx, "all who do not read are given up", func(c counts.Counts) bool { return c.Counters[counts.Fault+slowClients] >= int64(len(deaf)) })
	if err == nil {
		read(0)
		err = s.awaitDescriptors(ctx, rest)
	}
	if err == nil {
		read(1)
	}
	reading.Wait()
	w.err = err
	return w
}

// awaitDescriptors waits until the server has no more than that.
func (s *site) awaitDescriptors(ctx context.Context, most int) error {
	for began := time.Now(); ; {
		st, err := s.Status()
		if err != nil || st.Descriptors <= most {
			return err
		}
		if time.Since(began) > leaveLimit {
			return fmt.Errorf("the server has %d descriptors %v after it has given up all who do not read, want %d at most", st.Descriptors, leaveLimit, most)
		}
		if !pause(ctx, pollEvery) {
			return context.Cause(ctx)
		}
	}
}

// catchUp reads until the end, and reports whether all was as it should be.
func (p *peer) catchUp() (heard int, end string, ok bool) {
	first := p.round
	p.conn.NC.SetReadDeadline(time.Now().Add(wakeLimit))
	for {
		op, payload, err := p.conn.Next()
		switch {
		case err != nil:
			return p.round - first, wsconn.Reason(err), true
		case op == ws.OpClose:
			return p.round - first, strconv.Itoa(p.conn.AnswerClose(payload)), true
		}
		rest, mine := bytes.CutPrefix(payload, p.head)
		if op != ws.OpText || !mine || !p.isNext(rest) {
			return p.round - first, fmt.Sprintf("opcode %d instead of round %d", op, p.round), false
		}
		p.round++
	}
}
