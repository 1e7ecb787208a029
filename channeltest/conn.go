package channeltest

import (
	"encoding/hex"

	"github.com/bennu-go/bennu/internal/frame"
	"github.com/bennu-go/bennu/internal/wire"
	"github.com/bennu-go/bennu/transport"
)

// conn implements transport.Conn: it hands everything to its client.
type conn struct {
	client     *Client
	shard      *transport.Shard
	serializer wire.Serializer
}

func (c *conn) Shard() *transport.Shard     { return c.shard }
func (c *conn) Serializer() wire.Serializer { return c.serializer }
func (c *conn) Transport() string           { return "websocket" }

// Send implements transport.Conn.
func (c *conn) Send(b *transport.Batch) {
	for _, f := range b.Frames {
		c.client.got(f.Op(), f.Data())
	}
}

// Write implements transport.Conn.
func (c *conn) Write(p []byte) {
	size := frame.HeaderSize(0)
	switch p[1] {
	case 126:
		size = 4
	case 127:
		size = frame.MaxHeader
	}
	c.client.got(frame.Opcode(p[0]&0x0F), p[size:])
}

// Close implements transport.Conn.
func (c *conn) Close(code int, reason string) {
	why := transport.ErrClosed
	switch code {
	case transport.CloseGoingAway:
		why = transport.ErrDisconnected
	case transport.CloseRestart:
		why = transport.ErrRestart
	case transport.CloseInternal:
		why = transport.ErrBadMessage
	}
	c.client.end(code, reason, why)
}

// text is a message as raw mode shows it: bytes in hexadecimal.
func text(op frame.Opcode, data []byte) string {
	if op == frame.Binary {
		return "hex " + hex.EncodeToString(data)
	}
	return string(data)
}
