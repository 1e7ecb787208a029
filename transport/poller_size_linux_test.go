package transport

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/bennu-go/bennu/internal/frame"
	"github.com/bennu-go/bennu/pubsub"
)

// slim is a socket with the least of a session: a place in one topic, and an answer to everything.
type slim struct{ closed atomic.Int64 }

type slimSession struct {
	of     *slim
	member Member
}

var slimAnswer = NewFrame(frame.Text, []byte("answer"))

func (*slim) Name() string { return "slim" }
func (s *slim) Connect(context.Context, *ConnectRequest) (Session, error) {
	return &slimSession{of: s}, nil
}
func (s *slimSession) ID() string { return "" }
func (s *slimSession) Open(c Conn) {
	s.member.Conn = c
	c.Shard().Join("all", &s.member, nil)
	c.Write(slimAnswer)
}
func (s *slimSession) Receive(frame.Opcode, []byte) error {
	s.member.Conn.Write(slimAnswer)
	return nil
}
func (s *slimSession) Drain() {}
func (s *slimSession) Closed(error) {
	s.member.Conn.Shard().Leave(&s.member)
	s.of.closed.Add(1)
}

// onSlim serves a slim socket; dial gives clients that are nothing but descriptors, so that they cost no memory here.
func onSlim(t testing.TB, engine Engine, f func(h *harness, sock *slim, dial func() rawPeer)) {
	onSlimWith(t, WebSocketConfig{Engine: engine}, f)
}

// onSlimWith is onSlim with clients that offer compression.
func onSlimWith(t testing.TB, cfg WebSocketConfig, f func(h *harness, sock *slim, dial func() rawPeer)) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	sock := &slim{}
	addr := syscall.SockaddrInet4{Port: l.Addr().(*net.TCPAddr).Port, Addr: [4]byte{127, 0, 0, 1}}
	request := []byte("GET /websocket?vsn=2.0.0 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n")
	var buf [512]byte
	serveSocket(t, l, cfg, sock, func(h *harness) {
		f(h, sock, func() rawPeer {
			fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
			if err != nil {
				t.Fatal(err)
			}
			syscall.SetsockoptTimeval(fd, syscall.SOL_SOCKET, syscall.SO_RCVTIMEO, &syscall.Timeval{Sec: 20})
			if err := syscall.Connect(fd, &addr); err != nil {
				t.Fatal(err)
			}
			p := rawPeer(fd)
			p.write(t, request)
			for got := 0; !bytes.HasSuffix(buf[:got], slimAnswer); { // the answer to the upgrade, and Open's words
				n, err := syscall.Read(fd, buf[got:])
				if err == syscall.EINTR { // of a preemption; SO_RCVTIMEO keeps the kernel from going on by itself
					continue
				}
				if err != nil || n == 0 {
					t.Fatalf("upgrading: %v after %q", err, buf[:got])
				}
				got += n
			}
			return p
		})
	})
}

// rawPeer is a client's descriptor.
type rawPeer int

func (p rawPeer) write(t testing.TB, b []byte) {
	if n, err := syscall.Write(int(p), b); err != nil || n != len(b) {
		t.Fatalf("a client wrote %d of %d bytes: %v", n, len(b), err)
	}
}

func (p rawPeer) read(t testing.TB, buf []byte) {
	for len(buf) > 0 {
		n, err := syscall.Read(int(p), buf)
		if err == syscall.EINTR {
			continue
		}
		if err != nil || n == 0 {
			t.Fatalf("a client read %d bytes: %v", n, err)
		}
		buf = buf[n:]
	}
}

func heap() uint64 {
	runtime.GC() // twice, for what pools and finalizers hold on to
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc + m.StackInuse
}

// What an idle connection costs that has joined one topic, the clients in the same process being descriptors only: wsConn 96 bytes, the session 80,
// and its places in three lists, one of them by descriptor, with the room that slices grow into: measured 340 to 395, and no goroutine.
func TestAnIdleConnectionIsSmall(t *testing.T) {
	const n, budget = 2000, 450
	onSlim(t, EngineAuto, func(h *harness, sock *slim, dial func() rawPeer) {
		first := dial() // starts the poller
		heapBefore, goroutinesBefore := heap(), runtime.NumGoroutine()
		peers := make([]rawPeer, 0, n)
		for range n {
			peers = append(peers, dial())
		}
		heapAfter := heap() - uint64(cap(peers)*8)
		each := (int64(heapAfter) - int64(heapBefore)) / n
		t.Logf("%d bytes a connection", each)
		if each > budget && !raced {
			t.Errorf("%d bytes a connection, the budget is %d", each, budget)
		}
		if more := runtime.NumGoroutine() - goroutinesBefore; more > 20 {
			t.Errorf("%d more goroutines for %d connections", more, n)
		}

		// All are told; one half answers, the other is cut off.
		drained := make(chan struct{})
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		go func() { defer close(drained); h.env.Shards.Drain(ctx, h.env, nil, DrainConfig{}) }()
		peers = append(peers, first)
		buf := make([]byte, len(closeFrame(CloseRestart, "")))
		for i, p := range peers {
			p.read(t, buf)
			if !bytes.Equal(buf, closeFrame(CloseRestart, "")) {
				t.Fatalf("client %d got %q", i, buf)
			}
			if i%2 == 0 {
				p.write(t, clientClose(CloseRestart, ""))
			}
		}
		for answered := range 2 {
			for i := answered; i < len(peers); i += 2 {
				if n, err := syscall.Read(int(peers[i]), buf); n != 0 || err != nil {
					t.Fatalf("client %d got %d bytes and %v, want the end", i, n, err)
				}
				syscall.Close(int(peers[i]))
			}
			if answered == 0 {
				cancel()
				<-drained
				h.env.Shards.Abandon()
			}
		}
		await(t, "the end of all sessions", func() bool { return sock.closed.Load() == n+1 })
		h.nothingLeft()
		if left := int64(heap()) - int64(heapBefore); left > 512<<10 && !raced {
			t.Errorf("%d bytes are left of %d connections", left, n)
		}
	})
}

// Receiving and answering allocates nothing, nor does a ping.
func TestAnsweringAllocatesNothing(t *testing.T) {
	if raced {
		t.Log("bounds are off: the race detector allocates")
	}
	for name, engine := range map[string]Engine{"portable": EnginePortable, "poller": EngineAuto} {
		onSlim(t, engine, func(h *harness, _ *slim, dial func() rawPeer) {
			p := dial()
			heartbeat := fromClient(frame.Text, true, `[null,"1","phoenix","heartbeat",{}]`)
			ping := fromClient(frame.Ping, true, "ping")
			buf := make([]byte, len(slimAnswer))
			pong := make([]byte, 2+len("ping"))
			for what, f := range map[string]func(){
				"a message": func() { p.write(t, heartbeat); p.read(t, buf) },
				"a ping":    func() { p.write(t, ping); p.read(t, pong) },
			} {
				if n := testing.AllocsPerRun(300, f); n > 0 && !raced {
					t.Errorf("%s: %s takes %v allocations, want none", name, what, n)
				}
			}
			syscall.Close(int(p))
		})
	}
}

// A fan-out allocates for the message, not for those who get it, and compresses it once.
func TestAFanOutAllocatesOnce(t *testing.T) {
	for mode, cfg := range map[string]WebSocketConfig{"plain": {}, "deflate": {Compress: Compression{Enabled: true}}} {
		allocs := make(map[int]float64)
		for _, n := range []int{10, 1000} {
			allocs[n] = fanOutAllocs(t, cfg, n)
		}
		t.Logf("%s: %v allocations for 10 members, %v for 1,000", mode, allocs[10], allocs[1000])
		if allocs[1000] > allocs[10]+4 && !raced {
			t.Errorf("%s: a fan-out to 1,000 takes %v allocations, one to 10 takes %v", mode, allocs[1000], allocs[10])
		}
	}
}

func fanOutAllocs(t *testing.T, cfg WebSocketConfig, n int) (allocs float64) {
	onSlimWith(t, cfg, func(h *harness, _ *slim, dial func() rawPeer) {
		var peers []rawPeer
		for range n {
			peers = append(peers, dial())
		}
		var last atomic.Int64
		done := make(chan struct{}, 1)
		passed := func() {
			if last.Add(-1) == 0 {
				done <- struct{}{}
			}
		}
		payload := fmt.Appendf(nil, `{"n":"%s"}`, strings.Repeat("n", 1000))
		allocs = testing.AllocsPerRun(50, func() {
			m, _ := pubsub.NewEvent("all", "e", payload)
			h.env.PubSub.Broadcast(m, nil)
			last.Store(int64(len(h.env.Shards.all)))
			for _, s := range h.env.Shards.all {
				s.PostFunc(passed)
			}
			<-done
		})
		for _, p := range peers {
			syscall.Close(int(p))
		}
	})
	return allocs
}

// Messages that are compressed both ways leave nothing behind either.
func TestAnsweringCompressedAllocatesNothing(t *testing.T) {
	for name, engine := range map[string]Engine{"portable": EnginePortable, "poller": EngineAuto} {
		onSlimWith(t, WebSocketConfig{Engine: engine, Compress: Compression{Enabled: true, Threshold: -1}}, func(h *harness, _ *slim, dial func() rawPeer) {
			p := dial()
			message := deflatedFromClient(frame.Text, `[null,"1","phoenix","heartbeat",{}]`)
			buf := make([]byte, len(slimAnswer)) // six bytes do not become fewer
			if n := testing.AllocsPerRun(300, func() { p.write(t, message); p.read(t, buf) }); n > 0 && !raced {
				t.Errorf("%s: a compressed message and its answer take %v allocations, want none", name, n)
			}
			syscall.Close(int(p))
		})
	}
}

func BenchmarkAnswer(b *testing.B) {
	for name, engine := range map[string]Engine{"portable": EnginePortable, "poller": EngineAuto} {
		b.Run("engine="+name, func(b *testing.B) {
			onSlim(b, engine, func(h *harness, _ *slim, dial func() rawPeer) {
				p := dial()
				heartbeat := fromClient(frame.Text, true, `[null,"1","phoenix","heartbeat",{}]`)
				buf := make([]byte, len(slimAnswer))
				b.ReportAllocs()
				for b.Loop() {
					p.write(b, heartbeat)
					p.read(b, buf)
				}
				syscall.Close(int(p))
			})
		})
	}
}

// Every member gets one message an iteration and reads it.
func BenchmarkFanOut(b *testing.B) {
	for _, n := range []int{100, 1000} {
		for name, engine := range map[string]Engine{"portable": EnginePortable, "poller": EngineAuto} {
			b.Run("engine="+name+"/members="+strconv.Itoa(n), func(b *testing.B) {
				fanOut(b, WebSocketConfig{Engine: engine}, n, fmt.Appendf(nil, `{"x":"%s"}`, strings.Repeat("x", 100)))
			})
		}
	}
}

// A broadcast of 1 KB of JSON to 1,000 clients, with compression and without: the difference is one deflate, and the bytes that are written.
func BenchmarkFanOutOfAKilobyte(b *testing.B) {
	payload := []byte(`{"joins":{`)
	for i := 0; len(payload) < 1000; i++ {
		payload = fmt.Appendf(payload, `"user:%d":{"metas":[{"phx_ref":"F%dx%d","online_at":"%d"}]},`, i*7919, i*31, i*1237, 1700000000+i*977)
	}
	payload = append(payload[:len(payload)-1], "}}"...)
	for name, cfg := range map[string]WebSocketConfig{"plain": {}, "deflate": {Compress: Compression{Enabled: true}}} {
		b.Run("frames="+name, func(b *testing.B) { fanOut(b, cfg, 1000, payload) })
	}
}

func fanOut(b *testing.B, cfg WebSocketConfig, members int, payload []byte) {
	onSlimWith(b, cfg, func(h *harness, _ *slim, dial func() rawPeer) {
		var peers []rawPeer
		for range members {
			peers = append(peers, dial())
		}
		var c Conn = h.env.Shards.all[0].conns.all[0]
		m, _ := pubsub.NewEvent("all", "e", payload)
		f, _ := compressionOf(c).frame(m, c.Serializer())
		buf := make([]byte, f.Len())
		b.ReportAllocs()
		for b.Loop() {
			m, _ := pubsub.NewEvent("all", "e", payload)
			h.env.PubSub.Broadcast(m, nil)
			for _, p := range peers {
				p.read(b, buf)
			}
		}
		b.ReportMetric(float64(len(buf)), "wire-B/member")
		for _, p := range peers {
			syscall.Close(int(p))
		}
	})
}
