package endpoint

import (
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"

	"github.com/bennu-go/bennu/transport"
)

// runTLS runs an endpoint with a certificate of httptest's.
func runTLS(t *testing.T, engine transport.Engine) (a *app, client *tls.Config) {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	server.StartTLS()
	conf := &tls.Config{Certificates: server.TLS.Certificates}
	client = server.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	client.NextProtos, client.ServerName = nil, "example.com" // as the certificate says
	server.Close()
	return run(t, func(c *Config) {
		c.TLS = conf
		c.Sockets[0].WebSocket.Engine = engine
	}), client
}

// Over TLS of its own, an endpoint on Linux parks connections; on the portable path each has a goroutine.
func TestParksTLS(t *testing.T) {
	const n = 40
	for name, engine := range map[string]transport.Engine{"auto": transport.EngineAuto, "portable": transport.EnginePortable} {
		t.Run(name, func(t *testing.T) {
			a, conf := runTLS(t, engine)
			var all []*wsClient
			before := 0
			for i := range n + 1 {
				c := dial(t, tls.Client(tcp(t, a.addr), conf), "/socket/websocket?vsn=2.0.0")
				c.send(join)
				c.want(joined)
				all = append(all, c)
				if i == 0 {
					before = runtime.NumGoroutine()
				}
			}
			more := runtime.NumGoroutine() - before
			if parked := engine == transport.EngineAuto && runtime.GOOS == "linux"; parked && more > n/2 || !parked && more <= n/2 {
				t.Errorf("%d goroutines more for %d connections", more, n)
			}
			all[0].send(`["1","2","room:a","shout",{"x":1}]`)
			for _, c := range all {
				c.want(`[null,null,"room:a","shout",{"x":1}]`)
			}
		})
	}
}

// Pages go over HTTP/2 beside the WebSockets that are parked.
func TestServesHTTP2OverTLS(t *testing.T) {
	a, conf := runTLS(t, transport.EngineAuto)
	c := dial(t, tls.Client(tcp(t, a.addr), conf), "/socket/websocket?vsn=2.0.0")
	c.send(join)
	c.want(joined)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: conf.Clone(), ForceAttemptHTTP2: true}}
	defer client.CloseIdleConnections()
	for i := range 3 {
		res, err := client.Get("https://" + a.addr + "/health")
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if got := fmt.Sprint(res.Proto, " ", string(body)); got != `HTTP/2.0 {"status":"ok"}` {
			t.Errorf("answer %d: %s", i, got)
		}
	}
	c.send(`["1","2","room:a","echo",{"x":1}]`)
	c.want(`["1","2","room:a","phx_reply",{"status":"ok","response":{"x":1}}]`)
}
