package proxytest

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bennu-go/bennu/endpoint"
	"github.com/bennu-go/bennu/internal/frame"
	"github.com/bennu-go/bennu/transport"
)

func TestWebSocketThroughProxies(t *testing.T) {
	each(t, nil, Config{}, func(t *testing.T, p *Proxy, nodes [2]*node) {
		var clients []*ws
		for i := range 4 { // two on each node
			c := dialer{tls: i%2 == 0}.must(t, p)
			scheme := map[bool]string{true: "https", false: "http"}[i%2 == 0]
			want := seen{Proto: "HTTP/1.1", Host: Host, Peer: "127.0.0.1", For: "127.0.0.1", Scheme: scheme, Forwarded: Host}
			if diff := cmp.Diff(want, c.join("room:a")); diff != "" {
				t.Error(diff)
			}
			clients = append(clients, c)
		}
		for i, n := range nodes {
			if got := n.ep.Connections(); got != 2 {
				t.Errorf("node %d has %d connections, want 2", i, got)
			}
		}
		for i, c := range clients {
			text := fmt.Sprintf(`{"n":%d}`, i)
			if got := c.ask("room:a", "echo", text); string(got) != text {
				t.Errorf("got %s, want %s", got, text)
			}
		}
		for i, c := range clients { // from each to all, on both nodes
			text := fmt.Sprintf(`{"from":%d}`, i)
			c.push("room:a", "shout", text)
			for _, c := range clients {
				if got := c.next("shout"); string(got.payload) != text {
					t.Errorf("got %s, want %s", got.payload, text)
				}
			}
		}

		long := `{"text":"` + strings.Repeat("é", 1<<19) + `"}` // 1 MiB
		if got := clients[0].ask("room:a", "echo", long); string(got) != long {
			t.Errorf("got %d bytes, want the %d that were sent", len(got), len(long))
		}
		blob := bytes.Repeat([]byte{0, 1, 254, 255}, 1<<18)
		clients[1].write(frame.Binary, binaryPush("1", "99", "room:a", "bytes", blob))
		op, got, err := clients[1].read()
		if err != nil || op != frame.Binary || !bytes.HasSuffix(got, blob) {
			t.Errorf("got %v of %d bytes, %v; want the %d bytes back", op, len(got), err, len(blob))
		}
	})
}

// What the client claims to be is replaced: only the proxy knows.
func TestForwardedHeadersAreTheProxys(t *testing.T) {
	each(t, nil, Config{}, func(t *testing.T, p *Proxy, _ [2]*node) {
		claims := map[string]string{"X-Forwarded-For": "8.8.8.8", "X-Forwarded-Proto": "gopher", "X-Forwarded-Host": "evil.example"}
		want := seen{Proto: "HTTP/1.1", Host: Host, Peer: "127.0.0.1", For: "127.0.0.1", Scheme: "https", Forwarded: Host}
		if diff := cmp.Diff(want, dialer{tls: true, header: claims}.must(t, p).join("room:a")); diff != "" {
			t.Error(diff)
		}
	})
}

func TestOriginsThroughProxies(t *testing.T) {
	const own, foreign = "https://" + Host, "https://evil.example"
	for name, test := range map[string]struct {
		rule transport.Origin
	}{
		// Whoever ends TLS, and under which name a node is known to the proxy: the endpoint's URL counts.
		"OriginHost": {transport.OriginHost()},
		"OriginList": {transport.OriginList(own)},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(cfg *endpoint.Config) { cfg.Sockets[0].Connect.CheckOrigin = test.rule }, Config{}, func(t *testing.T, p *Proxy, _ [2]*node) {
				for _, tls := range []bool{true, false} {
					dialer{tls: tls, origin: own}.must(t, p).join("room:a")
					if _, err := (dialer{tls: tls, origin: foreign}).dial(t, p); err != refused(http.StatusForbidden) {
						t.Errorf("a foreign origin: got %v, want 403", err)
					}
				}
			})
		})
	}
	// It compares with what arrives here, and the proxy has ended TLS: the page is https, the request is not.
	t.Run("OriginSelf", func(t *testing.T) {
		each(t, func(cfg *endpoint.Config) { cfg.Sockets[0].Connect.CheckOrigin = transport.OriginSelf() }, Config{}, func(t *testing.T, p *Proxy, _ [2]*node) {
			dialer{origin: "http://" + Host}.must(t, p).join("room:a")
			if _, err := (dialer{tls: true, origin: own}).dial(t, p); err != refused(http.StatusForbidden) {
				t.Errorf("got %v, want 403 until a plug says that the request was https", err)
			}
		})
	})
}

func TestHeartbeatsKeepAnIdleWebSocketOpen(t *testing.T) {
	const idle = 1500 * time.Millisecond
	each(t, nil, Config{Idle: idle}, func(t *testing.T, p *Proxy, _ [2]*node) {
		c := dialer{tls: true}.must(t, p)
		c.join("room:a")
		beat := time.NewTicker(idle / 5)
		defer beat.Stop()
		for began := time.Now(); time.Since(began) < 2*idle; <-beat.C {
			c.push("phoenix", "heartbeat", `{}`)
			c.next("phx_reply")
		}
		began := time.Now()
		if _, _, err := c.read(); err == nil || errors.As(err, new(ended)) || time.Since(began) > patience/2 {
			t.Errorf("without heartbeats: got %v after %s; want the proxy to cut it off, without a close frame", err, time.Since(began))
		}
		dialer{tls: true}.must(t, p).join("room:a")
	})
}

func TestAddressesAreBoundedByTheProxy(t *testing.T) {
	each(t, nil, Config{PerAddress: 3}, func(t *testing.T, p *Proxy, nodes [2]*node) {
		for range 3 {
			dialer{}.must(t, p).join("room:a")
		}
		if _, err := (dialer{}).dial(t, p); err != refused(http.StatusServiceUnavailable) {
			t.Errorf("got %v, want 503", err)
		}
		if n := nodes[0].ep.Connections() + nodes[1].ep.Connections(); n != 3 {
			t.Errorf("the nodes have %d connections, want 3", n)
		}
	})
	// The endpoint's own limit counts the proxy as one address, which is why the guide says to leave it off.
	t.Run("MaxPerAddress", func(t *testing.T) {
		each(t, func(cfg *endpoint.Config) { cfg.Limits.MaxPerAddress = 1 }, Config{}, func(t *testing.T, p *Proxy, _ [2]*node) {
			for range 2 { // one on each node
				dialer{}.must(t, p).join("room:a")
			}
			if _, err := (dialer{}).dial(t, p); err != refused(http.StatusServiceUnavailable) {
				t.Errorf("got %v, want 503", err)
			}
		})
	})
}
