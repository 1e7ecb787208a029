package main

import (
	"context"
	"fmt"
	"net"
	"net/http"

	"github.com/lesismal/nbio/logging"
	"github.com/lesismal/nbio/nbhttp"
	"github.com/lesismal/nbio/nbhttp/websocket"
)

// runNBIO is a comparison: github.com/lesismal/nbio with one poller, its own
// HTTP server and payloads from its pool. It has no message that is framed once
// for many.
func runNBIO(ctx context.Context, ln net.Listener) error {
	logging.SetLevel(logging.LevelNone) // what it says about clients that go away
	h := newHub(oneByOne[nbioConn])
	upgrader := websocket.NewUpgrader()
	upgrader.CheckOrigin = func(*http.Request) bool { return true }
	upgrader.OnOpen(func(nc *websocket.Conn) { nc.SetSession(&member[nbioConn]{hub: h, conn: nbioConn{nc}}) })
	upgrader.OnMessage(func(nc *websocket.Conn, kind websocket.MessageType, text []byte) {
		if kind != websocket.TextMessage || !h.receive(nc.Session().(*member[nbioConn]), text) {
			_ = nc.Close()
		}
	})
	upgrader.OnClose(func(nc *websocket.Conn, _ error) {
		// It may come in the middle of a write, and so with the hub locked.
		go nc.Session().(*member[nbioConn]).Leave()
	})
	engine := nbhttp.NewEngine(nbhttp.Config{
		Network: "tcp", Addrs: []string{ln.Addr().String()}, NPoller: 1,
		Listen:                  func(string, string) (net.Listener, error) { return ln, nil },
		ReleaseWebsocketPayload: true,
		Handler: onlySocket(func(w http.ResponseWriter, r *http.Request) {
			_, _ = upgrader.Upgrade(w, r, nil) // the client is told of an error
		}),
	})
	if err := engine.Start(); err != nil {
		return fmt.Errorf("libs: nbio: %w", err)
	}
	<-ctx.Done()
	engine.Stop()
	return nil
}

type nbioConn struct{ *websocket.Conn }

func (c nbioConn) write(text []byte) bool { return c.WriteMessage(websocket.TextMessage, text) == nil }
