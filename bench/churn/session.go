package main

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/bennu-go/bennu/bench/internal/ws"
	"github.com/bennu-go/bennu/bench/internal/wsconn"
)

// session is one WebSocket's life. One goroutine has it; the read deadline is its clock.
type session struct {
	talk
	conn      *wsconn.Conn
	act, beat time.Time // when they are due
}

// session connects, churns and ends in one way or another.
func (c *crowd) session(ctx context.Context, id int, rng *rand.Rand) {
	conn, err := wsconn.Dial(ctx, c.dial(id))
	if err != nil {
		if ctx.Err() == nil {
			c.fault("dial: " + wsconn.Reason(err))
		}
		return
	}
	defer conn.NC.Close()
	woken := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		conn.NC.SetReadDeadline(time.Now())
		close(woken)
	})
	c.count("sessions on WebSocket")
	s := &session{talk: newTalk(c, id, rng), conn: conn}
	now := time.Now()
	s.act, s.beat = now.Add(about(rng, c.every)), now.Add(c.timeout/2)
	s.send(s.start())
	alive := s.live(ctx, now.Add(about(rng, c.life)))
	if !stop() { // or it would cut short how this ends
		<-woken
	}
	if alive {
		s.end(ctx)
	}
}

// live reads and acts until it is time to end. It is false if the server or the network ended it.
func (s *session) live(ctx context.Context, end time.Time) bool {
	for {
		due := s.act
		for _, t := range []time.Time{s.beat, end} {
			if t.Before(due) {
				due = t
			}
		}
		s.conn.NC.SetReadDeadline(due)
		if ctx.Err() != nil { // looked at after the deadline was set: otherwise the one that ends the wait could be lost
			return true
		}
		op, payload, err := s.conn.Next()
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			now := time.Now()
			if ctx.Err() != nil || !now.Before(end) {
				return true
			}
			if !now.Before(s.beat) {
				s.beat = now.Add(s.crowd.timeout / 2)
				s.overdue(now)
				s.send(s.heartbeat())
			}
			if !now.Before(s.act) {
				s.act = now.Add(about(s.rng, s.crowd.every))
				s.send(s.action())
			}
		case err != nil:
			s.crowd.fault("connection lost: " + wsconn.Reason(err))
			return false
		case op == ws.OpClose:
			s.crowd.fault("closed by the server: " + strconv.Itoa(s.conn.AnswerClose(payload)))
			return false
		case op == ws.OpPing:
			s.conn.Write(ws.OpPong, payload)
		case op == ws.OpText:
			s.send(s.receive(payload))
		}
	}
}

// send writes messages; a failure is the reader's to see.
func (s *session) send(messages []string) {
	var frames []byte
	for _, m := range messages {
		frames = ws.AppendMasked(frames, ws.OpText, [4]byte{1, 2, 3, 4}, []byte(m))
	}
	if len(frames) > 0 {
		s.conn.NC.Write(frames)
	}
}

// end ends a session from the client's side.
func (s *session) end(ctx context.Context) {
	how := s.rng.Float64()
	switch {
	case ctx.Err() != nil || how < 0.5:
		s.handshake()
	case how < 0.75:
		s.crowd.count("ends by reset")
		if tcp, ok := s.conn.NC.(*net.TCPConn); ok {
			tcp.SetLinger(0)
		}
	case how < 1-s.crowd.silent:
		s.crowd.count("ends by FIN")
	default:
		s.silence()
	}
}

// handshake closes as browsers do: close frames both ways, and then the server closes.
func (s *session) handshake() {
	s.crowd.count("ends by closing handshake")
	s.conn.NC.SetDeadline(time.Now().Add(answerWithin))
	if s.conn.Write(ws.OpClose, []byte{3, 232}) != nil {
		s.crowd.fault("closing: connection lost")
		return
	}
	for {
		op, _, err := s.conn.Next()
		if err != nil {
			s.crowd.fault("closing: " + wsconn.Reason(err))
			return
		}
		if op == ws.OpClose {
			break
		}
	}
	if _, err := io.Copy(io.Discard, s.conn.NC); err != nil {
		s.crowd.fault("after closing: " + wsconn.Reason(err))
	}
}

// silence is what the server sees of a peer that has lost its network: nothing, until it gives up.
func (s *session) silence() {
	s.crowd.count("ends by silence")
	time.Sleep(s.crowd.timeout) // of the server, whose coarse clock may add to it
	s.conn.NC.SetDeadline(time.Now().Add(s.crowd.timeout/2 + answerWithin))
	if _, err := io.Copy(io.Discard, s.conn.NC); errors.Is(err, os.ErrDeadlineExceeded) {
		s.crowd.fault("silent connection not closed")
	}
}
