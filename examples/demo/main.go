// Command demo is a chat: rooms, presence and typing over Phoenix Channels, with the client from npm; pages to register, log in and upload a picture; and a JSON API. It
// is the application that Bennu is shown with, and tested with.
package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/bennu-go/bennu/app"
	"github.com/bennu-go/bennu/config"
	"github.com/bennu-go/bennu/endpoint"
	"github.com/bennu-go/bennu/examples/demo/accounts"
	"github.com/bennu-go/bennu/examples/demo/chat"
	"github.com/bennu-go/bennu/examples/demo/web"
	"github.com/bennu-go/bennu/plug"
	"github.com/bennu-go/bennu/presence"
	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
	"github.com/bennu-go/bennu/session"
	"github.com/bennu-go/bennu/supervise"
	"github.com/bennu-go/bennu/telemetry"
	"github.com/bennu-go/bennu/token"
	"github.com/bennu-go/bennu/transport"
)

//go:generate go run . paths -o web/paths/paths.go

// Config comes from the environment.
type Config struct {
	Host   string        `env:"HOST" default:"127.0.0.1" help:"address to listen on"`
	Port   uint16        `env:"PORT" default:"4000"`
	URL    string        `env:"PUBLIC_URL" help:"what browsers call it, where that is one name"`
	Secret config.Secret `env:"SECRET_KEY_BASE" help:"at least 20 bytes; without it a random one at each start"`
	Assets string        `env:"ASSETS" default:"examples/demo/assets/dist" help:"the folder that make demo builds"`

	Origins []string `env:"CORS_ORIGINS" help:"sites whose pages may use the API, like https://app.example.com"`
	Proxies []string `env:"TRUSTED_PROXIES" help:"addresses and networks of the proxies in front, whose X-Forwarded headers count"`
	Debug   bool     `env:"DEBUG" help:"show all there is to know of an error to whoever meets it: never where others come"`

	// Not from the environment: a proxy ends TLS, and the engine chooses by itself.
	TLS    *tls.Config
	Engine transport.Engine
}

func main() { app.Main(app.App[Config]{Name: "demo", Build: build}) }

// build is the application: values in order, what Phoenix calls application.ex.
func build(cfg Config) (app.Parts, error) {
	secret := cfg.Secret.Reveal()
	if secret == "" {
		secret = token.GenerateSecret()
	}
	logger := slog.Default()
	tel := telemetry.New(telemetry.Config{Logger: logger})
	telemetry.Log(tel, telemetry.LogConfig{Logger: logger})
	sys := proc.NewSystem(proc.Config{Logger: logger, Telemetry: tel})
	ps := pubsub.New(pubsub.Config{System: sys, Logger: logger, Telemetry: tel})
	online := presence.New[web.Seat](presence.Config{System: sys, PubSub: ps, Name: "online", Logger: logger, Telemetry: tel})
	tokens := token.New(token.Config{Secrets: token.Secrets{secret}})
	origin := transport.OriginSelf() // whatever name this machine is visited by
	if cfg.URL != "" {
		origin = transport.OriginHost() // a proxy may end TLS in front of us
	}
	sessions := session.NewCookieStore(session.Config{Secrets: token.Secrets{secret}, EncryptionSalt: "demo session", MaxAge: accounts.BrowserAge})
	d := web.Deps{
		Chat: chat.New(ps), Accounts: accounts.New(accounts.Config{System: sys, PubSub: ps}), Avatars: accounts.NewAvatars(), Online: online,
		Tokens: tokens, Sessions: sessions, Assets: os.DirFS(cfg.Assets), Origins: cfg.Origins,
	}
	routes := web.Router(d)
	var front plug.Plug // nil: nobody stands in front
	if len(cfg.Proxies) > 0 {
		front = plug.RewriteOn(plug.RewriteOnConfig{Proxies: cfg.Proxies, Headers: []string{plug.XForwardedFor, plug.XForwardedProto, plug.XForwardedHost}})
	}
	ep := endpoint.New(endpoint.Config{
		System: sys, PubSub: ps, Addr: net.JoinHostPort(cfg.Host, strconv.Itoa(int(cfg.Port))), URL: cfg.URL, TLS: cfg.TLS, Secrets: token.Secrets{secret}, Logger: logger, Telemetry: tel,
		Front: front,
		Plugs: plug.Pipeline(
			web.Static(d),
			plug.RequestID(),
			plug.Telemetry(plug.TelemetryConfig{Telemetry: tel}),
		),
		Handler: routes,
		Errors:  endpoint.Errors(endpoint.ErrorsConfig{Answers: web.Answers(), Debug: cfg.Debug, Routes: routes.Routes, Telemetry: tel}),
		Sockets: []endpoint.Mount{{
			Path: "/socket", Socket: web.UserSocket(d),
			Connect:   transport.ConnectConfig{AuthToken: true, CheckOrigin: origin, Session: sessions},
			WebSocket: transport.WebSocketConfig{Engine: cfg.Engine},
			LongPoll:  &transport.LongPollConfig{},
			Drain:     transport.DrainConfig{Timeout: 5 * time.Second},
		}},
	})
	root := supervise.New(supervise.Config{Name: "demo", Logger: logger, Telemetry: tel},
		supervise.Child{Name: "processes", Service: sys},
		supervise.Child{Name: "pubsub", Service: ps},
		supervise.Child{Name: "presence", Service: online},
		supervise.Child{Name: "avatars", Service: d.Avatars},
		supervise.Child{Name: "endpoint", Service: ep},
	)
	return app.Parts{Service: withAssets{root, d.Assets}, Endpoint: ep}, nil
}

// withAssets serves only if there is what pages load.
type withAssets struct {
	supervise.Service
	assets fs.FS
}

// Run implements supervise.Service.
func (s withAssets) Run(ctx context.Context) error {
	if _, err := fs.Stat(s.assets, "app.js"); err != nil {
		return fmt.Errorf("the pages are not built: %w; run make demo, or set ASSETS to the folder with app.js", err)
	}
	return s.Service.Run(ctx)
}
