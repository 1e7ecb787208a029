package transport

import (
	"crypto/tls"
	"net"
)

// setSendBuffer bounds what the kernel holds for a client; negative leaves it to the system.
//
// It is done here and not on the listener, whose sockets would inherit it: an answer of net/http, such as a large file, would then move at most n bytes per round
// trip. A WebSocket has a queue of its own behind the kernel's.
func setSendBuffer(nc net.Conn, n int) {
	if n < 0 {
		return
	}
	if t, ok := nc.(*tls.Conn); ok {
		nc = t.NetConn()
	}
	if b, ok := nc.(interface{ SetWriteBuffer(int) error }); ok {
		b.SetWriteBuffer(n) // a system that refuses keeps its own
	}
}
