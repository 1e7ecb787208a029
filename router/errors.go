package router

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"github.com/bennu-go/bennu/internal/exchange"
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

// defaultFallback leaves the answer to the nearest error writer and the report of what is the application's own fault to the log: of an error who has it
// first tells, and who answers it does not. Where the answer has begun the connection is cut, so that nobody takes what came for whole.
func defaultFallback(logger *slog.Logger) Fallback {
	return func(w http.ResponseWriter, r *http.Request, err error) {
		var out *exchange.Writer
		if x := exchange.Of(r); x != nil {
			out = x.Writer()
		}
		began := out != nil && out.Began()
		gone := r.Context().Err() != nil && (began || errors.Is(err, context.Canceled)) // the client has left
		message := "action failed"
		if began {
			message = "action failed behind the beginning of its answer"
		}
		if status := Status(err); (began || status >= 500) && !gone {
			logger.ErrorContext(r.Context(), message, "method", r.Method, "route", r.Pattern, "status", status, "error", err.Error())
		}
		switch {
		case !began:
			plug.Refuse(w, r, err)
		case !out.Hijacked():
			panic(http.ErrAbortHandler)
		}
	}
}
