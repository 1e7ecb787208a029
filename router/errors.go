package router

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"github.com/bennu-go/bennu/plug"
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

// Status returns the status that err is answered with, as [plug.Status] says.
func Status(err error) int { return plug.Status(err) }

// WriteError answers with the status of err and that status's text, which tells nothing else about err, as [plug.WriteError] does.
func WriteError(w http.ResponseWriter, r *http.Request, err error) { plug.WriteError(w, r, err) }

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
