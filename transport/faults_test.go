package transport

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bennu-go/bennu/internal/frame"
	"github.com/bennu-go/bennu/pubsub"
)

// onWays runs f with every way to serve connections.
func onWays(t *testing.T, cfg WebSocketConfig, f func(t *testing.T, h *harness, w *ward)) {
	t.Helper()
	for name, y := range ways {
		t.Run(name, func(t *testing.T) {
			y.onWard(t, cfg, func(h *harness, w *ward) { f(t, h, w) })
		})
	}
}

// A panic in the session costs its connection: it is told, Closed is called once, and a neighbour notices nothing.
func TestPanicsInTheSession(t *testing.T) {
	for _, tc := range []struct {
		in   string
		do   func(h *harness, p *peer)
		want string
	}{
		{"open", func(*harness, *peer) {}, "close 1011"},
		{"receive", func(_ *harness, p *peer) { p.say("panic") }, "close 1011"},
		{"closed", func(_ *harness, p *peer) { p.say("close") }, "close 4000 asked"},
		{"closed", func(_ *harness, p *peer) { p.nc.(interface{ CloseWrite() error }).CloseWrite() }, "end"},
		{"closed", func(h *harness, _ *peer) { h.of("x").due(h.env.System.Now() + time.Hour) }, "close 1001 idle"},
		{"closed", func(h *harness, _ *peer) { h.of("x").abandon() }, "end"},
		{"drain", func(h *harness, _ *peer) { h.of("x").drain() }, "close 1011"},
	} {
		t.Run(tc.in, func(t *testing.T) {
			onWays(t, WebSocketConfig{}, func(t *testing.T, h *harness, w *ward) {
				var others []*peer
				for range 4 { // on each shard
					p := h.connect("&id=other")
					p.want(`text "other|hello"`)
					others = append(others, p)
				}
				x := h.connect("&id=x&panics=" + tc.in)
				if tc.in != "open" {
					x.want(`text "x|hello"`)
				}
				tc.do(h, x)
				x.want(tc.want)
				if tc.want != "end" {
					x.write(clientClose(1000, ""))
					x.want("end")
				}
				x.nc.Close()
				<-w.session("x").gone
				for _, p := range others {
					p.say("echo still here")
					p.want(`text "other|still here"`)
					p.nc.Close()
				}
			})
		})
	}
}

// A client may be reset whatever its connection is doing.
func TestResetsInEveryState(t *testing.T) {
	big := []byte(`{"x":"` + strings.Repeat("x", 256<<10) + `"}`)
	for _, tc := range []struct {
		name string
		do   func(t *testing.T, h *harness, w *ward)
	}{
		{"before the answer to the upgrade is read", func(t *testing.T, h *harness, w *ward) {
			nc := h.dial()
			fmt.Fprintf(nc, "GET /websocket?vsn=2.0.0&id=x HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
			w.session("x")
			(&peer{nc: nc}).reset()
		}},
		{"before the shard has it", func(t *testing.T, h *harness, w *ward) {
			release := h.hold()
			defer release()
			p := h.connect("&id=x")
			p.say("echo never heard")
			p.reset()
		}},
		{"in the middle of a message", func(t *testing.T, h *harness, w *ward) {
			p := h.connect("&id=x")
			p.want(`text "x|hello"`)
			p.write(fromClient(frame.Text, true, "half")[:7])
			p.reset()
		}},
		{"while the server closes", func(t *testing.T, h *harness, w *ward) {
			p := h.connect("&id=x")
			p.want(`text "x|hello"`)
			p.say("close")
			p.want("close 4000 asked")
			p.reset()
		}},
		{"while more waits than the socket takes", func(t *testing.T, h *harness, w *ward) {
			p := h.connect("&id=x")
			p.want(`text "x|hello"`)
			c := w.session("x").conn.(*wsConn)
			for flushing := false; !flushing; {
				m, _ := pubsub.NewEvent("all", "e", big)
				h.env.PubSub.Broadcast(m, nil)
				passed := make(chan struct{})
				c.shard.PostFunc(func() { close(passed) })
				<-passed
				c.mu.Lock()
				flushing = c.out != nil && c.out.flushing
				c.mu.Unlock()
			}
			p.reset()
		}},
		{"while a closed connection flushes", func(t *testing.T, h *harness, w *ward) {
			p := h.connect("&id=x")
			p.want(`text "x|hello"`)
			s := w.session("x")
			for range 20 {
				s.conn.Write(NewFrame(frame.Text, big))
			}
			s.conn.Close(4000, "")
			p.reset()
		}},
		{"while it is abandoned", func(t *testing.T, h *harness, w *ward) {
			p := h.connect("&id=x")
			p.want(`text "x|hello"`)
			var wg sync.WaitGroup
			wg.Go(h.env.Shards.Abandon)
			wg.Go(p.reset)
			wg.Wait()
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			onWays(t, WebSocketConfig{MaxQueued: 64 << 20}, func(t *testing.T, h *harness, w *ward) {
				tc.do(t, h, w)
				<-w.session("x").gone
			})
		})
	}
}

// Closed never comes before Open has returned, whoever closes: what Open has joined, Closed can leave.
func TestClosedComesAfterOpen(t *testing.T) {
	onWays(t, WebSocketConfig{}, func(t *testing.T, h *harness, w *ward) {
		p := h.connect("&id=x&panics=opening")
		p.want("close 4000 while opening")
		p.write(clientClose(4000, ""))
		p.want("end")
		p.nc.Close()
		if err := <-w.session("x").gone; err != ErrClosed {
			t.Errorf("closed with %v, want %v", err, ErrClosed)
		}
	})
}

func TestWhatIsDoneAfterTheEndDoesNothing(t *testing.T) {
	onWays(t, WebSocketConfig{}, func(t *testing.T, h *harness, w *ward) {
		p := h.connect("&id=x")
		p.want(`text "x|hello"`)
		p.say("close")
		p.want("close 4000 asked") // once, and nothing of what was written behind it
		p.write(clientClose(4000, ""))
		p.want("end")
		p.nc.Close()
		s := w.session("x")
		if err := <-s.gone; err != ErrClosed {
			t.Errorf("closed with %v, want %v", err, ErrClosed)
		}
		c := s.conn.(*wsConn)
		await(t, "the end", func() bool { c.mu.Lock(); defer c.mu.Unlock(); return c.state == stateGone })
		c.Write(NewFrame(frame.Text, []byte("late")))
		m, _ := pubsub.NewEvent("all", "e", []byte(`{}`))
		f, _ := m.Frame(c.Serializer())
		b := &Batch{}
		b.Frames = append(b.Frames, f)
		c.Send(b)
		c.Close(4000, "")
		c.abandon()
		c.drain()
		c.finish()
		if c.mu.Lock(); c.fd != -1 || c.out.queued != 0 {
			t.Errorf("after the end: descriptor %d, %d bytes queued", c.fd, c.out.queued)
		}
		c.mu.Unlock()
	})
}

// Those who come between the list that Drain or Abandon goes by and the end are not forgotten.
func TestLateConnectionsAreAbandonedToo(t *testing.T) {
	onWays(t, WebSocketConfig{}, func(t *testing.T, h *harness, w *ward) {
		release := h.hold()
		p := h.connect("&id=x") // under the poller: not attached yet
		h.env.Shards.Abandon()
		release()
		for p.next() != "end" {
		}
		p.nc.Close()
		<-w.session("x").gone
		h.env.Shards.Accept()
		p = h.connect("&id=y")
		p.want(`text "y|hello"`)
		p.nc.Close()
	})
}

// The deadlines, asked for by hand: silence ends in a close, silence after that in the end.
func TestDeadlinesOfAConnection(t *testing.T) {
	onWays(t, WebSocketConfig{}, func(t *testing.T, h *harness, w *ward) {
		p := h.connect("&id=x")
		p.want(`text "x|hello"`)
		c := w.session("x").conn.(*wsConn)
		now := h.env.System.Now()
		if left := c.due(now - 5*c.ws.cfg.CloseTimeout); left <= c.ws.cfg.Timeout { // the time was taken before the last byte came
			t.Errorf("%v left, want more than %v", left, c.ws.cfg.Timeout)
		}
		if left := c.due(now); left <= 0 || left > c.ws.cfg.Timeout {
			t.Errorf("%v left for a client that was heard just now", left)
		}
		if left := c.due(now + 2*c.ws.cfg.Timeout); left != c.ws.cfg.CloseTimeout {
			t.Errorf("%v left for the closing handshake, want %v", left, c.ws.cfg.CloseTimeout)
		}
		p.want("close 1001 idle")
		p.say("echo too late")
		if left := c.due(h.env.System.Now()); left <= 0 || left > c.ws.cfg.CloseTimeout {
			t.Errorf("%v left for the closing handshake", left)
		}
		if left := c.due(now + 4*c.ws.cfg.Timeout); left != 0 {
			t.Errorf("%v left for a client that is cut off", left)
		}
		p.want("end")
		p.nc.Close()
		if err := <-w.session("x").gone; err != ErrIdle {
			t.Errorf("closed with %v, want %v", err, ErrIdle)
		}
	})
}

// One that never stops sending has its turn, not the shard; and what came in more than one turn is all there.
func TestAFloodLeavesRoomForOthers(t *testing.T) {
	const each, n = 256 << 10, 64
	onWays(t, WebSocketConfig{}, func(t *testing.T, h *harness, w *ward) {
		flood := h.connect("&id=flood")
		flood.want(`text "flood|hello"`)
		var others []*peer
		for range 2 {
			p := h.connect("&id=other")
			p.want(`text "other|hello"`)
			others = append(others, p)
		}
		release := h.hold()
		defer release()
		one := fromClient(frame.Binary, true, strings.Repeat("f", each))
		first := make(chan struct{})
		var wg sync.WaitGroup
		wg.Go(func() {
			for i := range n {
				if i == 1 {
					close(first)
				}
				flood.write(one)
			}
			flood.say("echo done")
		})
		<-first
		release()
		for i := range 50 {
			for _, p := range others {
				p.say(fmt.Sprint("echo ", i))
				p.want(fmt.Sprintf(`text "other|%d"`, i))
			}
		}
		flood.want(`text "flood|done"`)
		wg.Wait()
		if got := w.session("flood").receives.Load(); got != each*n+int64(len("echo done")) {
			t.Errorf("%d bytes were received, want %d", got, each*n)
		}
		for _, p := range append(others, flood) {
			p.nc.Close()
		}
	})
}

// Thousands of tiny answers to a client that does not read wait in few pieces.
func TestSmallMessagesWaitTogether(t *testing.T) {
	onWays(t, WebSocketConfig{MaxQueued: 32 << 20}, func(t *testing.T, h *harness, w *ward) {
		p := h.connect("&id=x")
		p.want(`text "x|hello"`)
		c := w.session("x").conn.(*wsConn)
		big := NewFrame(frame.Text, bytes.Repeat([]byte("b"), 8<<20))
		c.Write(big) // more than the sockets hold
		const n = 10_000
		for i := range n {
			c.Write(NewFrame(frame.Text, fmt.Append(nil, i)))
		}
		c.mu.Lock()
		pieces, queued := len(c.out.queue), c.out.queued
		c.mu.Unlock()
		if pieces > queued/maxOwn*2+4 || queued < n {
			t.Errorf("%d bytes wait in %d pieces", queued, pieces)
		}
		p.want("text of 8388608")
		for i := range n {
			p.want(fmt.Sprintf("text %q", fmt.Sprint(i)))
		}
		p.nc.Close()
	})
}

// A serializer or a Target that panics costs what it must, and the rest of the fan-out goes on.
func TestPanicsInAFanOut(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &ward{t: t}
	serveSocket(t, l, WebSocketConfig{}, w, func(h *harness) {
		w.env = &h.env
		h.dial = func() net.Conn { nc, _ := net.Dial("tcp", h.addr); return nc }
		var reports int
		h.env.Shards.all[0].env.report = func([]byte, any) { reports++ }
		var peers []*peer
		for i := range 6 {
			id := fmt.Sprint(i)
			p := h.connect("&id=" + id)
			p.want(fmt.Sprintf("text %q", id+"|hello"))
			peers = append(peers, p)
		}
		bad := w.session("2")
		sh := bad.conn.Shard()
		done := make(chan struct{})
		sh.PostFunc(func() { bad.all.Target = badTarget{}; close(done) })
		<-done
		m, _ := pubsub.NewEvent("all", "e", []byte(`{}`))
		h.env.PubSub.Broadcast(m, nil)
		for i, p := range peers {
			if i == 2 {
				p.want("close 1011")
			} else {
				p.want(`text "[null,null,\"all\",\"e\",{}]"`)
			}
			p.nc.Close()
		}
		h.env.Shards.Drain(context.Background(), h.env, nil, DrainConfig{})
		h.nothingLeft()
		if reports != 1 {
			t.Errorf("%d panics were reported, want 1", reports)
		}
	})
}

type badTarget struct{}

func (badTarget) Intercepts(*pubsub.Message) bool { panic("in Intercepts") }
func (badTarget) Intercepted(*pubsub.Message)     {}
