package transport

import (
	"fmt"
	"net"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"
	"unsafe"
)

const (
	pollEvents = 256
	pollBuffer = 64 << 10
	maxReads   = 16
	pollET     = 1 << 31 // EPOLLET, which package syscall has as a negative number
	pollMask   = syscall.EPOLLIN | syscall.EPOLLOUT | syscall.EPOLLRDHUP | pollET
	maxIovecs  = 64
)

// poller is epoll for the connections of one shard, edge-triggered and set once. It belongs to the shard's working goroutine, but for wake.
type poller struct {
	shard   *Shard
	epfd    int
	eventfd int
	conns   []*wsConn // by descriptor
	n       int       // of conns
	reads   int       // of one connection, before the others have their turn: maxReads
	again   []*wsConn // have more to read than one turn allows: no event will tell
	spare   []*wsConn
	yielded bool
	now     time.Duration // of the events at hand
	events  [pollEvents]syscall.EpollEvent
	buf     [pollBuffer]byte
	plain   [tlsPiece]byte // decrypted, or to be encrypted
}

// handOver takes the connection out of Go's netpoller and gives it to the shard. It says no for what is neither plain TCP nor TLS over a connection of [UnderTLS].
func (c *wsConn) handOver(rest []byte) bool {
	tcp, plain := c.nc.Conn.(*net.TCPConn)
	under := parkable(c.nc.Conn)
	switch {
	case under != nil:
		tcp = under.tcp
	case !plain:
		return false
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return false
	}
	fd, errno := -1, syscall.Errno(0)
	if err := raw.Control(func(f uintptr) {
		r, _, e := syscall.Syscall(syscall.SYS_FCNTL, f, syscall.F_DUPFD_CLOEXEC, 0)
		fd, errno = int(r), e
	}); err != nil || errno != 0 {
		return false
	}
	c.fd = int32(fd)
	if under != nil {
		under.park(fd)
		c.nc = &plainConn{under: under}
	} else {
		tcp.Close() // of the two descriptors; the new one keeps the connection
		c.nc = nil
	}
	c.shard.PostFunc(func() { c.shard.attach(c, rest) })
	return true
}

// attach is called on the shard.
func (s *Shard) attach(c *wsConn, rest []byte) {
	if s.poller == nil {
		p, err := newPoller(s)
		if err != nil {
			s.env.report(debug.Stack(), fmt.Sprintf("transport: no poller: %v", err))
			s.poller = &poller{shard: s, epfd: -1, eventfd: -1} // for forget, until the end of this function
			defer func() { s.poller = nil }()
		} else {
			s.mu.Lock()
			s.poller = p
			s.mu.Unlock()
		}
	}
	p := s.poller
	if p.epfd < 0 || !s.adopt(c) || p.add(c) != nil {
		p.n++
		c.finish()
		return
	}
	c.open()
	now := c.ws.env.System.Now()
	more := len(rest) == 0 || c.feed(rest, now)
	if more && c.nc != nil { // crypto/tls may have read more than net/http has asked it for, of which no event tells
		more = p.decrypt(c, nil, now)
	}
	if !more {
		c.finish()
	}
}

func newPoller(s *Shard) (*poller, error) {
	efd, _, errno := syscall.Syscall(syscall.SYS_EVENTFD2, 0, syscall.O_CLOEXEC|syscall.O_NONBLOCK, 0)
	if errno != 0 {
		return nil, errno
	}
	if err := s.pin(); err != nil { // after what others wake the shard with is made, before what is the shard's alone
		syscall.Close(int(efd))
		return nil, err
	}
	epfd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		syscall.Close(int(efd))
		return nil, err
	}
	p := &poller{shard: s, epfd: epfd, eventfd: int(efd), reads: maxReads}
	ev := syscall.EpollEvent{Events: syscall.EPOLLIN | pollET, Fd: int32(efd)}
	if err := syscall.EpollCtl(epfd, syscall.EPOLL_CTL_ADD, int(efd), &ev); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

func (p *poller) close() {
	syscall.Close(p.epfd)
	syscall.Close(p.eventfd)
}

func (p *poller) add(c *wsConn) error {
	fd := int(c.fd)
	for fd >= len(p.conns) {
		p.conns = append(p.conns, nil)
	}
	ev := syscall.EpollEvent{Events: pollMask, Fd: int32(fd)}
	if err := syscall.EpollCtl(p.epfd, syscall.EPOLL_CTL_ADD, fd, &ev); err != nil {
		return err
	}
	p.conns[fd] = c
	p.n++
	return nil
}

// forget closes a descriptor, which also takes it out of epoll. The last one takes the poller with it.
func (p *poller) forget(fd int) {
	if fd < len(p.conns) {
		p.conns[fd] = nil
	}
	syscall.Close(fd)
	p.n--
}

// wake is called by who puts something into the inbox of a shard that sleeps.
func (p *poller) wake() {
	one := uint64(1)
	syscall.RawSyscall(syscall.SYS_WRITE, uintptr(p.eventfd), uintptr(unsafe.Pointer(&one)), 8)
}

// poll waits for events, or for the inbox, and deals with them. Without connections it closes the poller.
func (s *Shard) poll() {
	p := s.poller
	if p.n == 0 {
		s.mu.Lock()
		s.poller = nil
		p.close()
		s.mu.Unlock()
		s.unpin(p.eventfd)
		return
	}
	if len(p.again) > 0 {
		p.handle(p.ready())
		return
	}
	if !p.yielded { // workers that were given something run first: a blocked thread may keep its processor for a while
		p.yielded = true
		runtime.Gosched()
		return
	}
	s.mu.Lock()
	if len(s.inbox) > 0 {
		s.mu.Unlock()
		return
	}
	s.asleep = true
	s.mu.Unlock()
	n, err := syscall.EpollWait(p.epfd, p.events[:], -1)
	s.mu.Lock()
	s.asleep = false
	s.mu.Unlock()
	p.yielded = false
	if err == nil && n > 0 {
		p.handle(n)
	}
}

// glance deals with what is ready, without waiting, and lets those run who were given something.
func (s *Shard) glance() {
	if p := s.poller; p != nil {
		if n := p.ready(); n > 0 || len(p.again) > 0 {
			p.handle(n)
			runtime.Gosched()
		}
	}
}

func (p *poller) ready() int {
	n, _, errno := syscall.RawSyscall6(syscall.SYS_EPOLL_PWAIT, uintptr(p.epfd), uintptr(unsafe.Pointer(&p.events[0])), pollEvents, 0, 0, 0)
	if errno != 0 {
		return 0
	}
	return int(n)
}

func (p *poller) handle(n int) {
	p.yielded = false
	p.now = p.shard.conns.system().Now()
	again := p.again
	p.again, p.spare = p.spare[:0], nil
	for i := range n {
		ev := p.events[i]
		fd := int(ev.Fd)
		if fd == p.eventfd {
			var count [8]byte
			syscall.RawSyscall(syscall.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(&count[0])), 8)
			continue
		}
		if fd < len(p.conns) && p.conns[fd] != nil {
			p.serve(p.conns[fd], ev.Events)
		}
	}
	for _, c := range again {
		c.again = false
		if c.fd >= 0 {
			p.serve(c, syscall.EPOLLRDHUP) // until there is nothing more: its end may be among what is left
		}
	}
	clear(again)
	p.spare = again
}

// serve deals with the events of one connection. A panic costs this connection and goes no further.
func (p *poller) serve(c *wsConn, events uint32) {
	defer func() {
		if v := recover(); v != nil {
			p.shard.env.report(debug.Stack(), v)
			c.finish()
		}
	}()
	if events&syscall.EPOLLOUT != 0 {
		c.writable()
	}
	ended := events&(syscall.EPOLLRDHUP|syscall.EPOLLHUP|syscall.EPOLLERR) != 0
	if !ended && events&syscall.EPOLLIN == 0 {
		return
	}
	for range p.reads {
		n, _, errno := syscall.RawSyscall(syscall.SYS_READ, uintptr(c.fd), uintptr(unsafe.Pointer(&p.buf[0])), pollBuffer)
		switch {
		case errno == syscall.EINTR:
			continue
		case errno == syscall.EAGAIN:
			return
		case errno != 0 || n == 0:
			c.finish()
			return
		}
		if !p.receive(c, p.buf[:n]) {
			c.finish()
			return
		}
		if n < pollBuffer && !ended {
			return // it was all; more makes a new event
		}
	}
	if !c.again {
		c.again = true
		p.again = append(p.again, c)
	}
}

// receive takes what has come.
func (p *poller) receive(c *wsConn, in []byte) (more bool) {
	if c.nc != nil {
		return p.decrypt(c, in, p.now)
	}
	return c.feed(in, p.now)
}

// decrypt takes what has come over TLS.
func (p *poller) decrypt(c *wsConn, in []byte, now time.Duration) (more bool) {
	c.read.Store(millis(now)) // a part of a record is a sign of life, too
	under := c.nc.under
	under.coming = in
	defer func() { under.coming = nil }()
	for {
		n, err := c.readTLS(p.plain[:])
		if n > 0 && !c.feed(p.plain[:n], now) {
			return false
		}
		if err != nil {
			return err == syscall.EAGAIN
		}
	}
}

// readTLS takes mu, since reading may have to write, and encrypting is not for two at once. Nothing in it waits.
func (c *wsConn) readTLS(buf []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n, err := c.nc.under.read(buf)
	c.unsentLocked(c.nc.under)
	return n, err
}

// writeQueueLocked writes what the socket takes of the queue. It is called on the shard.
func (c *wsConn) writeQueueLocked() (written int, err error) {
	if c.nc != nil {
		return c.nc.under.writeQueue(&c.out.queue, c.shard.poller.plain[:])
	}
	return directWritev(int(c.fd), &c.out.queue)
}

// directWritev writes what the socket takes of the queue, and takes it off.
func directWritev(fd int, q *net.Buffers) (written int, err error) {
	var iov [maxIovecs]syscall.Iovec
	for len(*q) > 0 {
		n := 0
		for _, b := range *q {
			if n == maxIovecs {
				break
			}
			if len(b) > 0 {
				iov[n] = syscall.Iovec{Base: &b[0]}
				iov[n].SetLen(len(b))
				n++
			}
		}
		w, _, errno := syscall.Syscall(syscall.SYS_WRITEV, uintptr(fd), uintptr(unsafe.Pointer(&iov[0])), uintptr(n))
		switch errno {
		case 0:
			written += int(w)
			take(q, int(w))
		case syscall.EINTR:
		case syscall.EAGAIN:
			return written, nil
		default:
			return written, errno
		}
	}
	return written, nil
}
