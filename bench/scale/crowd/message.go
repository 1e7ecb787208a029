package crowd

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/bennu-go/bennu/bench/internal/phx"
	"github.com/bennu-go/bennu/bench/internal/ws"
)

// message is what a client says. It can be made again from the client's number.
type message uint8

const (
	nothing message = iota
	hello           // SYN
	request
	join
	heartbeat
	echo
	shout
	roar // a shout of many bytes
	goodbye
)

// roarSize is the payload of a roar: a kernel's buffer and the server's own queue are full of some dozens of them.
const roarSize = 16 << 10

var mask = [4]byte{0x37, 0xfa, 0x21, 0x3d}

const (
	refBeat  = `"h"`
	refEcho  = `"e"`
	refJoin  = `"1"`
	noRef    = "null"
	statusOK = `"status":"ok"`
)

// bytesOf makes the message of client i, in a buffer that the next call uses again.
func (c *Crowd) bytesOf(i int32, m message) []byte {
	b := c.scratch[:0]
	topic := int(i) % c.cfg.Topics
	switch m {
	case request:
		b = fmt.Appendf(b, "GET /socket/websocket?vsn=2.0.0 HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
			"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n", c.cfg.Server)
	case join:
		b = ws.AppendMasked(b, opText, mask, fmt.Appendf(nil, `["1","1","room:%d","phx_join",{}]`, topic))
	case heartbeat:
		b = ws.AppendMasked(b, opText, mask, []byte(`[null,"h","phoenix","heartbeat",{}]`))
	case echo:
		b = ws.AppendMasked(b, opText, mask, fmt.Appendf(nil, `["1","e","room:%d","echo",{"client":%d}]`, topic, i))
	case roar:
		b = ws.AppendMasked(b, opText, mask, fmt.Appendf(nil, `["1","s","room:%d","shout",{"text":"%s"}]`, topic, bytes.Repeat([]byte("."), roarSize)))
	case shout:
		const text = "a hundred bytes or so that everybody is to hear: here they are, and there is nothing else in them"
		b = ws.AppendMasked(b, opText, mask, fmt.Appendf(nil, `["1","s","room:%d","shout",{"text":%q}]`, topic, text))
	case goodbye:
		b = ws.AppendMasked(b, opClose, mask, []byte{1000 >> 8, 1000 & 255})
	}
	c.scratch = b
	return b
}

const (
	opText  = 1
	opClose = 8
)

// maxMessage bounds what is put together.
const maxMessage = 1 << 20

// frame reads one unmasked frame of a server; size is zero if more is needed.
func frame(b []byte) (op byte, payload []byte, size int, ok bool) {
	if len(b) < 2 {
		return 0, nil, 0, true
	}
	at, n := 2, int(b[1])
	switch {
	case b[0]&0xf0 != 0x80 || n > 127:
		return 0, nil, 0, false // no extension was agreed, Bennu sends whole messages, and servers do not mask
	case n == 126:
		if at = 4; len(b) < at {
			return 0, nil, 0, true
		}
		n = int(binary.BigEndian.Uint16(b[2:]))
	case n == 127:
		if at = 10; len(b) < at {
			return 0, nil, 0, true
		}
		if v := binary.BigEndian.Uint64(b[2:]); v > maxMessage {
			return 0, nil, 0, false
		}
		n = int(binary.BigEndian.Uint64(b[2:]))
	}
	if len(b) < at+n {
		return 0, nil, 0, true
	}
	return b[0] & 15, b[at : at+n], at + n, true
}

// hear takes the data that came for client i, in order.
func (c *Crowd) hear(i int32, data []byte) {
	cl := &c.clients[i]
	if cl.state == upgrading {
		c.upgraded(i, data)
		return
	}
	if cl.held {
		c.partial[i] = append(c.partial[i], data...)
		if _, _, size, ok := frame(c.partial[i]); ok && size == 0 {
			return
		}
		data = c.partial[i]
		delete(c.partial, i)
		cl.held = false
	}
	for len(data) > 0 && cl.state != gone {
		op, payload, size, ok := frame(data)
		if !ok {
			c.counts.Wrong++
			return
		}
		if size == 0 {
			c.partial[i], cl.held = append([]byte(nil), data...), true
			return
		}
		data = data[size:]
		switch op {
		case opText:
			c.text(i, payload)
		case opClose:
			c.closed(i, payload)
		default:
			c.counts.Wrong++
		}
	}
}

func (c *Crowd) upgraded(i int32, data []byte) {
	if !bytes.HasPrefix(data, []byte("HTTP/1.1 101 ")) || !bytes.HasSuffix(data, []byte("\r\n\r\n")) {
		c.refused(i, data)
		return
	}
	c.clients[i].state = joining
	c.say(i, join)
}

func (c *Crowd) refused(i int32, why []byte) {
	c.counts.Refused++
	if c.refusal == "" {
		c.refusal = string(why[:min(len(why), 200)])
	}
	c.end(i)
}

// text takes one message of the server.
func (c *Crowd) text(i int32, payload []byte) {
	cl := &c.clients[i]
	m, err := phx.Parse(payload)
	switch {
	case err != nil:
		c.counts.Wrong++
	case string(m.Ref) == noRef && string(m.Event) == phx.Shout:
		c.counts.Broadcasts++
		c.lastHear = time.Now()
	case string(m.Event) != `"phx_reply"`:
		c.counts.Wrong++
	case string(m.Ref) == refJoin && cl.state == joining:
		if !bytes.Contains(m.Payload, []byte(statusOK)) {
			c.refused(i, payload)
			return
		}
		cl.state, cl.asked = joined, 0
		c.counts.Joined++
	case string(m.Ref) == refBeat:
		c.counts.Heartbeats++
		c.answered(cl, c.beats)
	case string(m.Ref) == refEcho:
		if !bytes.Contains(m.Payload, fmt.Appendf(c.word[:0], `"client":%d}`, i)) {
			c.counts.Wrong++
			return
		}
		c.counts.Echoes++
		c.answered(cl, c.echoes)
	default:
		c.counts.Wrong++
	}
}

func (c *Crowd) answered(cl *client, l *Latency) {
	if cl.asked != 0 {
		l.add(c.ticks() - cl.asked)
		cl.asked = 0
	}
}

// closed answers the server's close frame.
func (c *Crowd) closed(i int32, payload []byte) {
	cl := &c.clients[i]
	code := 1005
	if len(payload) >= 2 {
		code = int(binary.BigEndian.Uint16(payload))
	}
	c.codes[code]++
	c.counts.Closed++
	if cl.state == joined {
		c.counts.Joined--
	}
	cl.state, cl.asked = closing, 0
	c.say(i, goodbye)
}
