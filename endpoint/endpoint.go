package endpoint

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bennu-go/bennu/router"
	"github.com/bennu-go/bennu/supervise"
	"github.com/bennu-go/bennu/telemetry"
	"github.com/bennu-go/bennu/token"
	"github.com/bennu-go/bennu/transport"
)

// An Endpoint is a service: a supervisor runs it, last of all children.
type Endpoint struct {
	cfg          Config
	url          *url.URL
	env          transport.Env
	mounts       []mounted
	socketRoutes []router.Route
	tokens       *token.Tokens // nil without Secrets
	handler      http.Handler
	unready      atomic.Bool // readiness is off
	draining     atomic.Bool // new WebSockets are refused
	limiter      *transport.Limiter
	mu           sync.Mutex // guards addr
	addr         net.Addr

	acceptErrors atomic.Uint64
}

type mounted struct {
	socket transport.Socket
	drain  transport.DrainConfig
}

// New wires an Endpoint. It panics if the wiring is wrong, saying everything that is wrong with it.
func New(cfg Config) *Endpoint {
	cfg = cfg.withDefaults()
	u, err := cfg.validate()
	if err != nil {
		panic(err.Error())
	}
	e := &Endpoint{cfg: cfg, url: normalized(u)}
	e.env = transport.Env{System: cfg.System, PubSub: cfg.PubSub, Logger: cfg.Logger, Telemetry: cfg.Telemetry}
	e.env.Shards = transport.NewShards(cfg.Shards, cfg.PubSub, func(stack []byte, v any) {
		cfg.Logger.Error("transport: panic in a shard", "panic", fmt.Sprint(v), "stack", string(stack))
	})
	e.env.Shards.Observe(cfg.Logger, cfg.Telemetry)
	if len(cfg.Secrets) > 0 {
		e.tokens = token.New(token.Config{Secrets: cfg.Secrets})
	}
	if e.limiter, err = transport.NewLimiter(cfg.Limits); err != nil {
		panic("endpoint: Config.Limits: " + err.Error())
	}
	sockets := &hall{mux: http.NewServeMux()}
	var errs []error
	for _, m := range cfg.Sockets {
		if err := e.mount(sockets, m); err != nil {
			errs = append(errs, fmt.Errorf("endpoint: mounting %q: %w", m.Path, err))
		}
	}
	if err := errors.Join(errs...); err != nil {
		panic(err.Error())
	}
	e.handler = e.assemble(sockets)
	return e
}

func (e *Endpoint) mount(sockets *hall, m Mount) (err error) {
	socket, err := m.Socket.NewSocket(e.env)
	if err != nil {
		return err
	}
	if m.Connect.URL == nil {
		m.Connect.URL = e.url
	}
	if m.Connect.Tokens == nil {
		m.Connect.Tokens = e.tokens
	}
	path := strings.TrimSuffix(m.Path, "/")
	defer func() {
		if v := recover(); v != nil { // ServeMux panics on patterns that conflict, naming both
			err = fmt.Errorf("%v", v)
		}
	}()
	if !m.NoWebSocket {
		m.WebSocket.ConnectConfig = m.Connect
		if m.WebSocket.Limiter == nil {
			m.WebSocket.Limiter = e.limiter
		}
		ws, err := transport.NewWebSocket(e.env, socket, m.WebSocket)
		if err != nil {
			return err
		}
		sockets.handle(path+ws.Path(), e.unlessDraining(ws))
		e.listSocket(path+ws.Path(), socket, webSocket)
	}
	if m.LongPoll != nil {
		cfg := *m.LongPoll
		cfg.ConnectConfig = m.Connect
		if cfg.Limiter == nil {
			cfg.Limiter = e.limiter
		}
		lp, err := transport.NewLongPoll(e.env, socket, cfg)
		if err != nil {
			return err
		}
		sockets.handle(path+lp.Path(), lp)
		e.listSocket(path+lp.Path(), socket, longPollMethods...)
	}
	e.mounts = append(e.mounts, mounted{socket, m.Drain})
	return nil
}

// Handler serves the endpoint without a listener: for httptest, or to mount it in another server.
func (e *Endpoint) Handler() http.Handler { return e.handler }

// Addr returns the address that Run listens on; nil while it does not.
func (e *Endpoint) Addr() net.Addr {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.addr
}

// Connections returns the number of clients connected to sockets.
func (e *Endpoint) Connections() int { return e.env.Shards.Count() }

// AnnouncesReady implements supervise.ReadyService: the endpoint is ready when it listens.
func (e *Endpoint) AnnouncesReady() {}

// StopWithin implements supervise.StopService: as long as StopDelay, draining and the last requests may take.
func (e *Endpoint) StopWithin() time.Duration {
	longest := time.Duration(0)
	for _, m := range e.mounts {
		longest = max(longest, m.drain.Limit())
	}
	return e.cfg.StopDelay + longest + e.cfg.StopTimeout + 5*time.Second
}

// Run listens and serves until ctx ends, then drains and stops.
func (e *Endpoint) Run(ctx context.Context) error {
	l, err := e.listen(ctx)
	if err != nil {
		return err
	}
	defer e.setAddr(nil)
	e.unready.Store(false)
	e.draining.Store(false)
	e.env.Shards.Accept()
	e.limiter.Prepare(e.cfg.Logger)
	srv := &http.Server{
		Handler:           e.handler,
		TLSConfig:         e.cfg.TLS,
		ReadHeaderTimeout: e.cfg.HeaderTimeout,
		IdleTimeout:       e.cfg.IdleTimeout,
		MaxHeaderBytes:    e.cfg.MaxHeaderBytes,
		ErrorLog:          log.New(quiet{e.cfg.Logger}, "", 0),
	}
	failed := make(chan error, 1)
	go func() {
		if e.cfg.TLS != nil {
			failed <- srv.ServeTLS(transport.UnderTLS(l), "", "")
		} else {
			failed <- srv.Serve(l)
		}
	}()
	e.cfg.Logger.Info("endpoint: listening", "addr", l.Addr().String(), "url", e.url.String())
	telemetry.Emit(ctx, e.cfg.Telemetry, telemetry.EndpointStarted{URL: e.url.String()})
	supervise.Ready(ctx)
	select {
	case err = <-failed:
		e.env.Shards.Abandon()
		srv.Close()
		return fmt.Errorf("endpoint: %w", err)
	case <-ctx.Done():
	}
	e.stop(srv)
	<-failed
	return nil
}

func (e *Endpoint) listen(ctx context.Context) (l net.Listener, err error) {
	if l = e.cfg.Listener; l == nil {
		// Heartbeats do what keep-alive would, and MPTCP costs memory.
		lc := net.ListenConfig{KeepAlive: -1}
		lc.SetMultipathTCP(false)
		if l, err = lc.Listen(ctx, "tcp", e.cfg.Addr); err != nil {
			return nil, fmt.Errorf("endpoint: listening on %s: %w", e.cfg.Addr, err)
		}
	}
	e.setAddr(l.Addr())
	return &patient{Listener: l, log: e.cfg.Logger, failed: &e.acceptErrors}, nil
}

func (e *Endpoint) setAddr(a net.Addr) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.addr = a
}

// stop turns readiness off, drains, then closes.
func (e *Endpoint) stop(srv *http.Server) {
	e.unready.Store(true)
	if e.cfg.StopDelay > 0 {
		e.cfg.Logger.Info("endpoint: not ready any more; draining begins after StopDelay", "delay", e.cfg.StopDelay)
		<-time.After(e.cfg.StopDelay)
	}
	e.draining.Store(true)
	var wg sync.WaitGroup
	for _, m := range e.mounts {
		wg.Go(func() { e.env.Shards.Drain(context.Background(), e.env, m.socket, m.drain) })
	}
	wg.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), e.cfg.StopTimeout)
	defer cancel()
	if err := srv.Shutdown(ctx); err != nil {
		e.cfg.Logger.Warn("endpoint: requests were cut off", "after", e.cfg.StopTimeout)
		srv.Close()
	}
	e.env.Shards.Abandon()
}

// quiet writes the server's own complaints, mostly about clients, at debug.
type quiet struct{ logger *slog.Logger }

func (q quiet) Write(p []byte) (int, error) {
	q.logger.Debug(strings.TrimSpace(string(p)))
	return len(p), nil
}
