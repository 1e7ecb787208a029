package channel

import (
	"fmt"
	"sync"

	"github.com/bennu-go/bennu/internal/frame"
	"github.com/bennu-go/bennu/internal/wire"
	"github.com/bennu-go/bennu/pubsub"
	"github.com/bennu-go/bennu/telemetry"
	"github.com/bennu-go/bennu/transport"
)

// An encoder appends one message in the client's format.
type encoder = func(sr wire.Serializer, b []byte) ([]byte, frame.Opcode, error)

// buffers are borrowed while a message is encoded and written.
var buffers = sync.Pool{New: func() any { b := make([]byte, 0, 1024); return &b }}

// keptBuffer bounds what a buffer keeps between messages.
const keptBuffer = 64 << 10

// write encodes one message and writes it to the client at once.
func (s *session) write(encode encoder) error {
	buf := buffers.Get().(*[]byte)
	b, err := s.frame(*buf, encode)
	if err == nil {
		s.conn.Write(b)
		if cap(b) <= keptBuffer {
			*buf = b[:0]
		}
	}
	buffers.Put(buf)
	return err
}

// post has one message written after everything that the client's shard has been given so far.
func (s *session) post(encode encoder) error {
	b, err := s.frame(nil, encode)
	if err == nil {
		s.conn.Shard().Post(s.conn, b)
	}
	return err
}

// frame encodes one message as a complete frame.
func (s *session) frame(buf []byte, encode encoder) ([]byte, error) {
	var room [frame.MaxHeader]byte
	b, op, err := encode(s.conn.Serializer(), append(buf[:0], room[:]...))
	if err != nil {
		return nil, fmt.Errorf("channel: %w", err)
	}
	return b[wire.FinishHeader(b, frame.MaxHeader, op):], nil
}

func (s *session) writeClose(of *core) error {
	return s.write(func(sr wire.Serializer, b []byte) ([]byte, frame.Opcode, error) {
		return sr.AppendClose(b, of.rawRef(), of.topic)
	})
}

func (c *core) shard() *transport.Shard { return c.session.conn.Shard() }

// note takes down that what this process may have published is on its way through the shard.
func (c *core) note() {
	if now := c.shard().Mark(); now != c.began {
		c.mark = max(c.mark, now)
	}
}

// direct reports whether what this process has published has passed the shard, so that a write keeps the order.
func (c *core) direct() bool {
	c.note()
	return c.shard().Passed(c.mark)
}

// send writes one message to the client, behind what this process has published; nothing if the channel is cut.
func (c *core) send(encode encoder) error {
	if c.is(cut) {
		return nil
	}
	return c.write(encode)
}

func (c *core) write(encode encoder) error {
	if c.direct() {
		return c.session.write(encode)
	}
	err := c.session.post(encode)
	c.mark = c.shard().Mark()
	return err
}

// ordered has f called behind what this process has published, by the shard if that is on its way still, and waits for it: what
// comes next finds done what f does. f must not block.
func (c *core) ordered(f func()) {
	if c.direct() {
		f()
		return
	}
	done := make(chan struct{})
	c.shard().PostFunc(func() {
		defer close(done)
		f()
	})
	<-done
}

func (c *core) reply(ref wire.Ref, status string, p wire.Payload) error {
	return c.send(func(sr wire.Serializer, b []byte) ([]byte, frame.Opcode, error) {
		return sr.AppendReply(b, c.joinRef, ref, c.topic, status, p)
	})
}

// owe writes a reply that is owed whatever has become of the channel.
func (c *core) owe(joinRef, ref wire.Ref, status string, p wire.Payload) error {
	return c.write(func(sr wire.Serializer, b []byte) ([]byte, frame.Opcode, error) {
		return sr.AppendReply(b, joinRef, ref, c.topic, status, p)
	})
}

func (c *core) replyFrame(buf []byte, ref wire.Ref, status string, p wire.Payload) ([]byte, error) {
	return c.session.frame(buf, func(sr wire.Serializer, b []byte) ([]byte, frame.Opcode, error) {
		return sr.AppendReply(b, c.joinRef, ref, c.topic, status, p)
	})
}

func (c *core) push(event string, p wire.Payload) error {
	if !c.wasJoined() {
		return ErrNotJoined
	}
	if !isObject(p) {
		return fmt.Errorf("channel: push %q: %w (got %.20s)", event, errNotObject, p.Data)
	}
	if t := c.session.sock.env.Telemetry; t != nil && telemetry.Enabled[telemetry.ChannelPush](t) {
		size := len(p.Data)
		if size == 0 && !p.Binary {
			size = len("{}")
		}
		telemetry.Emit(c.proc.Context(), t, telemetry.ChannelPush{Topic: c.topic, Event: event, Bytes: size})
	}
	return c.send(func(sr wire.Serializer, b []byte) ([]byte, frame.Opcode, error) {
		return sr.AppendPush(b, c.joinRef, c.topic, event, p)
	})
}

// Intercepts implements transport.Target.
func (c *core) Intercepts(m *pubsub.Message) bool { return c.def.out[m.Name] != nil }

// Intercepted implements transport.Target: a full mailbox ends the channel, and the client joins again.
func (c *core) Intercepted(m *pubsub.Message) { c.proc.Deliver(interceptMsg{m}) }
