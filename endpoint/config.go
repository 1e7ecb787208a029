package endpoint

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/bennu-go/bennu/plug"
	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
	"github.com/bennu-go/bennu/telemetry"
	"github.com/bennu-go/bennu/token"
	"github.com/bennu-go/bennu/transport"
)

// Config of an Endpoint.
type Config struct {
	// System and PubSub of the application. Required.
	System *proc.System
	PubSub *pubsub.PubSub
	// Addr to listen on, host:port. Empty means "127.0.0.1:4000".
	Addr string
	// Listener in place of Addr: for tests, and for sockets that are handed over. Run closes it, so a restart by the supervisor fails.
	Listener net.Listener
	// URL that the application has in browsers: its host is what the origin of sockets is compared with. Empty means "http://localhost" with Addr's port.
	URL string
	// TLS turns HTTPS on.
	TLS *tls.Config
	// Secrets sign what clients carry, the current one first, then old ones; at least 20 bytes each, 64 are recommended. Without them
	// long-polling makes one at start, and works on one node only.
	Secrets token.Secrets
	// Sockets to mount.
	Sockets []Mount
	// Front is what all requests but those of the health checks pass first, sockets too: plug.RewriteOn where a proxy stands in front, and plug.SSL to have TLS
	// everywhere. Nil: nothing.
	Front plug.Plug
	// Plugs are passed next, by all but the sockets: plug.Static, plug.RequestID, plug.Telemetry, plug.Parsers, session.Load. Join them with plug.Pipeline. Nil: none.
	Plugs plug.Plug
	// Handler for everything else, a router.Router in most applications. Nil answers 404.
	Handler http.Handler
	// Errors answers for what was refused by plugs, for errors of actions that no fallback of the router takes, for requests without a route, and for panics,
	// which are a [*PanicError]. The status is that of plug.Status. It answers and nothing else: those who had the error first have logged it. [Errors] makes one with pages and, for
	// development, all that there is to know. Nil means plug.WriteError.
	Errors plug.ErrorWriter
	// Health is the path of the liveness check; readiness is below it, at /ready. Empty means "/health"; "-" turns both off.
	Health string
	// Limits of all sockets together: connections, rate, memory. The zero value bounds connections by the open-file limit, and refuses when memory is short.
	Limits transport.Limits
	// Shards of the connection engine. Zero means GOMAXPROCS.
	Shards int
	// HeaderTimeout is how long a client may take to send the header of a request. Zero means 10 seconds.
	HeaderTimeout time.Duration
	// IdleTimeout is how long a connection is kept open between requests. Zero means 2 minutes.
	IdleTimeout time.Duration
	// MaxHeaderBytes is the size of the largest header of a request. Zero means 1 MiB.
	MaxHeaderBytes int
	// StopDelay is how long everything is served as before when readiness has turned off already, so that balancers that ask for it have sent their
	// clients elsewhere before the first is turned away. Give it a little more than what their checks take to notice. Zero: none.
	StopDelay time.Duration
	// StopTimeout bounds the wait for requests that still run when everything has been drained. Zero means 10 seconds.
	StopTimeout time.Duration
	// Logger. Nil means slog.Default(), taken in New.
	Logger *slog.Logger
	// Telemetry. Nil is off.
	Telemetry *telemetry.Telemetry
}

// A Mount puts a socket on a path.
type Mount struct {
	// Path, as "/socket": WebSocket is at /socket/websocket, long-polling at /socket/longpoll. It may have parameters: "/ws/{tenant}".
	Path string
	// Socket is a channel.UserSocket, or any other Definition. Required.
	Socket transport.Definition
	// Connect is what both transports have in common: origins, tokens, sessions.
	Connect transport.ConnectConfig
	// WebSocket's own settings; its ConnectConfig is taken from Connect, and Config.Limits hold for it unless it has a Limiter.
	WebSocket transport.WebSocketConfig
	// NoWebSocket turns WebSocket off.
	NoWebSocket bool
	// LongPoll turns long-polling on; its ConnectConfig is taken from Connect, and Config.Limits hold for it unless it has a Limiter. Nil: off.
	LongPoll *transport.LongPollConfig
	// Drain says how clients are told when the server stops.
	Drain transport.DrainConfig
}

func (c Config) withDefaults() Config {
	if c.Addr == "" {
		c.Addr = "127.0.0.1:4000"
	}
	if c.Health == "" {
		c.Health = "/health"
	}
	if c.HeaderTimeout == 0 {
		c.HeaderTimeout = 10 * time.Second
	}
	if c.IdleTimeout == 0 {
		c.IdleTimeout = 2 * time.Minute
	}
	if c.MaxHeaderBytes == 0 {
		c.MaxHeaderBytes = http.DefaultMaxHeaderBytes
	}
	if c.StopTimeout == 0 {
		c.StopTimeout = 10 * time.Second
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.URL == "" {
		c.URL = "http://localhost"
		if c.TLS != nil {
			c.URL = "https://localhost"
		}
		if _, port, err := net.SplitHostPort(c.Addr); err == nil {
			c.URL += ":" + port
		}
	}
	return c
}

func (c Config) validate() (*url.URL, error) {
	var errs []error
	if c.System == nil {
		errs = append(errs, errors.New("endpoint: Config.System is missing: pass the application's proc.System"))
	}
	if c.PubSub == nil {
		errs = append(errs, errors.New("endpoint: Config.PubSub is missing: pass the application's pubsub.PubSub"))
	}
	u, err := url.Parse(c.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		errs = append(errs, fmt.Errorf("endpoint: Config.URL %q must be like https://example.com", c.URL))
	}
	if _, _, err := net.SplitHostPort(c.Addr); err != nil && c.Listener == nil {
		errs = append(errs, fmt.Errorf(`endpoint: Config.Addr %q must be like 127.0.0.1:4000, or ":4000" for all interfaces`, c.Addr))
	}
	if c.Health != "-" && !strings.HasPrefix(c.Health, "/") {
		errs = append(errs, fmt.Errorf(`endpoint: Config.Health %q must begin with / (or be "-" for none)`, c.Health))
	}
	if c.HeaderTimeout < 0 || c.IdleTimeout < 0 || c.MaxHeaderBytes < 0 || c.StopDelay < 0 || c.StopTimeout < 0 {
		errs = append(errs, errors.New("endpoint: Config has a negative time or size: leave it zero for the default"))
	}
	paths := make(map[string]bool)
	for _, m := range c.Sockets {
		path := strings.TrimSuffix(m.Path, "/")
		switch {
		case m.Socket == nil:
			errs = append(errs, fmt.Errorf("endpoint: the mount on %q has no Socket", m.Path))
		case !strings.HasPrefix(m.Path, "/"):
			errs = append(errs, fmt.Errorf("endpoint: the mount path %q must begin with /", m.Path))
		case m.NoWebSocket && m.LongPoll == nil:
			errs = append(errs, fmt.Errorf("endpoint: the mount on %q has no transport: neither WebSocket nor LongPoll", m.Path))
		case paths[path]:
			errs = append(errs, fmt.Errorf("endpoint: two mounts on %q: give each socket a path of its own", path))
		}
		paths[path] = true
	}
	if len(c.Secrets) > 0 {
		if err := (token.Config{Secrets: c.Secrets}).Validate(); err != nil {
			errs = append(errs, fmt.Errorf("endpoint: Config.Secrets: %w", err))
		}
	}
	return u, errors.Join(errs...)
}
