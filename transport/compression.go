package transport

import (
	"fmt"
	"net/http"
	"sync"
	"unicode/utf8"

	"github.com/bennu-go/bennu/internal/deflate"
	"github.com/bennu-go/bennu/internal/frame"
	"github.com/bennu-go/bennu/internal/wire"
	"github.com/bennu-go/bennu/pubsub"
)

// defaultThreshold: a frame below it fits into one packet on every path, compressed or not, beside the headers of TCP and TLS, and deflating costs as much as
// writing it does. Of 128 bytes of JSON nothing is saved, of 300 a half, of 1 KiB two thirds (package deflate, BenchmarkDeflate).
const defaultThreshold = 860

const (
	defaultMaxRatio = 25
	anyRatio        = 4 << 10 // bytes that a message may become whatever its length
)

// Compression is permessage-deflate (RFC 7692) for the clients that offer it, as every browser does. The zero value is off, as in Phoenix.
//
// It is off because the length of a compressed message tells about its content: if one message holds a secret beside
// text that somebody else chose, and that somebody sees how long messages are on the wire, then TLS or not he can guess the secret byte by byte (CRIME, BREACH). Messages
// are compressed one by one, so that no message tells about another. Turn it on where messages do not mix
// the two: a token in one message and other people's text in the next is harmless, both in one is not.
//
// Messages are compressed without context takeover on either side: a connection needs no memory for it between messages, and a broadcast is
// compressed once for all clients. Clients that ask for a window below 32 KB get no compression.
type Compression struct {
	// Enabled takes the offer of clients. False declines it.
	Enabled bool
	// Threshold is the payload in bytes from which on a message to a client is compressed, if that makes it shorter. Zero means 860; negative: all of them.
	// What a client compresses is its own choice.
	Threshold int
	// Level from 1, the fastest, to 9. Zero means 1.
	Level int
	// MaxRatio is how many times its length a client's message may become when it is inflated; any may become 4 KiB. Beyond it, as beyond MaxMessage, the
	// client is closed with 1009: what waits in mailboxes is inflated, and a kilobyte can become a megabyte. Zero means 25, as of Phoenix on Bandit; negative: no bound.
	MaxRatio int
}

func (c Compression) withDefaults() Compression {
	if c.Threshold == 0 {
		c.Threshold = defaultThreshold
	}
	if c.Level == 0 {
		c.Level = deflate.MinLevel
	}
	if c.MaxRatio == 0 {
		c.MaxRatio = defaultMaxRatio
	}
	return c
}

func (c Compression) validate() error {
	if c.Level < deflate.MinLevel || c.Level > deflate.MaxLevel {
		return fmt.Errorf("transport: Compress: Level is %d, and must be between %d, the fastest, and %d; to turn compression off leave Enabled false", c.Level, deflate.MinLevel, deflate.MaxLevel)
	}
	return nil
}

// negotiate returns the answer to what the client offers, empty for none.
func (c *Compression) negotiate(h http.Header) (string, error) {
	if !c.Enabled {
		return "", nil
	}
	return deflate.Negotiate(h.Values(deflate.Header))
}

// frame is the message's frame, shared by all connections. A nil c compresses nothing.
func (c *Compression) frame(m *pubsub.Message, sr wire.Serializer) (*wire.Frame, error) {
	f, err := m.Frame(sr)
	if err != nil || c == nil || len(f.Data()) < c.Threshold {
		return f, err
	}
	return m.DeflatedFrame(sr, c.Level)
}

// compressionOf returns how c's messages are compressed; nil: not at all.
func compressionOf(c Conn) *Compression {
	if c, ok := c.(*wsConn); ok && c.deflate {
		return &c.ws.cfg.Compress
	}
	return nil
}

// inflated are buffers for messages that are being received.
var inflated = sync.Pool{New: func() any { b := make([]byte, 0, 4<<10); return &b }}

// keptInflated bounds what such a buffer keeps between messages.
const keptInflated = 64 << 10

// What ends a connection, beside what package frame finds. RFC 7692 leaves the code for corrupt data open; 1007 is what Phoenix on Bandit closes with.
var (
	errInflatedTooBig  = &frame.Error{Code: frame.CodeTooBig, Reason: "inflated message is too big"}
	errNotInflated     = &frame.Error{Code: frame.CodeInvalidData, Reason: "message cannot be inflated"}
	errInflatedNotText = &frame.Error{Code: frame.CodeInvalidData, Reason: "text is not UTF-8"}
)

// inflateMessage appends the content of a compressed message to dst.
func inflateMessage(dst []byte, m frame.Message, limit int64) ([]byte, *frame.Error) {
	data, err := deflate.Inflate(dst, m.Data, limit)
	switch {
	case err == deflate.ErrTooBig:
		return data, errInflatedTooBig
	case err != nil:
		return data, errNotInflated
	case m.Op == frame.Text && !utf8.Valid(data):
		return data, errInflatedNotText
	}
	return data, nil
}

// maxInflated bounds what a client's message of n bytes may become.
func (ws *WebSocket) maxInflated(n int) int64 {
	limit := ws.cfg.MaxMessage
	switch {
	case limit == 0:
		limit = frame.DefaultMaxMessage
	case limit < 0:
		limit = 1 << 62 // no bound
	}
	if ratio := int64(ws.cfg.Compress.MaxRatio); ratio > 0 && int64(n) < limit/ratio {
		limit = min(limit, max(int64(n)*ratio, anyRatio))
	}
	return limit
}

// receiveDeflated inflates a message of a client and hands it on. Framing is not disturbed by what cannot be inflated: the client's close is waited for.
func (c *wsConn) receiveDeflated(m frame.Message) {
	buf := inflated.Get().(*[]byte)
	data, bad := inflateMessage((*buf)[:0], m, c.ws.maxInflated(len(m.Data)))
	if bad != nil {
		c.end(bad.Code, bad.Reason, ErrBadMessage)
	} else {
		c.hand(m.Op, data)
	}
	if cap(data) <= keptInflated {
		*buf = data[:0]
	}
	inflated.Put(buf)
}

// Prepare returns the frame p as c will send it, which takes as long as compressing does: whoever is going to hold a lock, or to keep a shard
// busy, prepares before it does [WritePrepared]. The result is p or a copy.
func Prepare(c Conn, p []byte) []byte {
	by := compressionOf(c)
	if by == nil {
		return p
	}
	by.deflated(p, func(b []byte) { p = append([]byte(nil), b...) })
	return p
}

// WritePrepared is Conn.Write for what [Prepare] has returned.
func WritePrepared(c Conn, p []byte) {
	if c, ok := c.(*wsConn); ok {
		c.write(p)
		return
	}
	c.Write(p)
}

// deflated calls use with the frame p compressed, which is valid during the call, if that makes it shorter, and reports whether it has.
func (c *Compression) deflated(p []byte, use func(b []byte)) bool {
	op, payload := frame.Split(p)
	if op != frame.Text && op != frame.Binary || len(payload) < c.Threshold {
		return false
	}
	w := deflate.Borrow(c.Level)
	defer w.Release()
	buf := w.Deflate(frame.MaxHeader, payload)
	b := buf[wire.FinishHeader(buf, frame.MaxHeader, op):]
	if len(b) >= len(p) {
		return false
	}
	frame.MarkDeflated(b)
	use(b)
	return true
}
