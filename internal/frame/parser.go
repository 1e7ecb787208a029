package frame

import "unicode/utf8"

// A Parser turns the bytes of one client into messages. Its zero value is ready.
type Parser struct {
	part  *partial // nil between messages
	ended bool     // a close frame or an error has been returned
}

// Next takes bytes from in, which it may change (payloads are unmasked in place), and returns the first message or
// control frame that they complete together with what is left of in. A message whose Op is zero means that all of in was
// taken and more is needed. lim may be nil for the defaults; it may change between calls.
//
//	for len(in) > 0 {
//		var m frame.Message
//		if m, in, err = p.Next(in, lim); err != nil || m.Op == 0 {
//			break
//		}
//		handle(m)
//	}
//
// An error is always an [*Error]; it ends the parser, as a close frame does: from then on input is discarded.
func (p *Parser) Next(in []byte, lim *Limits) (m Message, rest []byte, err error) {
	var bad *Error
	for len(in) > 0 && !p.ended {
		m, in, bad = p.step(in, lim)
		if bad != nil {
			p.ended, p.part = true, nil
			return Message{}, nil, bad
		}
		if m.Op == Continuation {
			continue
		}
		if m.Op == Close {
			p.ended, p.part, in = true, nil, nil
		}
		return m, in, nil
	}
	return Message{}, nil, nil
}

// Buffered returns how many bytes of memory the parser holds for payload that waits for more. It is 0 between messages.
func (p *Parser) Buffered() int {
	if p.part == nil {
		return 0
	}
	return cap(p.part.buf) + cap(p.part.control)
}

// Ended reports whether a close frame or an error has been returned, after which input is discarded.
func (p *Parser) Ended() bool { return p.ended }

// step takes at least one byte of in, which is not empty, and at most one frame.
func (p *Parser) step(in []byte, lim *Limits) (Message, []byte, *Error) {
	f := p.part
	if f != nil && f.need > 0 {
		return p.payload(in, lim)
	}
	h, rest, ok, err := p.header(in, lim)
	if err != nil || !ok {
		return Message{}, nil, err
	}
	if h.length > int64(len(rest)) {
		p.open().begin(h)
		if len(rest) == 0 {
			return Message{}, nil, nil
		}
		return p.payload(rest, lim)
	}
	payload := rest[:h.length:h.length]
	rest = rest[h.length:]
	unmask(payload, h.key)
	m, err := p.whole(h, payload, lim)
	return m, rest, err
}

// header reads the next header, from in alone when it is whole there, else through the partial's copy.
// ok is false when all of in was taken and the header goes on.
func (p *Parser) header(in []byte, lim *Limits) (h header, rest []byte, ok bool, err *Error) {
	f := p.part
	var msg progress
	if f != nil {
		msg = progress{f.op, int64(len(f.buf))}
		if f.headLen > 0 {
			had := int(f.headLen)
			n := copy(f.head[had:], in)
			h, size, err := parseHeader(f.head[:had+n], msg, lim)
			if err != nil {
				return h, nil, false, err
			}
			if size == 0 {
				f.headLen += uint8(n)
				return h, nil, false, nil
			}
			f.headLen = 0
			p.tidy()
			return h, in[size-had:], true, nil
		}
	}
	h, size, err := parseHeader(in, msg, lim)
	if err != nil {
		return h, nil, false, err
	}
	if size == 0 {
		f = p.open()
		f.headLen = uint8(copy(f.head[:], in))
		return h, nil, false, nil
	}
	return h, in[size:], true, nil
}

// whole handles a frame whose unmasked payload lies in the input.
func (p *Parser) whole(h header, payload []byte, lim *Limits) (Message, *Error) {
	if h.op.Control() {
		return control(h.op, payload)
	}
	if h.fin && h.op != Continuation {
		if h.op == Text && !h.rsv1 && !lim.skipUTF8() && !utf8.Valid(payload) {
			return Message{}, errText
		}
		return Message{Op: h.op, RSV1: h.rsv1, Data: payload}, nil
	}
	f := p.open()
	f.begin(h)
	f.need = 0
	if !f.add(payload, lim) {
		return Message{}, errText
	}
	return p.frameDone(lim)
}

// payload handles the next piece of a frame whose payload comes in pieces.
func (p *Parser) payload(in []byte, lim *Limits) (Message, []byte, *Error) {
	f := p.part
	n := int(min(f.need, int64(len(in))))
	piece, rest := in[:n], in[n:]
	f.key = unmask(piece, f.key)
	f.need -= int64(n)
	if f.frame.Control() {
		f.control = append(f.control, piece...)
	} else if !f.add(piece, lim) {
		return Message{}, nil, errText
	}
	if f.need > 0 {
		return Message{}, nil, nil
	}
	m, err := p.frameDone(lim)
	return m, rest, err
}

// frameDone is called when the last payload byte of the partial's frame is there.
func (p *Parser) frameDone(lim *Limits) (Message, *Error) {
	f := p.part
	if f.frame.Control() {
		payload := f.control
		f.control = nil
		p.tidy()
		return control(f.frame, payload)
	}
	if !f.fin {
		return Message{}, nil
	}
	if f.checked(lim) && !f.text.complete() {
		return Message{}, errText
	}
	p.part = nil
	return Message{Op: f.op, RSV1: f.rsv1, Data: f.buf}, nil
}

func control(op Opcode, payload []byte) (Message, *Error) {
	if op == Close {
		return parseClose(payload)
	}
	return Message{Op: op, Data: payload}, nil
}

// open returns the partial, making it when there is none.
func (p *Parser) open() *partial {
	if p.part == nil {
		p.part = new(partial)
	}
	return p.part
}

// tidy drops the partial when no message is under way.
func (p *Parser) tidy() {
	if p.part.op == Continuation {
		p.part = nil
	}
}
