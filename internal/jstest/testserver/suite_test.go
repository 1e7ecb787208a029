package testserver

import (
	"testing"

	"github.com/bennu-go/bennu/internal/jstest"
	"github.com/bennu-go/bennu/transport"
)

// Every script, with every JavaScript client, over every transport.
func TestJavaScriptClients(t *testing.T) { jstest.Suite(t, Start) }

// What could differ from one path of the engine to another: messages of all kinds and sizes, their order, and how a connection ends.
func TestJavaScriptClientsOnEveryPath(t *testing.T) {
	websocket := jstest.Client{Package: "phoenix", Transport: "websocket", VSN: "2.0.0"}
	longPoll := jstest.Client{Package: "phoenix", Transport: "longpoll", VSN: "2.0.0"}
	for _, path := range []struct {
		name    string
		config  Config
		clients []jstest.Client
	}{
		{"portable", Config{Engine: transport.EnginePortable}, []jstest.Client{websocket}},
		{"TLS", Config{TLS: true}, []jstest.Client{websocket, longPoll}},
		{"TLS, portable", Config{TLS: true, Engine: transport.EnginePortable}, []jstest.Client{websocket}},
	} {
		t.Run(path.name, func(t *testing.T) {
			t.Parallel()
			jstest.SuiteOf(t, path.clients, []string{"basics", "ordering", "binary", "fallback", "reconnect", "drain"}, path.config.Start)
		})
	}
}
