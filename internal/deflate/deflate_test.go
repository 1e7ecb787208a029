package deflate

import (
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/bennu-go/bennu/internal/race"
)

// payload is JSON as a presence list has it: n bytes of it, cut anywhere.
func payload(n int) []byte {
	var b bytes.Buffer
	b.WriteString(`[null,null,"room:lobby","presence_state",{`)
	for i := 0; b.Len() < n; i++ {
		fmt.Fprintf(&b, `"user:%d":{"metas":[{"phx_ref":"F%dx%d","online_at":"%d"}]},`, i*7919, i*31, i*1237, 1700000000+i*977)
	}
	return b.Bytes()[:n]
}

// noise is n bytes that do not compress.
func noise(n int) []byte {
	b, x := make([]byte, n), uint64(88172645463325252)
	for i := range b {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		b[i] = byte(x >> 32)
	}
	return b
}

func deflated(level int, msg []byte) []byte {
	w := Borrow(level)
	defer w.Release()
	return bytes.Clone(w.Deflate(3, msg)[3:])
}

// The standard library's reader is the judge of what we write, and we read it too: sizes and contents as in Autobahn's categories 12 and 13.
func TestDeflateAndInflate(t *testing.T) {
	for level := MinLevel; level <= MaxLevel; level++ {
		for _, n := range []int{0, 1, 2, 16, 64, 127, 128, 129, 256, 1024, 4096, 8192, 16384, 32767, 32768, 32769, 65535, 65536, 131072, 1 << 20} {
			if n > 65536 && level > MinLevel {
				continue // the windows of all levels have moved on by then
			}
			for what, msg := range map[string][]byte{"JSON": payload(n), "noise": noise(n), "zeros": make([]byte, n)} {
				z := deflated(level, msg)
				got, err := io.ReadAll(flate.NewReader(io.MultiReader(bytes.NewReader(z), strings.NewReader(tail))))
				if err != nil || !bytes.Equal(got, msg) {
					t.Fatalf("level %d, %d bytes of %s: compress/flate reads %d bytes and %v", level, n, what, len(got), err)
				}
				for _, limit := range []int64{-1, int64(n)} {
					got, err = Inflate([]byte("before"), z, limit)
					if err != nil || string(got[:6]) != "before" || !bytes.Equal(got[6:], msg) {
						t.Fatalf("level %d, %d bytes of %s, limit %d: Inflate gives %d bytes and %v", level, n, what, limit, len(got), err)
					}
				}
				if n > 0 {
					if got, err = Inflate(nil, z, int64(n-1)); err != ErrTooBig || len(got) > n {
						t.Fatalf("level %d, %d bytes of %s, limit %d: got %d bytes and %v, want %v", level, n, what, n-1, len(got), err, ErrTooBig)
					}
				}
				if len(z) > n+n/1000+16 {
					t.Errorf("level %d: %d bytes of %s become %d", level, n, what, len(z))
				}
			}
		}
	}
}

// The examples of RFC 7692 section 7.2.3, and what else senders make.
func TestInflateForms(t *testing.T) {
	const hello = "\xf2\x48\xcd\xc9\xc9\x07\x00"
	const last = "\xf3\x48\xcd\xc9\xc9\x07\x00" // the same in a block that is marked as the last
	for _, tc := range []struct{ name, in, want string }{
		{"one block", hello, "Hello"},
		{"two blocks", "\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00", "Hello"},
		{"stored block", "\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00", "Hello"},
		{"last block", last + "\x00", "Hello"},
		{"last block without the padding behind it", last, "Hello"},
		{"last block, then another", last + hello, "HelloHello"},
		{"three last blocks", last + last + last + "\x00", "HelloHelloHello"},
		{"as many last blocks as may be", strings.Repeat(last, maxLast-1) + "\x00", strings.Repeat("Hello", maxLast-1)},
		{"last stored block", "\x01\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00", "Hello"},
		{"empty message", "\x00", ""},
		{"empty message with a fixed block", "\x02\x00", ""},
		{"empty last block", "\x03\x00\x00", ""},
		{"nothing", "", ""},
		{"the tail was not cut off", hello + "\x00\x00\xff\xff\x00", "Hello"},
	} {
		got, err := Inflate(nil, []byte(tc.in), 1000)
		if err != nil || string(got) != tc.want {
			t.Errorf("%s: got %q and %v, want %q", tc.name, got, err, tc.want)
		}
	}
	for name, in := range map[string]string{
		"reserved block type":                "\x07\x00",
		"stored lengths differ":              "\x00\x05\x00\xfa\xfe\x48\x65\x6c\x6c\x6f\x00",
		"stored block is cut off":            "\x00\xff\x00\x00\xff\x48",
		"last stored block ends in the tail": "\x01\x07\x00\xf8\xff\x48\x65\x6c\x6c\x6f",
		"distance too far":                   "\xf2\x48\x05\x92\x00",
		"a last block refers to one before":  last + "\x4b\x04\x22\x00",
		"text":                               "Hello, world",
		"too many last blocks":               strings.Repeat("\x03\x00", maxLast) + "\x00",
	} {
		if got, err := Inflate(nil, []byte(in), 100); err != ErrCorrupt {
			t.Errorf("%s: got %q and %v, want %v", name, got, err, ErrCorrupt)
		}
	}
}

// A bomb costs the limit, and not what it would become.
func TestABombIsNotUnpacked(t *testing.T) {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, 9)
	if err != nil {
		t.Fatal(err)
	}
	zeros := make([]byte, 1<<20)
	for range 16 {
		w.Write(zeros)
	}
	w.Flush()
	const limit = 1 << 20
	got, err := Inflate(nil, b.Bytes(), limit)
	if err != ErrTooBig || cap(got) > limit+1 {
		t.Errorf("got %v and %d bytes, want %v and no more than the limit", err, cap(got), ErrTooBig)
	}
}

func TestNothingIsAllocatedForAMessage(t *testing.T) {
	msg := payload(1024)
	z, buf := deflated(MinLevel, msg), make([]byte, 0, 4096)
	for what, f := range map[string]func(){
		"deflating": func() { w := Borrow(MinLevel); w.Deflate(10, msg); w.Release() },
		"inflating": func() { Inflate(buf, z, 4096) },
	} {
		if n := testing.AllocsPerRun(300, f); n > 0 && !race.Enabled {
			t.Errorf("%s takes %v allocations, want none", what, n)
		}
	}
}

// mostInflated bounds the fuzz test's work.
const mostInflated = 1 << 20

// standard inflates with the standard library, blocks marked as the last included. More than mostInflated ends it.
func standard(msg []byte) ([]byte, bool) {
	all := append(bytes.Clone(msg), tail...)
	src := bytes.NewReader(all)
	var out bytes.Buffer
	for range maxLast {
		n, err := io.Copy(&out, io.LimitReader(flate.NewReader(src), mostInflated+1))
		if err != nil || n > mostInflated {
			return nil, false
		}
		switch at := len(all) - src.Len(); {
		case at == len(all), at == len(msg):
			return out.Bytes(), true
		case at > len(msg):
			return nil, false
		}
	}
	return nil, false
}

// FuzzInflate compares with compress/flate for any bytes.
func FuzzInflate(f *testing.F) {
	for _, s := range []string{"\xf2\x48\xcd\xc9\xc9\x07\x00", "\xf3\x48\xcd\xc9\xc9\x07\x00\xf2\x48\xcd\xc9\xc9\x07\x00", "\x00", "\x03\x00\x03\x00", "Hello",
		"\x01\x07\x00\xf8\xff\x48\x65\x6c\x6c\x6f", string(deflated(1, payload(700))), string(deflated(9, payload(3000))), string(deflated(1, noise(200)))} {
		f.Add([]byte(s), uint16(1000))
	}
	f.Fuzz(func(t *testing.T, msg []byte, limit uint16) {
		if len(msg) == 0 || len(msg) > 64<<10 {
			return
		}
		want, ok := standard(msg)
		got, err := Inflate(nil, msg, mostInflated)
		if ok != (err == nil) || ok && !bytes.Equal(got, want) {
			t.Fatalf("compress/flate: %v, %d bytes; Inflate: %v, %d bytes", ok, len(want), err, len(got))
		}
		bounded, err := Inflate(nil, msg, int64(limit))
		switch {
		case len(bounded) > int(limit)+1:
			t.Fatalf("%d bytes for a limit of %d", len(bounded), limit)
		case ok && len(want) <= int(limit) && (err != nil || !bytes.Equal(bounded, want)):
			t.Fatalf("a limit of %d changes %d bytes: %v", limit, len(want), err)
		case ok && len(want) > int(limit) && !errors.Is(err, ErrTooBig):
			t.Fatalf("a limit of %d does not refuse %d bytes: %v", limit, len(want), err)
		case !ok && err == nil:
			t.Fatal("a limit makes corrupt data valid")
		}
		if back, err := Inflate(nil, deflated(MinLevel, msg), int64(len(msg))); err != nil || !bytes.Equal(back, msg) {
			t.Fatalf("there and back: %v", err)
		}
	})
}

func BenchmarkDeflate(b *testing.B) {
	for _, level := range []int{1, 3, 6, 9} {
		for _, n := range []int{128, 1 << 10, 16 << 10, 128 << 10} {
			b.Run(fmt.Sprintf("level=%d/bytes=%d", level, n), func(b *testing.B) {
				msg, w := payload(n), Borrow(level)
				defer w.Release()
				out := 0
				b.SetBytes(int64(n))
				b.ReportAllocs()
				for b.Loop() {
					out = len(w.Deflate(0, msg))
				}
				b.ReportMetric(float64(out), "compressed-B")
			})
		}
	}
}

// BenchmarkNewWriter shows what a Writer holds.
func BenchmarkNewWriter(b *testing.B) {
	for level := MinLevel; level <= MaxLevel; level++ {
		b.Run(fmt.Sprintf("level=%d", level), func(b *testing.B) {
			msg := payload(1024)
			b.ReportAllocs()
			for b.Loop() {
				w := &Writer{level: level}
				w.w = newFlate(&w.out, level)
				w.Deflate(0, msg)
			}
		})
	}
}

func BenchmarkInflate(b *testing.B) {
	for _, n := range []int{128, 1 << 10, 16 << 10, 128 << 10} {
		b.Run(fmt.Sprintf("bytes=%d", n), func(b *testing.B) {
			z, buf := deflated(1, payload(n)), make([]byte, 0, n+1)
			b.SetBytes(int64(n))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Inflate(buf, z, int64(n)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
