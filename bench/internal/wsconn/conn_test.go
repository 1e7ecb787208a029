package wsconn

import (
	"bytes"
	"testing"

	"github.com/bennu-go/bennu/bench/internal/ws"
)

func TestParseFrameEverySize(t *testing.T) {
	for _, size := range []int{0, 1, 125, 126, 65535, 65536, 100_000} {
		payload := bytes.Repeat([]byte{'p'}, size)
		raw := ws.AppendFrame(nil, ws.OpText, payload)
		for _, cut := range []int{0, 1, 3, 9, len(raw) - 1} {
			if _, _, n, err := parseFrame(raw[:min(cut, len(raw)-1)]); n != 0 || err != nil {
				t.Fatalf("size %d cut at %d: got %d, %v", size, cut, n, err)
			}
		}
		op, got, n, err := parseFrame(append(raw, "next"...))
		if op != ws.OpText || !bytes.Equal(got, payload) || n != len(raw) || err != nil {
			t.Fatalf("size %d: got opcode %d, %d bytes, %d taken, %v", size, op, len(got), n, err)
		}
	}
}

func FuzzParseFrame(f *testing.F) {
	f.Add(ws.AppendFrame(nil, ws.OpText, []byte("hello")))
	f.Add(ws.AppendFrame(ws.AppendFrame(nil, ws.OpClose, []byte{3, 244}), ws.OpPing, nil))
	f.Add(ws.AppendFrame(nil, ws.OpBinary, make([]byte, 300)))
	f.Add([]byte{0x81, 127, 255, 255, 255, 255, 255, 255, 255, 255})
	f.Fuzz(func(t *testing.T, b []byte) {
		for {
			_, payload, n, err := parseFrame(b)
			if err != nil || n == 0 {
				if n != 0 || payload != nil {
					t.Fatalf("took %d bytes with %v", n, err)
				}
				return
			}
			if n > len(b) || len(payload) > maxMessage || len(payload) >= n {
				t.Fatalf("took %d of %d bytes for %d", n, len(b), len(payload))
			}
			b = b[n:]
		}
	})
}
