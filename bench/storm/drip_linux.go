package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/bennu-go/bennu/bench/internal/phx"
	"github.com/bennu-go/bennu/bench/internal/ws"
	"github.com/bennu-go/bennu/bench/internal/wsconn"
)

const dripWriters = 2

// drip has everybody send an echo and a ping byte by byte, where a byte of one comes between two of another: in one client of two the echo is a frame of some length with 16 bits of size,
// in the other it is two fragments with the ping between them.
func (o options) drip(ctx context.Context, v *verdicts) error {
	s, err := o.open(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	f := newFlock("drip", o.n, max(o.n/100, 1), 100)
	defer f.leave()
	if err := f.gather(ctx, wsconn.DialTCP(o.addr), o.rate); err != nil {
		return err
	}
	if err := f.echo(ctx); err != nil {
		return err
	}
	base, err := s.settled()
	if err != nil {
		return err
	}
	before := f.sum().echoes.Count
	texts, all := make([][]byte, len(f.peers)), 0
	for i, p := range f.peers {
		texts[i] = p.dripping(i)
		all += len(texts[i])
	}
	began := time.Now()
	var writing sync.WaitGroup
	for w := range dripWriters {
		writing.Go(func() { f.drip(ctx, texts, w) })
	}
	writing.Wait()
	took := time.Since(began)
	if err := f.settle(ctx, func(s sums) bool { return s.echoes.Count-before == len(f.peers) && s.pongs == len(f.peers) }); err != nil {
		return err
	}
	sum := f.sum()
	v.that(sum.echoes.Count-before == len(f.peers), "%d bytes one by one on %d connections in %.1f s: %d echoes right to the byte", all, len(f.peers), took.Seconds(), sum.echoes.Count-before)
	v.that(sum.pongs == len(f.peers), "pings of which the half came between two fragments: %d answered", sum.pongs)
	v.unharmed(f, "who drip")
	c, err := s.counts()
	if err != nil {
		return err
	}
	v.faultless(c)
	_, err = s.returned(ctx, v, base, "after it")
	return err
}

// drip writes the texts of every other client, from that one on, byte by byte.
func (f *flock) drip(ctx context.Context, texts [][]byte, from int) {
	for at, more := 0, true; more && ctx.Err() == nil; at++ {
		more = false
		for i := from; i < len(texts); i += dripWriters {
			if at < len(texts[i]) {
				more = true
				f.peers[i].conn.NC.Write(texts[i][at : at+1]) // a failure is the reader's to see
			}
		}
	}
}

// dripping returns frames of an echo and a ping.
func (p *peer) dripping(i int) []byte {
	key := [4]byte{byte(i), byte(i >> 8), 0x5a, 0xc3}
	pinging := ws.AppendMasked(nil, ws.OpPing, key, []byte(ping))
	if i/dripWriters%2 == 0 {
		text := p.text(fmt.Sprintf(`{"client":%d,"fill":%q}`, i, strings.Repeat("y", 100)))
		return append(ws.AppendMasked(nil, ws.OpText, key, text), pinging...)
	}
	text := p.text(fmt.Sprintf(`{"client":%d}`, i))
	first := ws.AppendMasked(nil, ws.OpText, key, text[:len(text)/2])
	first[0] &^= 0x80 // more follows
	rest := ws.AppendMasked(nil, 0, key, text[len(text)/2:])
	return append(append(first, pinging...), rest...)
}

// text is an echo without its frame.
func (p *peer) text(payload string) []byte {
	return fmt.Appendf(nil, `["1","%d",%s,%s,%s]`, p.ask(payload), p.topic, phx.Echo, payload)
}

// settle waits until f is true of what was seen, or nothing comes any more.
func (f *flock) settle(ctx context.Context, done func(sums) bool) error {
	for began := time.Now(); !done(f.sum()) && time.Since(began) < stuckAfter; {
		if !pause(ctx, pollEvery) {
			return context.Cause(ctx)
		}
	}
	return nil
}
