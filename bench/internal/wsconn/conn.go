package wsconn

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strconv"
	"syscall"
	"time"

	"github.com/bennu-go/bennu/bench/internal/phx"
	"github.com/bennu-go/bennu/bench/internal/ws"
)

const (
	smallRead  = 512              // what a client reads into; it grows for longer messages
	maxMessage = 1 << 20          // longer ones end the connection
	closeWait  = 2 * time.Second  // for the server to close after the closing handshake
	dialLimit  = 60 * time.Second // about what browsers and kernels allow
)

// handshakeKey is the same for all clients: nothing between them and the server could confuse their answers.
const handshakeKey = "c2l4dGVlbiBieXRlcyAxNg=="

var (
	errTooLong   = errors.New("the server's message is too long")
	errHandshake = errors.New("the answer is no handshake")
	maskingKey   = [4]byte{0x5a, 0xc3, 0x0f, 0x96}
	acceptHeader = string(ws.AppendAccept([]byte("Sec-WebSocket-Accept: "), []byte(handshakeKey)))
)

// StatusError is an answer to the upgrade other than 101.
type StatusError int

func (e StatusError) Error() string { return "http " + strconv.Itoa(int(e)) }

// Conn is a WebSocket, seen by its client. One goroutine reads; any may write.
type Conn struct {
	NC  net.Conn // the TCP connection under it
	in  []byte   // what was read and not yet taken
	buf []byte   // what in is part of
}

// Dialer makes the connections of clients; tests have one in memory.
type Dialer func(ctx context.Context) (net.Conn, error)

func DialTCP(addr netip.AddrPort) Dialer {
	d := net.Dialer{KeepAlive: -1, Timeout: dialLimit}
	text := addr.String()
	return func(ctx context.Context) (net.Conn, error) { return d.DialContext(ctx, "tcp4", text) }
}

// Dial connects and upgrades.
func Dial(ctx context.Context, d Dialer) (*Conn, error) {
	nc, err := d(ctx)
	if err != nil {
		return nil, err
	}
	c := &Conn{NC: nc, buf: make([]byte, smallRead)}
	stop := context.AfterFunc(ctx, func() { nc.Close() })
	err = c.upgrade()
	if !stop() && err == nil { // it is closed, or about to be
		err = context.Cause(ctx)
	}
	if err != nil {
		nc.Close()
		return nil, err
	}
	return c, nil
}

func (c *Conn) upgrade() error {
	const request = "GET /socket/websocket?vsn=2.0.0 HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Key: " + handshakeKey + "\r\nSec-WebSocket-Version: 13\r\n\r\n"
	if _, err := io.WriteString(c.NC, request); err != nil {
		return err
	}
	for {
		if err := c.more(); err != nil {
			return err
		}
		head, rest, ok := bytes.Cut(c.in, []byte("\r\n\r\n"))
		if !ok {
			continue
		}
		const proto = "HTTP/1.1 "
		if len(head) < len(proto)+3 || string(head[:len(proto)]) != proto {
			return errHandshake
		}
		status, err := strconv.Atoi(string(head[len(proto) : len(proto)+3]))
		switch {
		case err != nil:
			return errHandshake
		case status != 101:
			return StatusError(status)
		case !bytes.Contains(head, []byte(acceptHeader)):
			return errHandshake
		}
		c.in = rest
		return nil
	}
}

// more reads at least one byte.
func (c *Conn) more() error {
	if len(c.in) == len(c.buf) { // full of one message that is not whole
		if len(c.buf) >= maxMessage {
			return errTooLong
		}
		c.buf = append(make([]byte, 0, 2*len(c.buf)), c.in...)
		c.buf = c.buf[:cap(c.buf)]
		c.in = c.buf[:len(c.in)]
	} else {
		c.in = c.buf[:copy(c.buf, c.in)]
	}
	n, err := c.NC.Read(c.buf[len(c.in):])
	c.in = c.buf[:len(c.in)+n]
	if n > 0 {
		return nil
	}
	return err
}

// Next returns one frame, which is valid until the next call. After a time-out it can be called again.
func (c *Conn) Next() (op byte, payload []byte, err error) {
	for {
		op, payload, n, err := parseFrame(c.in)
		if err != nil {
			return 0, nil, err
		}
		if n > 0 {
			c.in = c.in[n:]
			return op, payload, nil
		}
		if err := c.more(); err != nil {
			return 0, nil, err
		}
	}
}

// parseFrame reads a server's frame from the start of b and says how many bytes it took; none means that it is not whole.
func parseFrame(b []byte) (op byte, payload []byte, n int, err error) {
	if len(b) < 2 {
		return 0, nil, 0, nil
	}
	if b[0]&0xF0 != 0x80 || b[1]&0x80 != 0 {
		return 0, nil, 0, errors.New("the server's frame is fragmented, extended or masked")
	}
	size, at := uint64(b[1]), 2
	switch {
	case size == 126 && len(b) >= 4:
		size, at = uint64(binary.BigEndian.Uint16(b[2:])), 4
	case size == 127 && len(b) >= 10:
		size, at = binary.BigEndian.Uint64(b[2:]), 10
	case size >= 126:
		return 0, nil, 0, nil
	}
	if size > maxMessage {
		return 0, nil, 0, errTooLong
	}
	end := at + int(size)
	if len(b) < end {
		return 0, nil, 0, nil
	}
	return b[0] & 0x0F, b[at:end], end, nil
}

func (c *Conn) Write(op byte, payload []byte) error {
	_, err := c.NC.Write(ws.AppendMasked(nil, op, maskingKey, payload))
	return err
}

// Ask writes a message and reads its reply, which must be ok.
func (c *Conn) Ask(frame []byte) (payload []byte, err error) {
	if _, err := c.NC.Write(frame); err != nil {
		return nil, err
	}
	for {
		op, text, err := c.Next()
		switch {
		case err != nil:
			return nil, err
		case op == ws.OpClose:
			return nil, fmt.Errorf("closed with %d", c.AnswerClose(text))
		case op != ws.OpText:
			continue
		}
		m, err := phx.Parse(text)
		if err != nil {
			return nil, err
		}
		if status := StatusOf(m.Payload); status != "ok" {
			return nil, fmt.Errorf("got %q: %s", status, text)
		}
		return m.Payload, nil
	}
}

// AnswerClose finishes the closing handshake that the server began, and waits for it to close, as browsers do.
func (c *Conn) AnswerClose(payload []byte) (code int) {
	code = 1005
	if len(payload) >= 2 {
		code = int(binary.BigEndian.Uint16(payload))
		payload = payload[:2]
	}
	c.NC.SetDeadline(time.Now().Add(closeWait))
	if c.Write(ws.OpClose, payload) == nil {
		io.Copy(io.Discard, c.NC)
	}
	return code
}

// Reason names, in a word, why a connection failed.
func Reason(err error) string {
	var status StatusError
	switch {
	case errors.As(err, &status):
		return status.Error()
	case errors.Is(err, syscall.ECONNREFUSED):
		return "refused"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "reset"
	case errors.Is(err, io.EOF):
		return "eof"
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, syscall.ETIMEDOUT):
		return "timeout"
	}
	return err.Error()
}
