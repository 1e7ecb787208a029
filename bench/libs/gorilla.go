package main

import (
	"context"
	"iter"
	"net"
	"net/http"
	"sync"

	"github.com/gorilla/websocket"
)

// runGorilla is a comparison: github.com/gorilla/websocket with a goroutine a
// connection. Write buffers come from a pool and a broadcast is framed once,
// both as its documentation advises; the read buffer of 512 bytes is an eighth
// of its default, which costs nothing with messages this small.
func runGorilla(ctx context.Context, ln net.Listener) error {
	upgrader := websocket.Upgrader{
		ReadBufferSize: 512, WriteBufferSize: 512, WriteBufferPool: &sync.Pool{},
		CheckOrigin: func(*http.Request) bool { return true },
	}
	h := newHub(func(text []byte, to iter.Seq[*gorillaConn]) {
		p, err := websocket.NewPreparedMessage(websocket.TextMessage, text)
		if err != nil {
			return
		}
		for c := range to {
			c.writePrepared(p)
		}
	})
	return serveHTTP(ctx, ln, func(w http.ResponseWriter, r *http.Request) {
		nc, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return // the client has been told
		}
		// A fresh goroutine has the smallest stack; this one's has grown, and
		// keeps the request alive.
		go (&gorillaConn{Conn: nc}).run(h)
	})
}

// gorillaConn adds what the library leaves to its users: one writer at a time.
type gorillaConn struct {
	*websocket.Conn
	mu sync.Mutex // held while writing
}

func (c *gorillaConn) run(h *hub[*gorillaConn]) {
	m := &member[*gorillaConn]{hub: h, conn: c}
	defer c.Close()
	defer m.Leave()
	for {
		kind, text, err := c.ReadMessage()
		if err != nil || kind != websocket.TextMessage || !h.receive(m, text) {
			return
		}
	}
}

func (c *gorillaConn) write(text []byte) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.WriteMessage(websocket.TextMessage, text) == nil
}

func (c *gorillaConn) writePrepared(p *websocket.PreparedMessage) {
	c.mu.Lock()
	defer c.mu.Unlock()
	// Who cannot be written to is removed by its own reader.
	_ = c.WritePreparedMessage(p)
}
