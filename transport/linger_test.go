//go:build unix

package transport

import (
	"bytes"
	"io"
	"testing"

	"github.com/bennu-go/bennu/internal/frame"
)

// A client in the middle of a message that is too big is told so, though it goes on sending: its writes reach us until it reads why.
func TestTheReasonReachesWhoIsStillSending(t *testing.T) {
	for _, name := range []string{"portable", "poller"} {
		t.Run(name, func(t *testing.T) {
			ways[name].onWard(t, WebSocketConfig{MaxMessage: 1 << 20, MaxFrame: 1 << 20}, func(h *harness, _ *ward) {
				p := h.connect("&id=x")
				p.want(`text "x|hello"`)
				p.write(fromClient(frame.Text, true, string(bytes.Repeat([]byte{'x'}, 2<<20)))[:14])
				rest := bytes.Repeat([]byte{'x'}, 64<<10)
				for range 8 { // more than the server has read when it answers
					if _, err := p.nc.Write(rest); err != nil {
						t.Fatalf("the server does not take what is on its way: %v", err)
					}
				}
				op, payload, err := p.read()
				if err != nil || op != frame.Close || len(payload) < 2 || int(payload[0])<<8|int(payload[1]) != 1009 {
					t.Fatalf("got %v %q, %v, want close 1009", op, payload, err)
				}
				if _, err := p.nc.Write(rest); err != nil {
					t.Errorf("after the close frame: %v", err)
				}
				if _, err := p.br.ReadByte(); err != io.EOF {
					t.Errorf("after the close frame: %v, want EOF", err)
				}
				p.nc.Close()
			})
		})
	}
}
