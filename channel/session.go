package channel

import (
	"bytes"
	"fmt"
	"slices"
	"sync"

	"github.com/bennu-go/bennu/internal/frame"
	"github.com/bennu-go/bennu/internal/wire"
	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
	"github.com/bennu-go/bennu/telemetry"
	"github.com/bennu-go/bennu/transport"
)

// session is one client: its identity and the channels it has joined. It implements transport.Session.
type session struct {
	sock     *socket
	conn     transport.Conn
	identity any
	id       string
	byID     *byID
	limits   *sessionLimits // of what the client sends; nil: none are set

	mu       sync.Mutex // guards the fields below, and the status of each channel
	chans    []*core    // few: a search along the list beats a map, and costs less
	replaced int        // channels that were joined again and have not ended yet
	handlers limiters   // those that count by connection
	closed   bool
}

// ID implements transport.Session.
func (s *session) ID() string { return s.id }

// Open implements transport.Session.
func (s *session) Open(c transport.Conn) {
	s.conn = c
	if s.id != "" {
		s.byID = &byID{session: s}
		s.byID.member = transport.Member{Conn: c, Target: s.byID}
		c.Shard().Join(s.id, &s.byID.member, nil)
	}
}

// byID listens on the socket's id for "disconnect".
type byID struct {
	member  transport.Member
	session *session
}

func (b *byID) Intercepts(*pubsub.Message) bool { return true }

func (b *byID) Intercepted(m *pubsub.Message) {
	if m.Name == "disconnect" {
		b.session.conn.Close(transport.CloseGoingAway, "disconnected")
	}
}

// inbounds are borrowed while a message is taken apart.
var inbounds = sync.Pool{New: func() any { return new(wire.Inbound) }}

// Receive implements transport.Session: it decides what a message means, and runs no callback.
func (s *session) Receive(op frame.Opcode, data []byte) error {
	in := inbounds.Get().(*wire.Inbound)
	defer inbounds.Put(in)
	if err := s.conn.Serializer().Decode(op, data, in); err != nil {
		return err
	}
	if wire.IsHeartbeat(in) {
		return s.write(func(sr wire.Serializer, b []byte) ([]byte, frame.Opcode, error) {
			return wire.AppendHeartbeat(b, sr, in)
		})
	}
	if s.limits != nil && !s.limits.allow(in) {
		s.answer(in, "error", reasonPayload{Reason: "rate_limited"})
		return nil
	}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	c := s.findLocked(in.Topic)
	switch {
	case string(in.Event) == wire.EventJoin:
		s.joinAndUnlock(in, c)
	case c == nil:
		s.mu.Unlock()
		if string(in.Event) == wire.EventLeave {
			s.answer(in, "ok", struct{}{})
		} else {
			s.unmatched(string(in.Topic), wire.RefFromBytes(in.Ref))
		}
	case in.JoinRef != nil && !c.rawRef().Is(in.JoinRef):
		s.mu.Unlock() // stale: of a channel that is gone
	case string(in.Event) == wire.EventLeave:
		s.leaveAndUnlock(in, c)
	default:
		s.mu.Unlock()
		s.forward(in, c)
	}
	return nil
}

func (s *session) findLocked(topic []byte) *core {
	for _, c := range s.chans {
		if c.topic == string(topic) {
			return c
		}
	}
	return nil
}

// joinAndUnlock starts a channel. Its join runs beside the connection.
func (s *session) joinAndUnlock(in *wire.Inbound, old *core) {
	topic := string(in.Topic)
	def := s.sock.route(topic)
	ref := wire.RefFromBytes(in.Ref)
	if def == nil {
		s.mu.Unlock()
		s.sock.env.Logger.Warn("channel: a client joined a topic that no pattern matches", "socket", s.sock.name, "topic", topic)
		s.unmatched(topic, ref)
		return
	}
	if old == nil && len(s.chans) >= s.sock.maxChannels || s.replaced >= s.sock.maxChannels {
		s.mu.Unlock()
		s.sock.env.Logger.Error("channel: a client joined too many topics", "socket", s.sock.name, "topic", topic, "limit", s.sock.maxChannels)
		s.answer(in, "error", reasonPayload{Reason: "too many channels joined"})
		return
	}
	c := def.new()
	c.session, c.def, c.topic = s, def, topic
	if c.joinRef = wire.RefFromBytes(in.JoinRef); c.joinRef.IsNull() {
		c.joinRef, c.rawNull = ref, true
	}
	if old != nil {
		old.status = detached
		s.replaced++
		s.chans[slices.Index(s.chans, old)] = c
		c.more().old = old
	} else {
		s.chans = append(s.chans, c)
	}
	s.mu.Unlock()
	if old != nil {
		old.proc.Exit(ErrDuplicate)
	}
	first := &joinMsg{ref: ref, payload: Payload{Data: bytes.Clone(in.Payload), Binary: in.Binary}}
	err := s.sock.env.System.Spawn(&c.proc, proc.Spec{Behaviour: c, Supervisor: s.sock, Mailbox: def.mailbox, First: first})
	if err != nil {
		s.remove(c)
		s.sock.env.Logger.Error("channel: starting a channel", "topic", topic, "error", err)
		s.answer(in, "error", reasonPayload{Reason: "overloaded"})
		return
	}
	s.mu.Lock()
	late := s.closed
	s.mu.Unlock()
	if late { // the connection ended before the process was there to be told
		c.proc.Exit(transport.ErrLost)
	}
}

func (s *session) leaveAndUnlock(in *wire.Inbound, c *core) {
	wasJoining := c.status == joining
	c.status = leaving
	s.mu.Unlock()
	if wasJoining {
		c.proc.CancelContext(ErrLeft)
	}
	m := &leaveMsg{joinRef: wire.RefFromBytes(in.JoinRef), ref: wire.RefFromBytes(in.Ref)}
	if c.proc.Control(m) != nil {
		s.answer(in, "ok", struct{}{})
	}
}

func (s *session) forward(in *wire.Inbound, c *core) {
	m := inMsgs.Get().(*inMsg)
	m.joinRef, m.ref = c.joinRef, wire.RefFromBytes(in.Ref)
	if m.handler = c.def.in[string(in.Event)]; m.handler == nil {
		m.event = string(in.Event)
	}
	m.payload = Payload{Data: bytes.Clone(in.Payload), Binary: in.Binary}
	switch c.proc.Send(m) {
	case nil:
	case proc.ErrFull:
		s.answer(in, "error", reasonPayload{Reason: "overloaded"})
		telemetry.Emit(c.proc.Context(), s.sock.env.Telemetry, telemetry.MailboxOverflow{Process: c.Label(), ID: c.proc.ID(), Limit: c.proc.Info().Limit})
	default:
		s.unmatched(c.topic, m.ref)
	}
}

// answer replies to a message that no channel handles.
func (s *session) answer(in *wire.Inbound, status string, payload any) {
	p, _ := encode(payload)
	joinRef, ref, topic := wire.RefFromBytes(in.JoinRef), wire.RefFromBytes(in.Ref), string(in.Topic)
	s.write(func(sr wire.Serializer, b []byte) ([]byte, frame.Opcode, error) {
		return sr.AppendReply(b, joinRef, ref, topic, status, p)
	})
}

func (s *session) unmatched(topic string, ref wire.Ref) {
	p, _ := encode(reasonPayload{Reason: "unmatched topic"})
	s.write(func(sr wire.Serializer, b []byte) ([]byte, frame.Opcode, error) {
		return sr.AppendReply(b, "", ref, topic, "error", p)
	})
}

// remove takes c off the list and says whether the client still has to be told of its end.
func (s *session) remove(c *core) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.Index(s.chans, c)
	if i < 0 {
		return false
	}
	last := len(s.chans) - 1
	s.chans[i] = s.chans[last]
	s.chans[last] = nil
	s.chans = s.chans[:last]
	return !s.closed
}

// gone notes that c's process has ended.
func (s *session) gone(c *core) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.status == detached || c.status == cut {
		s.replaced--
	}
}

// Drain implements transport.Session.
func (s *session) Drain() { s.end(ErrDraining) }

// Closed implements transport.Session.
func (s *session) Closed(reason error) {
	s.end(reason)
	if s.byID != nil {
		s.conn.Shard().Leave(&s.byID.member)
	}
}

// end ends all channels. Nothing more is written to the client.
func (s *session) end(reason error) {
	s.mu.Lock()
	s.closed = true
	all := slices.Clone(s.chans)
	s.mu.Unlock()
	for _, c := range all {
		c.proc.Exit(reason)
	}
}

// buffers are borrowed while a message is encoded and written.
var buffers = sync.Pool{New: func() any { b := make([]byte, 0, 1024); return &b }}

// write encodes one message and writes it to the client at once.
func (s *session) write(encode func(sr wire.Serializer, b []byte) ([]byte, frame.Opcode, error)) error {
	buf := buffers.Get().(*[]byte)
	b, err := s.frame(*buf, encode)
	if err == nil {
		s.conn.Write(b)
		if cap(b) <= 64<<10 {
			*buf = b[:0]
		}
	}
	buffers.Put(buf)
	return err
}

// frame encodes one message as a complete frame.
func (s *session) frame(buf []byte, encode func(sr wire.Serializer, b []byte) ([]byte, frame.Opcode, error)) ([]byte, error) {
	var room [frame.MaxHeader]byte
	b, op, err := encode(s.conn.Serializer(), append(buf[:0], room[:]...))
	if err != nil {
		return nil, fmt.Errorf("channel: %w", err)
	}
	return b[wire.FinishHeader(b, frame.MaxHeader, op):], nil
}
