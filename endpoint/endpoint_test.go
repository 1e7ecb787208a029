package endpoint

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bennu-go/bennu/channel"
	"github.com/bennu-go/bennu/internal/frame"
	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
	"github.com/bennu-go/bennu/supervise"
	"github.com/bennu-go/bennu/transport"
)

func echoSocket() channel.UserSocket[struct{}] {
	return channel.UserSocket[struct{}]{Name: "echo", Connect: channel.Anonymous, Channels: []channel.Route{
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

// app runs an endpoint under a supervisor on a free port.
type app struct {
	ep   *Endpoint
	addr string
	stop func() error
}

func run(t *testing.T, change func(*Config)) *app {
	t.Helper()
	var logged syncBuffer
	logger := slog.New(slog.NewTextHandler(&logged, nil))
	sys := proc.NewSystem(proc.Config{Logger: logger})
	ps := pubsub.New(pubsub.Config{System: sys, Logger: logger})
	cfg := Config{System: sys, PubSub: ps, Addr: "127.0.0.1:0", Logger: logger,
		Sockets: []Mount{{Path: "/socket", Socket: echoSocket()}}}
	if change != nil {
		change(&cfg)
	}
	a := &app{ep: New(cfg)}
	ctx, cancel := context.WithCancel(t.Context())
	ready, done := make(chan struct{}), make(chan error, 1)
	root := supervise.New(supervise.Config{Name: "test", Logger: logger},
		supervise.Child{Name: "processes", Service: sys},
		supervise.Child{Name: "pubsub", Service: ps},
		supervise.Child{Name: "endpoint", Service: a.ep})
	go func() { done <- root.Run(supervise.NotifyReady(ctx, func() { close(ready) })) }()
	select {
	case <-ready:
	case err := <-done:
		cancel()
		t.Fatal(err)
	}
	a.addr = a.ep.Addr().String()
	a.stop = sync.OnceValue(func() error { cancel(); return <-done })
	t.Cleanup(func() {
		if err := a.stop(); err != nil {
			t.Error(err)
		}
		http.DefaultClient.CloseIdleConnections()
		if s := logged.String(); strings.Contains(s, "panic") && !strings.Contains(t.Name(), "Panic") {
			t.Errorf("a panic was logged: %s", s)
		}
	})
	return a
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}
func (b *syncBuffer) String() string { b.mu.Lock(); defer b.mu.Unlock(); return b.b.String() }

// wsClient is a client that does by hand what browsers do.
type wsClient struct {
	t  *testing.T
	nc net.Conn
	br *bufio.Reader
}

func dial(t *testing.T, nc net.Conn, path string) *wsClient {
	t.Helper()
	nc.SetDeadline(time.Now().Add(10 * time.Second))
	fmt.Fprintf(nc, "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", path)
	c := &wsClient{t: t, nc: nc, br: bufio.NewReader(nc)}
	res, err := http.ReadResponse(c.br, nil)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != 101 || res.Header.Get("Sec-WebSocket-Accept") != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" {
		t.Fatalf("upgrade: %v %v", res.Status, res.Header)
	}
	return c
}

func (c *wsClient) send(text string) {
	c.t.Helper()
	if _, err := c.nc.Write(frame.AppendMasked(nil, frame.Text, true, [4]byte{1, 2, 3, 4}, []byte(text))); err != nil {
		c.t.Fatal(err)
	}
}

// read returns the next message: text, or "close 1012 reason".
func (c *wsClient) read() string {
	c.t.Helper()
	var h [2]byte
	if _, err := io.ReadFull(c.br, h[:]); err != nil {
		return err.Error()
	}
	n := int(h[1])
	if n == 126 {
		var l [2]byte
		io.ReadFull(c.br, l[:])
		n = int(l[0])<<8 | int(l[1])
	}
	p := make([]byte, n)
	if _, err := io.ReadFull(c.br, p); err != nil {
		return err.Error()
	}
	if frame.Opcode(h[0]&15) == frame.Close {
		if n < 2 {
			return "close"
		}
		return strings.TrimSpace(fmt.Sprintf("close %d %s", int(p[0])<<8|int(p[1]), p[2:]))
	}
	return string(p)
}

func (c *wsClient) want(text string) {
	c.t.Helper()
	if got := c.read(); got != text {
		c.t.Errorf("got %s, want %s", got, text)
	}
}

const (
	join   = `["1","1","room:a","phx_join",{}]`
	joined = `["1","1","room:a","phx_reply",{"status":"ok","response":{}}]`
)

func tcp(t *testing.T, addr string) net.Conn {
	t.Helper()
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	return nc
}

func TestServesAndDrains(t *testing.T) {
	a := run(t, nil)
	c := dial(t, tcp(t, a.addr), "/socket/websocket?vsn=2.0.0")
	c.send(join)
	c.send(`["1","2","room:a","echo",{"x":1}]`)
	c.want(joined)
	c.want(`["1","2","room:a","phx_reply",{"status":"ok","response":{"x":1}}]`)
	bare := dial(t, tcp(t, a.addr), "/socket/websocket?vsn=2.0.0") // joins nothing
	bare.send(`[null,"1","phoenix","heartbeat",{}]`)
	bare.want(`[null,"1","phoenix","phx_reply",{"status":"ok","response":{}}]`)
	if n := a.ep.Connections(); n != 2 {
		t.Errorf("%d connections, want 2", n)
	}
	stopped := make(chan error, 1)
	go func() { stopped <- a.stop() }()
	c.want("close 1012")
	bare.want("close 1012")
	for _, x := range []*wsClient{c, bare} { // the closing handshake
		x.nc.Write(frame.AppendMasked(nil, frame.Close, true, [4]byte{}, []byte{3, 244}))
		x.want("EOF")
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
	if _, err := net.Dial("tcp", a.addr); err == nil {
		t.Error("the listener is still open")
	}
}

func TestServesTLS(t *testing.T) {
	cert := httptest.NewUnstartedServer(nil)
	cert.StartTLS()
	conf := cert.TLS.Clone()
	cert.Close()
	conf.NextProtos = []string{"http/1.1"}
	a := run(t, func(c *Config) { c.TLS = conf })
	nc := tls.Client(tcp(t, a.addr), &tls.Config{InsecureSkipVerify: true})
	c := dial(t, nc, "/socket/websocket?vsn=2.0.0")
	for i := range 3 {
		c.send(strings.ReplaceAll(join, `room:a`, fmt.Sprintf("room:%d", i)))
		c.want(strings.ReplaceAll(joined, `room:a`, fmt.Sprintf("room:%d", i)))
	}
	c.send(`["1","2","room:1","shout",{"x":1}]`)
	c.want(`[null,null,"room:1","shout",{"x":1}]`)
}

func TestHealthTurnsUnreadyWhileDraining(t *testing.T) {
	a := run(t, func(c *Config) {
		c.Sockets[0].Drain = transport.DrainConfig{Batch: 1, Interval: 300 * time.Millisecond}
	})
	get := func(path string) (int, string) {
		res, err := http.Get("http://" + a.addr + path)
		if err != nil {
			return 0, err.Error()
		}
		defer res.Body.Close()
		b, _ := io.ReadAll(res.Body)
		return res.StatusCode, string(b)
	}
	if status, body := get("/health/ready"); status != 200 || body != `{"status":"ok"}` {
		t.Errorf("ready: %d %s", status, body)
	}
	first := dial(t, tcp(t, a.addr), "/socket/websocket?vsn=2.0.0")
	second := dial(t, tcp(t, a.addr), "/socket/websocket?vsn=2.0.0")
	for _, c := range []*wsClient{first, second} {
		c.send(join)
		c.want(joined)
	}
	go a.stop()
	told := make(chan string, 2)
	go func() { told <- first.read() }()
	go func() { told <- second.read() }()
	if got := <-told; got != "close 1012" {
		t.Errorf("got %s", got)
	}
	if status, body := get("/health/ready"); status != 503 || body != `{"status":"draining"}` {
		t.Errorf("ready while draining: %d %s", status, body)
	}
	if status, _ := get("/health"); status != 200 {
		t.Errorf("alive while draining: %d", status)
	}
	res, err := http.Get("http://" + a.addr + "/socket/websocket")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != 503 || res.Header.Get("Retry-After") == "" || !res.Close {
		t.Errorf("a new socket while draining: %s, %v, close %v; want 503, Retry-After and the connection closed", res.Status, res.Header, res.Close)
	}
	if got := <-told; got != "close 1012" {
		t.Errorf("got %s", got)
	}
}

func TestWrongWiringIsRefusedAtStart(t *testing.T) {
	sys := proc.NewSystem(proc.Config{})
	defer sys.Close()
	ps := pubsub.New(pubsub.Config{System: sys})
	good := Config{System: sys, PubSub: ps}
	for name, change := range map[string]func(*Config){
		"no system":     func(c *Config) { c.System = nil },
		"no pubsub":     func(c *Config) { c.PubSub = nil },
		"bad addr":      func(c *Config) { c.Addr = "4000" },
		"bad url":       func(c *Config) { c.URL = "example.com" },
		"url with more": func(c *Config) { c.URL = "https://example.com/?a=b" },
		"negative time": func(c *Config) { c.IdleTimeout = -1 },
		"short secret":  func(c *Config) { c.Secrets = []string{"short"} },
		"no socket":     func(c *Config) { c.Sockets = []Mount{{Path: "/s"}} },
		"no transport":  func(c *Config) { c.Sockets = []Mount{{Path: "/s", Socket: echoSocket(), NoWebSocket: true}} },
		"relative path": func(c *Config) { c.Sockets = []Mount{{Path: "s", Socket: echoSocket()}} },
		"same path": func(c *Config) {
			c.Sockets = []Mount{{Path: "/s", Socket: echoSocket()}, {Path: "/s", Socket: echoSocket()}}
		},
		"no connect": func(c *Config) { c.Sockets = []Mount{{Path: "/s", Socket: channel.UserSocket[int]{}}} },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				v := recover()
				if v == nil {
					t.Fatal("accepted")
				}
				if msg := fmt.Sprint(v); !strings.HasPrefix(msg, "endpoint: ") {
					t.Errorf("the message %q does not say whose it is", msg)
				}
			}()
			cfg := good
			change(&cfg)
			New(cfg)
		})
	}
}
