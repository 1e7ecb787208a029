package wire

import (
	"github.com/bennu-go/bennu/internal/deflate"
	"github.com/bennu-go/bennu/internal/frame"
)

// A Frame is a whole WebSocket frame of the server: header and payload, never changed once made, so that any number of
// connections may hold it and write it. Its zero value is no frame.
type Frame struct {
	b   []byte
	off uint8 // where the payload begins
	op  frame.Opcode
}

// NewFrame returns a frame with a copy of payload.
func NewFrame(op frame.Opcode, payload []byte) Frame {
	size := frame.HeaderSize(len(payload))
	b := frame.AppendHeader(make([]byte, 0, size+len(payload)), op, len(payload))
	return Frame{append(b, payload...), uint8(size), op}
}

// FrameFrom returns a frame whose payload is buf[reserved:], without copying it: the header is written before it. buf
// belongs to the frame from then on. reserved must leave room for the header, as [frame.MaxHeader] always does.
//
//	buf := make([]byte, frame.MaxHeader, 256)
//	buf, op, err := serializer.AppendBroadcast(buf, topic, event, payload)
//	f := wire.FrameFrom(buf, frame.MaxHeader, op)
func FrameFrom(buf []byte, reserved int, op frame.Opcode) Frame {
	b := buf[FinishHeader(buf, reserved, op):]
	return Frame{b[:len(b):len(b)], uint8(frame.HeaderSize(len(buf) - reserved)), op}
}

// FinishHeader writes the header of a frame whose payload is buf[reserved:] right before it, and returns where it
// begins: buf[start:] is the whole frame. reserved must leave room for the header, as [frame.MaxHeader] always does.
func FinishHeader(buf []byte, reserved int, op frame.Opcode) (start int) {
	n := len(buf) - reserved
	start = reserved - frame.HeaderSize(n)
	frame.AppendHeader(buf[start:start], op, n)
	return start
}

// Deflated returns f with its payload compressed for permessage-deflate, or f itself if that does not make it shorter. Data of the result
// is compressed too: it is for a WebSocket only. level is one of package deflate's.
func (f Frame) Deflated(level int) Frame {
	w := deflate.Borrow(level)
	defer w.Release()
	buf := w.Deflate(frame.MaxHeader, f.Data())
	b := buf[FinishHeader(buf, frame.MaxHeader, f.op):]
	if len(b) >= len(f.b) {
		return f
	}
	frame.MarkDeflated(b)
	own := append(make([]byte, 0, len(b)), b...) // exactly: it may wait for many clients, and nobody may append behind it
	return Frame{own, uint8(len(b) - (len(buf) - frame.MaxHeader)), f.op}
}

// IsZero reports whether f is no frame.
func (f Frame) IsZero() bool { return f.b == nil }

// Op returns the frame's opcode.
func (f Frame) Op() frame.Opcode { return f.op }

// Len returns the size of the whole frame in bytes.
func (f Frame) Len() int { return len(f.b) }

// WS returns the whole frame, as it goes to a WebSocket. It must not be changed.
func (f Frame) WS() []byte { return f.b }

// Data returns the payload alone, as it goes to a long-poll. It must not be changed.
func (f Frame) Data() []byte { return f.b[f.off:] }
