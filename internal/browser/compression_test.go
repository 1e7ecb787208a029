package browser_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bennu-go/bennu/channel"
	"github.com/bennu-go/bennu/endpoint"
	"github.com/bennu-go/bennu/internal/browser"
	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
	"github.com/bennu-go/bennu/supervise"
	"github.com/bennu-go/bennu/transport"
)

// counted is a listener that counts what its connections carry. They take the portable path, since they are not plain TCP to the poller.
type counted struct {
	net.Listener
	in, out *atomic.Int64
}

type countedConn struct {
	net.Conn
	in, out *atomic.Int64
}

func (l counted) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return countedConn{c, l.in, l.out}, nil
}

func (c countedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.in.Add(int64(n))
	return n, err
}

func (c countedConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.out.Add(int64(n))
	return n, err
}

func rooms() channel.UserSocket[struct{}] {
	return channel.UserSocket[struct{}]{Name: "rooms", Connect: channel.Anonymous, Channels: []channel.Route{
		channel.Topic("room:*", channel.Channel[struct{}]{
			Join: channel.Reply(func(context.Context, *channel.Socket[struct{}], struct{}) (any, error) { return nil, nil }),
			In: channel.Events[struct{}]{
				"echo": channel.Reply(func(_ context.Context, _ *channel.Socket[struct{}], in json.RawMessage) (json.RawMessage, error) {
					return in, nil
				}),
				"shout": channel.NoReply(func(_ context.Context, s *channel.Socket[struct{}], in json.RawMessage) error {
					return s.Broadcast("shout", in)
				}),
			},
		})}}
}

// serve runs an endpoint whose sockets compress; its listener is wrapped if wrap is not nil.
func serve(t *testing.T, wrap func(net.Listener) net.Listener) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr = l.Addr().String()
	if wrap != nil {
		l = wrap(l)
	}
	log := slog.New(slog.DiscardHandler)
	sys := proc.NewSystem(proc.Config{Logger: log})
	ps := pubsub.New(pubsub.Config{System: sys, Logger: log})
	ep := endpoint.New(endpoint.Config{System: sys, PubSub: ps, Listener: l, URL: "http://" + addr, Logger: log,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			w.Write([]byte("<!doctype html><title>compression</title>"))
		}),
		Sockets: []endpoint.Mount{{Path: "/socket", Socket: rooms(), WebSocket: transport.WebSocketConfig{Compress: transport.Compression{Enabled: true, MaxRatio: -1}}}}})
	ctx, cancel := context.WithCancel(t.Context())
	ready, done := make(chan struct{}), make(chan error, 1)
	root := supervise.New(supervise.Config{Name: "test", Logger: log}, supervise.Child{Name: "processes", Service: sys},
		supervise.Child{Name: "pubsub", Service: ps}, supervise.Child{Name: "endpoint", Service: ep})
	go func() { done <- root.Run(supervise.NotifyReady(ctx, func() { close(ready) })) }()
	select {
	case <-ready:
	case err := <-done:
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); <-done })
	return addr
}

// talk is what the page does: join, send a long message and have it back as a reply and as a broadcast.
const talk = `new Promise((done, fail) => {
	const ws = new WebSocket("ws://" + location.host + "/socket/websocket?vsn=2.0.0")
	const long = "all work and no play makes Jack a dull boy. ".repeat(5000)
	const got = []
	ws.onerror = () => fail("the connection failed")
	ws.onclose = e => fail("closed with " + e.code + " " + e.reason)
	ws.onopen = () => ws.send(JSON.stringify(["1", "1", "room:1", "phx_join", {}]))
	ws.onmessage = ({data}) => {
		const [, ref, , event, payload] = JSON.parse(data)
		if (ref == "1") ws.send(JSON.stringify(["1", "2", "room:1", "echo", {long}]))
		else if (ref == "2") {
			got.push("echo " + (payload.response.long === long))
			ws.send(JSON.stringify(["1", "3", "room:1", "shout", {long}]))
		} else if (event == "shout") {
			got.push("shout " + (payload.long === long))
			done([ws.extensions, ...got])
		}
	}
})`

// TestChromiumCompresses has Chromium's own WebSocket negotiate permessage-deflate and talk to a channel.
func TestChromiumCompresses(t *testing.T) {
	b := browser.Start(t, browser.Config{})
	var in, out atomic.Int64
	for path, wrap := range map[string]func(net.Listener) net.Listener{
		"as it comes": nil, // under the poller, on Linux
		"portable":    func(l net.Listener) net.Listener { return counted{l, &in, &out} },
	} {
		w := b.Window(browser.WindowConfig{Name: path})
		w.Open("http://" + serve(t, wrap) + "/")
		got := browser.Eval[[]string](w, talk)
		want := []string{"permessage-deflate; server_no_context_takeover; client_no_context_takeover", "echo true", "shout true"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
	// Two messages of 220,000 bytes each way, and what surrounds them.
	if in.Load() == 0 || in.Load() > 40_000 || out.Load() > 40_000 {
		t.Errorf("%d bytes came and %d went: they were not compressed", in.Load(), out.Load())
	}
}
