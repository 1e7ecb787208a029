package transport

import (
	"context"
	"net"

	"github.com/bennu-go/bennu/telemetry"
)

// maxOwn bounds the copy in which small messages wait together, so that they cost what they weigh.
const maxOwn = 4 << 10

// Send implements Conn. What cannot be written yet is queued as a reference.
func (c *wsConn) Send(b *Batch) {
	p := b.Bytes()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state != stateOpen {
		return
	}
	if n := c.directLocked(p); n < len(p) && c.roomLocked(len(p)-n) {
		c.queueLocked(p[n:])
	}
}

// Write implements Conn.
func (c *wsConn) Write(p []byte) {
	if !c.deflate || !c.ws.cfg.Compress.deflated(p, c.write) {
		c.write(p)
	}
}

// write queues what cannot be written yet as a copy.
func (c *wsConn) write(p []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state != stateOpen {
		return
	}
	if n := c.directLocked(p); n < len(p) && c.roomLocked(len(p)-n) {
		c.copyLocked(p[n:])
	}
}

// directLocked writes what the socket takes, if nothing waits before it, and says how much that was. After a failure nothing is left to do.
func (c *wsConn) directLocked(p []byte) (n int) {
	if c.out != nil && c.out.flushing || c.fd < 0 || c.elsewhere() {
		return 0
	}
	var err error
	if c.nc != nil && c.nc.under != nil {
		n, err = c.nc.under.write(p)
		c.unsentLocked(c.nc.under)
	} else {
		n, err = directWrite(int(c.fd), p)
	}
	if err != nil {
		c.lostLocked()
		return len(p)
	}
	return n
}

// unsentLocked has the poller go on when the socket takes more, if TLS has encrypted more than it took.
func (c *wsConn) unsentLocked(u *underTLS) {
	if len(u.unsent) > 0 {
		c.outLocked().flushing = true
	}
}

// roomLocked says whether n more bytes may wait; else the client is too slow.
func (c *wsConn) roomLocked(n int) bool {
	out := c.out
	if out == nil || out.queued == 0 || out.queued+n <= c.ws.cfg.MaxQueued {
		return true
	}
	c.slowLocked()
	return false
}

// queueLocked has p wait, and keeps it.
func (c *wsConn) queueLocked(p []byte) {
	out := c.outLocked()
	out.queue, out.own = append(out.queue, p), false
	out.queued += len(p)
	if !out.flushing {
		out.flushing = true
		switch {
		case !c.polled():
			go c.flush()
		case c.elsewhere():
			c.postFlush()
		} // else the socket was full, and the poller will say when it is not
	}
}

// copyLocked has a copy of p wait.
func (c *wsConn) copyLocked(p []byte) {
	if out := c.out; out != nil && out.own && len(out.queue) > 0 {
		if last := &out.queue[len(out.queue)-1]; len(*last)+len(p) <= maxOwn {
			*last = append(*last, p...)
			out.queued += len(p)
			return
		}
	}
	c.queueLocked(append([]byte(nil), p...))
	c.out.own = true
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
	if c.polled() && len(out.queue) > 0 { // under the poller the first may be half written; on the portable path a goroutine has it
		keep = net.Buffers{out.queue[0], last}
	}
	for _, p := range out.queue {
		out.queued -= len(p)
	}
	out.queue, out.own = keep, false
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
		n, err := q.WriteTo(c.nc.Conn)
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
	if c.state == stateGone || !c.waitsLocked() {
		return
	}
	n, err := c.writeQueueLocked()
	c.out.queued -= n
	switch {
	case err != nil:
		c.lostLocked()
	case !c.waitsLocked():
		c.flushedLocked()
	}
}

// waitsLocked says whether something waits for the socket to take more. After a failed write nothing does.
func (c *wsConn) waitsLocked() bool {
	if c.out == nil || !c.out.flushing {
		return false
	}
	return len(c.out.queue) > 0 || c.nc != nil && c.nc.under != nil && c.nc.under.err == nil && len(c.nc.under.unsent) > 0
}

// take takes n bytes off the front of q.
func take(q *net.Buffers, n int) {
	for len(*q) > 0 && n >= len((*q)[0]) {
		n -= len((*q)[0])
		(*q)[0] = nil
		*q = (*q)[1:]
	}
	if n > 0 {
		(*q)[0] = (*q)[0][n:]
	}
}
