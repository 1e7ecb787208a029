package wire

import (
	"bytes"
	"testing"
	"unsafe"

	"github.com/bennu-go/bennu/internal/frame"
)

func TestFrame(t *testing.T) {
	for _, n := range []int{0, 1, 125, 126, 65535, 65536} {
		payload := bytes.Repeat([]byte("p"), n)
		want := append(frame.AppendHeader(nil, frame.Binary, n), payload...)

		reserved := append(make([]byte, frame.MaxHeader, frame.MaxHeader+n+8), payload...)
		for name, f := range map[string]Frame{
			"copied":     NewFrame(frame.Binary, payload),
			"taken over": FrameFrom(reserved, frame.MaxHeader, frame.Binary),
		} {
			if !bytes.Equal(f.WS(), want) || !bytes.Equal(f.Data(), payload) || f.Op() != frame.Binary || f.Len() != len(want) || f.IsZero() {
				t.Errorf("%s, %d bytes: got header % x, %d bytes of payload, %v", name, n, f.WS()[:2], len(f.Data()), f.Op())
			}
			if cap(f.WS()) != len(want) {
				t.Errorf("%s, %d bytes: got capacity %d, want %d: nobody may append behind a frame", name, n, cap(f.WS()), len(want))
			}
		}
	}
	if !(Frame{}).IsZero() {
		t.Error("the zero value is a frame")
	}
	if got := unsafe.Sizeof(Frame{}); got > 32 {
		t.Errorf("got a Frame of %d bytes, want at most 32", got)
	}
}

// A frame made by copying is not changed through its source.
func TestNewFrameCopies(t *testing.T) {
	payload := []byte("before")
	f := NewFrame(frame.Text, payload)
	copy(payload, "after!")
	if string(f.Data()) != "before" {
		t.Errorf("got %q", f.Data())
	}
}

func TestFinishHeaderInAReusedBuffer(t *testing.T) {
	buf := make([]byte, 0, 512)
	for range 3 {
		buf = append(buf[:0], make([]byte, frame.MaxHeader)...)
		buf, op, err := V2{}.AppendPush(buf, `"1"`, "t", "e", Payload{})
		if err != nil {
			t.Fatal(err)
		}
		start := FinishHeader(buf, frame.MaxHeader, op)
		if got, want := string(buf[start:]), "\x81\x16"+`["1",null,"t","e",{}]`; len(want) != 2+21 || got[0] != 0x81 || int(got[1]) != 21 || got[2:] != want[2:] {
			t.Errorf("got %q", got)
		}
	}
}
