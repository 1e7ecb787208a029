package plug

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/http"
	"net/textproto"

	"github.com/bennu-go/bennu/internal/exchange"
)

// RequestIDConfig configures [RequestIDWith]. The zero value works.
type RequestIDConfig struct {
	// Header of the request and of the answer. Empty means X-Request-Id.
	Header string
	// Generate makes an id. Nil means 20 random characters.
	Generate func() string
	// Distrust makes a new id even if the request has one.
	Distrust bool
}

var requestIDKey = exchange.NewKey[string]("request_id")

// RequestID gives every request an id: that of its header X-Request-Id if this has 20 to 200 bytes, all visible ASCII, otherwise a new one. The answer
// has it in the same header, and it is in log lines ([Telemetry], [LogHandler]). It is Plug.RequestId.
func RequestID() Plug { return RequestIDWith(RequestIDConfig{}) }

// RequestIDWith is [RequestID] with settings.
func RequestIDWith(cfg RequestIDConfig) Plug {
	if cfg.Header == "" {
		cfg.Header = "X-Request-Id"
	}
	if !isToken(cfg.Header) {
		panic(fmt.Sprintf("plug: RequestID: %q is no name of a header", cfg.Header))
	}
	header := textproto.CanonicalMIMEHeaderKey(cfg.Header)
	if cfg.Generate == nil {
		cfg.Generate = newRequestID
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			x, w, r := exchange.Begin(w, r)
			id := ""
			if given := r.Header[header]; len(given) == 1 && !cfg.Distrust && validRequestID(given[0]) {
				id = given[0]
			} else {
				id = cfg.Generate()
			}
			requestIDKey.Set(x, id)
			w.Header()[header] = []string{id}
			next.ServeHTTP(w, r)
		})
	}
}

// RequestIDOf returns the id of the request that ctx belongs to; empty if it has none.
func RequestIDOf(ctx context.Context) string {
	id, _ := requestIDKey.Get(exchange.From(ctx))
	return id
}

func validRequestID(id string) bool {
	if len(id) < 20 || len(id) > 200 {
		return false
	}
	for i := range len(id) {
		if id[i] <= ' ' || id[i] > '~' {
			return false
		}
	}
	return true
}

func newRequestID() string {
	var random [15]byte
	rand.Read(random[:]) // never fails
	var text [20]byte
	base64.RawURLEncoding.Encode(text[:], random[:])
	return string(text[:])
}

// LogHandler adds request_id to the lines that are logged with a request's context, and leaves all else to h.
func LogHandler(h slog.Handler) slog.Handler { return &logHandler{h} }

type logHandler struct{ slog.Handler }

func (h *logHandler) Handle(ctx context.Context, rec slog.Record) error {
	if id := RequestIDOf(ctx); id != "" {
		rec = rec.Clone()
		rec.AddAttrs(slog.String("request_id", id))
	}
	return h.Handler.Handle(ctx, rec)
}

func (h *logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &logHandler{h.Handler.WithAttrs(attrs)}
}

func (h *logHandler) WithGroup(name string) slog.Handler {
	return &logHandler{h.Handler.WithGroup(name)}
}
