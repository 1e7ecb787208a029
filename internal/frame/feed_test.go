package frame

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// sameBytes lets cmp compare payloads as a whole; byte by byte it takes seconds. Nil equals empty.
var sameBytes = cmp.Comparer(bytes.Equal)

// outcome is all that a parser can say about a stream of bytes.
type outcome struct {
	Messages []Message
	Code     int // of the error, 0 for none
}

// feed parses stream cut into pieces of the given sizes, the last piece being all the rest. It checks on the way that a
// parser never holds more than twice of what came.
func feed(t testing.TB, stream []byte, lim *Limits, sizes []int) outcome {
	t.Helper()
	var (
		p   Parser
		out outcome
		got int
	)
	for len(stream) > 0 {
		n := len(stream)
		if len(sizes) > 0 {
			n = min(max(sizes[0], 1), n)
			sizes = sizes[1:]
		}
		in := append([]byte(nil), stream[:n]...)
		stream = stream[n:]
		got += n
		for len(in) > 0 {
			m, rest, err := p.Next(in, lim)
			if err != nil {
				bad, ok := errors.AsType[*Error](err)
				if !ok {
					t.Fatalf("got error %T, want *Error", err)
				}
				out.Code = bad.Code
				if rest != nil || m.Op != 0 || !p.Ended() {
					t.Fatalf("got message %v, rest %q, ended %v beside an error", m, rest, p.Ended())
				}
			}
			if m.Op == 0 {
				break
			}
			m.Data = append([]byte(nil), m.Data...)
			out.Messages = append(out.Messages, m)
			in = rest
		}
		if held := p.Buffered(); held > 2*(got+smallest) {
			t.Fatalf("got %d bytes held after %d bytes of input, want at most twice as many", held, got)
		}
	}
	return out
}

// everyWay feeds stream whole, byte by byte and in uneven pieces, and returns the outcome, which must be one.
func everyWay(t *testing.T, stream []byte, lim *Limits) outcome {
	t.Helper()
	whole := feed(t, stream, lim, nil)
	for name, sizes := range map[string][]int{
		"byte by byte": ones(len(stream)),
		"in pairs":     repeat(2, len(stream)),
		"in sevens":    repeat(7, len(stream)),
		"in 4096s":     repeat(4096, len(stream)),
		"first alone":  {1},
		"header alone": {6},
	} {
		if diff := cmp.Diff(whole, feed(t, stream, lim, sizes), sameBytes); diff != "" {
			t.Fatalf("%s (-whole +cut):\n%s", name, diff)
		}
	}
	return whole
}

func ones(n int) []int { return repeat(1, n) }

func repeat(size, n int) []int {
	s := make([]int, (n+size-1)/size)
	for i := range s {
		s[i] = size
	}
	return s
}

// reference parses the whole stream the slow and obvious way. It is the oracle of the fuzz test.
func reference(stream []byte, maxFrame, maxMessage uint64) (out outcome) {
	fail := func(code int) outcome { out.Code = code; return out }
	var (
		open Opcode // message under way
		data []byte // its payload
	)
	for {
		if len(stream) < 1 {
			return out
		}
		fin, rsv, op := stream[0]>>7 == 1, stream[0]>>4&7, Opcode(stream[0]&15)
		if rsv != 0 {
			return fail(1002)
		}
		if op > 2 && op < 8 || op > 10 {
			return fail(1002)
		}
		if op >= 8 && !fin {
			return fail(1002)
		}
		if (op == 0) != (open != 0) && op < 8 {
			return fail(1002)
		}
		if len(stream) < 2 {
			return out
		}
		if stream[1]>>7 == 0 {
			return fail(1002)
		}
		length, at := uint64(stream[1]&127), 2
		if op >= 8 && length > 125 {
			return fail(1002)
		}
		if length == 126 {
			if len(stream) < 4 {
				return out
			}
			length, at = uint64(binary.BigEndian.Uint16(stream[2:])), 4
			if length < 126 {
				return fail(1002)
			}
		} else if length == 127 {
			if len(stream) < 10 {
				return out
			}
			length, at = binary.BigEndian.Uint64(stream[2:]), 10
			if length < 65536 || length>>63 == 1 {
				return fail(1002)
			}
		}
		if op < 8 && length > maxFrame {
			return fail(1009)
		}
		if op < 8 && (op == 0 || !fin) && uint64(len(data))+length > maxMessage {
			return fail(1009)
		}
		if len(stream) < at+4 {
			return out
		}
		mask := stream[at : at+4]
		stream = stream[at+4:]
		have := min(length, uint64(len(stream)))
		var payload []byte
		for i, b := range stream[:have] {
			payload = append(payload, b^mask[i%4])
		}
		stream = stream[have:]
		if op < 8 {
			data = append(data, payload...)
			if op != 0 {
				open = op
			}
			if open == Text && !prefixOfText(data) {
				return fail(1007)
			}
		}
		if have < length {
			return out
		}
		switch {
		case op == Close:
			m := Message{Op: Close}
			if len(payload) == 1 {
				return fail(1002)
			}
			if len(payload) > 1 {
				m.Code = int(binary.BigEndian.Uint16(payload))
				m.Data = append(m.Data, payload[2:]...)
				switch c := m.Code; {
				case c < 1000, c == 1004, c == 1005, c == 1006, c >= 1015 && c < 3000, c >= 5000:
					return fail(1002)
				}
				if !utf8.Valid(m.Data) {
					return fail(1007)
				}
			}
			out.Messages = append(out.Messages, m)
			return out
		case op >= 8:
			out.Messages = append(out.Messages, Message{Op: op, Data: payload})
		case fin:
			if open == Text && !utf8.Valid(data) {
				return fail(1007)
			}
			out.Messages = append(out.Messages, Message{Op: open, Data: data})
			open, data = 0, nil
		}
	}
}

// prefixOfText reports whether b can be continued to valid UTF-8.
func prefixOfText(b []byte) bool {
	for len(b) > 0 && utf8.FullRune(b) {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n == 1 {
			return false
		}
		b = b[n:]
	}
	return true
}
