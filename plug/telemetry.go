package plug

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/bennu-go/bennu/internal/exchange"
	"github.com/bennu-go/bennu/telemetry"
)

// TelemetryConfig configures [Telemetry]. The zero value is off.
type TelemetryConfig struct {
	// Telemetry is told of every request: RequestStart and RequestStop. Nil tells nobody.
	Telemetry *telemetry.Telemetry
	// Logger gets one line for every request when it has been answered, with method, path (without the query), route, status, bytes, duration, request id
	// and user. The events are then marked so that telemetry.Log writes no lines of its own. Nil writes none.
	Logger *slog.Logger
	// Level chooses the level of a request's lines; telemetry.LogOff silences them, for health checks say. Nil means info for all.
	Level func(r *http.Request) telemetry.LogLevel
	// User names who made the request, for the line of Logger. It is asked after the answer, and sees what plugs further in have found out. Nil leaves it away.
	User func(r *http.Request) string
}

// Telemetry tells how requests went: to handlers of events and to a log. It belongs in front of what it measures, behind [RequestID] and Static. A handler that panics
// before it answers counts as status 500. Without a listener it costs nothing. It is Plug.Telemetry, which emits the second event already when the answer begins.
func Telemetry(cfg TelemetryConfig) Plug {
	return func(next http.Handler) http.Handler {
		if cfg.Telemetry == nil && cfg.Logger == nil {
			return next
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			started, stopped := telemetry.Enabled[telemetry.RequestStart](cfg.Telemetry), telemetry.Enabled[telemetry.RequestStop](cfg.Telemetry)
			if !started && !stopped && cfg.Logger == nil {
				next.ServeHTTP(w, r)
				return
			}
			o := observation{cfg: &cfg, method: r.Method, path: r.URL.Path, begin: time.Now(), stopped: stopped}
			o.x, w, o.r = exchange.Begin(w, r)
			if cfg.Level != nil {
				o.level = cfg.Level(o.r)
			}
			if started {
				telemetry.Emit(o.r.Context(), cfg.Telemetry, telemetry.RequestStart{
					RequestID: RequestIDOf(o.r.Context()), Method: o.method, Path: o.path, Log: o.eventLevel(),
				})
			}
			defer o.end()
			next.ServeHTTP(w, o.r)
			o.returned = true
		})
	}
}

// observation is one request on its way.
type observation struct {
	cfg          *TelemetryConfig
	x            *exchange.Exchange
	r            *http.Request
	method, path string
	begin        time.Time
	level        telemetry.LogLevel
	stopped      bool // somebody listens for the end
	returned     bool // without a panic
}

func (o *observation) eventLevel() telemetry.LogLevel {
	if o.cfg.Logger != nil {
		return telemetry.LogOff
	}
	return o.level
}

func (o *observation) end() {
	took, ctx, out := time.Since(o.begin), o.r.Context(), o.x.Writer()
	status := out.Status()
	switch {
	case status == 0 && out.Hijacked():
		status = http.StatusSwitchingProtocols
	case status == 0 && o.returned:
		status = http.StatusOK
	case status == 0:
		status = http.StatusInternalServerError
	}
	route := o.r.Pattern
	if p, ok := exchange.Route.Get(o.x); ok {
		route = *p
	}
	id := RequestIDOf(ctx)
	if o.stopped {
		telemetry.Emit(ctx, o.cfg.Telemetry, telemetry.RequestStop{
			RequestID: id, Method: o.method, Path: o.path, Route: route, Status: status, Bytes: out.Size(), Chunked: out.Flushed(),
			Duration: took, Log: o.eventLevel(),
		})
	}
	o.log(ctx, took, status, route, id)
}

func (o *observation) log(ctx context.Context, took time.Duration, status int, route, id string) {
	if o.cfg.Logger == nil || o.level == telemetry.LogOff {
		return
	}
	level := slogLevel(o.level)
	if !o.cfg.Logger.Enabled(ctx, level) {
		return
	}
	attrs := make([]slog.Attr, 0, 8)
	attrs = append(attrs, slog.String("method", o.method), slog.String("path", o.path), slog.String("route", route),
		slog.Int("status", status), slog.Int64("bytes", o.x.Writer().Size()), slog.Duration("duration", took))
	if id != "" {
		attrs = append(attrs, slog.String("request_id", id))
	}
	if o.cfg.User != nil {
		if user := o.cfg.User(o.r); user != "" {
			attrs = append(attrs, slog.String("user", user))
		}
	}
	o.cfg.Logger.LogAttrs(ctx, level, "request", attrs...)
}

func slogLevel(l telemetry.LogLevel) slog.Level {
	switch l {
	case telemetry.LogDebug:
		return slog.LevelDebug
	case telemetry.LogWarn:
		return slog.LevelWarn
	case telemetry.LogError:
		return slog.LevelError
	}
	return slog.LevelInfo
}
