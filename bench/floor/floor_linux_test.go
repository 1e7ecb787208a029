package main

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/bennu-go/bennu/bench/internal/ws"
)

// each runs a test against both kinds: they are one protocol.
func each(t *testing.T, test func(t *testing.T, srv server)) {
	for _, kind := range []string{"epoll", "hijack"} {
		t.Run(kind, func(t *testing.T) { test(t, start(t, kind)) })
	}
}

func TestFloorProtocol(t *testing.T) {
	each(t, func(t *testing.T, srv server) {
		c := connect(t, srv)
		c.send(`[null,"0","phoenix","heartbeat",{}]`)
		c.want(`[null,"0","phoenix","phx_reply",{"status":"ok","response":{}}]`)
		c.send(`["1","1","presence:lobby","phx_join",{"user":"u1"}]`)
		c.want(`[null,"1","presence:lobby","phx_reply",{"status":"error","response":{"reason":"unmatched topic"}}]`)
		c.send(`["1","2","room:a","echo",{}]`)
		c.want(`[null,"2","room:a","phx_reply",{"status":"error","response":{"reason":"unmatched topic"}}]`)
		c.join("room:a")
		c.send(`["1","3","room:a","unknown",{}]`)
		c.send(`["1","4","room:a","echo",{"pad":"x"}]`)
		c.want(`["1","4","room:a","phx_reply",{"status":"ok","response":{"pad":"x"}}]`)
		c.send(`["1","5","room:a","shout",{"i":1}]`)
		c.want(`[null,null,"room:a","shout",{"i":1}]`)
		c.send(`["1","6","room:a","phx_leave",{}]`)
		c.want(`["1","6","room:a","phx_reply",{"status":"ok","response":{}}]`)
		c.send(`["1","7","room:a","echo",{}]`)
		c.want(`[null,"7","room:a","phx_reply",{"status":"error","response":{"reason":"unmatched topic"}}]`)
		c.raw(masked(ws.OpPing, "p"))
		if op, got := c.frame(); op != ws.OpPong || got != "p" {
			t.Fatalf("got opcode %d with %q, want the pong", op, got)
		}
		c.raw(masked(ws.OpClose, "\x03\xe8"))
		c.wantClose(1000)
	})
}

func TestFloorFanOut(t *testing.T) {
	each(t, func(t *testing.T, srv server) {
		members := make([]*client, 20)
		for i := range members {
			members[i] = connect(t, srv)
			members[i].join("room:a")
		}
		other := connect(t, srv)
		other.join("room:b")
		moved := connect(t, srv)
		moved.join("room:a")
		moved.join("room:b")

		gone, members := members[7], append(members[:7:7], members[8:]...)
		gone.raw(masked(ws.OpClose, "\x03\xe8"))
		gone.wantClose(1000) // the server has let go of it once this is read

		payload := strings.Repeat("x", 300)
		members[3].send(`["1","2","room:a","shout",{"pad":"` + payload + `"}]`)
		for _, c := range members {
			c.want(`[null,null,"room:a","shout",{"pad":"` + payload + `"}]`)
		}
		// Whoever is elsewhere has seen nothing: the next thing they read is
		// their own.
		for _, c := range []*client{other, moved} {
			c.send(`["1","3","room:b","echo",{}]`)
			c.want(`["1","3","room:b","phx_reply",{"status":"ok","response":{}}]`)
		}
	})
}

func TestFloorInAnyPieces(t *testing.T) {
	all := []byte(upgradeRequest)
	all = append(all, masked(ws.OpText, `["1","1","room:a","phx_join",{}]`)...)
	all = append(all, masked(ws.OpText, `["1","2","room:a","echo",{"pad":"`+strings.Repeat("y", 200)+`"}]`)...)
	check := func(c *client) {
		c.upgraded()
		c.want(`["1","1","room:a","phx_reply",{"status":"ok","response":{}}]`)
		c.want(`["1","2","room:a","phx_reply",{"status":"ok","response":{"pad":"` + strings.Repeat("y", 200) + `"}}]`)
	}
	each(t, func(t *testing.T, srv server) {
		together := dial(t, srv)
		together.raw(all)
		check(together)
		slowly := dial(t, srv)
		for _, b := range all {
			slowly.raw([]byte{b})
		}
		check(slowly)
	})
}

func TestFloorRefusals(t *testing.T) {
	each(t, func(t *testing.T, srv server) {
		for _, tt := range []struct {
			old, new string
			status   int
		}{
			{"/socket/websocket", "/live/websocket", 404},
			{"vsn=2.0.0", "vsn=1.0.0", 403},
			{"Version: 13", "Version: 7", 426},
			{"GET", "PUT", 405},
			{"dGhlIHNhbXBsZSBub25jZQ==", "dGhl", 400},
		} {
			c := dial(t, srv)
			c.raw([]byte(strings.Replace(upgradeRequest, tt.old, tt.new, 1)))
			c.more()
			if got := string(c.in); !strings.HasPrefix(got, fmt.Sprintf("HTTP/1.1 %d ", tt.status)) {
				t.Errorf("%s: got %.40q, want status %d", tt.new, got, tt.status)
			}
		}
		for _, tt := range []struct {
			raw  []byte
			code uint16
		}{
			{[]byte{0x81, 0x01, 'x'}, ws.CloseProtocol},
			{masked(ws.OpBinary, "x"), ws.CloseUnsupported},
			{masked(ws.OpText, `{"topic":"room:a"}`), ws.CloseInternal},
			{[]byte{0x81, 0xFF, 0, 0, 0, 1, 0, 0, 0, 0}, ws.CloseTooBig},
		} {
			c := connect(t, srv)
			c.raw(tt.raw)
			c.wantClose(tt.code)
		}
	})
}

func TestListenRefuses(t *testing.T) {
	if _, err := listen("iouring", netip.MustParseAddrPort("127.0.0.1:0")); err == nil {
		t.Error("got no error for an unknown kind")
	}
	for _, args := range [][]string{{"-addr", "0.0.0.0:0"}, {"-addr", ":4100"}, {"-addr", "127.0.0.1:0", "-admin", "10.0.0.1:1"}} {
		if err := run(t.Context(), args); err == nil {
			t.Errorf("%v: got no error", args)
		}
	}
}
