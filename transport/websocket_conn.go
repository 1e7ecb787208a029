package transport

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bennu-go/bennu/internal/frame"
	"github.com/bennu-go/bennu/internal/wire"
	"github.com/bennu-go/bennu/telemetry"
)

const (
	stateOpen    = iota
	stateClosing // our close frame is queued, or the connection failed: nothing more is sent, or received
	stateGone    // the descriptor is closed
)

// wsConn is a WebSocket. On the portable path a goroutine of its own reads; under the poller its shard does. Anyone writes, under mu. Only
// the reader closes the descriptor, under mu too, so that a write can never reach another connection's.
//
// A million of them may be idle: what only few need is behind a pointer, and a test keeps the size.
type wsConn struct {
	ws      *WebSocket
	shard   *Shard
	session Session
	parser  frame.Parser
	nc      *plainConn    // portable path, and TLS; nil for plain TCP under the poller
	mu      sync.Mutex    // guards out, fd and state; the reader, who alone changes fd, reads it without
	out     *outgoing     // nil while nothing waits to be written and the connection is open
	fd      int32         // for direct writes; -1: none
	read    atomic.Uint32 // when the last byte came: System.Now in milliseconds, which wraps
	opened  uint32        // the same, of the beginning
	place   link
	format  uint8 // the serializer, in ws.formats
	state   uint8
	opening bool // Session.Open is running: Closed comes after it
	deflate bool // permessage-deflate is negotiated
	seated  bool // it counts in the Limiter, and gives its place back when the session is closed
	again   bool // in the poller's list of those who have more to read; used by the shard only
}

// plainConn is what only the portable path and TLS need, behind one pointer, which is all that plain TCP under the poller has to pay for.
type plainConn struct {
	net.Conn           // on the portable path
	under    *underTLS // of TLS under the poller; else nil
}

// outgoing is what waits to be written to a client, and how its connection ends.
type outgoing struct {
	queue    net.Buffers
	queued   int           // bytes, of the queue and of what a goroutine is writing
	own      bool          // the last of the queue is a copy of ours, which may grow
	flushing bool          // a goroutine writes the queue, or the poller will when the socket is writable
	peerDone bool          // the client's close frame has come, or will not
	linger   bool          // what comes is not understood any more: it is read and dropped until the client ends too
	hungUp   bool          // the reader is to finish
	code     int           // close code
	reason   string        // close reason
	why      error         // the session has still to be told, when Open has returned
	deadline time.Duration // System.Now at which the closing handshake is given up
}

func newWSConn(ws *WebSocket, session Session, sr wire.Serializer, nc net.Conn) *wsConn {
	c := &wsConn{ws: ws, session: session, nc: &plainConn{Conn: nc}, shard: ws.env.Shards.Pick(), fd: int32(directFD(nc))}
	for i, f := range ws.formats {
		if f == sr {
			c.format = uint8(i)
		}
	}
	c.sit()
	c.opened = millis(ws.env.System.Now())
	c.read.Store(c.opened)
	return c
}

func millis(d time.Duration) uint32 { return uint32(d / time.Millisecond) }

// since is the time from then to now, both in milliseconds that wrap, for up to 24 days. It is negative if then is later: who looks at all deadlines
// took the time before a byte came.
func since(then, now uint32) time.Duration {
	return time.Duration(int32(now-then)) * time.Millisecond
}

func (c *wsConn) link() *link                 { return &c.place }
func (c *wsConn) mount() Socket               { return c.ws.socket }
func (c *wsConn) Shard() *Shard               { return c.shard }
func (c *wsConn) Serializer() wire.Serializer { return c.ws.formats[c.format] }
func (c *wsConn) Transport() string           { return "websocket" }

// polled says whether the connection is under the poller.
func (c *wsConn) polled() bool { return c.nc == nil || c.nc.under != nil }

// outLocked makes c.out.
func (c *wsConn) outLocked() *outgoing {
	if c.out == nil {
		c.out = &outgoing{}
	}
	return c.out
}

// open is the reader's first act. Those who drain and abandon find the connection in the list after Session.Open only; it asks itself for what they may
// have missed.
func (c *wsConn) open() {
	c.mu.Lock()
	c.opening = true
	c.mu.Unlock()
	c.openSession()
	c.shard.conns.add(c)
	c.mu.Lock()
	c.opening = false
	var why error
	if c.out != nil {
		why = c.out.why
	}
	left := c.leftLocked(c.ws.env.System.Now()) // it may have been closed already
	c.mu.Unlock()
	c.shard.conns.within(max(left, 0))
	if why != nil {
		c.closing(why)
	}
	switch c.ws.env.Shards.phase.Load() {
	case phaseDrain:
		c.drain()
	case phaseAbandon:
		c.abandon()
	}
}

// serve reads until the end, on the portable path. It runs in a fresh goroutine, whose stack is small, and never runs a callback of the application.
func (c *wsConn) serve(rest []byte) {
	c.open()
	if c.feed(rest, c.ws.env.System.Now()) {
		c.readAll()
	}
	c.finish()
}

// feed hands bytes to the session and says whether to read on.
func (c *wsConn) feed(in []byte, now time.Duration) (more bool) {
	defer func() {
		if v := recover(); v != nil { // a fault of ours, or of a custom serializer: it costs this connection only
			reportPanic(c.ws.env.Logger, "transport: receiving a message", v)
			c.end(CloseInternal, "", ErrBadMessage)
			more = true // for the closing handshake
		}
	}()
	c.read.Store(millis(now))
	for len(in) > 0 && !c.parser.Ended() {
		m, rest, err := c.parser.Next(in, c.limits())
		if err != nil {
			fe := err.(*frame.Error)
			c.end(fe.Code, fe.Reason, ErrBadMessage)
			c.linger()
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
	return c.out == nil || !c.out.hungUp
}

// limits are what the parser holds the client to.
func (c *wsConn) limits() *frame.Limits {
	if c.deflate {
		return &c.ws.deflated
	}
	return &c.ws.limits
}

func (c *wsConn) receive(m frame.Message) {
	if !c.isOpen() {
		return // what comes after our close frame is for nobody
	}
	if m.RSV1 {
		c.receiveDeflated(m)
		return
	}
	c.hand(m.Op, m.Data)
}

// hand gives a message to the session.
func (c *wsConn) hand(op frame.Opcode, data []byte) {
	if err := c.session.Receive(op, data); err != nil {
		c.ws.env.Logger.Debug("transport: closing a connection after a bad message", "socket", c.ws.socket.Name(), "error", err)
		c.end(CloseInternal, "", ErrBadMessage)
	}
}

func (c *wsConn) pong(data []byte) {
	buf := readBuffers.Get().(*[readBuffer]byte) // one on the stack would move to the heap, since crypto/tls may get it
	defer readBuffers.Put(buf)
	c.write(append(frame.AppendHeader(buf[:0], frame.Pong, len(data)), data...))
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
	c.closeLocked(code, reason)
	last := closeFrame(code, reason)
	if n := c.directLocked(last); n < len(last) {
		c.queueLocked(last[n:])
	}
	c.mu.Unlock()
	c.closing(why)
}

// closeLocked changes the state from open to closing. The caller calls closing when it no longer holds mu.
func (c *wsConn) closeLocked(code int, reason string) {
	out := c.outLocked()
	c.state, out.code, out.reason = stateClosing, code, reason
	out.deadline = c.ws.env.System.Now() + min(c.ws.cfg.CloseTimeout, maxWatch)
}

// closing is called when the state has become closing, without mu: once, and once more by open for who was closed in Open.
func (c *wsConn) closing(why error) {
	c.mu.Lock()
	if c.opening {
		c.out.why = why
		c.mu.Unlock()
		return
	}
	c.mu.Unlock()
	c.shard.conns.within(c.ws.cfg.CloseTimeout)
	c.closeSession(why)
	t := c.ws.env.Telemetry
	if t == nil || !telemetry.Enabled[telemetry.SocketDisconnected](t) {
		return
	}
	lived := time.Duration(millis(c.ws.env.System.Now())-c.opened) * time.Millisecond
	c.mu.Lock()
	code, reason := c.out.code, c.out.reason
	c.mu.Unlock()
	telemetry.Emit(context.Background(), t, telemetry.SocketDisconnected{Socket: c.ws.socket.Name(), Transport: "websocket", ID: c.session.ID(),
		Code: code, Reason: reason, Duration: lived})
}

// peerGone notes that nothing more is awaited from the client.
func (c *wsConn) peerGone() {
	c.mu.Lock()
	c.outLocked().peerDone = true
	c.hangUpLocked()
	c.mu.Unlock()
}

// linger ends our side only, after the close frame, where that can be done: a descriptor that is closed while the client is still sending resets the
// connection, and the client, in the middle of a message that is too big, never learns why. Its answer would not be understood; its end is, or CloseTimeout.
func (c *wsConn) linger() {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := c.outLocked()
	if c.canShutLocked() {
		out.linger = true
	} else {
		out.peerDone = true
	}
	c.hangUpLocked()
}

// hangUpLocked has the reader finish, if everything is said on both sides.
func (c *wsConn) hangUpLocked() {
	if c.state == stateClosing && c.out.linger && !c.out.flushing {
		c.out.linger = false
		if shutWrite(int(c.fd)) != nil {
			c.out.peerDone = true
		}
	}
	if c.state == stateClosing && c.out.peerDone && !c.out.flushing && !c.out.hungUp {
		c.out.hungUp = true
		if c.polled() {
			c.shard.PostFunc(c.finish)
		} else {
			c.nc.SetReadDeadline(time.Unix(1, 0))
		}
	}
}

// due implements client: a client that has been silent is closed, one that does not answer the close is cut off.
func (c *wsConn) due(now time.Duration) time.Duration {
	c.mu.Lock()
	state, left := c.state, c.leftLocked(now)
	c.mu.Unlock()
	if left > 0 || state == stateGone {
		return left
	}
	if state == stateOpen {
		c.end(CloseGoingAway, "idle", ErrIdle)
		return c.ws.cfg.CloseTimeout
	}
	c.abandon()
	return 0
}

// leftLocked is the time until the deadline.
func (c *wsConn) leftLocked(now time.Duration) time.Duration {
	switch c.state {
	case stateOpen:
		return c.ws.cfg.Timeout - since(c.read.Load(), millis(now))
	case stateClosing:
		return c.out.deadline - now
	}
	return 0
}

// abandon implements client.
func (c *wsConn) abandon() {
	c.mu.Lock()
	first := c.state == stateOpen
	if first {
		c.closeLocked(1006, "")
	}
	if c.state != stateGone {
		c.out.hungUp = true
		if c.polled() {
			c.shard.PostFunc(c.finish)
		} else {
			c.nc.SetDeadline(time.Unix(1, 0)) // wakes the reader and the flusher
		}
	}
	c.mu.Unlock()
	if first {
		c.closing(ErrLost)
	}
}

// drain implements client.
func (c *wsConn) drain() {
	if c.isOpen() {
		c.drainSession()
		c.Close(CloseRestart, "")
	}
}

func (c *wsConn) isOpen() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state == stateOpen
}

// finish is the reader's last act: on the goroutine of the portable path, or on the shard.
func (c *wsConn) finish() {
	c.mu.Lock()
	if c.state == stateGone {
		c.mu.Unlock()
		return
	}
	first := c.state == stateOpen
	if first {
		c.closeLocked(1006, "")
	}
	c.state = stateGone
	c.out.queue, c.out.queued = nil, 0
	fd, nc := c.fd, c.nc
	c.fd = -1
	switch {
	case c.polled():
		if nc != nil {
			nc.under.tls.Close() // tells the client, if the socket takes that
			c.nc = nil
		}
		c.shard.poller.forget(int(fd))
	case fd >= 0:
		nc.Close()
	default: // without mu: TLS may wait for seconds until it has told the client, and nobody writes to its descriptor but itself
		defer nc.Close()
	}
	c.mu.Unlock()
	if first {
		c.closing(ErrLost)
	}
	c.shard.conns.remove(c)
}
