package frame

// partial is everything a parser has to remember in the middle of a message or of a frame.
type partial struct {
	buf     []byte // unmasked payload of the message so far
	control []byte // unmasked payload of the control frame that is coming in
	need    int64  // payload bytes of the current frame still to come; 0 between frames
	key     uint32 // mask of the next payload byte lowest

	op   Opcode // the message under way; Continuation when there is none
	rsv1 bool   // of its first frame
	text utf8Check

	frame Opcode // of the current frame
	fin   bool   // of the current data frame

	headLen uint8 // bytes of head; 0 when no header is cut
	head    [maxClientHeader]byte
}

// smallest is the least capacity of the payload buffer, unless the frame is smaller still.
const smallest = 64

// begin starts a frame whose payload does not lie in the input as a whole, or which is a fragment.
func (f *partial) begin(h header) {
	f.frame, f.need, f.key = h.op, h.length, h.key
	if h.op.Control() {
		return
	}
	f.fin = h.fin
	if h.op != Continuation {
		f.op, f.rsv1 = h.op, h.rsv1
	}
}

// add appends a piece of the message's payload and reports whether its text can still be valid.
func (f *partial) add(piece []byte, lim *Limits) bool {
	if f.checked(lim) && !f.text.write(piece) {
		return false
	}
	f.grow(len(piece))
	f.buf = append(f.buf, piece...)
	return true
}

// grow makes room for n more bytes that have arrived: twice of what there is, but not beyond the end of the message once
// that is known.
func (f *partial) grow(n int) {
	want := len(f.buf) + n
	if want <= cap(f.buf) {
		return
	}
	room := max(2*len(f.buf), want, smallest)
	if end := int64(want) + f.need; f.fin && int64(room) > end {
		room = int(end)
	}
	buf := make([]byte, len(f.buf), room)
	copy(buf, f.buf)
	f.buf = buf
}

// checked reports whether the message's payload has to be UTF-8.
func (f *partial) checked(lim *Limits) bool {
	return f.op == Text && !f.rsv1 && !lim.skipUTF8()
}
