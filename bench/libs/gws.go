package main

import (
	"bytes"
	"context"
	"iter"
	"net"
	"net/http"

	"github.com/lxzan/gws"
)

// runGWS is a comparison: github.com/lxzan/gws with a goroutine a connection and
// its Broadcaster, which frames once and writes from a goroutine of its own for
// each receiver. The read buffer of 512 bytes is an eighth of its default.
func runGWS(ctx context.Context, ln net.Listener) error {
	h := newHub(func(text []byte, to iter.Seq[gwsConn]) {
		b := gws.NewBroadcaster(gws.OpcodeText, bytes.Clone(text)) // it writes later
		defer b.Close()
		for c := range to {
			_ = b.Broadcast(c.Conn) // who cannot be written to is removed by its own reader
		}
	})
	upgrader := gws.NewUpgrader(gwsEvents{hub: h}, &gws.ServerOption{ReadBufferSize: 512, Logger: silent{}})
	return serveHTTP(ctx, ln, func(w http.ResponseWriter, r *http.Request) {
		nc, err := upgrader.Upgrade(w, r)
		if err != nil {
			return // the client has been told
		}
		m := &member[gwsConn]{hub: h, conn: gwsConn{nc}}
		nc.Session().Store(memberKey, m)
		go func() {
			nc.ReadLoop()
			m.Leave()
		}()
	})
}

const memberKey = "member"

type gwsConn struct{ *gws.Conn }

func (c gwsConn) write(text []byte) bool { return c.WriteMessage(gws.OpcodeText, text) == nil }

type gwsEvents struct {
	gws.BuiltinEventHandler
	hub *hub[gwsConn]
}

func (e gwsEvents) OnPing(c *gws.Conn, payload []byte) { _ = c.WritePong(payload) }

func (e gwsEvents) OnMessage(c *gws.Conn, message *gws.Message) {
	defer message.Close()
	m, _ := c.Session().Load(memberKey)
	if message.Opcode != gws.OpcodeText || !e.hub.receive(m.(*member[gwsConn]), message.Bytes()) {
		_ = c.NetConn().Close()
	}
}

// silent keeps what the library would log about clients that go away.
type silent struct{}

func (silent) Error(...any) {}
