package main

import (
	"bytes"
	"net/netip"
	"slices"
	"syscall"
	"testing"

	"github.com/bennu-go/bennu/bench/internal/phx"
)

// idleEpoll returns a server that does not run, with one open connection: the
// descriptor that the server writes to, and the client's end.
func idleEpoll(t *testing.T) (s *epollServer, fd, client int32) {
	t.Helper()
	s, err := listenEpoll(netip.MustParseAddrPort("127.0.0.1:0"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.release)
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(pair[1]) })
	fd = int32(pair[0])
	s.conns = make([]epollConn, fd+1)
	s.conns[fd].state = open
	if err := s.watch(fd, syscall.EPOLL_CTL_ADD, syscall.EPOLLIN); err != nil {
		t.Fatal(err)
	}
	return s, fd, int32(pair[1])
}

func TestEpollBoundsWhatIsNotRead(t *testing.T) {
	s, fd, _ := idleEpoll(t)
	frame := make([]byte, 10_000)
	kept := 0
	for s.send(fd, frame) {
		kept = len(s.pending[fd])
	}
	if kept <= maxPending-len(frame) || kept > maxPending {
		t.Errorf("got %d bytes kept, want at most %d and nearly that", kept, maxPending)
	}
	s.close(fd)
	if len(s.pending) > 0 || len(s.partial) > 0 || s.conns[fd].state != closed {
		t.Error("something is left of a closed connection")
	}
}

func TestEpollWritesTheRestInOrder(t *testing.T) {
	s, fd, client := idleEpoll(t)
	var want, got []byte
	for i := 0; len(s.pending[fd]) < maxPending/2; i++ {
		frame := bytes.Repeat([]byte{byte(i)}, 1000)
		want = append(want, frame...)
		if !s.send(fd, frame) {
			t.Fatalf("refused after %d bytes", len(want))
		}
	}
	b := make([]byte, 32<<10)
	for len(got) < len(want) {
		n, errno := read(client, b)
		if errno != 0 {
			t.Fatalf("nothing to read after %d bytes of %d: %v", len(got), len(want), errno)
		}
		got = append(got, b[:n]...)
		s.handle(fd, syscall.EPOLLOUT)
	}
	if !bytes.Equal(got, want) || len(s.pending) > 0 {
		t.Errorf("got %d bytes, %d pending, want %d in order and none", len(got), len(s.pending), len(want))
	}
}

// Members that have gone are dropped by the broadcast that finds out, and nobody
// is left out for it: not those who move up, nor those at either end.
func TestEpollShoutPastTheDead(t *testing.T) {
	for _, gone := range [][]int{{}, {0}, {1, 2}, {3}, {0, 1, 2}, {0, 3}, {0, 1, 2, 3}} {
		s, _, _ := idleEpoll(t)
		var fds, clients [4]int32
		for i := range fds {
			pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
			if err != nil {
				t.Fatal(err)
			}
			fds[i], clients[i] = int32(pair[0]), int32(pair[1])
			s.conns = append(s.conns, make([]epollConn, max(0, pair[0]+1-len(s.conns)))...)
			s.conns[pair[0]].state = open
			(&epollPeer{s, fds[i]}).Join([]byte(`"room:a"`), append(make([]byte, phx.Room), "in"...))
		}
		for _, i := range gone {
			syscall.Close(int(clients[i]))
		}
		// The last one shouts, and is closed by whoever reads it, if at all.
		alive := (&epollPeer{s, fds[3]}).Shout(append(make([]byte, phx.Room), "hello"...))
		if want := !slices.Contains(gone, 3); alive != want {
			t.Errorf("%v gone: the one who shouts is alive: %v, want %v", gone, alive, want)
		}
		for i := range fds {
			if slices.Contains(gone, i) {
				if i < 3 && s.conns[fds[i]].state != closed {
					t.Errorf("%v gone: %d is still open", gone, i)
				}
				continue
			}
			b := make([]byte, 100)
			if n, _ := read(clients[i], b); string(b[:max(n, 0)]) != "\x81\x02in\x81\x05hello" {
				t.Errorf("%v gone: %d got %q, want its reply and the frame once", gone, i, b[:max(n, 0)])
			}
			if r := s.conns[fds[i]].room; r == nil || r.members[s.conns[fds[i]].index] != fds[i] {
				t.Errorf("%v gone: %d is not where its entry says", gone, i)
			}
			syscall.Close(int(clients[i]))
		}
	}
}

// An event that is older than the connection must not harm it.
func TestEpollIgnoresStaleEvents(t *testing.T) {
	s, fd, _ := idleEpoll(t)
	s.handle(fd, syscall.EPOLLIN|syscall.EPOLLHUP|syscall.EPOLLERR)
	if s.conns[fd].state != open {
		t.Error("closed by the bits of an event, want only by what read says")
	}
	s.handle(fd+100, syscall.EPOLLIN)
}

// fakePeer is a joined connection in memory.
type fakePeer struct{ sent, shouted int }

func (p *fakePeer) send([]byte) bool      { p.sent++; return true }
func (p *fakePeer) Send([]byte) bool      { p.sent++; return true }
func (p *fakePeer) Joined() string        { return `"room:a"` }
func (p *fakePeer) Join(_, r []byte) bool { return p.Send(r) }
func (p *fakePeer) Leave()                {}
func (p *fakePeer) Shout([]byte) bool     { p.shouted++; return true }

func BenchmarkServe(b *testing.B) {
	for _, event := range []string{"echo", "shout"} {
		b.Run(event, func(b *testing.B) {
			p, out := new(fakePeer), make([]byte, 0, 512)
			raw := masked(1, `["1","2","room:a","`+event+`",{"pad":"`+string(bytes.Repeat([]byte("x"), 90))+`"}]`)
			in := make([]byte, len(raw))
			b.ReportAllocs()
			for b.Loop() {
				copy(in, raw)
				var alive bool
				if _, out, alive = serve(p, in, out); !alive {
					b.Fatal("the connection ended")
				}
			}
		})
	}
}

func TestServeAllocatesNothing(t *testing.T) {
	p, out := new(fakePeer), make([]byte, 0, 512)
	raw := append(masked(1, `["1","2","room:a","echo",{"a":1}]`), masked(1, `["1","3","room:a","shout",{"a":1}]`)...)
	in := make([]byte, len(raw))
	if n := testing.AllocsPerRun(100, func() {
		copy(in, raw)
		_, out, _ = serve(p, in, out)
	}); n > 0 && !race {
		t.Errorf("got %v allocations, want none", n)
	}
	if p.sent != 101 || p.shouted != 101 {
		t.Errorf("got %d replies and %d broadcasts, want 101 each", p.sent, p.shouted)
	}
}
