package frame

import (
	"bytes"
	"strconv"
	"testing"
)

func TestParserAllocations(t *testing.T) {
	small := text(`["1","2","room:lobby","message:new",{"body":"hello"}]`)
	in := make([]byte, len(small))
	var p Parser
	lim := &Limits{}
	for _, c := range []struct {
		name string
		run  func()
	}{
		{"small text", func() {
			copy(in, small)
			if m, _, err := p.Next(in, lim); err != nil || m.Op != Text {
				t.Fatal(m, err)
			}
		}},
		{"refusal", func() {
			var p Parser
			in[0] = 0xFF
			if _, _, err := p.Next(in, lim); err == nil {
				t.Fatal("got no error")
			}
		}},
	} {
		if got := testing.AllocsPerRun(100, c.run); got != 0 {
			t.Errorf("%s: got %v allocations, want 0", c.name, got)
		}
	}
}

func BenchmarkParser(b *testing.B) {
	for _, n := range []int{20, 100, 1000, 60_000} {
		b.Run("text="+strconv.Itoa(n), func(b *testing.B) {
			stream := client(Text, true, string(bytes.Repeat([]byte("x"), n)))
			in := make([]byte, len(stream))
			var p Parser
			b.ReportAllocs()
			b.SetBytes(int64(n))
			for b.Loop() {
				copy(in, stream)
				if m, _, err := p.Next(in, nil); err != nil || m.Op != Text {
					b.Fatal(m, err)
				}
			}
		})
	}
	b.Run("cut", func(b *testing.B) {
		stream := client(Text, true, string(bytes.Repeat([]byte("x"), 20_000)))
		in := make([]byte, len(stream))
		var p Parser
		b.ReportAllocs()
		b.SetBytes(int64(len(stream)))
		for b.Loop() {
			copy(in, stream)
			for rest := in; len(rest) > 0; {
				n := min(4096, len(rest))
				if _, _, err := p.Next(rest[:n], nil); err != nil {
					b.Fatal(err)
				}
				rest = rest[n:]
			}
		}
	})
}

func BenchmarkUnmask(b *testing.B) {
	for _, n := range []int{16, 128, 4096} {
		b.Run("bytes="+strconv.Itoa(n), func(b *testing.B) {
			buf := make([]byte, n)
			b.ReportAllocs()
			b.SetBytes(int64(n))
			for b.Loop() {
				unmask(buf, 0x12345678)
			}
		})
	}
}
