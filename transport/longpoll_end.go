package transport

import (
	"context"

	"github.com/bennu-go/bennu/telemetry"
)

// Close implements Conn. A long-poll client gets no code and no reason: what is buffered, and then 410, upon which it opens a new session.
func (s *lpSession) Close(code int, reason string) { s.end(reasonFor(code)) }

// drain implements client.
func (s *lpSession) drain() {
	run := func() {
		defer s.release()
		defer s.end(ErrRestart)
		s.session.Drain()
	}
	t := &lpTicket{}
	t.grant = func() {
		if !t.refused {
			s.shard.PostFunc(run)
		}
	}
	if now, _ := s.acquire(t); now {
		s.shard.PostFunc(run)
	}
}

// abandon implements client.
func (s *lpSession) abandon() {
	s.mu.Lock()
	s.buffer, s.buffered = nil, 0
	s.endLocked(ErrLost)
	s.mu.Unlock()
}

func (s *lpSession) end(why error) {
	s.mu.Lock()
	s.endLocked(why)
	s.mu.Unlock()
}

// endLocked begins the end, once. The session is told by the shard, not here, where anyone may be the caller; and not before the turn that is being taken is
// over.
func (s *lpSession) endLocked(why error) {
	if s.ended != nil {
		return
	}
	s.ended = why
	s.turn.refuse()
	if s.parked != nil {
		s.wakeLocked()
	} else {
		s.idleLocked()
	}
	if !s.turn.busy {
		s.turn.busy = true
		s.shard.PostFunc(s.finish)
	}
}

// finish is called once, by the shard, after everything else that is done with the session.
func (s *lpSession) finish() {
	defer s.finishLast()
	s.session.Closed(s.ended)
}

func (s *lpSession) finishLast() {
	s.shard.conns.remove(s)
	s.mu.Lock()
	s.finished = true
	if len(s.buffer) == 0 {
		s.forgetLocked()
	}
	s.mu.Unlock()
	if t := s.lp.env.Telemetry; t != nil && telemetry.Enabled[telemetry.SocketDisconnected](t) {
		telemetry.Emit(context.Background(), t, telemetry.SocketDisconnected{Socket: s.lp.socket.Name(), Transport: "longpoll", ID: s.session.ID(),
			Reason: s.ended.Error(), Duration: s.lp.env.System.Now() - s.opened})
	}
}

// forgetLocked takes the session out of everything: requests with its token find nothing.
func (s *lpSession) forgetLocked() {
	s.lp.env.System.CancelAlarm(&s.alarm)
	s.lp.mu.Lock()
	delete(s.lp.sessions, s.id)
	s.lp.mu.Unlock()
	if s.lp.spread {
		s.lp.env.PubSub.Leave(lpTopic(s.id), s)
	}
}
