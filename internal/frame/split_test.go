package frame

import (
	"bytes"
	"testing"
)

func TestSplit(t *testing.T) {
	for _, n := range []int{0, 1, 125, 126, 65535, 65536} {
		payload := bytes.Repeat([]byte("p"), n)
		whole := append(AppendHeader(nil, Binary, n), payload...)
		if op, got := Split(whole); op != Binary || !bytes.Equal(got, payload) {
			t.Errorf("%d bytes: got %v of %d", n, op, len(got))
		}
		MarkDeflated(whole)
		if op, got := Split(whole); op != Continuation || got != nil || whole[0] != 0xC2 {
			t.Errorf("%d bytes, marked: got %v of %d and % x", n, op, len(got), whole[:2])
		}
	}
	for name, whole := range map[string][]byte{
		"nothing":        nil,
		"half a header":  {0x81},
		"cut length":     {0x81, 126, 1},
		"cut 64-bit":     {0x81, 127, 0, 0, 0, 0, 0, 1, 0},
		"fragment":       {0x01, 1, 'x'},
		"of a client":    AppendMasked(nil, Text, true, [4]byte{1, 2, 3, 4}, []byte("x")),
		"reserved bit 2": {0xA1, 1, 'x'},
	} {
		if op, got := Split(whole); op != Continuation || got != nil {
			t.Errorf("%s: got %v and %q", name, op, got)
		}
	}
	if op, _ := Split(AppendClose(nil, 1000, "")); op != Close {
		t.Errorf("a close frame: got %v", op)
	}
}
