package main

import (
	"fmt"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/bennu-go/bennu/bench/internal/ws"
)

// stuck is how long a client may read nothing while its socket is full.
const stuck = 5 * time.Second

// hijackConn is one connection. Its reader's goroutine owns what mu does not
// guard; room and index are written by it, under the server's lock.
type hijackConn struct {
	srv     *hijackServer
	nc      *net.TCPConn
	rc      syscall.RawConn
	partial []byte
	room    *hijackRoom
	fd      int32
	index   int32 // in room.members
	slot    int32 // in srv.conns
	mu      sync.Mutex
	dead    bool // guarded by mu; fd is not used any more
}

func newHijackConn(srv *hijackServer, nc *net.TCPConn) (*hijackConn, error) {
	rc, err := nc.SyscallConn()
	if err != nil {
		return nil, fmt.Errorf("floor: taking over a connection: %w", err)
	}
	c := &hijackConn{srv: srv, nc: nc, rc: rc}
	if err := rc.Control(func(fd uintptr) { c.fd = int32(fd) }); err != nil {
		return nil, fmt.Errorf("floor: taking over a connection: %w", err)
	}
	return c, nil
}

// buffers are what a reader borrows while bytes move.
type buffers struct {
	in  [16 << 10]byte
	out []byte
}

// borrowed is shared by all connections: it is what makes an idle one cost no
// buffer.
var borrowed = sync.Pool{New: func() any { return new(buffers) }}

// run reads until the connection ends. The whole life is one call of
// RawConn.Read, so that waiting costs nothing but the goroutine.
func (c *hijackConn) run() {
	if len(c.partial) == 0 || c.early() {
		_ = c.rc.Read(c.ready)
	}
	c.end()
	c.srv.remove(c)
	_ = c.nc.Close()
	c.srv.readers.Done()
}

func (c *hijackConn) early() bool {
	b := borrowed.Get().(*buffers)
	defer borrowed.Put(b)
	return c.consume(b, nil)
}

// ready reads until the socket is empty, because Go's poller is edge-triggered
// and does not tell an end of file from more data. It reports true when the
// connection has ended, which also ends RawConn.Read.
func (c *hijackConn) ready(uintptr) bool {
	b := borrowed.Get().(*buffers)
	defer borrowed.Put(b)
	for {
		n, errno := read(c.fd, b.in[:])
		switch {
		case errno == syscall.EAGAIN:
			return false
		case errno != 0 || n == 0:
			return true
		case !c.consume(b, b.in[:n]):
			return true
		}
	}
}

// consume handles what was kept and what was read, and keeps what is no whole
// frame yet.
func (c *hijackConn) consume(b *buffers, in []byte) bool {
	if len(c.partial) > 0 {
		in = append(c.partial, in...)
	}
	n, out, alive := serve(c, in, b.out)
	b.out = out
	c.partial = nil
	if n < len(in) {
		c.partial = append([]byte(nil), in[n:]...)
	}
	return alive
}

// send writes one frame. Any goroutine may call it. It reports false once the
// connection has ended.
func (c *hijackConn) send(frame []byte) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dead {
		return false
	}
	n, errno := write(c.fd, frame)
	switch {
	case errno == 0 && n == len(frame):
		return true
	case errno == syscall.EAGAIN:
		n = 0
	case errno != 0:
		c.endLocked()
		return false
	}
	// net.Conn.Write waits for room, at a fifth more of CPU than write(2);
	// hence it is not used first.
	_ = c.nc.SetWriteDeadline(time.Now().Add(stuck))
	if _, err := c.nc.Write(frame[n:]); err != nil {
		c.endLocked()
		return false
	}
	return true
}

// end makes the reader, wherever it is, finish and close the connection, whose
// descriptor nobody uses after this returns. Closing here would wait for that
// reader, which may be waiting for a lock that the caller holds.
func (c *hijackConn) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.endLocked()
}

func (c *hijackConn) endLocked() {
	if !c.dead {
		c.dead = true
		_ = syscall.Shutdown(int(c.fd), syscall.SHUT_RDWR)
	}
}

// The methods of phx.Peer, for the reader's goroutine.

func (c *hijackConn) Send(buf []byte) bool { return c.send(ws.Seal(buf, ws.OpText)) }

func (c *hijackConn) Joined() string {
	if c.room != nil {
		return c.room.topic
	}
	return ""
}

func (c *hijackConn) Join(topic, reply []byte) bool { return c.srv.join(c, topic, reply) }

func (c *hijackConn) Leave() {
	c.srv.mu.Lock()
	defer c.srv.mu.Unlock()
	c.srv.leaveLocked(c)
}

func (c *hijackConn) Shout(buf []byte) bool {
	c.srv.shout(c.room, ws.Seal(buf, ws.OpText))
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.dead
}
