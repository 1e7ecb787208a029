package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/bennu-go/bennu/bench/internal/ws"
)

// start runs one kind of floor until the test ends.
func start(t *testing.T, kind string) server {
	t.Helper()
	srv, err := listen(kind, netip.MustParseAddrPort("127.0.0.1:0"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- srv.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	return srv
}

// client is a WebSocket client that fails its test instead of returning errors.
type client struct {
	t  *testing.T
	nc net.Conn
	in []byte
}

func dial(t *testing.T, srv server) *client {
	t.Helper()
	nc, err := net.Dial("tcp", srv.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	if err := nc.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return &client{t: t, nc: nc}
}

const upgradeRequest = "GET /socket/websocket?vsn=2.0.0 HTTP/1.1\r\nHost: floor\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"

func connect(t *testing.T, srv server) *client {
	t.Helper()
	c := dial(t, srv)
	c.raw([]byte(upgradeRequest))
	c.upgraded()
	return c
}

func (c *client) upgraded() {
	c.t.Helper()
	for !bytes.Contains(c.in, []byte("\r\n\r\n")) {
		c.more()
	}
	head, rest, _ := bytes.Cut(c.in, []byte("\r\n\r\n"))
	if !strings.HasPrefix(string(head), "HTTP/1.1 101 ") || !strings.Contains(string(head), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") {
		c.t.Fatalf("got %s, want an upgrade", head)
	}
	c.in = rest
}

func (c *client) raw(b []byte) {
	c.t.Helper()
	if _, err := c.nc.Write(b); err != nil {
		c.t.Fatal(err)
	}
}

func (c *client) more() {
	c.t.Helper()
	b := make([]byte, 64<<10)
	n, err := c.nc.Read(b)
	if n == 0 {
		c.t.Fatalf("reading: %v, with %q at hand", err, c.in)
	}
	c.in = append(c.in, b[:n]...)
}

func masked(op byte, payload string) []byte {
	return ws.AppendMasked(nil, op, [4]byte{1, 2, 3, 4}, []byte(payload))
}

func (c *client) send(text string) {
	c.t.Helper()
	c.raw(masked(ws.OpText, text))
}

func (c *client) frame() (op byte, payload string) {
	c.t.Helper()
	need := func(n int) {
		for len(c.in) < n {
			c.more()
		}
	}
	need(2)
	size, at := int(c.in[1]), 2
	switch size {
	case 126:
		need(4)
		size, at = int(binary.BigEndian.Uint16(c.in[2:])), 4
	case 127:
		need(10)
		size, at = int(binary.BigEndian.Uint64(c.in[2:])), 10
	}
	need(at + size)
	op, payload = c.in[0]&0x0F, string(c.in[at:at+size])
	c.in = c.in[at+size:]
	return op, payload
}

func (c *client) want(text string) {
	c.t.Helper()
	if op, got := c.frame(); op != ws.OpText || got != text {
		c.t.Fatalf("got opcode %d with\n%s\nwant\n%s", op, got, text)
	}
}

func (c *client) wantClose(code uint16) {
	c.t.Helper()
	op, got := c.frame()
	if op != ws.OpClose || len(got) < 2 || binary.BigEndian.Uint16([]byte(got)) != code {
		c.t.Fatalf("got opcode %d with %q, want a close with %d", op, got, code)
	}
	c.wantEnd()
}

func (c *client) wantEnd() {
	c.t.Helper()
	// A reset is an end too: the server may close with bytes unread.
	if n, err := io.Copy(io.Discard, c.nc); n > 0 || err != nil && !strings.Contains(err.Error(), "reset") {
		c.t.Fatalf("got %d bytes and %v, want the end", n, err)
	}
}

func (c *client) join(topic string) {
	c.t.Helper()
	c.send(`["1","1","` + topic + `","phx_join",{}]`)
	c.want(`["1","1","` + topic + `","phx_reply",{"status":"ok","response":{}}]`)
}
