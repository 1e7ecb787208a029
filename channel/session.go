package channel

import (
	"bytes"
	"context"
	"log/slog"
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
	byID     *byID // nil: the client has no id

	mu     sync.Mutex // guards the fields below, and the status of each channel; conn is written to under it, never closed
	first  *core      // of a list, by next: few, so that a search along it beats a map
	rare   *rare      // nil while there is none of it; there from the beginning if the socket has limits
	joined int32      // channels in the list
	closed bool
}

// rare is what few clients have.
type rare struct {
	limits   *sessionLimits          // of what the client sends; set at the beginning
	replaced map[*core]chan struct{} // channels that were joined again and have not ended yet: closed when they have
	handlers limiters                // those that count by connection
}

func (s *session) rareLocked() *rare {
	if s.rare == nil {
		s.rare = &rare{}
	}
	return s.rare
}

// ID implements transport.Session.
func (s *session) ID() string {
	if s.byID == nil {
		return ""
	}
	return s.byID.id
}

// Open implements transport.Session.
func (s *session) Open(c transport.Conn) {
	s.conn = c
	if b := s.byID; b != nil {
		b.member = transport.Member{Conn: c, Target: b}
		c.Shard().Join(b.id, &b.member, nil)
	}
}

// byID listens on the socket's id for "disconnect".
type byID struct {
	id      string
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
	if s.sock.limited() && !s.rare.limits.allow(in) {
		s.answer(in, "error", reason("rate_limited"))
		telemetry.Emit(context.Background(), s.sock.env.Telemetry, telemetry.RateLimited{Scope: PerConnection.String(), Topic: string(in.Topic), Event: string(in.Event), ID: s.ID()})
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
			s.answer(in, "ok", wire.Payload{})
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
	for c := s.first; c != nil; c = c.next {
		if c.topic == string(topic) {
			return c
		}
	}
	return nil
}

// joinAndUnlock starts a channel. Its join runs beside the connection.
func (s *session) joinAndUnlock(in *wire.Inbound, old *core) {
	topic := s.conn.Shard().Topic(in.Topic)
	def := s.sock.route(topic)
	ref := wire.RefFromBytes(in.Ref)
	if def == nil {
		s.mu.Unlock()
		s.refused(slog.LevelWarn, "channel: a client joined a topic that no pattern matches", topic)
		s.unmatched(topic, ref)
		return
	}
	if old == nil && int(s.joined) >= s.sock.maxChannels || s.rare != nil && len(s.rare.replaced) >= s.sock.maxChannels {
		s.mu.Unlock()
		s.refused(slog.LevelError, "channel: a client joined too many topics", topic, slog.Int("limit", s.sock.maxChannels))
		s.answer(in, "error", reason("too many channels joined"))
		return
	}
	c := def.new()
	c.session, c.def, c.topic = s, def, topic
	if c.joinRef = wire.RefFromBytes(in.JoinRef); c.joinRef.IsNull() {
		c.joinRef, c.rawNull = ref, true
	}
	c.in = &inMsg{join: true, ref: ref, payload: Payload{Data: bytes.Clone(in.Payload), Binary: in.Binary}}
	var gone chan struct{}
	if old != nil {
		gone = make(chan struct{})
		c.extra = &extra{old: old, oldGone: gone}
	}
	// Under the mutex, so that the end of the connection finds either no channel or one that can be ended.
	if err := s.sock.env.System.Spawn(&c.proc, proc.Spec{Behaviour: c, Supervisor: s.sock, Mailbox: def.mailbox, First: c.in}); err != nil {
		s.mu.Unlock()
		s.refused(slog.LevelError, "channel: a channel could not be started", topic, slog.Any("error", err))
		s.answer(in, "error", reason("overloaded"))
		return
	}
	if old != nil {
		old.status = detached
		r := s.rareLocked()
		if r.replaced == nil {
			r.replaced = make(map[*core]chan struct{})
		}
		r.replaced[old] = gone
		*s.placeLocked(old) = c
		c.next, old.next = old.next, nil
	} else {
		c.next, s.first = s.first, c
		s.joined++
	}
	s.mu.Unlock()
	if old != nil {
		old.proc.Exit(ErrDuplicate)
	}
}

// refused logs what a client was refused, within bounds.
func (s *session) refused(level slog.Level, text, topic string, attrs ...slog.Attr) {
	attrs = append(attrs, slog.String("socket", s.sock.name), slog.String("topic", topic), slog.String("id", s.ID()))
	s.sock.lines.log(s.sock.env.Logger, level, text, attrs...)
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
		s.answer(in, "ok", wire.Payload{})
	}
}

func (s *session) forward(in *wire.Inbound, c *core) {
	m := inMsgs.Get().(*inMsg)
	m.ref = wire.RefFromBytes(in.Ref)
	if m.handler = c.def.in[string(in.Event)]; m.handler == nil {
		m.event = string(in.Event)
	}
	m.payload = Payload{Data: bytes.Clone(in.Payload), Binary: in.Binary}
	switch err := c.proc.Send(m); err {
	case nil:
	case proc.ErrFull:
		m.free()
		s.answer(in, "error", reason("overloaded"))
	default:
		m.free()
		s.unmatched(c.topic, wire.RefFromBytes(in.Ref))
	}
}

// answer replies to a message that no channel handles.
func (s *session) answer(in *wire.Inbound, status string, p wire.Payload) {
	joinRef, ref, topic := wire.RefFromBytes(in.JoinRef), wire.RefFromBytes(in.Ref), string(in.Topic)
	s.write(func(sr wire.Serializer, b []byte) ([]byte, frame.Opcode, error) {
		return sr.AppendReply(b, joinRef, ref, topic, status, p)
	})
}

func (s *session) unmatched(topic string, ref wire.Ref) {
	p := reason("unmatched topic")
	s.write(func(sr wire.Serializer, b []byte) ([]byte, frame.Opcode, error) {
		return sr.AppendReply(b, "", ref, topic, "error", p)
	})
}

// placeLocked is the pointer to c in the list, or the one at the list's end.
func (s *session) placeLocked(c *core) **core {
	place := &s.first
	for *place != nil && *place != c {
		place = &(*place).next
	}
	return place
}

// removeLocked takes c off the list and says whether it was there.
func (s *session) removeLocked(c *core) bool {
	place := s.placeLocked(c)
	if *place == nil {
		return false
	}
	*place, c.next = c.next, nil
	s.joined--
	return true
}

// ended notes that c's process has ended.
func (s *session) ended(c *core) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.rare == nil {
		return
	}
	if gone := s.rare.replaced[c]; gone != nil {
		close(gone)
		delete(s.rare.replaced, c)
	}
}

// Drain implements transport.Session.
func (s *session) Drain() { s.end(ErrDraining) }

// Closed implements transport.Session.
func (s *session) Closed(reason error) {
	s.end(reason)
	if s.byID != nil && s.conn != nil { // nil: it was lost before it was opened
		s.conn.Shard().Leave(&s.byID.member)
	}
}

func (s *session) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// end ends all channels. Nothing more is written to the client.
func (s *session) end(reason error) {
	s.mu.Lock()
	s.closed = true
	all := make([]*core, 0, s.joined)
	for c := s.first; c != nil; c = c.next {
		all = append(all, c)
	}
	s.mu.Unlock()
	for _, c := range all {
		c.proc.Exit(reason)
	}
}
