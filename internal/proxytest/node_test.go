package proxytest

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/bennu-go/bennu/channel"
	"github.com/bennu-go/bennu/endpoint"
	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
	"github.com/bennu-go/bennu/pubsub/pubsubtest"
	"github.com/bennu-go/bennu/supervise"
	"github.com/bennu-go/bennu/token"
	"github.com/bennu-go/bennu/transport"
)

// seen is what a node sees of a request that came through a proxy.
type seen struct {
	Proto     string `json:"proto"`
	Host      string `json:"host"`
	Peer      string `json:"peer"`
	For       string `json:"for"`
	Scheme    string `json:"scheme"`
	Forwarded string `json:"forwarded"`
}

func see(r *http.Request, headers http.Header) seen {
	peer, _, _ := strings.Cut(r.RemoteAddr, ":")
	return seen{Proto: r.Proto, Host: r.Host, Peer: peer, For: strings.Join(headers["X-Forwarded-For"], "; "),
		Scheme: headers.Get("X-Forwarded-Proto"), Forwarded: headers.Get("X-Forwarded-Host")}
}

// socket has rooms that echo, shout and say how their client came.
func socket() channel.UserSocket[seen] {
	type s = *channel.Socket[struct{}]
	return channel.UserSocket[seen]{
		Name: "proxytest",
		Connect: func(_ context.Context, r *channel.ConnectRequest) (seen, error) {
			return see(r.Request, r.XHeaders()), nil
		},
		Channels: []channel.Route{channel.Topic("room:*", channel.Channel[struct{}]{
			Identity: channel.Wants[seen](),
			Join: channel.Reply(func(_ context.Context, socket s, _ struct{}) (seen, error) {
				return channel.Identity[seen](socket), nil
			}),
			In: channel.Events[struct{}]{
				"echo":  channel.Reply(func(_ context.Context, _ s, in json.RawMessage) (json.RawMessage, error) { return in, nil }),
				"size":  channel.Reply(func(_ context.Context, _ s, in struct{ Text string }) (int, error) { return len(in.Text), nil }),
				"shout": channel.NoReply(func(_ context.Context, socket s, in json.RawMessage) error { return socket.Broadcast("shout", in) }),
				"bytes": channel.Reply(func(_ context.Context, _ s, in channel.Binary) (channel.Binary, error) { return in, nil }),
			},
		})},
	}
}

// node is one server of a cluster of two.
type node struct {
	addr string
	ep   *endpoint.Endpoint
	stop func() error // in order; returns when it has stopped
}

// cluster starts two nodes that are as one: the same secret, and a PubSub that spans them.
func cluster(t *testing.T, change func(*endpoint.Config)) [2]*node {
	t.Helper()
	wires, secret := pubsubtest.NewCluster(), token.GenerateSecret()
	var nodes [2]*node
	for i, name := range []string{"a", "b"} {
		logger := slog.New(slog.DiscardHandler)
		sys := proc.NewSystem(proc.Config{Logger: logger})
		ps := pubsub.New(pubsub.Config{System: sys, Node: name, Adapter: wires.Adapter(), Logger: logger})
		cfg := endpoint.Config{
			System: sys, PubSub: ps, Addr: "127.0.0.1:0", URL: "https://" + Host, Secrets: token.Secrets{secret}, Logger: logger,
			Sockets: []endpoint.Mount{{Path: "/socket", Socket: socket(), LongPoll: &transport.LongPollConfig{}}},
			Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				json.NewEncoder(w).Encode(see(r, r.Header))
			}),
		}
		if change != nil {
			change(&cfg)
		}
		n := &node{ep: endpoint.New(cfg)}
		ctx, cancel := context.WithCancel(context.Background())
		ready, done := make(chan struct{}), make(chan error, 1)
		root := supervise.New(supervise.Config{Name: name, Logger: logger},
			supervise.Child{Name: "processes", Service: sys},
			supervise.Child{Name: "pubsub", Service: ps},
			supervise.Child{Name: "endpoint", Service: n.ep})
		go func() { done <- root.Run(supervise.NotifyReady(ctx, func() { close(ready) })) }()
		select {
		case <-ready:
		case err := <-done:
			cancel()
			t.Fatal(err)
		}
		n.addr = n.ep.Addr().String()
		n.stop = sync.OnceValue(func() error { cancel(); return <-done })
		t.Cleanup(func() {
			if err := n.stop(); err != nil {
				t.Error(err)
			}
		})
		nodes[i] = n
	}
	return nodes
}

func addrs(nodes [2]*node) Config { return Config{Nodes: [2]string{nodes[0].addr, nodes[1].addr}} }

// each runs a test with each proxy in front of two nodes of its own.
func each(t *testing.T, change func(*endpoint.Config), cfg Config, test func(t *testing.T, p *Proxy, nodes [2]*node)) {
	for _, kind := range Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			nodes := cluster(t, change)
			cfg := cfg
			cfg.Nodes = addrs(nodes).Nodes
			test(t, Start(t, kind, cfg), nodes)
		})
	}
}
