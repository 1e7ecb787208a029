package transport

import "github.com/bennu-go/bennu/internal/wire"

// NewFrame makes a complete frame for Conn.Write, for sockets of one's own. Channels make theirs without copying.
func NewFrame(op Opcode, payload []byte) []byte {
	f := wire.NewFrame(op, payload)
	return f.WS()
}
