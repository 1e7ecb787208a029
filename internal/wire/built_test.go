package wire

import (
	"bytes"
	"strings"
	"testing"
	"unsafe"

	"github.com/bennu-go/bennu/internal/deflate"
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

func TestDeflatedFrame(t *testing.T) {
	text := strings.Repeat("hello ", 50_000)
	f := NewFrame(frame.Text, []byte(text))
	d := f.Deflated(1)
	if d.Op() != frame.Text || d.Len() >= f.Len()/50 || d.WS()[0] != 0xC1 || cap(d.WS()) != d.Len() {
		t.Errorf("got %v, %d bytes of %d, first byte %x, room for %d", d.Op(), d.Len(), f.Len(), d.WS()[0], cap(d.WS()))
	}
	if op, _ := frame.Split(f.WS()); op != frame.Text {
		t.Error("compressing a frame has changed it")
	}
	got, err := deflate.Inflate(nil, d.Data(), -1)
	if err != nil || string(got) != text {
		t.Errorf("inflating gives %d bytes and %v", len(got), err)
	}
	short := NewFrame(frame.Text, []byte("[]"))
	if d := short.Deflated(1); &d.WS()[0] != &short.WS()[0] {
		t.Errorf("a frame that does not get shorter became % x", d.WS())
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
