package frame

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var testKey = [4]byte{0x37, 0xFA, 0x21, 0x3D}

func client(op Opcode, fin bool, payload string) []byte {
	return AppendMasked(nil, op, fin, testKey, []byte(payload))
}

func text(s string) []byte        { return client(Text, true, s) }
func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// with changes the first byte of a frame by setting bits.
func with(bits byte, f []byte) []byte {
	f = bytes.Clone(f)
	f[0] |= bits
	return f
}

func closing(code int, reason string) []byte {
	return client(Close, true, string(binary.BigEndian.AppendUint16(nil, uint16(code)))+reason)
}

func got(op Opcode, data string) Message {
	if data == "" {
		return Message{Op: op}
	}
	return Message{Op: op, Data: []byte(data)}
}

type parseCase struct {
	name   string
	stream []byte
	lim    *Limits
	want   []Message
	code   int
}

func (c parseCase) run(t *testing.T) {
	t.Run(c.name, func(t *testing.T) {
		want := outcome{c.want, c.code}
		if diff := cmp.Diff(want, everyWay(t, c.stream, c.lim), sameBytes); diff != "" {
			t.Fatalf("alone (-want +got):\n%s", diff)
		}
		// With neighbours: what stands before is seen before, what stands after does not disturb it.
		before, after := join(client(Ping, true, "before"), text("first")), text("after")
		want.Messages = append([]Message{got(Ping, "before"), got(Text, "first")}, want.Messages...)
		ended := c.code != 0 || len(c.want) > 0 && c.want[len(c.want)-1].Op == Close
		if !ended {
			want.Messages = append(want.Messages, got(Text, "after"))
		}
		if diff := cmp.Diff(want, everyWay(t, join(before, c.stream, after), c.lim), sameBytes); diff != "" {
			t.Fatalf("between others (-want +got):\n%s", diff)
		}
	})
}

// Category 1: every length form, text and binary.
func TestParserFraming(t *testing.T) {
	for _, op := range []Opcode{Text, Binary} {
		for _, n := range []int{0, 1, 125, 126, 127, 128, 65535, 65536} {
			s := strings.Repeat("*", n)
			parseCase{name: fmt.Sprintf("%v of %d bytes", op, n), stream: client(op, true, s), want: []Message{got(op, s)}}.run(t)
		}
	}
	parseCase{name: "binary is not text", stream: client(Binary, true, "\xFE\xFF\x00"), want: []Message{got(Binary, "\xFE\xFF\x00")}}.run(t)
	for _, c := range []parseCase{
		{name: "unmasked", stream: AppendHeader(nil, Text, 0), code: 1002},
		{name: "16-bit length of 125", stream: []byte{0x82, 0x80 | 126, 0, 125}, code: 1002},
		{name: "64-bit length of 65535", stream: []byte{0x82, 0x80 | 127, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF}, code: 1002},
		{name: "64-bit length of 0", stream: []byte{0x82, 0x80 | 127, 0, 0, 0, 0, 0, 0, 0, 0}, code: 1002},
		{name: "64-bit length with the highest bit", stream: []byte{0x82, 0x80 | 127, 0x80, 0, 0, 0, 0, 0, 0, 0}, code: 1002},
		{name: "64-bit length of all ones", stream: []byte{0x82, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}, code: 1002},
	} {
		c.run(t)
	}
}

// Category 2: pings and pongs.
func TestParserPings(t *testing.T) {
	var ten []byte
	var tenWant []Message
	for i := range 10 {
		s := fmt.Sprint("payload-", i)
		ten = append(ten, client(Ping, true, s)...)
		tenWant = append(tenWant, got(Ping, s))
	}
	long := strings.Repeat("\xFE", 125)
	for _, c := range []parseCase{
		{name: "empty ping", stream: client(Ping, true, ""), want: []Message{got(Ping, "")}},
		{name: "ping with text", stream: client(Ping, true, "Hello"), want: []Message{got(Ping, "Hello")}},
		{name: "ping with bytes", stream: client(Ping, true, "\x00\xFF\xFE"), want: []Message{got(Ping, "\x00\xFF\xFE")}},
		{name: "ping of 125 bytes", stream: client(Ping, true, long), want: []Message{got(Ping, long)}},
		{name: "ping of 126 bytes", stream: client(Ping, true, long+"x"), code: 1002},
		{name: "pong nobody asked for", stream: client(Pong, true, "x"), want: []Message{got(Pong, "x")}},
		{name: "pong, then ping", stream: join(client(Pong, true, ""), client(Ping, true, "y")), want: []Message{got(Pong, ""), got(Ping, "y")}},
		{name: "ten pings", stream: ten, want: tenWant},
	} {
		c.run(t)
	}
}

// Category 3: reserved bits.
func TestParserReservedBits(t *testing.T) {
	for rsv := byte(0x10); rsv <= 0x70; rsv += 0x10 {
		for _, op := range []Opcode{Text, Binary, Ping, Pong, Close} {
			parseCase{name: fmt.Sprintf("bits %#x on %v", rsv, op), stream: with(rsv, client(op, true, "")), code: 1002}.run(t)
		}
		parseCase{name: fmt.Sprintf("bits %#x after a message", rsv), stream: join(text("ok"), with(rsv, text("no"))), want: []Message{got(Text, "ok")}, code: 1002}.run(t)
	}
}

func TestParserRSV1Allowed(t *testing.T) {
	lim := &Limits{AllowRSV1: true}
	squeezed := Message{Op: Text, RSV1: true, Data: []byte("\xFF\xFE")}
	for _, c := range []parseCase{
		{name: "text is not checked", stream: with(bitRSV1, text("\xFF\xFE")), want: []Message{squeezed}},
		{name: "first fragment", stream: join(with(bitRSV1, client(Text, false, "\xFF")), client(Continuation, true, "\xFE")), want: []Message{squeezed}},
		{name: "next message is checked again", stream: join(with(bitRSV1, text("\xFF\xFE")), text("\xFF")), want: []Message{squeezed}, code: 1007},
		{name: "on a continuation", stream: join(client(Text, false, "a"), with(bitRSV1, client(Continuation, true, "b"))), code: 1002},
		{name: "on a control frame", stream: with(bitRSV1, client(Ping, true, "")), code: 1002},
		{name: "with RSV2", stream: with(bitRSV1|0x20, text("a")), code: 1002},
	} {
		c.lim = lim
		c.run(t)
	}
}

// Category 4: opcodes.
func TestParserOpcodes(t *testing.T) {
	for _, op := range []Opcode{3, 4, 5, 6, 7, 11, 12, 13, 14, 15} {
		for _, payload := range []string{"", "x"} {
			parseCase{name: fmt.Sprintf("opcode %d with %q", op, payload), stream: client(op, true, payload), code: 1002}.run(t)
		}
		parseCase{name: fmt.Sprintf("opcode %d after a message", op), stream: join(text("ok"), client(op, true, "")), want: []Message{got(Text, "ok")}, code: 1002}.run(t)
	}
}

// Category 5: fragmentation.
func TestParserFragmentation(t *testing.T) {
	first, last := client(Text, false, "fragment1 "), client(Continuation, true, "fragment2")
	both := got(Text, "fragment1 fragment2")
	ping := client(Ping, true, "p")
	for _, c := range []parseCase{
		{name: "fragmented ping", stream: client(Ping, false, "a"), code: 1002},
		{name: "fragmented pong", stream: client(Pong, false, "a"), code: 1002},
		{name: "fragmented close", stream: client(Close, false, ""), code: 1002},
		{name: "two fragments", stream: join(first, last), want: []Message{both}},
		{name: "ping between", stream: join(first, ping, last), want: []Message{got(Ping, "p"), both}},
		{name: "empty ping between", stream: join(first, client(Ping, true, ""), last), want: []Message{got(Ping, ""), both}},
		{name: "many between", stream: join(client(Binary, false, "a"), ping, client(Continuation, false, "b"), client(Pong, true, "q"), ping, client(Continuation, true, "c")),
			want: []Message{got(Ping, "p"), got(Pong, "q"), got(Ping, "p"), got(Binary, "abc")}},
		{name: "close between", stream: join(first, closing(1000, ""), last), want: []Message{{Op: Close, Code: 1000}}},
		{name: "continuation of nothing, last", stream: client(Continuation, true, "x"), code: 1002},
		{name: "continuation of nothing, not last", stream: client(Continuation, false, "x"), code: 1002},
		{name: "empty continuation of nothing", stream: client(Continuation, false, ""), code: 1002},
		{name: "continuation after the last", stream: join(first, last, last), want: []Message{both}, code: 1002},
		{name: "text inside text", stream: join(first, text("x")), code: 1002},
		{name: "first fragment inside text", stream: join(first, client(Binary, false, "x")), code: 1002},
		{name: "empty first", stream: join(client(Text, false, ""), last), want: []Message{got(Text, "fragment2")}},
		{name: "empty first and last", stream: join(client(Text, false, ""), client(Continuation, false, "mid"), client(Continuation, true, "")), want: []Message{got(Text, "mid")}},
		{name: "empty message in two", stream: join(client(Text, false, ""), client(Continuation, true, "")), want: []Message{got(Text, "")}},
		{name: "empty continuation that is not the last", stream: join(first, client(Continuation, false, ""), last), want: []Message{both}},
		{name: "three empty fragments", stream: join(client(Text, false, ""), client(Continuation, false, ""), client(Continuation, true, "")), want: []Message{got(Text, "")}},
		{name: "text between two empty fragments", stream: join(client(Text, false, ""), client(Continuation, false, ""), client(Continuation, false, "mid"), client(Continuation, false, ""), client(Continuation, true, "")),
			want: []Message{got(Text, "mid")}},
		{name: "ping between empty fragments", stream: join(client(Binary, false, ""), client(Continuation, false, ""), ping, client(Continuation, true, "x")), want: []Message{got(Ping, "p"), got(Binary, "x")}},
		{name: "two messages in fragments", stream: join(first, last, client(Binary, false, "x"), client(Continuation, true, "y")), want: []Message{both, got(Binary, "xy")}},
	} {
		c.run(t)
	}
}

// Category 6: UTF-8.
func TestParserUTF8(t *testing.T) {
	valid := map[string]string{
		"greek":                       "κόσμε",
		"hello µ":                     "Hello-µ@ßöäüàá-UTF-8!!",
		"first of each length":        "\x00\u0080\u0800\U00010000",
		"last of each length":         "\x7F\u07FF\uFFFF\U0010FFFF",
		"around the surrogates":       "\uD7FF\uE000\uFFFD",
		"noncharacters":               "\uFFFE\uFFFF\U0001FFFE\U0001FFFF\U0010FFFE",
		"long, each place in a chunk": strings.Repeat("aé€𐍈", 50),
		"byte order mark":             "\uFEFFx",
		"zero characters":             "a\x00b\x00",
		"replacement, itself allowed": "�",
	}
	for name, s := range valid {
		parseCase{name: "valid: " + name, stream: text(s), want: []Message{got(Text, s)}}.run(t)
		for _, size := range []int{1, 2, 3} {
			parseCase{name: fmt.Sprintf("valid: %s in fragments of %d", name, size), stream: fragments(s, size), want: []Message{got(Text, s)}}.run(t)
		}
	}
	invalid := map[string]string{
		"the classic":               "\xCE\xBA\xE1\xBD\xB9\xCF\x83\xCE\xBC\xCE\xB5\xED\xA0\x80\x65\x64\x69\x74\x65\x64",
		"above U+10FFFF":            "\xCE\xBA\xE1\xBD\xB9\xCF\x83\xCE\xBC\xCE\xB5\xF4\x90\x80\x80\x65",
		"lone continuation":         "\x80",
		"last continuation byte":    "a\xBFb",
		"six continuations":         "\x80\xBF\x80\xBF\x80\xBF",
		"lead bytes with spaces":    "\xC0 \xC1 \xC2 \xDF ",
		"three-byte leads, spaces":  "\xE0 \xEF ",
		"four-byte leads, spaces":   "\xF0 \xF4 ",
		"cut of two":                "\xC3",
		"cut of three":              "\xE2\x82",
		"cut of four":               "\xF0\x9F\x98",
		"cut, then text":            "\xE2\x82a",
		"overlong slash in two":     "\xC0\xAF",
		"overlong slash in three":   "\xE0\x80\xAF",
		"overlong slash in four":    "\xF0\x80\x80\xAF",
		"longest overlong in two":   "\xC1\xBF",
		"longest overlong in three": "\xE0\x9F\xBF",
		"longest overlong in four":  "\xF0\x8F\xBF\xBF",
		"overlong zero":             "\xC0\x80",
		"high surrogate":            "\xED\xA0\x80",
		"low surrogate":             "\xED\xBF\xBF",
		"pair of surrogates":        "\xED\xA0\x80\xED\xB0\x80",
		"five bytes":                "\xF8\x88\x80\x80\x80",
		"six bytes":                 "\xFC\x84\x80\x80\x80\x80",
		"FE":                        "\xFE",
		"FF":                        "\xFF",
		"F5":                        "\xF5\x80\x80\x80",
		"after a long good part":    strings.Repeat("good ", 40) + "\xFF",
	}
	for name, s := range invalid {
		parseCase{name: "invalid: " + name, stream: text(s), code: 1007}.run(t)
		for _, size := range []int{1, 2, 3} {
			parseCase{name: fmt.Sprintf("invalid: %s in fragments of %d", name, size), stream: fragments(s, size), code: 1007}.run(t)
		}
		parseCase{name: "unchecked: " + name, stream: text(s), lim: &Limits{SkipUTF8: true}, want: []Message{got(Text, s)}}.run(t)
		parseCase{name: "unchecked in fragments: " + name, stream: fragments(s, 1), lim: &Limits{SkipUTF8: true}, want: []Message{got(Text, s)}}.run(t)
		parseCase{name: "binary: " + name, stream: join(client(Binary, false, s), client(Continuation, true, s)), want: []Message{got(Binary, s+s)}}.run(t)
	}
}

func fragments(s string, size int) []byte {
	var out []byte
	op := Text
	for len(s) > size {
		out = append(out, client(op, false, s[:size])...)
		op, s = Continuation, s[size:]
	}
	return append(out, client(op, true, s)...)
}

// A violation is seen at the byte that shows it, not at the end of the frame or of the message.
func TestParserFailsEarly(t *testing.T) {
	long := client(Text, true, "ab\xFF"+strings.Repeat("c", 100))
	for _, c := range []struct {
		name   string
		stream []byte
		at     int // how many bytes are enough
		code   int
	}{
		{"bad byte in a frame that goes on", long, 6 + 3, 1007},
		{"surrogate at its second byte", client(Text, false, "\xED\xA0"), 6 + 2, 1007},
		{"bad byte in a fragment", join(client(Text, false, "\xE2"), client(Continuation, false, "(")), 7 + 7, 1007},
		{"cut character at the end", client(Text, true, "\xE2\x82"), 6 + 2, 1007},
		{"reserved bit", []byte{0xC1}, 1, 1002},
		{"unknown opcode", []byte{0x83}, 1, 1002},
		{"no mask", []byte{0x81, 0x05}, 2, 1002},
		{"long ping", []byte{0x89, 0xFE}, 2, 1002},
		{"big frame", join([]byte{0x82, 0xFF}, binary.BigEndian.AppendUint64(nil, 10_000_001)), 10, 1009},
		{"big message", join([]byte{0x02, 0xFF}, binary.BigEndian.AppendUint64(nil, 8_000_001)), 10, 1009},
	} {
		t.Run(c.name, func(t *testing.T) {
			if out := feed(t, c.stream[:c.at-1], nil, ones(c.at)); out.Code != 0 {
				t.Fatalf("got code %d one byte early", out.Code)
			}
			if out := feed(t, c.stream[:c.at], nil, ones(c.at)); out.Code != c.code {
				t.Errorf("got code %d, want %d", out.Code, c.code)
			}
		})
	}
}

// Category 7: closing.
func TestParserClose(t *testing.T) {
	longReason := strings.Repeat("é", 61) + "x" // 123 bytes
	for _, c := range []parseCase{
		{name: "empty", stream: client(Close, true, ""), want: []Message{got(Close, "")}},
		{name: "one byte", stream: client(Close, true, "\x03"), code: 1002},
		{name: "code alone", stream: closing(1000, ""), want: []Message{{Op: Close, Code: 1000}}},
		{name: "code and reason", stream: closing(1000, "Hello"), want: []Message{{Op: Close, Code: 1000, Data: []byte("Hello")}}},
		{name: "longest reason", stream: closing(1001, longReason), want: []Message{{Op: Close, Code: 1001, Data: []byte(longReason)}}},
		{name: "reason too long", stream: closing(1001, longReason+"y"), code: 1002},
		{name: "reason not UTF-8", stream: closing(1000, "\xCE\xBA\xED\xA0\x80"), code: 1007},
		{name: "reason cut", stream: closing(1000, "\xE2\x82"), code: 1007},
		{name: "twice", stream: join(closing(1000, ""), closing(1000, "")), want: []Message{{Op: Close, Code: 1000}}},
		{name: "then text", stream: join(closing(1000, ""), text("x")), want: []Message{{Op: Close, Code: 1000}}},
		{name: "then ping", stream: join(closing(1000, ""), client(Ping, true, "x")), want: []Message{{Op: Close, Code: 1000}}},
		{name: "then rubbish", stream: join(closing(1000, ""), []byte{0xFF, 0xFF, 0xFF}), want: []Message{{Op: Close, Code: 1000}}},
		{name: "after text", stream: join(text("x"), closing(1000, "")), want: []Message{got(Text, "x"), {Op: Close, Code: 1000}}},
		{name: "fragment, then close", stream: join(client(Text, false, "half"), client(Close, true, "")), want: []Message{got(Close, "")}},
	} {
		c.run(t)
	}
	for _, code := range []int{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999} {
		parseCase{name: fmt.Sprint("code ", code), stream: closing(code, "r"), want: []Message{{Op: Close, Code: code, Data: []byte("r")}}}.run(t)
	}
	for _, code := range []int{0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535} {
		parseCase{name: fmt.Sprint("code ", code), stream: closing(code, ""), code: 1002}.run(t)
		parseCase{name: fmt.Sprint("code ", code, " with reason"), stream: closing(code, "r"), code: 1002}.run(t)
	}
}

// Category 9: limits.
func TestParserLimits(t *testing.T) {
	s := strings.Repeat("x", 300)
	small := &Limits{MaxFrame: 200, MaxMessage: 300}
	frag := func(sizes ...int) []byte {
		var out []byte
		for i, n := range sizes {
			op := Continuation
			if i == 0 {
				op = Text
			}
			out = append(out, client(op, i == len(sizes)-1, s[:n])...)
		}
		return out
	}
	for _, c := range []parseCase{
		{name: "frame at the limit", stream: text(s[:200]), want: []Message{got(Text, s[:200])}},
		{name: "frame above the limit", stream: text(s[:201]), code: 1009},
		{name: "message at the limit", stream: frag(200, 100), want: []Message{got(Text, s)}},
		{name: "message above the limit", stream: frag(200, 101), code: 1009},
		{name: "message above the limit, last empty", stream: frag(150, 150, 1, 0), code: 1009},
		{name: "first fragment above the limit of a frame", stream: frag(201, 1), code: 1009},
		{name: "messages are counted one by one", stream: join(frag(200, 100), frag(200, 100)), want: []Message{got(Text, s), got(Text, s)}},
		{name: "control frames do not count", stream: join(client(Binary, false, s[:200]), client(Ping, true, s[:125]), client(Continuation, true, s[:100])),
			want: []Message{got(Ping, s[:125]), got(Binary, s)}},
		{name: "control frame above the limit of a frame", stream: client(Ping, true, s[:100]), lim: &Limits{MaxFrame: 50}, want: []Message{got(Ping, s[:100])}},
		{name: "first fragment above the limit of a message", stream: frag(150, 1), lim: &Limits{MaxMessage: 149}, code: 1009},
		{name: "one frame is no fragmented message", stream: text(s), lim: &Limits{MaxMessage: 10}, want: []Message{got(Text, s)}},
		{name: "no limit", stream: frag(300, 300), lim: &Limits{MaxFrame: -1, MaxMessage: -1}, want: []Message{got(Text, s+s)}},
		{name: "unlimited size does not overflow", stream: join(client(Text, false, "a"), []byte{0x80, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}),
			lim: &Limits{MaxFrame: -1, MaxMessage: -1}, code: 1009},
	} {
		if c.lim == nil {
			c.lim = small
		}
		c.run(t)
	}

	big := strings.Repeat("0123456789abcdef", 1<<12) // 64 KiB
	for _, size := range []int{64, 1 << 10, 1 << 14} {
		out := feed(t, fragments(big, size), nil, repeat(4096, 1<<20))
		if diff := cmp.Diff(outcome{Messages: []Message{got(Text, big)}}, out, sameBytes); diff != "" {
			t.Errorf("64 KiB in fragments of %d (-want +got):\n%s", size, diff)
		}
	}
}

// What a header announces is not what is reserved.
func TestParserDoesNotTrustLengths(t *testing.T) {
	var p Parser
	head := binary.BigEndian.AppendUint64([]byte{0x82, 0x80 | 127}, DefaultMaxFrame)
	head = append(head, testKey[:]...)
	if _, _, err := p.Next(append(head, 1, 2, 3), nil); err != nil {
		t.Fatal(err)
	}
	if got := p.Buffered(); got == 0 || got > smallest {
		t.Errorf("got %d bytes held for 3 bytes of a 10 MB frame, want at most %d", got, smallest)
	}
}

// Whatever was buffered goes when its message is done.
func TestParserLetsGo(t *testing.T) {
	var p Parser
	for _, stream := range [][]byte{
		fragments("hello", 2),
		client(Ping, true, "ping"),
		join(client(Text, false, "a"), client(Ping, true, "b"), client(Continuation, true, "c")),
		text("whole"),
	} {
		for i := range stream {
			if _, _, err := p.Next(bytes.Clone(stream[i:i+1]), nil); err != nil {
				t.Fatal(err)
			}
		}
		if p.part != nil || p.Buffered() != 0 {
			t.Errorf("got %+v after %q, want nothing", p.part, stream)
		}
	}
}

func TestParserIsZeroCopy(t *testing.T) {
	var p Parser
	in := join(text("hello"), client(Ping, true, "x"))
	m, rest, err := p.Next(in, nil)
	if err != nil || &m.Data[0] != &in[6] {
		t.Errorf("got a copy of a whole frame (error %v), want a view", err)
	}
	if cap(m.Data) != 5 {
		t.Errorf("got capacity %d, want 5: appending to a view must not reach its neighbours", cap(m.Data))
	}
	if m, _, _ = p.Next(rest, nil); &m.Data[0] != &in[len(in)-1] {
		t.Error("got a copy of a whole ping, want a view")
	}
}

// A message in a great many fragments costs no more copying than one in a few.
func TestParserGrowsByDoubling(t *testing.T) {
	stream := fragments(strings.Repeat("x", 10_000), 1)
	in := make([]byte, len(stream))
	if got := testing.AllocsPerRun(1, func() {
		var p Parser
		copy(in, stream)
		for rest := in; len(rest) > 0; {
			var err error
			if _, rest, err = p.Next(rest, nil); err != nil {
				t.Fatal(err)
			}
		}
	}); got > 15 {
		t.Errorf("got %v allocations for 10,000 fragments, want at most 15", got)
	}
}

func TestParserDiscardsAfterTheEnd(t *testing.T) {
	for _, end := range [][]byte{closing(1000, ""), {0xFF}} {
		var p Parser
		_, _, _ = p.Next(client(Text, false, "half"), nil)
		if _, rest, _ := p.Next(join(end, text("behind")), nil); rest != nil || p.Buffered() != 0 {
			t.Errorf("got %q left and %d bytes held at the end, want nothing", rest, p.Buffered())
		}
		m, rest, err := p.Next(text("more"), nil)
		if m.Op != 0 || rest != nil || err != nil || !p.Ended() {
			t.Errorf("got %v, %q, %v after the end, want nothing", m, rest, err)
		}
	}
}

// However many empty fragments a client sends, they take no memory and end nothing.
func TestParserEmptyFragmentsHoldNothing(t *testing.T) {
	for _, cut := range []bool{false, true} {
		var p Parser
		feed := func(stream []byte) (m Message) {
			t.Helper()
			pieces := [][]byte{stream}
			if cut {
				pieces = [][]byte{stream[:3], stream[3:]}
			}
			for _, in := range pieces {
				var err error
				if m, _, err = p.Next(in, nil); err != nil {
					t.Fatalf("cut %v: %v", cut, err)
				}
			}
			return m
		}
		feed(client(Binary, false, ""))
		for range 10_000 {
			feed(client(Continuation, false, ""))
		}
		if n := p.Buffered(); n != 0 {
			t.Errorf("cut %v: got %d bytes held, want 0", cut, n)
		}
		if m := feed(client(Continuation, true, "x")); string(m.Data) != "x" {
			t.Errorf("cut %v: got %q, want %q", cut, m.Data, "x")
		}
	}
}
