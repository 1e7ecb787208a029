// Command demo is a chat: rooms, presence and typing over Phoenix Channels, with the client from npm. It is the application that Bennu is shown with, and
// tested with.
package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/bennu-go/bennu/endpoint"
	"github.com/bennu-go/bennu/examples/demo/chat"
	"github.com/bennu-go/bennu/examples/demo/web"
	"github.com/bennu-go/bennu/plug"
	"github.com/bennu-go/bennu/presence"
	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
	"github.com/bennu-go/bennu/supervise"
	"github.com/bennu-go/bennu/telemetry"
	"github.com/bennu-go/bennu/token"
	"github.com/bennu-go/bennu/transport"
)

// Config comes from the environment.
type Config struct {
	Addr   string // HOST (loopback) and PORT (4000)
	URL    string // PUBLIC_URL
	Secret string // SECRET_KEY_BASE; random at each start if it is not set
	Assets fs.FS  // ASSETS, the folder that "make demo" builds

	// Not from the environment: a proxy ends TLS, and the engine chooses by itself.
	TLS    *tls.Config
	Engine transport.Engine
}

func configFromEnv() (Config, error) {
	cfg := Config{
		Addr:   cmp.Or(os.Getenv("HOST"), "127.0.0.1") + ":" + cmp.Or(os.Getenv("PORT"), "4000"),
		URL:    os.Getenv("PUBLIC_URL"),
		Secret: os.Getenv("SECRET_KEY_BASE"),
	}
	dir := cmp.Or(os.Getenv("ASSETS"), "examples/demo/assets/dist")
	if _, err := os.Stat(dir + "/index.html"); err != nil {
		return cfg, fmt.Errorf("the page is not built: %w; run make demo, or set ASSETS to the folder with index.html", err)
	}
	cfg.Assets = os.DirFS(dir)
	if cfg.Secret == "" {
		cfg.Secret = token.GenerateSecret()
	}
	return cfg, nil
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	cfg, err := configFromEnv()
	if err == nil {
		err = Run(ctx, cfg)
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

// Run is the application: values in order, what Phoenix calls application.ex.
func Run(ctx context.Context, cfg Config) error {
	logger := slog.Default()
	tel := telemetry.New(telemetry.Config{Logger: logger})
	defer telemetry.Log(tel, telemetry.LogConfig{Logger: logger})()
	sys := proc.NewSystem(proc.Config{Logger: logger, Telemetry: tel})
	ps := pubsub.New(pubsub.Config{System: sys, Logger: logger, Telemetry: tel})
	online := presence.New[web.Seat](presence.Config{System: sys, PubSub: ps, Name: "online", Logger: logger, Telemetry: tel})
	tokens := token.New(token.Config{Secrets: token.Secrets{cfg.Secret}})
	origin := transport.OriginSelf() // whatever name this machine is visited by
	if cfg.URL != "" {
		origin = transport.OriginHost() // a proxy may end TLS in front of us
	}
	d := web.Deps{Chat: chat.New(ps), Online: online, Tokens: tokens}
	ep := endpoint.New(endpoint.Config{
		System: sys, PubSub: ps, Addr: cfg.Addr, URL: cfg.URL, TLS: cfg.TLS, Secrets: token.Secrets{cfg.Secret}, Logger: logger, Telemetry: tel,
		Plugs: plug.Pipeline(
			plug.Static(plug.StaticConfig{FS: cfg.Assets, Headers: map[string]string{"X-Content-Type-Options": "nosniff"}}),
			plug.RequestID(),
			plug.Telemetry(plug.TelemetryConfig{Telemetry: tel}),
		),
		Handler: web.Router(d, cfg.Assets),
		Sockets: []endpoint.Mount{{
			Path: "/socket", Socket: web.UserSocket(d),
			Connect:   transport.ConnectConfig{AuthToken: true, CheckOrigin: origin},
			WebSocket: transport.WebSocketConfig{Engine: cfg.Engine},
			LongPoll:  &transport.LongPollConfig{},
			Drain:     transport.DrainConfig{Timeout: 5 * time.Second},
		}},
	})
	return supervise.New(supervise.Config{Name: "demo", Logger: logger, Telemetry: tel},
		supervise.Child{Name: "processes", Service: sys},
		supervise.Child{Name: "pubsub", Service: ps},
		supervise.Child{Name: "presence", Service: online},
		supervise.Child{Name: "endpoint", Service: ep},
	).Run(ctx)
}
