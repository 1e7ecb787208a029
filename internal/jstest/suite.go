package jstest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// A Client is a published client with the way it is set up.
type Client struct {
	Package   string // "phoenix" (1.8.16) or "phoenix17" (1.7.21)
	Transport string // "websocket" or "longpoll"
	VSN       string // "2.0.0" or "1.0.0"
}

// Clients returns the clients that the suite runs with: both generations over both transports, and the first wire format
// over both.
func Clients() []Client {
	return []Client{
		{"phoenix", "websocket", "2.0.0"},
		{"phoenix", "longpoll", "2.0.0"},
		{"phoenix17", "websocket", "2.0.0"},
		{"phoenix17", "longpoll", "2.0.0"},
		{"phoenix", "websocket", "1.0.0"},
		{"phoenix", "longpoll", "1.0.0"},
	}
}

// Name is the name of the client's subtest: "phoenix-websocket-v2".
func (c Client) Name() string {
	return fmt.Sprintf("%s-%s-v%s", c.Package, c.Transport, strings.TrimSuffix(c.VSN, ".0.0"))
}

// Env is the environment of a script that runs with this client against a server.
func (c Client) Env(url string) map[string]string {
	return map[string]string{"URL": url, "CLIENT": c.Package, "TRANSPORT": c.Transport, "VSN": c.VSN}
}

// scripts are the suite's scripts with the clients that can run them; nil means all.
var scripts = []struct {
	name string
	runs func(Client) bool
}{
	{"basics", nil},
	{"ordering", nil},
	{"duplicate", nil},
	{"crash", nil},
	{"refused", nil},
	{"auth", nil},
	{"heartbeat", nil},
	{"presence", nil},
	{"binary", func(c Client) bool { return c.VSN == "2.0.0" }},
	{"fallback", func(c Client) bool { return c.VSN == "2.0.0" && c.Transport == "websocket" }},
	{"disconnect", nil},
	{"reconnect", nil},
	{"drain", nil},
}

// Scripts returns the names of the suite's scripts that a client can run, in the order in which [Suite] runs them.
func Scripts(c Client) []string {
	names := []string{}
	for _, script := range scripts {
		if script.runs == nil || script.runs(c) {
			names = append(names, script.name)
		}
	}
	return names
}

// A Server is a running server of CONTRACT.md. After Restart and after Drain it answers again at the same URL.
type Server struct {
	// URL is the address of the socket as the client is given it: "ws://127.0.0.1:4000/socket".
	URL string
	// CAFile is the PEM file of the certificate that clients are to believe, where URL begins with wss://. Empty: none.
	CAFile string
	// Restart ends the server as a crash would, without closing connections in an orderly way, and starts it again.
	Restart func() error
	// Drain stops the server as a deployment would, and starts it again.
	Drain func() error
	// Disconnect broadcasts "disconnect" to the connections whose socket has this id.
	Disconnect func(id string) error
}

func (s Server) needs() map[string]func(map[string]any) error {
	return map[string]func(map[string]any) error{
		"restart": func(map[string]any) error { return s.Restart() },
		"drain":   func(map[string]any) error { return s.Drain() },
		"disconnect": func(details map[string]any) error {
			id, _ := details["id"].(string)
			return s.Disconnect(id)
		},
	}
}

// Suite runs every script with every client, each against a server of its own: start is called once a client, and
// cleans up with t.Cleanup. To run less, name a subtest: -run 'Clients/phoenix17-longpoll-v2/presence'. Clients
// run in parallel, so the servers must not share an address.
func Suite(t *testing.T, start func(t *testing.T) Server) {
	SuiteOf(t, Clients(), nil, start)
}

// SuiteOf is [Suite] with some clients and some scripts; nil scripts means all.
func SuiteOf(t *testing.T, clients []Client, only []string, start func(t *testing.T) Server) {
	Install(t)
	for _, client := range clients {
		t.Run(client.Name(), func(t *testing.T) {
			t.Parallel()
			server := start(t)
			for _, script := range Scripts(client) {
				if only != nil && !slices.Contains(only, script) {
					continue
				}
				t.Run(script, func(t *testing.T) {
					env := client.Env(server.URL)
					if server.CAFile != "" {
						env["NODE_EXTRA_CA_CERTS"] = server.CAFile
					}
					Job{Script: script, Env: env, Needs: server.needs()}.Run(t)
				})
			}
		})
	}
}
