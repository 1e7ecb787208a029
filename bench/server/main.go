// Command server is Bennu as it is measured: the channels and HTTP routes that every measured server offers, with logging at warning and
// nothing else.
//
// Channel room:*: the event shout broadcasts its payload without a reply, echo replies with its payload. Channel presence:* tracks the user of
// the join's payload and pushes presence_state. GET /api/ping and GET /api/users/{id} answer small JSON objects. For storms there are crash:*,
// of which every join panics, and block:*, whose event block sits in its callback. For churn
// the event crash of a room panics, and with -churn there are long-polling and [counts.Path].
package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/pprof"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"github.com/bennu-go/bennu/bench/internal/counts"
	"github.com/bennu-go/bennu/bench/internal/loopback"
	"github.com/bennu-go/bennu/bench/settle"
	"github.com/bennu-go/bennu/channel"
	"github.com/bennu-go/bennu/endpoint"
	"github.com/bennu-go/bennu/presence"
	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
	"github.com/bennu-go/bennu/supervise"
	"github.com/bennu-go/bennu/telemetry"
	"github.com/bennu-go/bennu/transport"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("server", flag.ContinueOnError)
	addr := flags.String("addr", "127.0.0.1:4100", "address to serve clients on: loopback, unless this network namespace leads nowhere")
	admin := flags.String("admin", "", "loopback address for GET "+settle.Path+" (empty: none)")
	engine := flags.String("engine", "auto", "auto (the poller, on Linux) or portable (a goroutine a connection)")
	secure := flags.Bool("tls", false, "serve TLS, with a certificate made at start that nobody can trust")
	profiles := flags.Bool("pprof", false, "serve profiles on the admin address, at /debug/pprof/")
	churn := flags.Bool("churn", false, "offer long-polling, and GET "+counts.Path+" on the admin address")
	timeout := flags.Duration("timeout", time.Minute, "after how long without a byte a WebSocket is closed")
	stop := flags.Duration("stop", 4*time.Second, "how long the end waits for callbacks")
	shards := flags.Int("shards", 0, "shards of the connection engine (0: one a CPU)")
	most := flags.Int("max", 0, "connections that it takes (0: what the open-file limit allows)")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if !*profiles { // a sampled heap profile costs 1.4 MB, which is none of the connections'
		runtime.MemProfileRate = 0
	}
	if _, err := loopback.AddrPort(*addr); err != nil && !loopback.Secluded() {
		return fmt.Errorf("server: -addr: %w", err)
	}
	mount := endpoint.Mount{Path: "/socket"}
	mount.WebSocket.Timeout = *timeout
	switch *engine {
	case "auto":
	case "portable":
		mount.WebSocket.Engine = transport.EnginePortable
	default:
		return fmt.Errorf("server: unknown -engine %q: it is auto or portable", *engine)
	}
	var tlsConfig *tls.Config
	if *secure {
		var err error
		if tlsConfig, err = throwaway(); err != nil {
			return fmt.Errorf("server: -tls: %w", err)
		}
	}
	logger := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	var tel *telemetry.Telemetry // off, unless what it tells is counted
	count := counters{of: map[string]int64{}}
	if *churn {
		tel = telemetry.New(telemetry.Config{Logger: logger})
		count.observe(tel)
		mount.LongPoll = &transport.LongPollConfig{}
	}
	sys := proc.NewSystem(proc.Config{StopTimeout: *stop, Logger: logger, Telemetry: tel})
	ps := pubsub.New(pubsub.Config{System: sys, Logger: logger, Telemetry: tel})
	online := presence.New[seat](presence.Config{System: sys, PubSub: ps, Name: "online", Logger: logger, Telemetry: tel})
	mount.Socket = socket(online)
	ep := endpoint.New(endpoint.Config{
		System: sys, PubSub: ps, Addr: *addr, TLS: tlsConfig, Handler: api(), Logger: logger, Sockets: []endpoint.Mount{mount},
		Shards: *shards, Limits: transport.Limits{MaxConnections: *most}, Telemetry: tel,
	})
	children := []supervise.Child{
		{Name: "processes", Service: sys, StopTimeout: *stop + time.Second},
		{Name: "pubsub", Service: ps},
		{Name: "presence", Service: online},
	}
	var counted http.Handler
	if *churn {
		counted = count.counted(sys, ps, online, ep)
	}
	if *admin != "" { // before the endpoint, so that it can still be asked while that drains
		children = append(children, supervise.Child{Name: "admin", Service: adminService{*admin, *profiles, ep.Connections, counted}})
	}
	children = append(children, supervise.Child{Name: "endpoint", Service: ep})
	return supervise.New(supervise.Config{Name: "bench", Logger: logger}, children...).Run(ctx)
}

type adminService struct {
	addr        string
	profiles    bool
	connections func() int
	counted     http.Handler // nil: none
}

func (a adminService) Run(ctx context.Context) error {
	mux := http.NewServeMux()
	hooks := settle.Handler()
	for _, path := range []string{settle.Path, settle.UsagePath, settle.GCPath} {
		mux.Handle(path, hooks)
	}
	mux.HandleFunc("GET /debug/connections", func(w http.ResponseWriter, _ *http.Request) { reply(w, a.connections()) })
	if a.counted != nil {
		mux.Handle("GET "+counts.Path, a.counted)
	}
	if a.profiles {
		mux.HandleFunc("GET /debug/pprof/", pprof.Index)
		mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	}
	return settle.ServeHandler(ctx, a.addr, mux, nil)
}

func socket(online *presence.Presence[seat]) channel.UserSocket[struct{}] {
	return channel.UserSocket[struct{}]{
		Name:    "bench",
		Connect: channel.Anonymous,
		Channels: []channel.Route{
			channel.Topic("presence:*", people(online)),
			channel.Topic("room:*", channel.Channel[struct{}]{
				Name: "room",
				Join: channel.Reply(func(context.Context, *channel.Socket[struct{}], struct{}) (any, error) { return nil, nil }),
				In: channel.Events[struct{}]{
					"echo": channel.Reply(func(_ context.Context, _ *channel.Socket[struct{}], in json.RawMessage) (json.RawMessage, error) {
						return in, nil
					}),
					"shout": channel.NoReply(func(_ context.Context, s *channel.Socket[struct{}], in json.RawMessage) error {
						return s.Broadcast("shout", in)
					}),
					"crash": channel.NoReply(func(context.Context, *channel.Socket[struct{}], json.RawMessage) error { panic(asked) }),
				},
			}),
			channel.Topic("crash:*", crashChannel()),
			channel.Topic("block:*", blockChannel()),
		},
	}
}

func api() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/ping", func(w http.ResponseWriter, r *http.Request) {
		reply(w, map[string]bool{"ok": true})
	})
	mux.HandleFunc("GET /api/users/{id}", func(w http.ResponseWriter, r *http.Request) {
		reply(w, map[string]any{"data": map[string]string{"id": r.PathValue("id"), "name": "User " + r.PathValue("id")}})
	})
	return mux
}

func reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	json.NewEncoder(w).Encode(v)
}
