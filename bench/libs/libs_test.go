package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// each runs a test against every library: they are one protocol.
func each(t *testing.T, test func(t *testing.T, addr string)) {
	names := []string{"gorilla", "coder", "gws"}
	if !race { // nbio itself races between its listener and its poller
		names = append(names, "nbio")
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			serve, err := library(name)
			if err != nil {
				t.Fatal(err)
			}
			ln, err := listen(t.Context(), "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error)
			go func() { done <- serve(ctx, ln) }()
			t.Cleanup(func() {
				cancel()
				if err := <-done; err != nil {
					t.Errorf("serving: %v", err)
				}
				if nc, err := net.Dial("tcp", ln.Addr().String()); err == nil {
					nc.Close()
					t.Error("it still listens after its end")
				}
			})
			test(t, ln.Addr().String())
		})
	}
}

// client fails its test instead of returning errors.
type client struct {
	t   *testing.T
	ctx context.Context
	*websocket.Conn
}

func connect(t *testing.T, addr string) client {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	nc, _, err := websocket.Dial(ctx, "ws://"+addr+"/socket/websocket?vsn=2.0.0", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.CloseNow() })
	return client{t, ctx, nc}
}

func (c client) send(kind websocket.MessageType, text string) {
	c.t.Helper()
	if err := c.Write(c.ctx, kind, []byte(text)); err != nil {
		c.t.Fatal(err)
	}
}

func (c client) ask(text, want string) {
	c.t.Helper()
	c.send(websocket.MessageText, text)
	c.want(want)
}

func (c client) want(text string) {
	c.t.Helper()
	if _, got, err := c.Read(c.ctx); err != nil || string(got) != text {
		c.t.Fatalf("got %v with\n%s\nwant\n%s", err, got, text)
	}
}

func (c client) join(topic string) {
	c.t.Helper()
	c.ask(`["1","1","`+topic+`","phx_join",{}]`, `["1","1","`+topic+`","phx_reply",{"status":"ok","response":{}}]`)
}

func TestProtocol(t *testing.T) {
	each(t, func(t *testing.T, addr string) {
		c := connect(t, addr)
		c.ask(`[null,"0","phoenix","heartbeat",{}]`, `[null,"0","phoenix","phx_reply",{"status":"ok","response":{}}]`)
		c.ask(`["1","1","presence:lobby","phx_join",{}]`, `[null,"1","presence:lobby","phx_reply",{"status":"error","response":{"reason":"unmatched topic"}}]`)
		c.join("room:a")
		c.send(websocket.MessageText, `["1","3","room:a","unknown",{}]`)
		c.ask(`["1","4","room:a","echo",{"pad":"x"}]`, `["1","4","room:a","phx_reply",{"status":"ok","response":{"pad":"x"}}]`)
		c.ask(`["1","5","room:a","shout",{"i":1}]`, `[null,null,"room:a","shout",{"i":1}]`)
		c.ask(`["1","6","room:a","phx_leave",{}]`, `["1","6","room:a","phx_reply",{"status":"ok","response":{}}]`)
		c.ask(`["1","7","room:a","echo",{}]`, `[null,"7","room:a","phx_reply",{"status":"error","response":{"reason":"unmatched topic"}}]`)
	})
}

func TestFanOut(t *testing.T) {
	each(t, func(t *testing.T, addr string) {
		members := make([]client, 20)
		for i := range members {
			members[i] = connect(t, addr)
			members[i].join("room:a")
		}
		moved := connect(t, addr)
		moved.join("room:a")
		moved.join("room:b")
		gone := members[7]
		members = append(members[:7:7], members[8:]...)
		gone.CloseNow()

		// More at once than one read of a client takes.
		const shouts = 50
		pad := strings.Repeat("x", 300)
		for i := range shouts {
			members[3].send(websocket.MessageText, fmt.Sprintf(`["1","2","room:a","shout",{"i":%d,"pad":"%s"}]`, i, pad))
		}
		for _, c := range members {
			for i := range shouts {
				c.want(fmt.Sprintf(`[null,null,"room:a","shout",{"i":%d,"pad":"%s"}]`, i, pad))
			}
		}
		// Who is elsewhere has seen nothing: the next thing they read is their own.
		moved.ask(`["1","3","room:b","echo",{}]`, `["1","3","room:b","phx_reply",{"status":"ok","response":{}}]`)
	})
}

// What is no message ends the connection, and that one only.
func TestMalformed(t *testing.T) {
	each(t, func(t *testing.T, addr string) {
		good := connect(t, addr)
		good.join("room:a")
		for _, bad := range []struct {
			kind websocket.MessageType
			text string
		}{{websocket.MessageText, `{"topic":"room:a"}`}, {websocket.MessageBinary, "x"}} {
			c := connect(t, addr)
			c.join("room:a")
			c.send(bad.kind, bad.text)
			if _, got, err := c.Read(c.ctx); err == nil || c.ctx.Err() != nil {
				t.Errorf("%q: got %q and %v, want the end", bad.text, got, err)
			}
		}
		good.ask(`["1","2","room:a","shout",{}]`, `[null,null,"room:a","shout",{}]`)
	})
}

func TestRefusals(t *testing.T) {
	each(t, func(t *testing.T, addr string) {
		for target, want := range map[string]int{"/live/websocket?vsn=2.0.0": 404, "/socket/websocket?vsn=1.0.0": 403} {
			resp, err := http.Get("http://" + addr + target)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != want {
				t.Errorf("%s: got status %d, want %d", target, resp.StatusCode, want)
			}
		}
	})
	for _, args := range [][]string{{"-lib", "melody"}, {"-addr", "0.0.0.0:0"}, {"-addr", "127.0.0.1:0", "-admin", "10.0.0.1:1"}} {
		if err := run(t.Context(), args); err == nil {
			t.Errorf("%v: got no error", args)
		}
	}
}
