package frame

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"
	"unsafe"
)

func TestAppendHeader(t *testing.T) {
	for _, c := range []struct {
		op   Opcode
		n    int
		want string
	}{
		{Text, 0, "\x81\x00"},
		{Binary, 125, "\x82\x7D"},
		{Text, 126, "\x81\x7E\x00\x7E"},
		{Text, 65535, "\x81\x7E\xFF\xFF"},
		{Binary, 65536, "\x82\x7F\x00\x00\x00\x00\x00\x01\x00\x00"},
		{Pong, 4, "\x8A\x04"},
	} {
		got := string(AppendHeader([]byte("x"), c.op, c.n))
		if got != "x"+c.want {
			t.Errorf("AppendHeader(%v, %d): got %q, want %q", c.op, c.n, got, "x"+c.want)
		}
		if got := HeaderSize(c.n); got != len(c.want) {
			t.Errorf("HeaderSize(%d): got %d, want %d", c.n, got, len(c.want))
		}
	}
}

func TestAppendClose(t *testing.T) {
	long := strings.Repeat("é", 62) // 124 bytes; the last character does not fit
	for _, c := range []struct {
		code   int
		reason string
		want   string
	}{
		{1000, "", "\x88\x02\x03\xE8"},
		{1012, "bye", "\x88\x05\x03\xF4bye"},
		{4401, "", "\x88\x02\x11\x31"},
		{0, "dropped", "\x88\x00"},
		{1005, "", "\x88\x00"},
		{1006, "", "\x88\x00"},
		{1015, "", "\x88\x00"},
		{1000, long, "\x88\x7C\x03\xE8" + long[:122]},
		{1000, "ok\xFFno", "\x88\x04\x03\xE8ok"},
	} {
		if got := string(AppendClose(nil, c.code, c.reason)); got != c.want {
			t.Errorf("AppendClose(%d, %q): got %q, want %q", c.code, c.reason, got, c.want)
		}
	}
}

func TestReplyCloseCode(t *testing.T) {
	for code, want := range map[int]int{
		0: 1000, 1000: 1000, 1001: 1000, 1002: 1000, 1003: 1000, 1004: 1002, 1006: 1002,
		1007: 1000, 1011: 1000, 1012: 1002, 1015: 1002, 2999: 1002, 3000: 1000, 4999: 1000,
	} {
		if got := ReplyCloseCode(code); got != want {
			t.Errorf("ReplyCloseCode(%d): got %d, want %d", code, got, want)
		}
	}
}

func TestUnmaskAtEveryPhase(t *testing.T) {
	key := [4]byte{1, 2, 4, 8}
	for n := range 100 {
		for offset := range 8 { // of the slice in memory
			for cut := range n + 1 {
				b := make([]byte, offset+n)
				rest := unmask(b[offset:offset+cut], binary.LittleEndian.Uint32(key[:]))
				unmask(b[offset+cut:], rest)
				for i, got := range b[offset:] {
					if want := key[i%4]; got != want {
						t.Fatalf("%d bytes at offset %d cut at %d: byte %d got %d, want %d", n, offset, cut, i, got, want)
					}
				}
			}
		}
	}
}

func TestUTF8CheckAgainstStandardLibrary(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	// Bytes at which the rules change, so that random texts are often nearly right.
	edges := []byte{0, 'a', 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xED, 0xEF, 0xF0, 0xF1, 0xF4, 0xF5, 0xFF}
	for range 200_000 {
		b := make([]byte, rnd.IntN(9))
		for i := range b {
			b[i] = edges[rnd.IntN(len(edges))]
		}
		var u utf8Check
		cut := rnd.IntN(len(b) + 1)
		ok := u.write(b[:cut]) && u.write(b[cut:])
		if want := prefixOfText(b); ok != want {
			t.Fatalf("%x cut at %d: got %v, want %v", b, cut, ok, want)
		}
		if ok && u.complete() != utf8.Valid(b) {
			t.Fatalf("%x cut at %d: got complete %v, want %v", b, cut, u.complete(), utf8.Valid(b))
		}
	}
}

func TestOpcodeStrings(t *testing.T) {
	for op, want := range map[Opcode]string{
		Continuation: "continuation", Text: "text", Binary: "binary", Close: "close", Ping: "ping", Pong: "pong", 3: "reserved",
	} {
		if op.String() != want {
			t.Errorf("got %q, want %q", op.String(), want)
		}
	}
	if got, want := errText.Error(), "frame: text is not UTF-8 (close code 1007)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestSizeof(t *testing.T) {
	if got := unsafe.Sizeof(Parser{}); got > 16 {
		t.Errorf("got a Parser of %d bytes, want at most 16: every idle connection holds one", got)
	}
	if got := unsafe.Sizeof(partial{}); got > 112 {
		t.Errorf("got a partial of %d bytes, want at most 112", got)
	}
}

func TestAppendMaskedRoundTrip(t *testing.T) {
	payload := bytes.Repeat([]byte("payload"), 10_000)
	b := AppendMasked([]byte("kept"), Binary, true, testKey, payload)
	if !bytes.HasPrefix(b, []byte("kept")) {
		t.Fatal("AppendMasked changed what was there")
	}
	out := feed(t, b[4:], nil, nil)
	if len(out.Messages) != 1 || !bytes.Equal(out.Messages[0].Data, payload) {
		t.Errorf("got %d messages, want the payload back", len(out.Messages))
	}
}
