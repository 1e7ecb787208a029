package transport

import (
	"context"
	"net"

	"github.com/bennu-go/bennu/telemetry"
)

// Send implements Conn.
func (c *wsConn) Send(b *Batch) { c.write(b.Bytes(), true) }

// Write implements Conn.
func (c *wsConn) Write(p []byte) { c.write(p, false) }

func (c *wsConn) write(p []byte, shared bool) {
	c.mu.Lock()
	if c.state == stateOpen && !c.writeLocked(p, shared, false) {
		c.slowLocked()
	}
	c.mu.Unlock()
}

// writeLocked writes p at once if it can, and queues the rest: a reference if p is shared, else a copy. It refuses what would overfill the queue, unless
// last says that it is the close frame.
func (c *wsConn) writeLocked(p []byte, shared, last bool) bool {
	if !c.flushing && c.fd >= 0 {
		n, err := directWrite(c.fd, p)
		if err != nil {
			c.lostLocked()
			return true
		}
		if p = p[n:]; len(p) == 0 {
			return true
		}
	}
	if !last && c.queued > 0 && c.queued+len(p) > c.ws.cfg.MaxQueued {
		return false
	}
	if !shared {
		p = append([]byte(nil), p...)
	}
	c.queue = append(c.queue, p)
	c.queued += len(p)
	if !c.flushing {
		c.flushing = true
		go c.flush()
	}
	return true
}

// lostLocked reacts to a failed write. The reader ends the connection.
func (c *wsConn) lostLocked() {
	c.fd = -1
	c.peerDone = true
	c.queue, c.queued = nil, 0
	c.shard.PostFunc(c.abandon) // not here: the session must not be called by somebody who writes
}

// slowLocked ends a client that does not read: what waits is given up, but for what is being written, and a close frame follows.
func (c *wsConn) slowLocked() {
	queued := c.queued
	c.state, c.code, c.ended = stateClosing, CloseTryLater, ErrSlow
	for _, p := range c.queue {
		c.queued -= len(p)
	}
	c.queue = net.Buffers{closeFrame(CloseTryLater, "too slow")}
	c.queued += len(c.queue[0])
	c.shard.PostFunc(func() {
		t := c.ws.env.Telemetry
		telemetry.Emit(context.Background(), t, telemetry.SlowClient{Socket: c.ws.socket.Name(), Transport: "websocket", ID: c.session.ID(),
			Queued: queued, Limit: c.ws.cfg.MaxQueued})
		c.closing(ErrSlow)
	})
}

// flush writes the queue until it is empty, blocking as long as the client lets it.
func (c *wsConn) flush() {
	for {
		c.mu.Lock()
		if len(c.queue) == 0 {
			c.flushing = false
			c.hangUpLocked()
			c.mu.Unlock()
			return
		}
		q := c.queue
		c.queue = nil
		c.mu.Unlock()
		n, err := q.WriteTo(c.nc)
		c.mu.Lock()
		c.queued -= int(n)
		if err != nil {
			c.flushing = false
			c.lostLocked()
			c.mu.Unlock()
			return
		}
		c.mu.Unlock()
	}
}
