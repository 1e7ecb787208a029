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
	if (c.out == nil || !c.out.flushing) && c.fd >= 0 {
		n, err := directWrite(int(c.fd), p)
		if err != nil {
			c.lostLocked()
			return true
		}
		if p = p[n:]; len(p) == 0 {
			return true
		}
	}
	out := c.outLocked()
	if !last && out.queued > 0 && out.queued+len(p) > c.ws.cfg.MaxQueued {
		return false
	}
	if !shared {
		p = append([]byte(nil), p...)
	}
	out.queue = append(out.queue, p)
	out.queued += len(p)
	if !out.flushing {
		out.flushing = true
		if c.nc != nil {
			go c.flush()
		} // else the socket was full, and the poller will say when it is not
	}
	return true
}

// lostLocked reacts to a failed write. The reader ends the connection.
func (c *wsConn) lostLocked() {
	out := c.outLocked()
	out.peerDone, out.flushing = true, true // nothing is written any more
	out.queue, out.queued = nil, 0
	c.shard.PostFunc(c.abandon) // not here: the session must not be called by somebody who writes
}

// slowLocked ends a client that does not read: what waits is given up, but for what is being written, and a close frame follows.
func (c *wsConn) slowLocked() {
	queued := c.out.queued
	c.closeLocked(CloseTryLater, "too slow")
	out := c.out
	last := closeFrame(CloseTryLater, "too slow")
	keep := net.Buffers{last}
	if c.nc == nil && len(out.queue) > 0 { // under the poller the first may be half written; on the portable path a goroutine has it
		keep = net.Buffers{out.queue[0], last}
	}
	for _, p := range out.queue {
		out.queued -= len(p)
	}
	out.queue = keep
	for _, p := range keep {
		out.queued += len(p)
	}
	c.shard.PostFunc(func() {
		t := c.ws.env.Telemetry
		telemetry.Emit(context.Background(), t, telemetry.SlowClient{Socket: c.ws.socket.Name(), Transport: "websocket", ID: c.session.ID(),
			Queued: queued, Limit: c.ws.cfg.MaxQueued})
		c.closing(ErrSlow)
	})
}

// flush writes the queue until it is empty, blocking as long as the client lets it. It is for the portable path.
func (c *wsConn) flush() {
	for {
		c.mu.Lock()
		if len(c.out.queue) == 0 || c.state == stateGone {
			c.flushedLocked()
			c.mu.Unlock()
			return
		}
		q := c.out.queue
		c.out.queue = nil
		c.mu.Unlock()
		n, err := q.WriteTo(c.nc)
		c.mu.Lock()
		c.out.queued -= int(n)
		if err != nil {
			if c.state != stateGone {
				c.lostLocked()
			}
			c.mu.Unlock()
			return
		}
		c.mu.Unlock()
	}
}

// flushedLocked notes that nothing waits to be written any more.
func (c *wsConn) flushedLocked() {
	c.out.flushing, c.out.queue = false, nil
	if c.state == stateOpen && !c.out.peerDone {
		c.out = nil
		return
	}
	c.hangUpLocked()
}

// writable continues with the queue when the socket takes more. It is called by the poller, on the shard.
func (c *wsConn) writable() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state == stateGone || c.out == nil || !c.out.flushing || len(c.out.queue) == 0 {
		return
	}
	n, err := directWritev(int(c.fd), &c.out.queue)
	c.out.queued -= n
	switch {
	case err != nil:
		c.lostLocked()
	case len(c.out.queue) == 0:
		c.flushedLocked()
	}
}
