package transport

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/bennu-go/bennu/internal/deflate"
)

// Over HTTP/2 a WebSocket is one stream, begun by an extended CONNECT (RFC 8441). net/http announces and accepts these only in a program that was
// started with http2xconnect=1 in the environment variable GODEBUG, since its own reverse proxy cannot forward them; without it browsers open a connection of HTTP/1.1 for their
// WebSockets. The stream takes the portable path, and its handler's goroutine is the reader.

// isExtendedConnect reports whether r asks for a protocol over a stream of HTTP/2. net/http has the pseudo-header among the others; no client
// of HTTP/1 can send a header of this name.
func isExtendedConnect(r *http.Request) bool {
	return r.ProtoMajor == 2 && r.Method == http.MethodConnect && r.Header.Get(":protocol") != ""
}

func checkExtendedConnect(r *http.Request) error {
	switch {
	case r.Header.Get(":protocol") != "websocket":
		return errors.New("the :protocol must be websocket")
	case r.Header.Get("Sec-WebSocket-Version") != "13":
		return errors.New(`the header "Sec-WebSocket-Version" must be 13`)
	}
	return nil
}

// accept answers yes and returns what the frames travel on.
func (ws *WebSocket) accept(w http.ResponseWriter, r *http.Request, key, extensions string) (nc net.Conn, rest []byte, err error) {
	protocol := ws.cfg.subprotocol(r)
	if !isExtendedConnect(r) {
		return ws.hijack(w, key, protocol, extensions)
	}
	if extensions != "" {
		w.Header().Set(deflate.Header, extensions)
	}
	if protocol != "" {
		w.Header().Set(protocolHeader, protocol)
	}
	c := newStreamConn(w, r)
	c.control.SetReadDeadline(time.Time{}) // in place of the server's own deadlines
	c.control.SetWriteDeadline(time.Time{})
	w.WriteHeader(http.StatusOK)
	if err := c.control.Flush(); err != nil {
		return nil, nil, err
	}
	return c, nil, nil
}

// streamConn is a stream of HTTP/2 as a net.Conn, for as long as its handler runs. The handler's goroutine reads; another may write.
type streamConn struct {
	w       http.ResponseWriter
	control *http.ResponseController
	body    io.ReadCloser
	local   net.Addr
	remote  net.Addr

	use  sync.RWMutex // held for reading by who uses w, and for good by retire: after its handler, w must not be touched
	over bool         // guarded by use
}

func newStreamConn(w http.ResponseWriter, r *http.Request) *streamConn {
	c := &streamConn{w: w, control: http.NewResponseController(w), body: r.Body, local: &net.TCPAddr{}, remote: &net.TCPAddr{}}
	if local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok {
		c.local = local
	}
	if remote, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		c.remote = net.TCPAddrFromAddrPort(remote)
	}
	return c
}

// Read implements net.Conn.
func (c *streamConn) Read(p []byte) (int, error) { return c.body.Read(p) }

// Write implements net.Conn: it waits for the client's flow control.
func (c *streamConn) Write(p []byte) (n int, err error) {
	err = c.using(func() (err error) {
		if n, err = c.w.Write(p); err != nil {
			return err
		}
		return c.control.Flush()
	})
	return n, err
}

// using calls f unless the handler is over.
func (c *streamConn) using(f func() error) error {
	c.use.RLock()
	defer c.use.RUnlock()
	if c.over {
		return net.ErrClosed
	}
	return f()
}

// Close implements net.Conn. The stream itself ends with its handler.
func (c *streamConn) Close() error { return c.SetReadDeadline(time.Unix(1, 0)) }

// retire is the handler's last act: whoever writes is interrupted, and nobody will again.
func (c *streamConn) retire() {
	if !c.use.TryLock() {
		c.control.SetWriteDeadline(time.Unix(1, 0)) // resets the stream
		c.use.Lock()
	}
	c.over = true
	c.use.Unlock()
}

// LocalAddr implements net.Conn.
func (c *streamConn) LocalAddr() net.Addr { return c.local }

// RemoteAddr implements net.Conn.
func (c *streamConn) RemoteAddr() net.Addr { return c.remote }

// SetDeadline implements net.Conn.
func (c *streamConn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// SetReadDeadline implements net.Conn.
func (c *streamConn) SetReadDeadline(t time.Time) error {
	return c.using(func() error { return c.control.SetReadDeadline(t) })
}

// SetWriteDeadline implements net.Conn.
func (c *streamConn) SetWriteDeadline(t time.Time) error {
	return c.using(func() error { return c.control.SetWriteDeadline(t) })
}

var _ net.Conn = (*streamConn)(nil)
