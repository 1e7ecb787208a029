package main

import (
	"context"
	"net"
	"net/http"

	"github.com/coder/websocket"
)

// runCoder is a comparison: github.com/coder/websocket with a goroutine a
// connection. It has no message that is framed once for many.
func runCoder(ctx context.Context, ln net.Listener) error {
	h := newHub(oneByOne[coderConn])
	return serveHTTP(ctx, ln, func(w http.ResponseWriter, r *http.Request) {
		nc, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
		if err != nil {
			return // the client has been told
		}
		go coderConn{nc}.run(h)
	})
}

type coderConn struct{ *websocket.Conn }

func (c coderConn) run(h *hub[coderConn]) {
	m := &member[coderConn]{hub: h, conn: c}
	defer c.CloseNow()
	defer m.Leave()
	for {
		// A context that never ends costs no goroutine in the library.
		kind, text, err := c.Read(context.Background())
		if err != nil || kind != websocket.MessageText || !h.receive(m, text) {
			return
		}
	}
}

func (c coderConn) write(text []byte) bool {
	return c.Write(context.Background(), websocket.MessageText, text) == nil
}
