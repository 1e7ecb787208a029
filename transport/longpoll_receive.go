package transport

import (
	"context"
	"errors"
	"time"
)

// enter counts a POST in, unless there are too many.
func (s *lpSession) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.posts >= lpMaxPosts {
		return false
	}
	s.posts++
	return true
}

func (s *lpSession) leave() {
	s.mu.Lock()
	s.posts--
	s.mu.Unlock()
}

// acquire says that it is t's turn, or that it is to wait, or, with neither, that the session has ended.
func (s *lpSession) acquire(t *lpTicket) (now, wait bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended != nil {
		return false, false
	}
	now = s.turn.take(t)
	return now, !now
}

// release ends a turn.
func (s *lpSession) release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended != nil { // and nobody acquires any more
		s.shard.PostFunc(s.finish)
		return
	}
	s.turn.pass()
}

// publish hands messages to the session when it is their turn, and says with what status that is to be answered.
func (s *lpSession) publish(ctx context.Context, messages []lpMessage) (status int) {
	granted := make(chan struct{}, 1)
	t := &lpTicket{grant: func() { granted <- struct{}{} }}
	now, wait := s.acquire(t)
	if wait {
		late := time.NewTimer(s.lp.cfg.Window)
		defer late.Stop()
		select {
		case <-granted:
			now = !t.refused
		case <-late.C:
			return s.giveUp(t, granted)
		case <-ctx.Done():
			return s.giveUp(t, granted)
		}
	}
	if !now {
		return lpGone
	}
	defer s.release()
	return s.receive(messages)
}

// giveUp ends t's wait. Its turn may have come meanwhile; then it is passed on.
func (s *lpSession) giveUp(t *lpTicket, granted <-chan struct{}) (status int) {
	s.mu.Lock()
	queued := s.turn.giveUp(t)
	s.mu.Unlock()
	if !queued {
		<-granted
		if !t.refused {
			s.release()
		}
	}
	return lpTimeout
}

var errReceivePanicked = errors.New("transport: receiving panicked")

// receive hands messages to the session, in order, within a turn. One that takes longer than the window is the last.
func (s *lpSession) receive(messages []lpMessage) (status int) {
	for _, m := range messages {
		if !s.alive() {
			return lpGone
		}
		began := s.lp.env.System.Now()
		if err := s.receiveOne(m); err != nil {
			s.lp.env.Logger.Debug("transport: closing a connection after a bad message", "socket", s.lp.socket.Name(), "error", err)
			s.end(ErrBadMessage)
			return lpGone
		}
		if s.lp.env.System.Now()-began > s.lp.cfg.Window {
			return lpTimeout
		}
	}
	return lpOK
}

func (s *lpSession) receiveOne(m lpMessage) (err error) {
	defer func() {
		if v := recover(); v != nil { // a fault of ours, or of a custom socket: it costs this client only
			reportPanic(s.lp.env.Logger, "transport: receiving a message", v)
			err = errReceivePanicked
		}
	}()
	return s.session.Receive(m.op, m.data)
}

func (s *lpSession) alive() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ended == nil
}
