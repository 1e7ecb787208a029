package transport

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bennu-go/bennu/internal/frame"
	"github.com/bennu-go/bennu/internal/wire"
	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/telemetry"
)

const (
	stateOpen    = iota
	stateClosing // our close frame is queued, or the connection failed: nothing more is sent, or received
	stateGone    // the descriptor is closed
)

// wsConn is a WebSocket on the portable path: a goroutine reads, anyone writes. Only the reading goroutine closes the
// descriptor, under mu, so that a direct write can never reach another connection's.
type wsConn struct {
	place      link
	ws         *WebSocket
	shard      *Shard
	session    Session
	serializer wire.Serializer
	nc         net.Conn
	fd         int // for direct writes; -1: none
	opened     time.Duration
	lastRead   atomic.Int64 // by System.Now
	alarm      proc.Alarm
	parser     frame.Parser

	mu       sync.Mutex // guards the fields below
	state    uint8
	flushing bool // a goroutine writes the queue
	peerDone bool // the client's close frame has come, or will not
	hungUp   bool // the reading goroutine is to return
	queued   int  // bytes
	queue    net.Buffers
	code     int
	reason   string
	ended    error // what the session is told
}

func newWSConn(ws *WebSocket, session Session, sr wire.Serializer, nc net.Conn) *wsConn {
	c := &wsConn{ws: ws, session: session, serializer: sr, nc: nc, shard: ws.env.Shards.Pick(), opened: ws.env.System.Now(), fd: directFD(nc)}
	c.place.socket = ws.socket
	c.lastRead.Store(int64(c.opened))
	return c
}

func (c *wsConn) link() *link                 { return &c.place }
func (c *wsConn) Shard() *Shard               { return c.shard }
func (c *wsConn) Serializer() wire.Serializer { return c.serializer }
func (c *wsConn) Transport() string           { return "websocket" }

// serve reads until the end. It runs in a fresh goroutine, whose stack is small, and never runs a callback of the application.
func (c *wsConn) serve(rest []byte) {
	c.shard.conns.add(c)
	c.session.Open(c)
	c.ws.env.System.SetAlarm(&c.alarm, c, c.ws.cfg.Timeout)
	if c.ws.env.Shards.draining.Load() {
		c.drain()
	}
	if c.feed(rest) {
		c.read()
	}
	c.finish()
}

// feed hands bytes to the session and says whether to read on.
func (c *wsConn) feed(in []byte) (more bool) {
	defer func() {
		if v := recover(); v != nil { // a fault of ours, or of a custom serializer: it costs this connection only
			reportPanic(c.ws.env.Logger, "transport: receiving a message", v)
			c.end(CloseInternal, "", ErrBadMessage)
			more = true // for the closing handshake
		}
	}()
	c.lastRead.Store(int64(c.ws.env.System.Now()))
	for len(in) > 0 && !c.parser.Ended() {
		m, rest, err := c.parser.Next(in, &c.ws.limits)
		if err != nil {
			fe := err.(*frame.Error)
			c.end(fe.Code, fe.Reason, ErrBadMessage)
			c.peerGone() // it may never answer in a way that can be parsed
			break
		}
		in = rest
		switch m.Op {
		case frame.Text, frame.Binary:
			c.receive(m)
		case frame.Ping:
			c.pong(m.Data)
		case frame.Close:
			c.end(frame.ReplyCloseCode(m.Code), "", ErrClosed)
			c.peerGone()
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.hungUp
}

func (c *wsConn) receive(m frame.Message) {
	c.mu.Lock()
	open := c.state == stateOpen
	c.mu.Unlock()
	if !open {
		return // what comes after our close frame is for nobody
	}
	if err := c.session.Receive(m.Op, m.Data); err != nil {
		c.ws.env.Logger.Debug("transport: closing a connection after a bad message", "socket", c.ws.socket.Name(), "error", err)
		c.end(CloseInternal, "", ErrBadMessage)
	}
}

func (c *wsConn) pong(data []byte) {
	var buf [2 + 125]byte
	c.Write(append(frame.AppendHeader(buf[:0], frame.Pong, len(data)), data...))
}

// Close implements Conn.
func (c *wsConn) Close(code int, reason string) { c.end(code, reason, reasonFor(code)) }

func reasonFor(code int) error {
	switch code {
	case CloseGoingAway:
		return ErrDisconnected
	case CloseRestart:
		return ErrRestart
	case CloseTryLater:
		return ErrSlow
	case CloseInternal:
		return ErrBadMessage
	}
	return ErrClosed
}

// end begins the close: the close frame follows what is queued, the session is told, the client has CloseTimeout to answer.
func (c *wsConn) end(code int, reason string, why error) {
	c.mu.Lock()
	if c.state != stateOpen {
		c.mu.Unlock()
		return
	}
	c.state, c.code, c.reason, c.ended = stateClosing, code, reason, why
	c.writeLocked(closeFrame(code, reason), true, true)
	c.mu.Unlock()
	c.closing(why)
}

// closing is called once, when state has become stateClosing, without mu.
func (c *wsConn) closing(why error) {
	c.ws.env.System.SetAlarm(&c.alarm, c, c.ws.cfg.CloseTimeout)
	c.session.Closed(why)
	t := c.ws.env.Telemetry
	if t != nil && telemetry.Enabled[telemetry.SocketDisconnected](t) {
		telemetry.Emit(context.Background(), t, telemetry.SocketDisconnected{Socket: c.ws.socket.Name(), Transport: "websocket", ID: c.session.ID(),
			Code: c.code, Reason: c.reason, Duration: c.ws.env.System.Now() - c.opened})
	}
}

// peerGone notes that nothing more is awaited from the client.
func (c *wsConn) peerGone() {
	c.mu.Lock()
	c.peerDone = true
	c.hangUpLocked()
	c.mu.Unlock()
}

// hangUpLocked wakes the reading goroutine for the last time, if everything is said on both sides.
func (c *wsConn) hangUpLocked() {
	if c.state == stateClosing && c.peerDone && !c.flushing {
		c.hungUp = true
		c.nc.SetReadDeadline(time.Unix(1, 0))
	}
}

// Ring is called by the timing wheel: the client has been silent, or has not answered the close.
func (c *wsConn) Ring() {
	c.mu.Lock()
	state := c.state
	c.mu.Unlock()
	switch state {
	case stateOpen:
		silent := c.ws.env.System.Now() - time.Duration(c.lastRead.Load())
		if silent < c.ws.cfg.Timeout {
			c.ws.env.System.SetAlarm(&c.alarm, c, c.ws.cfg.Timeout-silent)
			return
		}
		c.end(CloseGoingAway, "idle", ErrIdle)
	case stateClosing:
		c.abandon()
	}
}

// abandon implements client.
func (c *wsConn) abandon() {
	c.mu.Lock()
	first := c.state == stateOpen
	if first {
		c.state, c.code, c.ended = stateClosing, 1006, ErrLost
	}
	if c.state != stateGone {
		c.hungUp = true
		c.nc.SetDeadline(time.Unix(1, 0)) // wakes the reader and the flusher
	}
	c.mu.Unlock()
	if first {
		c.closing(ErrLost)
	}
}

// drain implements client.
func (c *wsConn) drain() {
	c.session.Drain()
	c.Close(CloseRestart, "")
}

// finish is the reading goroutine's last act.
func (c *wsConn) finish() {
	c.mu.Lock()
	first := c.state == stateOpen
	if first {
		c.code, c.ended = 1006, ErrLost
	}
	c.state = stateGone
	c.queue, c.queued, c.fd = nil, 0, -1
	c.nc.Close()
	c.mu.Unlock()
	if first {
		c.closing(ErrLost)
	}
	c.ws.env.System.CancelAlarm(&c.alarm)
	c.shard.conns.remove(c)
}
