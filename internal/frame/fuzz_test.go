package frame

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// FuzzParser compares with the reference parser, for any bytes cut in any way.
func FuzzParser(f *testing.F) {
	for _, stream := range [][]byte{
		text("hello"),
		client(Binary, true, strings.Repeat("x", 200)),
		client(Binary, true, strings.Repeat("x", 70_000)),
		join(client(Text, false, "a\xE2"), client(Ping, true, "p"), client(Continuation, false, "\x82"), client(Continuation, true, "\xACb")),
		join(text("x"), closing(1000, "bye"), text("y")),
		closing(1005, ""),
		client(Close, true, "\x03"),
		fragments("κόσμε", 1),
		text("\xED\xA0\x80"),
		join(client(Text, false, ""), client(Continuation, false, "")),
		with(bitRSV1, text("x")),
		client(7, true, ""),
		{0x82, 0xFF, 0, 0, 0, 0, 0, 0x98, 0x96, 0x81},
		{0x82, 0xFE, 0, 5},
		AppendHeader(nil, Text, 5),
	} {
		f.Add(stream, []byte{1, 1, 1, 1, 1, 1, 1, 1}, uint16(0))
		f.Add(stream, []byte{3, 0, 7}, uint16(150))
	}
	f.Fuzz(func(t *testing.T, stream, cuts []byte, limit uint16) {
		// limit 0 stands for the defaults; the message limit is lower than the frame limit then, as it is by default.
		lim, maxFrame, maxMessage := &Limits{}, uint64(DefaultMaxFrame), uint64(DefaultMaxMessage)
		if limit > 0 {
			maxFrame, maxMessage = uint64(limit), uint64(limit)*2/3+1
			lim = &Limits{MaxFrame: int64(maxFrame), MaxMessage: int64(maxMessage)}
		}
		sizes := make([]int, len(cuts))
		for i, c := range cuts {
			sizes[i] = int(c)
		}
		want := reference(stream, maxFrame, maxMessage)
		for _, way := range [][]int{nil, sizes, ones(len(stream))} {
			if diff := cmp.Diff(want, feed(t, stream, lim, way), sameBytes); diff != "" {
				t.Fatalf("cut as %v (-reference +parser):\n%s", way, diff)
			}
		}
	})
}
