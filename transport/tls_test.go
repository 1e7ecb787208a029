package transport

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"github.com/bennu-go/bennu/internal/frame"
)

// onTLS runs f with every way that has TLS.
func onTLS(t *testing.T, cfg WebSocketConfig, f func(t *testing.T, h *harness, w *ward)) {
	t.Helper()
	for name, y := range ways {
		if y.tls {
			t.Run(name, func(t *testing.T) {
				y.onWard(t, cfg, func(h *harness, w *ward) { f(t, h, w) })
			})
		}
	}
}

// New keys are taken and, where the client asks for it, made, between messages and in the middle of one, however the client cuts its records.
func TestNewKeys(t *testing.T) {
	onTLS(t, WebSocketConfig{}, func(t *testing.T, h *harness, w *ward) {
		c := handshake(t, h)
		p := c.peer(t, "&id=x")
		p.want(`text "x|hello"`)
		asked := 0
		for i := range 40 {
			request := i%2 == 0
			if request {
				asked++
			}
			message := fromClient(frame.Text, true, fmt.Sprint("echo ", i))
			p.write(message[:i%len(message)])
			c.keyUpdate(request, 1+i%5)
			p.write(message[i%len(message):])
			p.want(fmt.Sprintf("text %q", fmt.Sprint("x|", i)))
		}
		if c.keyUpdates != asked {
			t.Errorf("the server made new keys %d times, want %d", c.keyUpdates, asked)
		}
		p.nc.Close()
	})
}

// A client may ask for new keys while more waits for it than the socket takes: the answer waits its turn among the messages.
func TestNewKeysWhileMessagesWait(t *testing.T) {
	onTLS(t, WebSocketConfig{MaxQueued: 64 << 20, SendBuffer: 8 << 10}, func(t *testing.T, h *harness, w *ward) {
		c := handshake(t, h)
		p := c.peer(t, "&id=x")
		p.want(`text "x|hello"`)
		s := w.session("x")
		const n, size = 200, 50_000
		for i := range n {
			s.conn.Write(NewFrame(frame.Text, fmt.Appendf(nil, "%d %s", i, strings.Repeat("y", size))))
			if i%50 == 49 {
				c.keyUpdate(true, 1)
				p.say("echo after")
			}
		}
		for i, echoes := 0, 0; i < n || echoes < 4; {
			_, payload, err := p.read()
			if err != nil {
				t.Fatalf("after %d messages: %v", i, err)
			}
			if string(payload) == "x|after" {
				echoes++
				continue
			}
			if want := fmt.Sprintf("%d %s", i, strings.Repeat("y", size)); string(payload) != want {
				t.Fatalf("message %d is not whole", i)
			}
			i++
		}
		if c.keyUpdates != 4 {
			t.Errorf("the server made new keys %d times, want 4", c.keyUpdates)
		}
		p.nc.Close()
	})
}

// What the client sends in one record with the upgrade, of which net/http reads a part and of which no event tells, is not lost.
func TestWhatTLSHasDecryptedIsReplayed(t *testing.T) {
	onTLS(t, WebSocketConfig{}, func(t *testing.T, h *harness, w *ward) {
		c := handshake(t, h)
		var sent bytes.Buffer
		sent.WriteString("GET /websocket?vsn=2.0.0&id=x HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
		n := 0
		for ; sent.Len() < 16_000; n++ {
			sent.Write(fromClient(frame.Text, true, fmt.Sprint("echo ", n)))
		}
		c.record(tlsData, sent.Bytes())
		p := &peer{t: t, nc: c, br: bufio.NewReader(c)}
		if res, err := http.ReadResponse(p.br, nil); err != nil || res.StatusCode != 101 {
			t.Fatal(res, err)
		}
		p.want(`text "x|hello"`)
		for i := range n {
			p.want(fmt.Sprintf("text %q", fmt.Sprint("x|", i)))
		}
		p.nc.Close()
	})
}

// However TLS ends, or breaks, the session is told, and the client is, if it can be.
func TestEndsOfTLS(t *testing.T) {
	for _, tc := range []struct {
		name string
		do   func(c *hand)
		want error // the client's; nil: any
	}{
		{"close_notify", func(c *hand) { c.record(tlsAlert, []byte{1, 0}) }, io.EOF},
		{"close_notify behind half a message", func(c *hand) {
			c.Conn.Write(append(c.out.seal(tlsData, fromClient(frame.Text, true, "half")[:7]), c.out.seal(tlsAlert, []byte{1, 0})...))
		}, io.EOF},
		{"an alert", func(c *hand) { c.record(tlsAlert, []byte{2, 80}) }, nil},
		{"the end of TCP between records", func(c *hand) { c.Conn.(*net.TCPConn).CloseWrite() }, io.EOF},
		{"the end of TCP in a record", func(c *hand) {
			c.Conn.Write(c.out.seal(tlsData, []byte("x"))[:9])
			c.Conn.(*net.TCPConn).CloseWrite()
		}, nil},
		{"a record that does not open", func(c *hand) {
			b := c.out.seal(tlsData, []byte("x"))
			b[7] ^= 1
			c.Conn.Write(b)
		}, alerted(20)},
		{"a record that is too long", func(c *hand) { c.Conn.Write([]byte{tlsData, 3, 3, 255, 255}) }, alerted(22)},
		{"a record of no kind", func(c *hand) { c.record(99, []byte("x")) }, alerted(10)},
		{"a second handshake", func(c *hand) { c.record(tlsHandshake, []byte{1, 0, 0, 0}) }, nil},
		{"too many new keys in a row", func(c *hand) {
			for range 20 {
				c.keyUpdate(false, 1)
			}
		}, alerted(10)},
		{"too many empty records", func(c *hand) {
			for range 20 {
				c.record(tlsData, nil)
			}
		}, alerted(10)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			onTLS(t, WebSocketConfig{}, func(t *testing.T, h *harness, w *ward) {
				c := handshake(t, h)
				p := c.peer(t, "&id=x")
				p.want(`text "x|hello"`)
				other := h.connect("&id=other")
				other.want(`text "other|hello"`)
				tc.do(c)
				if err := <-w.session("x").gone; err != ErrLost {
					t.Errorf("closed with %v, want %v", err, ErrLost)
				}
				if _, err := c.Read(make([]byte, 1)); err == nil || tc.want != nil && !errors.Is(err, tc.want) {
					t.Errorf("the client's end is %v, want %v", err, tc.want)
				}
				other.say("echo still here")
				other.want(`text "other|still here"`)
				other.nc.Close()
				p.nc.Close()
			})
		})
	}
}

// Behind the closing handshake comes close_notify, so that the client knows that nothing was cut off.
func TestTheEndIsToldInTLS(t *testing.T) {
	onTLS(t, WebSocketConfig{}, func(t *testing.T, h *harness, w *ward) {
		c := handshake(t, h)
		p := c.peer(t, "&id=x")
		p.want(`text "x|hello"`)
		p.write(clientClose(1000, ""))
		p.want("close 1000")
		if _, _, err := p.read(); err != io.EOF {
			t.Errorf("the end is %v, want %v", err, io.EOF)
		}
		p.nc.Close()
	})
}

// What is under TLS without TLS, or is not TCP, is served on the portable path.
func TestUnderTLSWithoutTLS(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &ward{t: t}
	serveSocket(t, UnderTLS(l), WebSocketConfig{}, w, func(h *harness) {
		h.dial = way{}.dialTo(t, h.addr)
		p := h.connect("&id=x")
		p.want(`text "x|hello"`)
		p.say("echo plain")
		p.want(`text "x|plain"`)
		if w.session("x").conn.(*wsConn).polled() {
			t.Error("it is under the poller")
		}
		p.nc.Close()
	})
	pipes := &pipeNet{conns: make(chan net.Conn, 1), done: make(chan struct{})}
	a, b := net.Pipe()
	pipes.conns <- b
	if got, err := UnderTLS(pipes).Accept(); got != b || err != nil {
		t.Errorf("accepted %v and %v, want the pipe as it is", got, err)
	}
	a.Close()
	b.Close()
}

// The records are followed whatever the pieces are in which they come, and crypto/tls gets no more than one at a time.
func TestRecordsAreFollowed(t *testing.T) {
	var stream []byte
	for _, n := range []int{0, 1, 5, 4, 300, 0, 16_000, 1, 20_000, 2, 65_535, 7} {
		stream = append(append(stream, tlsData, 3, 3, byte(n>>8), byte(n)), make([]byte, n)...)
	}
	for _, pieces := range []int{1, 2, 3, 5, 6, 100, 16_384, len(stream)} {
		for _, room := range []int{1, 5, 512, 70_000} {
			u := &underTLS{}
			var got []byte
			for at := 0; at < len(stream); at += pieces {
				u.coming = stream[at:min(at+pieces, len(stream))]
				buf := make([]byte, room)
				for {
					began := u.left == 0 && u.have == 0
					n, err := u.Read(buf)
					if err == syscall.EAGAIN {
						break
					}
					if got = append(got, buf[:n]...); began && n > 5 && n > 5+length([5]byte(buf)) || n == 0 || err != nil {
						t.Fatalf("in pieces of %d, %d at a time: got %d bytes, %v, of a record of %d", pieces, room, n, err, length([5]byte(buf)))
					}
				}
			}
			if !bytes.Equal(got, stream) || u.left != 0 || u.have != 0 {
				t.Errorf("in pieces of %d, %d at a time: got %d of %d bytes; %d are left of a record, %d of a header", pieces, room, len(got), len(stream), u.left, u.have)
			}
		}
	}
}
