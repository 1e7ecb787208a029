package ws

import (
	"encoding/binary"
	"strconv"
)

// Opcodes of RFC 6455 section 5.2.
const (
	OpText   = 0x1
	OpBinary = 0x2
	OpClose  = 0x8
	OpPing   = 0x9
	OpPong   = 0xA
)

// Close codes of RFC 6455 section 7.4.1 that a floor sends.
const (
	CloseProtocol    = 1002
	CloseUnsupported = 1003
	CloseTooBig      = 1009
	CloseInternal    = 1011
)

const (
	// MaxPayload bounds a client's frame, in bytes. A longer one closes the
	// connection with [CloseTooBig].
	MaxPayload = 64 << 10
	// HeaderRoom is what [Seal] needs before a payload.
	HeaderRoom = 10
)

// Frame is one frame of a client. Its payload is unmasked and part of the bytes
// that were read.
type Frame struct {
	Op      byte
	Payload []byte
}

// CloseError is a breach of the protocol, with the code to close with.
type CloseError struct {
	Code   uint16
	Reason string
}

func (e *CloseError) Error() string {
	return "ws: close " + strconv.Itoa(int(e.Code)) + ": " + e.Reason
}

// Next reads one frame from the start of b, unmasks its payload in place and
// says how many bytes it took. Zero bytes without an error means that more must
// be read; b is then unchanged. An error is always a [*CloseError].
func Next(b []byte) (f Frame, n int, err error) {
	if len(b) < 2 {
		return f, 0, nil
	}
	op := b[0] & 0x0F
	switch {
	case b[0]&0x70 != 0:
		return f, 0, &CloseError{CloseProtocol, "reserved bits are set and no extension was agreed"}
	case b[1]&0x80 == 0:
		return f, 0, &CloseError{CloseProtocol, "a client must mask its frames"}
	case op > OpPong || op > OpBinary && op < OpClose:
		return f, 0, &CloseError{CloseProtocol, "unknown opcode"}
	case op >= OpClose && (b[0]&0x80 == 0 || b[1]&0x7F > 125):
		return f, 0, &CloseError{CloseProtocol, "a control frame is whole and at most 125 bytes"}
	case b[0]&0x80 == 0 || op == 0:
		return f, 0, &CloseError{CloseUnsupported, "a floor does not join fragments"}
	}

	size, at := uint64(b[1]&0x7F), 2
	switch size {
	case 126:
		if len(b) < 4 {
			return f, 0, nil
		}
		size, at = uint64(binary.BigEndian.Uint16(b[2:])), 4
	case 127:
		if len(b) < 10 {
			return f, 0, nil
		}
		size, at = binary.BigEndian.Uint64(b[2:]), 10
	}
	if size > MaxPayload {
		return f, 0, &CloseError{CloseTooBig, "the frame is longer than a floor accepts"}
	}
	end := at + 4 + int(size)
	if len(b) < end {
		return f, 0, nil
	}
	payload := b[at+4 : end]
	unmask(payload, [4]byte(b[at:]))
	return Frame{op, payload}, end, nil
}

// unmask works on eight bytes at a time, as the key repeats every four.
func unmask(p []byte, key [4]byte) {
	k := uint64(binary.LittleEndian.Uint32(key[:]))
	k |= k << 32
	for len(p) >= 8 {
		binary.LittleEndian.PutUint64(p, binary.LittleEndian.Uint64(p)^k)
		p = p[8:]
	}
	for i := range p {
		p[i] ^= key[i&3]
	}
}

// Seal makes one unmasked frame of buf, whose first [HeaderRoom] bytes are
// scratch and whose rest is the payload. The frame is part of buf: nothing is
// copied.
func Seal(buf []byte, op byte) []byte {
	size := len(buf) - HeaderRoom
	var at int
	switch {
	case size < 126:
		at = HeaderRoom - 2
		buf[at+1] = byte(size)
	case size < 1<<16:
		at = HeaderRoom - 4
		buf[at+1] = 126
		binary.BigEndian.PutUint16(buf[at+2:], uint16(size))
	default:
		at = HeaderRoom - 10
		buf[at+1] = 127
		binary.BigEndian.PutUint64(buf[at+2:], uint64(size))
	}
	buf[at] = 0x80 | op
	return buf[at:]
}

// AppendFrame appends one unmasked frame with a copy of payload.
func AppendFrame(dst []byte, op byte, payload []byte) []byte {
	dst = append(dst, 0x80|op)
	switch size := len(payload); {
	case size < 126:
		dst = append(dst, byte(size))
	case size < 1<<16:
		dst = append(dst, 126, byte(size>>8), byte(size))
	default:
		dst = binary.BigEndian.AppendUint64(append(dst, 127), uint64(size))
	}
	return append(dst, payload...)
}

// AppendMasked appends one frame as a client sends it, for tests of servers.
func AppendMasked(dst []byte, op byte, key [4]byte, payload []byte) []byte {
	at := len(dst)
	dst = AppendFrame(dst, op, nil)[:at+2]
	switch size := len(payload); {
	case size < 126:
		dst[at+1] = 0x80 | byte(size)
	case size < 1<<16:
		dst[at+1] = 0x80 | 126
		dst = append(dst, byte(size>>8), byte(size))
	default:
		dst[at+1] = 0x80 | 127
		dst = binary.BigEndian.AppendUint64(dst, uint64(size))
	}
	dst = append(dst, key[:]...)
	at = len(dst)
	dst = append(dst, payload...)
	unmask(dst[at:], key)
	return dst
}
