//go:build unix

package transport

import (
	"net"
	"syscall"
)

// directFD returns the descriptor of a plain TCP or Unix connection, -1 for others: what is wrapped around one may do more than it with the bytes.
func directFD(nc net.Conn) int {
	var sc syscall.Conn
	switch nc := nc.(type) {
	case *net.TCPConn:
		sc = nc
	case *net.UnixConn:
		sc = nc
	default:
		return -1
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return -1
	}
	fd := -1
	if err := raw.Control(func(f uintptr) { fd = int(f) }); err != nil {
		return -1
	}
	return fd
}

// directWrite writes what the socket takes without waiting. net.Conn.Write costs about a fifth more.
func directWrite(fd int, p []byte) (written int, err error) {
	for written < len(p) {
		n, err := syscall.Write(fd, p[written:])
		switch err {
		case nil:
			written += n
		case syscall.EINTR:
		case syscall.EAGAIN:
			return written, nil
		default:
			return written, err
		}
	}
	return written, nil
}

// canShutLocked says whether there is a descriptor of plain TCP, whose two directions end one by one.
func (c *wsConn) canShutLocked() bool { return c.fd >= 0 && (c.nc == nil || c.nc.under == nil) }

func shutWrite(fd int) error { return syscall.Shutdown(fd, syscall.SHUT_WR) }

// readAll borrows a buffer only while there is something to read.
func (c *wsConn) readAll() {
	if c.fd < 0 {
		c.readPlain()
		return
	}
	raw, err := c.nc.Conn.(syscall.Conn).SyscallConn()
	if err != nil {
		c.readPlain()
		return
	}
	raw.Read(c.readable)
}

// readable reads until there is nothing more to read, and reports whether the connection has ended.
func (c *wsConn) readable(fd uintptr) (done bool) {
	buf := readBuffers.Get().(*[readBuffer]byte)
	defer readBuffers.Put(buf)
	for {
		n, err := syscall.Read(int(fd), buf[:])
		switch {
		case err == syscall.EINTR:
			continue
		case err == syscall.EAGAIN:
			return false
		case err != nil || n == 0:
			return true
		}
		if !c.feed(buf[:n], c.ws.env.System.Now()) {
			return true
		}
	}
}
