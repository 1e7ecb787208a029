package ws

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
)

var key = [4]byte{0x37, 0xfa, 0x21, 0x3d}

func TestNextReadsTheExampleOfTheRFC(t *testing.T) {
	f, n, err := Next([]byte{0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58})
	if err != nil || n != 11 || f.Op != OpText || string(f.Payload) != "Hello" {
		t.Errorf("got %+v %q, %d, %v", f, f.Payload, n, err)
	}
}

func TestNextEverySize(t *testing.T) {
	for _, size := range []int{0, 1, 3, 4, 7, 8, 9, 100, 125, 126, 127, 65535, MaxPayload} {
		payload := bytes.Repeat([]byte("abcdefg"), size/7+1)[:size]
		raw := AppendMasked(nil, OpText, key, payload)
		for _, cut := range []int{0, 1, 2, 3, 5, 9, 13, len(raw) - 1} {
			if cut >= len(raw) {
				continue
			}
			part := slices.Clone(raw[:cut])
			if _, n, err := Next(part); n != 0 || err != nil || !bytes.Equal(part, raw[:cut]) {
				t.Fatalf("size %d cut at %d: got %d and %v, want to be asked for more with bytes untouched", size, cut, n, err)
			}
		}
		f, n, err := Next(append(slices.Clone(raw), "next"...))
		if err != nil || n != len(raw) || !bytes.Equal(f.Payload, payload) {
			t.Fatalf("size %d: got %d bytes of payload, %d taken, %v", size, len(f.Payload), n, err)
		}
	}
}

func TestNextRefuses(t *testing.T) {
	for _, tt := range []struct {
		name string
		raw  []byte
		code uint16
	}{
		{"unmasked", []byte{0x81, 0x00}, CloseProtocol},
		{"reserved bit", []byte{0xC1, 0x80}, CloseProtocol},
		{"reserved opcode", []byte{0x83, 0x80}, CloseProtocol},
		{"reserved control opcode", []byte{0x8B, 0x80}, CloseProtocol},
		{"fragmented control", []byte{0x09, 0x80}, CloseProtocol},
		{"long control", []byte{0x89, 0xFE}, CloseProtocol},
		{"first fragment", []byte{0x01, 0x80}, CloseUnsupported},
		{"continuation", []byte{0x80, 0x80}, CloseUnsupported},
		{"too long", []byte{0x81, 0xFF, 0, 0, 0, 0, 0, 1, 0, 1}, CloseTooBig},
		{"absurdly long", []byte{0x81, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}, CloseTooBig},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, n, err := Next(tt.raw)
			breach := (*CloseError)(nil)
			if !errors.As(err, &breach) || n != 0 || breach.Code != tt.code {
				t.Errorf("got %d and %v, want code %d", n, err, tt.code)
			}
		})
	}
}

func TestSealIsAppendFrame(t *testing.T) {
	for _, size := range []int{0, 1, 125, 126, 65535, 65536, 100_000} {
		payload := []byte(strings.Repeat("p", size))
		got := Seal(append(make([]byte, HeaderRoom), payload...), OpText)
		if want := AppendFrame(nil, OpText, payload); !bytes.Equal(got, want) {
			t.Errorf("size %d: got header % x, want % x", size, got[:10], want[:10])
		}
	}
}

func TestFramesAllocateNothing(t *testing.T) {
	raw := AppendMasked(nil, OpText, key, []byte(strings.Repeat("p", 200)))
	buf := make([]byte, 300)
	if n := testing.AllocsPerRun(100, func() {
		f, _, err := Next(raw)
		if err != nil {
			t.Fatal(err)
		}
		Seal(append(buf[:HeaderRoom], f.Payload...), OpText)
	}); n > 0 && !race {
		t.Errorf("got %v allocations, want none", n)
	}
}

func BenchmarkNext(b *testing.B) {
	raw := AppendMasked(nil, OpText, key, []byte(strings.Repeat("p", 100)))
	b.ReportAllocs()
	for b.Loop() {
		if _, n, err := Next(raw); n != len(raw) || err != nil {
			b.Fatal(n, err)
		}
	}
}

func FuzzNext(f *testing.F) {
	f.Add(AppendMasked(nil, OpText, key, []byte("hello")))
	f.Add(AppendMasked(AppendMasked(nil, OpPing, key, nil), OpClose, key, []byte{3, 232}))
	f.Add(AppendMasked(nil, OpBinary, key, make([]byte, 300)))
	f.Fuzz(func(t *testing.T, b []byte) {
		whole := slices.Clone(b)
		for {
			frame, n, err := Next(b)
			if err != nil || n == 0 {
				if n != 0 {
					t.Fatalf("took %d bytes with %v", n, err)
				}
				return
			}
			if n > len(b) || len(frame.Payload) > MaxPayload {
				t.Fatalf("took %d of %d bytes", n, len(b))
			}
			// Masking the payload again gives the bytes back, if the length was
			// written in its shortest form.
			mask := [4]byte(whole[n-len(frame.Payload)-4:])
			if again := AppendMasked(nil, frame.Op, mask, frame.Payload); len(again) == n && !bytes.Equal(again, whole[:n]) {
				t.Fatalf("got % x, want % x", again, whole[:n])
			}
			b, whole = b[n:], whole[n:]
		}
	})
}
