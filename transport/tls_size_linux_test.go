package transport

import (
	"bytes"
	"crypto/tls"
	"net"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/bennu-go/bennu/internal/frame"
)

// onSlimTLS serves a slim socket over TLS under the poller.
func onSlimTLS(t testing.TB, f func(h *harness, sock *slim)) {
	l, dial := way{tls: true}.listen(t)
	sock := &slim{}
	serveSocket(t, l, WebSocketConfig{}, sock, func(h *harness) {
		h.dial = dial
		f(h, sock)
	})
}

// bare keeps nothing of a client but a descriptor.
func bare(t *testing.T, p *peer) int {
	t.Helper()
	raw, err := p.nc.(*tls.Conn).NetConn().(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	fd := -1
	if err := raw.Control(func(f uintptr) { fd, err = syscall.Dup(int(f)) }); err != nil || fd < 0 {
		t.Fatal(err)
	}
	p.tcp().Close()
	return fd
}

// What an idle connection over TLS costs that has joined one topic, after a heartbeat: measured 7.5 KB, nearly all of it crypto/tls's, and no
// goroutine. One that has sent much at once keeps crypto/tls's buffer for its largest record, 17 to 30 KB, for good.
func TestAnIdleTLSConnectionIsSmall(t *testing.T) {
	const n, budget = 500, 12 << 10
	onSlimTLS(t, func(h *harness, sock *slim) {
		idle := func() int {
			p := h.connect("")
			p.want(`text "answer"`)
			p.say(`[null,"1","phoenix","heartbeat",{}]`)
			p.want(`text "answer"`)
			return bare(t, p)
		}
		first := idle()
		heapBefore, goroutinesBefore := heap(), runtime.NumGoroutine()
		fds := make([]int, 0, n)
		for range n {
			fds = append(fds, idle())
		}
		each := (int64(heap()) - int64(heapBefore)) / n
		t.Logf("%d bytes a connection", each)
		if each > budget && !raced {
			t.Errorf("%d bytes a connection, the budget is %d", each, budget)
		}
		if more := runtime.NumGoroutine() - goroutinesBefore; more > 20 {
			t.Errorf("%d more goroutines for %d connections", more, n)
		}
		large := func() {
			p := h.connect("")
			p.want(`text "answer"`)
			p.nc.Write(bytes.Repeat(fromClient(frame.Pong, true, strings.Repeat("p", 100)), 2000))
			p.say("over")
			p.want(`text "answer"`)
			fds = append(fds, bare(t, p))
		}
		largeBefore := heap()
		for range 50 {
			large()
		}
		each = (int64(heap()) - int64(largeBefore)) / 50
		t.Logf("%d bytes a connection that has sent 200 KB at once", each)
		if each > budget+32<<10 && !raced {
			t.Errorf("%d bytes a connection that has sent 200 KB at once, the bound is %d", each, budget+32<<10)
		}
		for _, fd := range append(fds, first) {
			syscall.Close(fd)
		}
		await(t, "the end of all sessions", func() bool { return sock.closed.Load() == n+51 })
		h.nothingLeft()
		if left := int64(heap()) - int64(heapBefore); left > 512<<10 && !raced {
			t.Errorf("%d bytes are left of %d connections", left, n)
		}
	})
}

// Receiving and answering allocates nothing but the 24 bytes that crypto/tls takes whenever it asks for more: twice here, the second time in vain, and once at the client.
func TestAnsweringOverTLSAllocatesNothingOfOurs(t *testing.T) {
	if raced {
		t.Log("bounds are off: the race detector allocates")
	}
	onSlimTLS(t, func(h *harness, _ *slim) {
		p := h.connect("")
		p.want(`text "answer"`)
		buf := make([]byte, 64)
		for what, b := range map[string][]byte{"a message": fromClient(frame.Text, true, `[null,"1","phoenix","heartbeat",{}]`), "a ping": fromClient(frame.Ping, true, "ping")} {
			n := testing.AllocsPerRun(300, func() {
				p.nc.Write(b)
				if _, err := p.nc.Read(buf); err != nil {
					t.Fatal(err)
				}
			})
			if n > 3 && !raced {
				t.Errorf("%s takes %v allocations, want 3", what, n)
			}
		}
		p.nc.Close()
	})
}

func BenchmarkAnswerOverTLS(b *testing.B) {
	onSlimTLS(b, func(h *harness, _ *slim) {
		p := h.connect("")
		p.read()
		heartbeat := fromClient(frame.Text, true, `[null,"1","phoenix","heartbeat",{}]`)
		buf := make([]byte, 64)
		b.ReportAllocs()
		for b.Loop() {
			p.nc.Write(heartbeat)
			if _, err := p.nc.Read(buf); err != nil {
				b.Fatal(err)
			}
		}
		p.nc.Close()
	})
}
