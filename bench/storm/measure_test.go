package main

import (
	"bytes"
	"testing"
	"time"

	"github.com/bennu-go/bennu/bench/internal/ws"
)

func TestQuantile(t *testing.T) {
	var list []time.Duration
	for i := range 200 {
		list = append(list, time.Duration(i+1))
	}
	for q, want := range map[float64]time.Duration{0: 1, 0.5: 100, 0.99: 198, 0.999: 200, 1: 200} {
		if got := quantile(list, q); got != want {
			t.Errorf("quantile %v: got %d, want %d", q, got, want)
		}
	}
	if got := quantile(nil, 0.5); got != 0 {
		t.Errorf("of nothing: got %v", got)
	}
	if got := latencyOf([]time.Duration{3 * time.Millisecond, 1500 * time.Microsecond, 0}); got != (latency{3, 1.5, 3, 3}) {
		t.Errorf("got %+v", got)
	}
}

func TestBackOffTables(t *testing.T) {
	if got := reconnectAfter(9); got != 2*time.Second {
		t.Errorf("ninth reconnect: got %v, want 2s", got)
	}
	if got := reconnectAfter(1000); got != 5*time.Second {
		t.Errorf("thousandth reconnect: got %v, want 5s", got)
	}
	if got := rejoinAfter(5); got != 10*time.Second {
		t.Errorf("fifth rejoin: got %v, want 10s", got)
	}
}

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
