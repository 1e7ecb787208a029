package frame

import "encoding/binary"

const (
	// MaxHeader is the longest header a server writes: two bytes and a 64-bit length, no mask.
	MaxHeader = 10

	maxClientHeader = MaxHeader + 4
	maxControl      = 125

	bitFin  = 0x80
	bitRSV1 = 0x40
	bitsRSV = 0x70
	bitMask = 0x80
)

// HeaderSize returns how many bytes [AppendHeader] writes for a payload of n bytes: 2, 4 or 10.
func HeaderSize(n int) int {
	switch {
	case n <= 125:
		return 2
	case n <= 0xFFFF:
		return 4
	}
	return MaxHeader
}

// AppendHeader appends the header of an unmasked, unfragmented frame whose payload has n bytes.
func AppendHeader(dst []byte, op Opcode, n int) []byte {
	return appendLength(append(dst, bitFin|byte(op)), n, 0)
}

// MarkDeflated sets RSV1 in a whole frame of a server: its payload is compressed as permessage-deflate wants it (RFC 7692 section 6).
func MarkDeflated(whole []byte) { whole[0] |= bitRSV1 }

// Split returns the opcode and the payload of a whole, unfragmented frame of a server, as [AppendHeader] begins it. The opcode is Continuation if it is anything
// else, or marked as compressed.
func Split(whole []byte) (Opcode, []byte) {
	if len(whole) < 2 || whole[0]&^0x0F != bitFin || whole[1]&bitMask != 0 {
		return Continuation, nil
	}
	size := 2
	switch whole[1] {
	case 126:
		size = 4
	case 127:
		size = MaxHeader
	}
	if len(whole) < size {
		return Continuation, nil
	}
	return Opcode(whole[0] & 0x0F), whole[size:]
}

func appendLength(dst []byte, n int, mask byte) []byte {
	switch HeaderSize(n) {
	case 2:
		return append(dst, mask|byte(n))
	case 4:
		return binary.BigEndian.AppendUint16(append(dst, mask|126), uint16(n))
	}
	return binary.BigEndian.AppendUint64(append(dst, mask|127), uint64(n))
}

// AppendMasked appends a whole frame as a client writes it: masked with key, and not the last of its message when fin is
// false. Clients in tests and load generators use it; key is theirs to choose.
func AppendMasked(dst []byte, op Opcode, fin bool, key [4]byte, payload []byte) []byte {
	first := byte(op)
	if fin {
		first |= bitFin
	}
	dst = appendLength(append(dst, first), len(payload), bitMask)
	dst = append(append(dst, key[:]...), payload...)
	unmask(dst[len(dst)-len(payload):], binary.LittleEndian.Uint32(key[:]))
	return dst
}

// header is the header of one client frame.
type header struct {
	op     Opcode
	fin    bool
	rsv1   bool
	key    uint32 // first mask byte lowest
	length int64
}

// progress is what a header is judged against: the message that is under way.
type progress struct {
	op   Opcode // Continuation when there is none
	size int64  // bytes of it so far
}

// parseHeader reads a header from the beginning of b and returns its size. Size 0 without an error means that b ends
// within the header. Each byte is judged as soon as it is there, in order, so that how the input was cut changes nothing.
func parseHeader(b []byte, msg progress, lim *Limits) (h header, size int, err *Error) {
	if len(b) == 0 {
		return h, 0, nil
	}
	h.op = Opcode(b[0] & 0x0F)
	h.fin = b[0]&bitFin != 0
	h.rsv1 = b[0]&bitRSV1 != 0
	if err := h.judgeFirst(b[0], msg, lim); err != nil {
		return h, 0, err
	}
	if len(b) == 1 {
		return h, 0, nil
	}
	h.length = int64(b[1] &^ bitMask)
	switch {
	case b[1]&bitMask == 0:
		return h, 0, errUnmasked
	case h.op.Control() && h.length > maxControl:
		return h, 0, errControlLong
	}
	size = 2
	switch h.length {
	case 126:
		if size += 2; len(b) < size {
			return h, 0, nil
		}
		if h.length = int64(binary.BigEndian.Uint16(b[2:])); h.length <= 125 {
			return h, 0, errLongForm
		}
	case 127:
		if size += 8; len(b) < size {
			return h, 0, nil
		}
		if h.length = int64(binary.BigEndian.Uint64(b[2:])); h.length < 0 {
			return h, 0, errLengthSign
		}
		if h.length <= 0xFFFF {
			return h, 0, errLongForm
		}
	}
	if err := h.judgeLength(msg, lim); err != nil {
		return h, 0, err
	}
	if size += 4; len(b) < size {
		return h, 0, nil
	}
	h.key = binary.LittleEndian.Uint32(b[size-4:])
	return h, size, nil
}

func (h *header) judgeFirst(b byte, msg progress, lim *Limits) *Error {
	if rsv := b & bitsRSV; rsv != 0 {
		first := h.op == Text || h.op == Binary
		if rsv != bitRSV1 || !lim.allowRSV1() || !first {
			return errRSV
		}
	}
	switch h.op {
	case Continuation:
		if msg.op == Continuation {
			return errNothingToGoOn
		}
	case Text, Binary:
		if msg.op != Continuation {
			return errInterleaved
		}
	case Close, Ping, Pong:
		if !h.fin {
			return errControlFragment
		}
	default:
		return errOpcode
	}
	return nil
}

func (h *header) judgeLength(msg progress, lim *Limits) *Error {
	if h.op.Control() {
		return nil
	}
	if h.length > lim.maxFrame() {
		return errFrameTooBig
	}
	fragment := h.op == Continuation || !h.fin
	if fragment && h.length > lim.maxMessage()-msg.size {
		return errMessageTooBig
	}
	return nil
}
