package transport

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"time"

	"github.com/bennu-go/bennu/internal/frame"
	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
)

// A request that comes to another node than its session's travels through PubSub: the session listens on a topic of its own, the request on one
// that it makes up. The session's node shows at once that the session lives ("seen"), unless it can answer at once.
const (
	lpEventPoll    = "poll"
	lpEventPublish = "publish"
	lpEventCancel  = "cancel" // a poll whose client is gone
	lpEventSeen    = "seen"
	lpEventAnswer  = "answer"
)

// lpChunk bounds what is put into one message between nodes, but for a single message of a client: adapters have limits, often of 1 MB.
const lpChunk = 512 << 10

func lpTopic(id string) string           { return "bennu:longpoll:" + id }
func lpReplyTopic(request string) string { return "bennu:longpoll:reply:" + request }

// lpRequest is a request on another node.
type lpRequest struct {
	node string
	name string // unguessable, and unique
}

// lpEnvelope is what nodes send each other.
type lpEnvelope struct {
	from     lpRequest
	status   int // of answers
	messages []lpMessage
}

func (e *lpEnvelope) encode() []byte {
	size := len(e.from.node) + len(e.from.name) + 32
	for _, m := range e.messages {
		size += len(m.data) + binary.MaxVarintLen64
	}
	dst := appendLPBytes(make([]byte, 0, size), e.from.node)
	dst = appendLPBytes(dst, e.from.name)
	dst = binary.AppendUvarint(dst, uint64(e.status))
	for _, m := range e.messages {
		dst = append(dst, byte(m.op))
		dst = appendLPBytes(dst, m.data)
	}
	return dst
}

func appendLPBytes[T string | []byte](dst []byte, b T) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(b))), b...)
}

var errLPEnvelope = errors.New("transport: message between nodes does not decode")

// parseLPEnvelope reads what encode wrote. The messages are views of b.
func parseLPEnvelope(b []byte) (e lpEnvelope, err error) {
	ok := true
	number := func() uint64 {
		v, n := binary.Uvarint(b)
		if n <= 0 {
			ok, b = false, nil
			return 0
		}
		b = b[n:]
		return v
	}
	text := func() []byte {
		n := number()
		if n > uint64(len(b)) {
			ok, b = false, nil
			return nil
		}
		t := b[:n:n]
		b = b[n:]
		return t
	}
	e.from.node, e.from.name = string(text()), string(text())
	status := number()
	if status > 999 {
		ok = false
	}
	e.status = int(status)
	for ok && len(b) > 0 {
		op := frame.Opcode(b[0])
		b = b[1:]
		e.messages = append(e.messages, lpMessage{op, text()})
	}
	if !ok {
		return lpEnvelope{}, errLPEnvelope
	}
	return e, nil
}

func (l *LongPoll) send(node, topic, event string, e lpEnvelope) (sent bool) {
	m, err := pubsub.NewBinaryEvent(topic, event, e.encode())
	if err == nil {
		err = l.env.PubSub.DirectBroadcast(node, m)
	}
	if err != nil && l.cfg.firstTime("forward "+err.Error()) {
		l.env.Logger.Warn("transport: forwarding a long-poll request to its session's node", "socket", l.socket.Name(), "node", node, "error", err)
	}
	return err == nil
}

// lpReplies receives what a session on another node answers.
type lpReplies chan *pubsub.Message

// Deliver implements pubsub.Group.
func (c lpReplies) Deliver(m *pubsub.Message, _ *proc.Process) {
	select {
	case c <- m:
	default: // more than is ever sent
	}
}

// Reset implements pubsub.Group: the answer is lost.
func (c lpReplies) Reset() { c.Deliver(nil, nil) }

// forward asks the session's node and waits: for PubSubTimeout until it has shown that the session lives, and for patience until it has answered.
func (l *LongPoll) forward(ctx context.Context, p lpPlace, event string, messages []lpMessage, patience time.Duration) (e lpEnvelope, seen, ok bool) {
	from := lpRequest{node: l.node(), name: rand.Text()}
	replies := make(lpReplies, 4)
	l.env.PubSub.Join(lpReplyTopic(from.name), replies)
	defer l.env.PubSub.Leave(lpReplyTopic(from.name), replies)
	if !l.send(p.node, lpTopic(p.id), event, lpEnvelope{from: from, messages: messages}) {
		return e, false, false
	}
	timer := time.NewTimer(l.cfg.PubSubTimeout)
	defer timer.Stop()
	for {
		select {
		case m := <-replies:
			switch {
			case m == nil:
				return e, seen, false
			case m.Name == lpEventSeen:
				seen = true
				timer.Reset(patience)
			case m.Name == lpEventAnswer:
				e, err := parseLPEnvelope(m.Payload())
				return e, true, err == nil
			}
		case <-timer.C:
			return e, seen, false
		case <-ctx.Done():
			if event == lpEventPoll {
				l.send(p.node, lpTopic(p.id), lpEventCancel, lpEnvelope{from: from})
			}
			return e, seen, false
		}
	}
}

func (l *LongPoll) forwardPoll(ctx context.Context, p lpPlace) (status int, messages [][]byte) {
	e, _, ok := l.forward(ctx, p, lpEventPoll, nil, l.cfg.Window+l.cfg.PubSubTimeout)
	if !ok {
		return lpGone, nil
	}
	for _, m := range e.messages {
		messages = append(messages, m.data)
	}
	return e.status, messages
}

// forwardPublish sends messages in pieces that adapters can carry, each when the one before has been dealt with.
func (l *LongPoll) forwardPublish(ctx context.Context, p lpPlace, messages []lpMessage) (status int) {
	for {
		n, size := 0, 0
		for n < len(messages) && (n == 0 || size+len(messages[n].data) <= lpChunk) {
			size += len(messages[n].data)
			n++
		}
		e, seen, ok := l.forward(ctx, p, lpEventPublish, messages[:n], l.cfg.Window)
		switch {
		case !ok && seen:
			return lpTimeout
		case !ok:
			return lpGone
		case e.status != lpOK || n == len(messages):
			return e.status
		}
		messages = messages[n:]
	}
}

// Deliver implements pubsub.Group: a request has come to another node.
func (s *lpSession) Deliver(m *pubsub.Message, _ *proc.Process) {
	s.shard.PostFunc(func() { s.forwarded(m) })
}

// Reset implements pubsub.Group: requests on other nodes cannot find the session any more.
func (s *lpSession) Reset() { s.end(ErrRestart) }

// forwarded is called by the shard.
func (s *lpSession) forwarded(m *pubsub.Message) {
	e, err := parseLPEnvelope(m.Payload())
	if err != nil {
		return // a newer node's
	}
	switch m.Name {
	case lpEventPoll:
		wait, alive := s.park(&lpPoll{from: &e.from})
		switch {
		case wait:
			s.reply(&e.from, lpEventSeen, 0, nil)
		case alive:
			s.answerPoll(&e.from)
		default:
			s.reply(&e.from, lpEventAnswer, lpGone, nil)
		}
	case lpEventPublish:
		s.publishForwarded(&e.from, e.messages)
	case lpEventCancel:
		s.mu.Lock()
		if s.parked != nil && s.parked.from != nil && s.parked.from.name == e.from.name {
			s.parked = nil
			s.idleLocked()
		}
		s.mu.Unlock()
	}
}

// answerPoll is called by the shard when a poll on another node has waited enough.
func (s *lpSession) answerPoll(to *lpRequest) {
	status, data := s.collect(lpChunk)
	messages := make([]lpMessage, len(data))
	for i, d := range data {
		messages[i] = lpMessage{frame.Text, d}
	}
	if !s.reply(to, lpEventAnswer, status, messages) {
		s.putBack(data)
	}
}

func (s *lpSession) publishForwarded(from *lpRequest, messages []lpMessage) {
	if !s.enter() {
		s.reply(from, lpEventAnswer, lpTooMany, nil)
		return
	}
	run := func() {
		defer s.leave()
		defer s.release()
		s.reply(from, lpEventAnswer, s.receive(messages), nil)
	}
	gone := func() {
		s.leave()
		s.reply(from, lpEventAnswer, lpGone, nil)
	}
	t := &lpTicket{}
	t.grant = func() {
		if t.refused {
			s.shard.PostFunc(gone)
		} else {
			s.shard.PostFunc(run)
		}
	}
	switch now, wait := s.acquire(t); {
	case now:
		run()
	case wait:
		s.reply(from, lpEventSeen, 0, nil)
	default:
		gone()
	}
}

func (s *lpSession) reply(to *lpRequest, event string, status int, messages []lpMessage) (sent bool) {
	return s.lp.send(to.node, lpReplyTopic(to.name), event, lpEnvelope{status: status, messages: messages})
}
