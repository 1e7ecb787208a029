// Package frame is the server's side of WebSocket framing (RFC 6455 section 5): an incremental parser of what a client
// sends, and writers for the headers of what a server sends. It does no I/O, starts no goroutine and keeps no clock;
// a transport feeds it bytes in whatever pieces the network gave.
//
// # Terms
//
// A frame is a header and a payload. A message is what the application sees: the payload of one text or binary frame,
// or of a first frame and its continuations (its fragments) put together. A control frame (ping, pong, close) is never
// fragmented and may stand between the fragments of a message. A client masks every payload; a server masks none.
//
// # Order
//
// [Parser.Next] yields messages and control frames in the order in which their last bytes arrived. The outcome depends
// only on the bytes, never on how they were cut into pieces: a violation is reported at the first byte that shows it,
// after everything that was complete before it. After a close frame or an error the parser discards its input.
// A Parser belongs to one goroutine at a time. The bytes of [Message] are valid until the next call of Next or until the
// input buffer is used again, whichever comes first.
//
// # Limits
//
// [Limits] bounds one frame (10,000,000 bytes) and one fragmented message (8,000,000 bytes). Both are checked as soon as
// a header announces too much, before any payload is kept. A frame that lies wholly in the input is not copied. Payload
// that has to wait for more is copied into a buffer that grows with the bytes that came, at most doubling, and never by
// what a header promises; it is let go with its message. Between messages a Parser is 16 bytes and holds nothing.
//
// # Refusals
//
// Each [Error] carries the close code to answer with: 1002 for a breach of the protocol (unmasked frame, reserved bit,
// unknown opcode, length not in its shortest form, fragmented or overlong control frame, continuation without a
// beginning, new message inside another, bad close payload), 1007 for text that is not UTF-8, 1009 for too much. Nothing
// that the RFC allows is refused for anything but its size: empty fragments are taken wherever they stand, and hold no memory.
//
// # Source
//
// RFC 6455 sections 5, 7 and 8.1; close codes as Phoenix 1.9-dev shows them to clients when it runs on Bandit.
package frame

// An Opcode says what a frame is (RFC 6455 section 5.2). The zero value, Continuation, in a [Message] means "no message".
type Opcode uint8

// The opcodes of RFC 6455. All others are reserved and refused.
const (
	Continuation Opcode = 0x0
	Text         Opcode = 0x1
	Binary       Opcode = 0x2
	Close        Opcode = 0x8
	Ping         Opcode = 0x9
	Pong         Opcode = 0xA
)

// Control reports whether o is a control opcode: close, ping, pong or one of the reserved ones above them.
func (o Opcode) Control() bool { return o&0x8 != 0 }

// String returns the opcode's name in lower case, or "reserved".
func (o Opcode) String() string {
	switch o {
	case Continuation:
		return "continuation"
	case Text:
		return "text"
	case Binary:
		return "binary"
	case Close:
		return "close"
	case Ping:
		return "ping"
	case Pong:
		return "pong"
	}
	return "reserved"
}

// A Message is one complete text or binary message, or one control frame.
// Its zero value stands for "more bytes are needed".
type Message struct {
	Op   Opcode
	RSV1 bool   // the first frame carried RSV1: Data is compressed and was not checked as UTF-8
	Code int    // of a close frame: the code the client gave, 0 when it gave none
	Data []byte // payload, unmasked; of a close frame the reason alone
}

// Default limits, the ones Phoenix has with Bandit and websock_adapter.
const (
	DefaultMaxFrame   = 10_000_000
	DefaultMaxMessage = 8_000_000
)

// Limits bounds what a client may send. Nil and the zero value are the defaults. Many parsers may share one value.
type Limits struct {
	// MaxFrame is the largest payload of one text or binary frame in bytes.
	// Zero means [DefaultMaxFrame]; a negative value means no limit.
	MaxFrame int64
	// MaxMessage is the largest fragmented message in bytes, all fragments together.
	// Zero means [DefaultMaxMessage]; a negative value means no limit.
	MaxMessage int64
	// AllowRSV1 accepts RSV1 on the first frame of a message, as permessage-deflate wants it. False refuses it.
	// The text of such a message has to be checked by whoever inflates it.
	AllowRSV1 bool
	// SkipUTF8 leaves text unchecked. False checks it.
	SkipUTF8 bool
}

func (l *Limits) maxFrame() int64 {
	if l == nil || l.MaxFrame == 0 {
		return DefaultMaxFrame
	}
	return unbounded(l.MaxFrame)
}

func (l *Limits) maxMessage() int64 {
	if l == nil || l.MaxMessage == 0 {
		return DefaultMaxMessage
	}
	return unbounded(l.MaxMessage)
}

func (l *Limits) allowRSV1() bool { return l != nil && l.AllowRSV1 }
func (l *Limits) skipUTF8() bool  { return l != nil && l.SkipUTF8 }

func unbounded(n int64) int64 {
	if n < 0 {
		return 1<<63 - 1
	}
	return n
}
