// Package testserver is the server that the scripts of package jstest talk to: CONTRACT.md beside it, in Go.
package testserver

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/bennu-go/bennu/channel"
	"github.com/bennu-go/bennu/endpoint"
	"github.com/bennu-go/bennu/internal/jstest"
	"github.com/bennu-go/bennu/presence"
	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
	"github.com/bennu-go/bennu/supervise"
	"github.com/bennu-go/bennu/transport"
)

// Config says by which path of the engine a server serves. The zero value is plain TCP, with the engine that chooses by itself.
type Config struct {
	// Engine of the WebSockets.
	Engine transport.Engine
	// TLS turns HTTPS on, with a certificate of its own for each server.
	TLS bool
}

// Start runs a server on a free port of the loopback address until the test ends.
func Start(t *testing.T) jstest.Server { return Config{}.Start(t) }

// Start runs a server like that of the function Start.
func (c Config) Start(t *testing.T) jstest.Server {
	s := &server{engine: c.Engine, addr: "127.0.0.1:0"}
	scheme, caFile := "ws", ""
	if c.TLS {
		cert := jstest.NewCertificate(t)
		scheme, caFile, s.tls = "wss", cert.CertFile, cert.Server
	}
	if err := s.start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.stop(true); err != nil {
			t.Error(err)
		}
	})
	return jstest.Server{
		URL:        scheme + "://" + s.addr + "/socket",
		CAFile:     caFile,
		Restart:    func() error { return s.again(false) },
		Drain:      func() error { return s.again(true) },
		Disconnect: s.disconnect,
	}
}

// server is one life of the test server after the other, at the same address.
type server struct {
	engine transport.Engine
	tls    *tls.Config // nil: plain
	addr   string
	mu     sync.Mutex // guards life
	life   *life
}

type life struct {
	ps     *pubsub.PubSub
	conns  *crashable
	cancel context.CancelFunc
	done   chan error
}

func (s *server) start() error {
	l, err := net.Listen("tcp", s.addr)
	for deadline := time.Now().Add(5 * time.Second); err != nil && time.Now().Before(deadline); {
		l, err = net.Listen("tcp", s.addr) // the port of the life before may take a moment
	}
	if err != nil {
		return err
	}
	s.addr = l.Addr().String()
	logger := slog.New(slog.DiscardHandler)
	sys := proc.NewSystem(proc.Config{Logger: logger})
	ps := pubsub.New(pubsub.Config{System: sys, Logger: logger})
	online := presence.New[map[string]any](presence.Config{System: sys, PubSub: ps, Name: "online", Logger: logger})
	conns := &crashable{Listener: l}
	ep := endpoint.New(endpoint.Config{
		System: sys, PubSub: ps, Listener: conns, URL: "http://" + s.addr, TLS: s.tls, Logger: logger,
		Sockets: []endpoint.Mount{{
			Path:      "/socket",
			Socket:    socket(online),
			Connect:   transport.ConnectConfig{AuthToken: true, CheckOrigin: transport.OriginAny()},
			WebSocket: transport.WebSocketConfig{Engine: s.engine},
			LongPoll:  &transport.LongPollConfig{},
		}},
	})
	ctx, cancel := context.WithCancel(context.Background())
	life := &life{ps: ps, conns: conns, cancel: cancel, done: make(chan error, 1)}
	ready := make(chan struct{})
	root := supervise.New(supervise.Config{Name: "testserver", Logger: logger},
		supervise.Child{Name: "processes", Service: sys},
		supervise.Child{Name: "pubsub", Service: ps},
		supervise.Child{Name: "presence", Service: online},
		supervise.Child{Name: "endpoint", Service: ep},
	)
	go func() { life.done <- root.Run(supervise.NotifyReady(ctx, func() { close(ready) })) }()
	select {
	case <-ready:
	case err := <-life.done:
		cancel()
		return fmt.Errorf("testserver: %w", err)
	}
	s.mu.Lock()
	s.life = life
	s.mu.Unlock()
	return nil
}

// stop ends the life: in order, or by cutting all connections first.
func (s *server) stop(orderly bool) error {
	s.mu.Lock()
	l := s.life
	s.mu.Unlock()
	if !orderly {
		l.conns.crash()
	}
	l.cancel()
	return <-l.done
}

func (s *server) again(orderly bool) error {
	if err := s.stop(orderly); err != nil && orderly { // after a crash the supervisor may have given up already
		return err
	}
	return s.start()
}

func (s *server) disconnect(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return channel.Disconnect(s.life.ps, id)
}

// crashable is a listener whose connections can be cut all at once, as when a process is killed.
type crashable struct {
	net.Listener
	mu    sync.Mutex // guards all
	all   []net.Conn
	ended bool
}

func (c *crashable) Accept() (net.Conn, error) {
	nc, err := c.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		cut(nc)
	} else {
		c.all = append(c.all, nc)
	}
	return nc, nil
}

// crash resets every connection: no close frame, no answer.
func (c *crashable) crash() {
	c.Listener.Close()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = true
	for _, nc := range c.all {
		cut(nc)
	}
}

func cut(nc net.Conn) {
	if tcp, ok := nc.(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
	nc.SetDeadline(time.Unix(1, 0)) // the owner closes it; the peer sees a reset
}
