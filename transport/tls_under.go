package transport

import (
	"crypto/tls"
	"errors"
	"net"
	"syscall"
	"time"
)

const (
	// tlsPiece is how much is handed to crypto/tls at a time: a record at most. So no more than about this waits encrypted.
	tlsPiece = 16 << 10
	// maxUnsent bounds what waits encrypted all the same: crypto/tls answers each KeyUpdate of the client, whether the client reads or not.
	maxUnsent = 4 * tlsPiece
)

// UnderTLS returns l for use under a TLS listener, so that on Linux its WebSockets come under the poller: http.Server.ServeTLS(UnderTLS(l), …), or
// tls.NewListener(UnderTLS(l), …). An endpoint with Config.TLS does it by itself. Connections that are not plain TCP pass through as they are, and so does TLS that
// somebody else's listener has put around them: that takes the portable path.
func UnderTLS(l net.Listener) net.Listener { return &underTLSListener{l} }

type underTLSListener struct{ net.Listener }

// Accept implements net.Listener.
func (l *underTLSListener) Accept() (net.Conn, error) {
	nc, err := l.Listener.Accept()
	if tcp, ok := nc.(*net.TCPConn); ok {
		return &underTLS{tcp: tcp}, nil
	}
	return nc, err
}

// underTLS is the TCP connection under a tls.Conn. While net/http has it, it is no more than that. When it is parked it has a descriptor instead, and reads what
// the shard gives it: crypto/tls takes an error that says it is temporary for a pause, and keeps what it has of a record, but never recovers from a failed write. So a write
// always succeeds, and what the socket does not take waits here.
//
// Once it is parked, it and the tls.Conn above are guarded by the connection's mu: reading may write (the answer to a KeyUpdate, an alert).
type underTLS struct {
	tcp    *net.TCPConn // nil once parked
	tls    *tls.Conn    // above; nil until parked
	fd     int
	unsent []byte // encrypted, and not yet taken by the socket
	err    error  // of the first write that failed, after which there is nothing more to write

	coming []byte // what has been read from the socket and is to be decrypted; used by the reader only, as all below
	header [5]byte
	have   int // bytes of header
	left   int // bytes until the end of the record whose header has been read
}

// parkable returns what is under the TLS of nc, if it is ours.
func parkable(nc net.Conn) *underTLS {
	c, ok := nc.(*tls.Conn)
	if !ok {
		return nil
	}
	u, ok := c.NetConn().(*underTLS)
	if !ok || u.tcp == nil {
		return nil
	}
	u.tls = c
	return u
}

// park is called when the descriptor is out of Go's netpoller.
func (u *underTLS) park(fd int) {
	u.tcp.Close() // of the two descriptors; fd keeps the connection
	u.tcp, u.fd = nil, fd
}

var errUnsent = errors.New("the client asks for answers of TLS and does not read them")

// Read implements net.Conn, for crypto/tls.
func (u *underTLS) Read(p []byte) (int, error) {
	if u.tcp != nil {
		n, err := u.tcp.Read(p)
		u.advance(p[:n])
		return n, err
	}
	if len(u.coming) == 0 {
		return 0, syscall.EAGAIN
	}
	n := copy(p, u.coming[:u.record()])
	u.advance(u.coming[:n])
	u.coming = u.coming[n:]
	return n, nil
}

// record returns how much is coming of one record. What crypto/tls gets beyond that makes its buffer grow to twice the size, for good.
func (u *underTLS) record() int {
	n := u.left
	if n == 0 {
		var header [5]byte
		k := copy(header[:], u.header[:u.have])
		if k += copy(header[k:], u.coming); k < len(header) {
			return len(u.coming)
		}
		n = len(header) - u.have + length(header)
	}
	return min(n, len(u.coming))
}

// advance follows the records.
func (u *underTLS) advance(b []byte) {
	for len(b) > 0 {
		if u.left == 0 {
			k := copy(u.header[u.have:], b)
			b = b[k:]
			if u.have += k; u.have == len(u.header) {
				u.have, u.left = 0, length(u.header)
			}
			continue
		}
		k := min(u.left, len(b))
		u.left -= k
		b = b[k:]
	}
}

func length(header [5]byte) int { return int(header[3])<<8 | int(header[4]) }

// Write implements net.Conn, for crypto/tls.
func (u *underTLS) Write(p []byte) (n int, err error) {
	switch {
	case u.tcp != nil:
		return u.tcp.Write(p)
	case u.err != nil:
		return 0, u.err
	case len(u.unsent) == 0:
		n, u.err = directWrite(u.fd, p)
	}
	if u.err == nil && len(u.unsent)+len(p)-n > maxUnsent {
		u.err = errUnsent
	}
	if u.err != nil {
		return n, u.err
	}
	u.unsent = append(u.unsent, p[n:]...)
	return len(p), nil
}

// read returns what is coming of the client's messages, a record at most, or EAGAIN.
func (u *underTLS) read(p []byte) (int, error) {
	n, err := u.tls.Read(p)
	if u.err != nil { // while answering: crypto/tls would tell only who writes next
		err = u.err
	}
	return n, err
}

// write encrypts and writes as much of p as the socket takes without waiting; the rest of a piece that it does not take waits here.
func (u *underTLS) write(p []byte) (written int, err error) {
	for written < len(p) && len(u.unsent) == 0 {
		n, err := u.tls.Write(p[written:min(written+tlsPiece, len(p))])
		written += n
		if err != nil {
			return written, err
		}
	}
	return written, nil
}

// writeQueue writes what the socket takes of what waits here, then of the queue, and takes it off. Small messages are joined in buf, so that they share records.
func (u *underTLS) writeQueue(q *net.Buffers, buf []byte) (written int, err error) {
	n, err := directWrite(u.fd, u.unsent)
	if u.unsent = u.unsent[n:]; len(u.unsent) == 0 {
		u.unsent = nil
	}
	if err != nil {
		u.err = err
	}
	for err == nil && len(u.unsent) == 0 && len(*q) > 0 {
		size := 0
		for _, b := range *q {
			if size += copy(buf[size:], b); size == len(buf) {
				break
			}
		}
		n, err = u.write(buf[:size])
		written += n
		take(q, n)
	}
	return written, err
}

// Close implements net.Conn. The poller closes what is parked.
func (u *underTLS) Close() error {
	if u.tcp == nil {
		return nil
	}
	return u.tcp.Close()
}

// LocalAddr implements net.Conn. What is parked has forgotten its addresses.
func (u *underTLS) LocalAddr() net.Addr {
	if u.tcp == nil {
		return &net.TCPAddr{}
	}
	return u.tcp.LocalAddr()
}

// RemoteAddr implements net.Conn, as LocalAddr.
func (u *underTLS) RemoteAddr() net.Addr {
	if u.tcp == nil {
		return &net.TCPAddr{}
	}
	return u.tcp.RemoteAddr()
}

// SetDeadline implements net.Conn. What is parked never waits.
func (u *underTLS) SetDeadline(t time.Time) error {
	if u.tcp == nil {
		return nil
	}
	return u.tcp.SetDeadline(t)
}

// SetReadDeadline implements net.Conn.
func (u *underTLS) SetReadDeadline(t time.Time) error {
	if u.tcp == nil {
		return nil
	}
	return u.tcp.SetReadDeadline(t)
}

// SetWriteDeadline implements net.Conn.
func (u *underTLS) SetWriteDeadline(t time.Time) error {
	if u.tcp == nil {
		return nil
	}
	return u.tcp.SetWriteDeadline(t)
}

// SetWriteBuffer is for setSendBuffer.
func (u *underTLS) SetWriteBuffer(n int) error { return u.tcp.SetWriteBuffer(n) }
