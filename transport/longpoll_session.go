package transport

import (
	"context"
	"sync"
	"time"

	"github.com/bennu-go/bennu/internal/frame"
	"github.com/bennu-go/bennu/internal/wire"
	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/telemetry"
)

// lpMaxPosts bounds the POSTs of one session that are under way. phoenix.js has one.
const lpMaxPosts = 8

// lpSession is one long-poll client: a buffer for what goes to it, and a poll that waits, or none. It has no goroutine of its own. It
// is found by its id until its client has been told, or could have been told, that it has ended.
type lpSession struct {
	place      link
	lp         *LongPoll
	shard      *Shard
	session    Session
	serializer wire.Serializer
	id         string
	opened     time.Duration
	alarm      proc.Alarm

	mu       sync.Mutex // guards the fields below; not held while the session is called
	ended    error      // why; nil: it lives
	finished bool       // Closed has been called
	turn     lpTurn
	posts    int
	buffer   [][]byte // messages for the client; shared, so never changed
	buffered int      // bytes
	parked   *lpPoll
	deadline time.Duration // of the parked poll, else of the session
}

// lpPoll is a poll that waits.
type lpPoll struct {
	ready chan struct{} // of a poll on this node: room for one
	from  *lpRequest    // of a poll on another node
}

func newLPSession(l *LongPoll, id string, session Session, sr wire.Serializer) *lpSession {
	s := &lpSession{lp: l, id: id, session: session, serializer: sr, shard: l.env.Shards.Pick(), opened: l.env.System.Now()}
	return s
}

// open makes the session known and tells it so.
func (s *lpSession) open() {
	s.turn.busy = true
	s.lp.mu.Lock()
	s.lp.sessions[s.id] = s
	s.lp.mu.Unlock()
	if s.lp.spread {
		s.lp.env.PubSub.Join(lpTopic(s.id), s)
	}
	s.shard.conns.add(s)
	s.mu.Lock()
	s.idleLocked()
	s.mu.Unlock()
	defer s.release()
	s.session.Open(s)
	switch s.lp.env.Shards.phase.Load() {
	case phaseDrain:
		s.drain()
	case phaseAbandon:
		s.abandon()
	}
}

func (s *lpSession) link() *link   { return &s.place }
func (s *lpSession) mount() Socket { return s.lp.socket }

// due implements client: a session has an alarm of its own.
func (s *lpSession) due(time.Duration) time.Duration { return 0 }

// Shard implements Conn.
func (s *lpSession) Shard() *Shard { return s.shard }

// Serializer implements Conn.
func (s *lpSession) Serializer() wire.Serializer { return s.serializer }

// Transport implements Conn.
func (s *lpSession) Transport() string { return "longpoll" }

// Send implements Conn.
func (s *lpSession) Send(b *Batch) {
	for _, f := range b.Frames {
		s.deliver(f.Op(), f.Data(), true)
	}
}

// Write implements Conn.
func (s *lpSession) Write(p []byte) {
	op, size := frame.Opcode(p[0]&0x0F), frame.HeaderSize(0)
	switch p[1] {
	case 126:
		size = 4
	case 127:
		size = frame.MaxHeader
	}
	s.deliver(op, p[size:], false)
}

// deliver buffers one message.
func (s *lpSession) deliver(op frame.Opcode, data []byte, shared bool) {
	if op != frame.Text {
		s.undeliverable(op)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended != nil {
		return
	}
	if len(s.buffer) > 0 && s.buffered+len(data) > s.lp.cfg.MaxBuffered {
		s.slowLocked()
		return
	}
	if !shared {
		data = append([]byte(nil), data...)
	}
	s.buffer = append(s.buffer, data)
	s.buffered += len(data)
	s.wakeLocked()
}

// undeliverable drops a message that has no form in a list of JSON strings, which is all that clients read.
func (s *lpSession) undeliverable(op frame.Opcode) {
	if op == frame.Binary && s.lp.cfg.firstTime("binary") {
		s.lp.env.Logger.Warn("transport: dropped a binary message to a long-poll client, which can receive text only: send JSON to sockets that "+
			"have long-poll, with bytes as base64 in it", "socket", s.lp.socket.Name())
	}
}

func (s *lpSession) slowLocked() {
	queued := s.buffered
	s.buffer, s.buffered = nil, 0
	s.endLocked(ErrSlow)
	s.shard.PostFunc(func() {
		telemetry.Emit(context.Background(), s.lp.env.Telemetry, telemetry.SlowClient{Socket: s.lp.socket.Name(), Transport: "longpoll", ID: s.session.ID(),
			Queued: queued, Limit: s.lp.cfg.MaxBuffered})
	})
}

// park has p wait for messages. Wait is false if p is to collect at once; alive is false if there is no session any more, and nothing to
// collect. A poll that waited until now is sent home.
func (s *lpSession) park(p *lpPoll) (wait, alive bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.parked != nil {
		s.wakeLocked()
	}
	if len(s.buffer) > 0 || s.ended != nil {
		return false, len(s.buffer) > 0
	}
	s.parked = p
	s.deadline = s.lp.env.System.Now() + s.lp.cfg.Window
	s.lp.env.System.SetAlarm(&s.alarm, s, s.lp.cfg.Window)
	return true, true
}

// unpark ends the wait of a poll whose client is gone.
func (s *lpSession) unpark(p *lpPoll) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.parked == p {
		s.parked = nil
		s.idleLocked()
	}
}

// wakeLocked has the parked poll collect, a moment from now: what is written until then goes with the same answer.
func (s *lpSession) wakeLocked() {
	p := s.parked
	if p == nil {
		return
	}
	s.parked = nil
	s.idleLocked()
	if p.ready != nil {
		p.ready <- struct{}{}
		return
	}
	s.shard.PostFunc(func() { s.answerPoll(p.from) })
}

// collect takes messages of about limit bytes, at least one if there are any, and says with what status they are to be answered.
func (s *lpSession) collect(limit int) (status int, messages [][]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, size := 0, 0
	for n < len(s.buffer) && (n == 0 || size+len(s.buffer[n]) <= limit) {
		size += len(s.buffer[n])
		n++
	}
	messages = s.buffer[:n:n]
	s.buffer, s.buffered = s.buffer[n:], s.buffered-size
	if len(s.buffer) == 0 {
		s.buffer = nil
	}
	if s.parked == nil {
		s.idleLocked()
	}
	switch {
	case n > 0:
		status = lpOK
	case s.ended != nil:
		status = lpGone
	default:
		status = lpNothing
	}
	if s.ended != nil && s.finished && len(s.buffer) == 0 {
		s.forgetLocked()
	}
	return status, messages
}

// putBack undoes collect for messages that could not be sent.
func (s *lpSession) putBack(messages [][]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range messages {
		s.buffered += len(m)
	}
	s.buffer = append(messages, s.buffer...)
}

// idleLocked gives the session 1.5 windows from now to be polled again.
func (s *lpSession) idleLocked() {
	patience := s.lp.cfg.Window + s.lp.cfg.Window/2
	s.deadline = s.lp.env.System.Now() + patience
	s.lp.env.System.SetAlarm(&s.alarm, s, patience)
}

// Ring is called by the timing wheel, whose goroutine belongs to all.
func (s *lpSession) Ring() { s.shard.PostFunc(s.late) }

// late is called when the deadline of the poll or of the session may have passed.
func (s *lpSession) late() {
	s.mu.Lock()
	defer s.mu.Unlock()
	left := s.deadline - s.lp.env.System.Now()
	switch {
	case left > 0:
		if !s.finished || len(s.buffer) > 0 {
			s.lp.env.System.SetAlarm(&s.alarm, s, left)
		}
	case s.parked != nil:
		s.wakeLocked()
	case s.ended == nil:
		s.endLocked(ErrInactive)
	default:
		s.buffer, s.buffered = nil, 0 // nobody came for what was left
		s.forgetLocked()
	}
}
