package main

import (
	"context"
	"net"
	"net/http"

	"github.com/lxzan/gws"
)

// runGWS is a comparison: github.com/lxzan/gws with a goroutine a connection. The
// read buffer of 512 bytes is an eighth of its default. Its Broadcaster, which
// frames once but writes from a goroutine for each receiver, took 1.2 to 1.4
// times the CPU of one message after the other (compare -only fanout), and so
// is not used.
func runGWS(ctx context.Context, ln net.Listener) error {
	h := newHub(oneByOne[gwsConn])
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
