package router

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"strconv"
	"strings"
)

// NoRouteError says that no route has the path of the request.
type NoRouteError struct{ Method, Host, Path string }

// Error names the request.
func (e *NoRouteError) Error() string {
	return fmt.Sprintf("router: no route for %s %q", e.Method, e.Path)
}

// HTTPStatus returns 404.
func (e *NoRouteError) HTTPStatus() int { return http.StatusNotFound }

// MethodNotAllowedError says that routes have the path of the request, but none its method. The header Allow is set already.
type MethodNotAllowedError struct {
	Method, Host, Path string
	Allow              []string // methods that there are, HEAD and OPTIONS included
}

// Error names the request and what is allowed.
func (e *MethodNotAllowedError) Error() string {
	return fmt.Sprintf("router: no route for %s %q, only for %s", e.Method, e.Path, strings.Join(e.Allow, ", "))
}

// HTTPStatus returns 405.
func (e *MethodNotAllowedError) HTTPStatus() int { return http.StatusMethodNotAllowed }

// Status returns the status that err is answered with: what its method HTTPStatus() int says (its own, or that of an error it wraps), if
// that is from 400 to 599; 413 for a [http.MaxBytesError]; otherwise 500.
func Status(err error) int {
	var own interface{ HTTPStatus() int }
	if errors.As(err, &own) {
		if status := own.HTTPStatus(); 400 <= status && status <= 599 {
			return status
		}
		return http.StatusInternalServerError
	}
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return http.StatusRequestEntityTooLarge
	}
	return http.StatusInternalServerError
}

// WriteError answers with the status of err and that status's text, which tells nothing else about err: as
// {"errors":{"detail":"Not Found"}} to a client that prefers JSON, or that sent JSON and does not say, otherwise as a line of text.
func WriteError(w http.ResponseWriter, r *http.Request, err error) {
	status := Status(err)
	text := http.StatusText(status)
	if text == "" {
		text = "Error " + strconv.Itoa(status)
	}
	h := w.Header()
	// What the action set for the answer that did not come.
	for _, name := range []string{"Content-Length", "Content-Encoding", "Etag", "Last-Modified"} {
		h.Del(name)
	}
	h.Set("X-Content-Type-Options", "nosniff")
	h.Add("Vary", "Accept")
	if prefersJSON(r) {
		h.Set("Content-Type", "application/json; charset=utf-8")
		w.WriteHeader(status)
		body, _ := json.Marshal(map[string]any{"errors": map[string]any{"detail": text}})
		w.Write(body)
		return
	}
	h.Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	io.WriteString(w, text+"\n")
}

// defaultFallback is WriteError, and a log line for what is the application's own fault.
func defaultFallback(logger *slog.Logger) Fallback {
	return func(w http.ResponseWriter, r *http.Request, err error) {
		gone := errors.Is(err, context.Canceled) && r.Context().Err() != nil // the client has left
		if status := Status(err); status >= 500 && !gone {
			logger.ErrorContext(r.Context(), "action failed", "method", r.Method, "route", r.Pattern, "status", status, "error", err.Error())
		}
		WriteError(w, r, err)
	}
}

func prefersJSON(r *http.Request) bool {
	accept := strings.Join(r.Header.Values("Accept"), ",")
	var text, js float64
	var explicit bool
	for item := range strings.SplitSeq(accept, ",") {
		typ, params, err := mime.ParseMediaType(item)
		if err != nil {
			continue
		}
		q := 1.0
		if s, ok := params["q"]; ok {
			if q, err = strconv.ParseFloat(s, 64); err != nil {
				continue
			}
		}
		switch {
		case typ == "application/json", strings.HasSuffix(typ, "+json"):
			js, explicit = max(js, q), true
		case strings.HasPrefix(typ, "text/"), strings.HasPrefix(typ, "application/xhtml"):
			text, explicit = max(text, q), true
		}
	}
	if explicit {
		return js > text
	}
	typ, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return typ == "application/json" || strings.HasSuffix(typ, "+json")
}
