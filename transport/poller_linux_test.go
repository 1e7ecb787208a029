package transport

import (
	"bufio"
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/bennu-go/bennu/internal/frame"
)

// Plain TCP and TLS of our own are served under the poller, unless it is turned off.
func TestWhatIsUnderThePoller(t *testing.T) {
	for name, y := range ways {
		t.Run(name, func(t *testing.T) {
			y.onWard(t, WebSocketConfig{}, func(h *harness, w *ward) {
				p := h.connect("&id=x")
				p.want(`text "x|hello"`)
				c := w.session("x").conn.(*wsConn)
				_, want := polled[name]
				c.shard.mu.Lock()
				if got := c.polled() && c.shard.poller != nil; got != want {
					t.Errorf("under the poller: %v, want %v", got, want)
				}
				c.shard.mu.Unlock()
				p.nc.Close()
			})
		})
	}
}

// onPolled runs f with every way that is under the poller.
func onPolled(t *testing.T, cfg WebSocketConfig, f func(t *testing.T, h *harness, w *ward)) {
	t.Helper()
	for name, y := range polled {
		t.Run(name, func(t *testing.T) {
			y.onWard(t, cfg, func(h *harness, w *ward) { f(t, h, w) })
		})
	}
}

// A descriptor that epoll refuses costs that connection: its session is closed without having been opened, and the descriptor is not leaked.
func TestAttachingFails(t *testing.T) {
	way{}.onWard(t, WebSocketConfig{}, func(h *harness, w *ward) {
		other := h.connect("&id=other")
		other.want(`text "other|hello"`)
		ws := w.session("other").conn.(*wsConn).ws
		for i := range 2 * len(h.env.Shards.all) {
			file, err := os.Create(filepath.Join(t.TempDir(), "file")) // epoll takes no regular files
			if err != nil {
				t.Fatal(err)
			}
			fd, err := syscall.Dup(int(file.Fd()))
			if err != nil {
				t.Fatal(err)
			}
			s := &watched{ward: w, id: fmt.Sprint("file", i), gone: make(chan error, 1)}
			w.mu.Lock()
			w.all = append(w.all, s)
			w.mu.Unlock()
			a, b := net.Pipe()
			a.Close()
			b.Close()
			c := newWSConn(ws, s, ws.formats[0], b)
			c.nc, c.fd = nil, int32(fd)
			c.shard.PostFunc(func() { c.shard.attach(c, []byte("rest")) })
			if err := <-s.gone; err != ErrLost {
				t.Errorf("closed with %v, want %v", err, ErrLost)
			}
			passed := make(chan struct{})
			c.shard.PostFunc(func() { close(passed) })
			<-passed
			var st syscall.Stat_t
			if err := syscall.Fstat(fd, &st); err == nil && st.Mode&syscall.S_IFMT == syscall.S_IFREG {
				t.Error("the descriptor is still open")
			}
			if s.opened.Load() != 0 || c.fd != -1 {
				t.Errorf("opened %d times, descriptor %d", s.opened.Load(), c.fd)
			}
			file.Close()
		}
		other.say("echo fine")
		other.want(`text "other|fine"`)
		other.nc.Close()
	})
}

// What one turn leaves unread, and no event tells of any more, is read in the next ones.
func TestMoreThanOneTurnIsRead(t *testing.T) {
	way{}.onWard(t, WebSocketConfig{}, func(h *harness, w *ward) {
		other := h.connect("&id=other")
		other.want(`text "other|hello"`)
		oc := w.session("other").conn.(*wsConn)
		fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		const size = pollBuffer + pollBuffer/2 // with one read a turn, and nothing that comes later
		sent := append(fromClient(frame.Binary, true, strings.Repeat("b", size)), fromClient(frame.Text, true, "echo all")...)
		if n, err := syscall.Write(fds[1], sent); n != len(sent) {
			t.Fatal(n, err)
		}
		s := &watched{ward: w, id: "x", gone: make(chan error, 1)}
		w.mu.Lock()
		w.all = append(w.all, s)
		w.mu.Unlock()
		c := newWSConn(oc.ws, s, oc.ws.formats[0], &net.UnixConn{})
		c.shard, c.nc, c.fd = oc.shard, nil, int32(fds[0])
		c.shard.PostFunc(func() {
			c.shard.poller.reads = 1
			c.shard.attach(c, nil)
		})
		await(t, "all that was sent", func() bool { return s.receives.Load() == size+int64(len("echo all")) }) // without reading: that makes events
		file := os.NewFile(uintptr(fds[1]), "client")                                                          // nonblocking: with deadlines
		defer file.Close()
		file.SetDeadline(time.Now().Add(20 * time.Second))
		p := &peer{t: t, br: bufio.NewReader(file)}
		p.want(`text "x|hello"`, `text "x|all"`)
		file.Close()
		<-s.gone
		other.nc.Close()
	})
}

// Whoever posts while the shard falls asleep wakes it: a lost wake-up would hang this test.
func TestWakeUpsAreNotLost(t *testing.T) {
	way{}.onWard(t, WebSocketConfig{}, func(h *harness, w *ward) {
		p := h.connect("&id=x")
		p.want(`text "x|hello"`)
		s := w.session("x").conn.Shard()
		rounds := 20_000
		if raced {
			rounds = 3_000
		}
		for _, posters := range []int{1, 3} {
			var wg sync.WaitGroup
			var count atomic.Int64
			for range posters {
				wg.Go(func() {
					done := make(chan struct{})
					rnd := rand.New(rand.NewPCG(uint64(posters), 5))
					for range rounds {
						for range rnd.IntN(20_000) { // a moment, to meet the shard at every step towards its sleep
							runtime.KeepAlive(done)
						}
						s.PostFunc(func() { count.Add(1); done <- struct{}{} })
						<-done
					}
				})
			}
			finished := make(chan struct{})
			go func() { defer close(finished); wg.Wait() }()
			select {
			case <-finished:
			case <-time.After(20 * time.Second):
				t.Fatalf("stuck after %d of %d posts", count.Load(), posters*rounds)
			}
		}
		p.nc.Close()
	})
}

// The poller of a shard goes with its last connection and comes back with the next.
func TestThePollerComesAndGoes(t *testing.T) {
	before := descriptors(t)
	onPolled(t, WebSocketConfig{}, func(t *testing.T, h *harness, w *ward) {
		var wg sync.WaitGroup
		for i := range 4 {
			wg.Go(func() {
				for j := range 40 {
					id := fmt.Sprintf("%d.%d", i, j)
					p := h.connect("&id=" + id)
					p.want(fmt.Sprintf("text %q", id+"|hello"))
					p.write(clientClose(1000, ""))
					p.want("close 1000", "end")
					p.nc.Close()
				}
			})
		}
		wg.Wait()
	})
	await(t, "descriptors to be closed", func() bool { return descriptors(t) <= before })
}

// EPOLLOUT may come at any time.
func TestSpuriousWritability(t *testing.T) {
	onPolled(t, WebSocketConfig{MaxQueued: 64 << 20}, func(t *testing.T, h *harness, w *ward) {
		p := h.connect("&id=x")
		p.want(`text "x|hello"`)
		c := w.session("x").conn.(*wsConn)
		writable := func() {
			done := make(chan struct{})
			c.shard.PostFunc(func() { c.writable(); close(done) })
			<-done
		}
		writable() // nothing waits
		big := bytes.Repeat([]byte("b"), 8<<20)
		c.Write(NewFrame(frame.Text, big))
		for range 10 {
			writable() // the socket is full
		}
		c.Close(4000, "")
		writable()
		p.want("text of 8388608", "close 4000")
		writable()
		p.write(clientClose(4000, ""))
		p.want("end")
		p.nc.Close()
		<-w.session("x").gone
		writable() // the descriptor is closed
	})
}

// What a client that reads too slowly had begun to get stays whole, and the close frame follows it, wherever the socket was full.
func TestTheSlowClientsLastMessageIsWhole(t *testing.T) {
	for _, size := range []int{100, 4_001, 70_000, 3 << 20} {
		onPolled(t, WebSocketConfig{MaxQueued: 100_000, SendBuffer: 8 << 10}, func(t *testing.T, h *harness, w *ward) {
			p := h.connect("&id=x")
			p.want(`text "x|hello"`)
			s := w.session("x")
			n := 0
			for len(s.gone) == 0 {
				s.conn.Write(NewFrame(frame.Text, fmt.Appendf(nil, "%d %s", n, strings.Repeat("y", size))))
				n++
			}
			for i := 0; ; i++ {
				op, payload, err := p.read()
				if err != nil {
					t.Fatalf("ended without a close frame after %d messages of %d bytes: %v", i, size, err)
				}
				if op == frame.Close {
					if string(payload[2:]) != "too slow" {
						t.Errorf("closed with %q", payload)
					}
					break
				}
				if want := fmt.Sprintf("%d %s", i, strings.Repeat("y", size)); string(payload) != want {
					t.Fatalf("message %d of %d bytes is not whole", i, size)
				}
			}
			p.write(clientClose(1013, ""))
			p.nc.Close()
		})
	}
}

// A queue of many buffers of all sizes goes out as it is, however little the socket takes at a time.
func TestWritingAQueue(t *testing.T) {
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(fds[0])
	defer syscall.Close(fds[1])
	syscall.SetsockoptInt(fds[0], syscall.SOL_SOCKET, syscall.SO_SNDBUF, 4096)
	var q net.Buffers
	var want, got []byte
	for i := range 5*maxIovecs + 7 {
		b := bytes.Repeat([]byte{byte(i)}, i*37%2003) // among them empty ones
		q = append(q, b)
		want = append(want, b...)
	}
	buf := make([]byte, 777)
	written, full := 0, 0
	for len(q) > 0 || len(got) < len(want) {
		if len(q) > 0 {
			n, err := directWritev(fds[0], &q)
			if err != nil {
				t.Fatal(err)
			}
			if written += n; len(q) > 0 {
				full++
			}
		}
		n, err := syscall.Read(fds[1], buf)
		if err != nil {
			t.Fatalf("after %d of %d bytes: %v", len(got), len(want), err)
		}
		got = append(got, buf[:n]...)
	}
	if !bytes.Equal(got, want) || written != len(want) {
		t.Errorf("%d bytes were written and %d arrived, want %d, the same", written, len(got), len(want))
	}
	if full < 10 {
		t.Errorf("the socket was full %d times: nothing was shown", full)
	}
	q = net.Buffers{[]byte("x")}
	syscall.Shutdown(fds[1], syscall.SHUT_RD)
	if _, err := directWritev(fds[0], &q); err == nil {
		t.Error("writing to nobody succeeded")
	}
}

// A client that has new keys made again and again and reads none of the answers is cut off, before they fill the memory.
func TestUnreadAnswersOfTLSAreBounded(t *testing.T) {
	ways["TLS poller"].onWard(t, WebSocketConfig{SendBuffer: 8 << 10}, func(h *harness, w *ward) {
		c := handshake(t, h)
		p := c.peer(t, "&id=x")
		p.want(`text "x|hello"`)
		conn := h.of("x")
		nobody := fromClient(frame.Pong, true, "") // TLS ends a connection that has nothing but new keys
		most := 0
		for len(w.session("x").gone) == 0 {
			for range 50 {
				c.keyUpdate(true, 1)
				p.write(nobody)
			}
			conn.mu.Lock()
			if conn.nc != nil {
				most = max(most, len(conn.nc.under.unsent))
			}
			conn.mu.Unlock()
		}
		if most == 0 || most > maxUnsent {
			t.Errorf("%d bytes waited, want some, and %d at most", most, maxUnsent)
		}
		p.nc.Close()
	})
}

// The last of the answers that the socket did not take follow without anything that comes after them.
func TestTheLastAnswersOfTLSFollow(t *testing.T) {
	ways["TLS poller"].onWard(t, WebSocketConfig{SendBuffer: 8 << 10}, func(h *harness, w *ward) {
		c := handshake(t, h)
		p := c.peer(t, "&id=x")
		p.want(`text "x|hello"`)
		s, conn := w.session("x"), h.of("x")
		asked := 0
		for waits := false; !waits; {
			before := s.receives.Load()
			for range 50 {
				c.keyUpdate(true, 1)
				p.say("-") // TLS ends a connection that has nothing but new keys
				asked++
			}
			await(t, "50 messages", func() bool { return s.receives.Load() == before+50 })
			conn.mu.Lock()
			waits = len(conn.nc.under.unsent) > 0
			conn.mu.Unlock()
		}
		for c.keyUpdates < asked {
			if err := c.take(); err != nil {
				t.Fatalf("after %d of %d answers: %v", c.keyUpdates, asked, err)
			}
		}
		p.say("echo after")
		p.want(`text "x|after"`)
		p.nc.Close()
	})
}

// The last of a message may have been encrypted when the socket was full: it follows without anything that comes after it.
func TestTheLastOfAMessageFollows(t *testing.T) {
	for _, closed := range []bool{false, true} {
		ways["TLS poller"].onWard(t, WebSocketConfig{SendBuffer: 8 << 10}, func(h *harness, w *ward) {
			p := h.connect("&id=x")
			p.want(`text "x|hello"`)
			c := h.of("x")
			n := 0
			for waits := false; !waits; n++ {
				c.Write(NewFrame(frame.Text, bytes.Repeat([]byte("y"), 10_000)))
				c.mu.Lock()
				waits = len(c.nc.under.unsent) > 0
				if waits && c.out != nil && len(c.out.queue) > 0 {
					t.Errorf("%d pieces wait before encryption, too", len(c.out.queue))
				}
				c.mu.Unlock()
			}
			if closed {
				c.Close(4000, "")
			}
			for range n {
				p.want("text of 10000")
			}
			if closed {
				p.want("close 4000")
				p.write(clientClose(4000, ""))
				p.want("end")
			}
			p.nc.Close()
		})
	}
}
