package proxytest

import (
	"net/url"
	"testing"

	"github.com/bennu-go/bennu/internal/jstest"
	"github.com/bennu-go/bennu/internal/jstest/testserver"
)

// phoenix.js through each proxy over TLS: messages, bytes, the way back after a crash and after a deployment, and long-polling where there is no WebSocket.
func TestPhoenixJSThroughProxies(t *testing.T) {
	for _, kind := range Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			clients := []jstest.Client{{Package: "phoenix", Transport: "websocket", VSN: "2.0.0"}, {Package: "phoenix", Transport: "longpoll", VSN: "2.0.0"}}
			jstest.SuiteOf(t, clients, []string{"basics", "binary", "fallback", "reconnect", "drain"}, func(t *testing.T) jstest.Server {
				server := testserver.Start(t)
				u, err := url.Parse(server.URL)
				if err != nil {
					t.Fatal(err)
				}
				p := Start(t, kind, Config{Nodes: [2]string{u.Host, u.Host}})
				server.URL, server.CAFile = "wss://"+p.TLSAddr+u.Path, p.Cert.CertFile
				return server
			})
		})
	}
}
