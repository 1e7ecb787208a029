package controller

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/bennu-go/bennu/internal/codec"
	"github.com/bennu-go/bennu/internal/exchange"
	"github.com/bennu-go/bennu/param"
	"github.com/bennu-go/bennu/plug"
	"github.com/bennu-go/bennu/router"
	"github.com/bennu-go/bennu/telemetry"
)

// FallbackConfig is how [Fallback] answers. The zero value works.
type FallbackConfig struct {
	// Status chooses the status of errors that do not know theirs, those of a database driver for example: 0 leaves the choice to plug.Status. Nil means always 0.
	Status func(err error) int
	// Problem answers JSON as problem details (RFC 9457) in place of {"errors": …}. Off by default.
	Problem bool
	// ProblemType is the type of a problem, a URI that explains it. Nil or "" means about:blank.
	ProblemType func(err error) string
	// Page makes the page for the format "html"; it is shown without layouts. Nil means the status's text alone.
	Page func(r *http.Request, e ErrorInfo) Component
	// Challenge is the header WWW-Authenticate of answers with 401 that have none yet: "Bearer" for example. Empty leaves it out.
	Challenge string
	// Logger of errors of status 500 and above. Nil means slog.Default(), taken in Fallback.
	Logger *slog.Logger
}

// ErrorInfo is what an error page may show.
type ErrorInfo struct {
	// Status of the answer.
	Status int
	// Detail is the status's text, or what the error tells the client. It gives nothing away from status 500 on.
	Detail string
	// Fields is what is wrong with which field; may be nil.
	Fields map[string][]string
	// Err is the error itself. It is not for clients.
	Err error
}

// Fallback makes what answers for actions of a scope that return errors: Phoenix's action_fallback, and for sites the error page.
//
// The status is that of plug.Status; errors with [FieldErrors] have 422 unless they know another. As JSON an error is {"errors":{"detail":"Not Found"}}, or for fields
// {"errors":{"email":["is taken"]}}; as HTML it is a page, as anything else a line of text. The format is that of the request (plug.Format), otherwise what its
// header Accept likes best, otherwise JSON, or HTML if there is a Page. What the client is told below 500 is the Detail of an [*Error], the Reason of a plug.Error or the status's text; from 500 on it is the status's text. An error with
// RetryAfter() time.Duration sets the header Retry-After.
//
// Errors from 500 on are logged, once. If the client has left nothing is. If the answer has begun, as that of a [Stream], the connection is cut, so that nobody takes
// it for whole.
func Fallback(cfg FallbackConfig) router.Fallback {
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	return func(w http.ResponseWriter, r *http.Request, err error) {
		e := cfg.Describe(err)
		gone := errors.Is(err, context.Canceled) && r.Context().Err() != nil // the client has left
		if e.Status >= 500 && !gone {
			cfg.Logger.ErrorContext(r.Context(), "action failed", "method", r.Method, "route", r.Pattern, "status", e.Status, "error", err.Error())
		}
		if begun(w, r, err) {
			if x := exchange.Of(r); x != nil && x.Writer().Hijacked() {
				return // the connection is somebody else's
			}
			panic(http.ErrAbortHandler)
		}
		cfg.Answer(w, r, err)
		level := telemetry.LogDefault
		if e.Status >= 500 {
			level = telemetry.LogOff // it was logged
		}
		telemetry.Emit(r.Context(), telemetryOf(r), telemetry.ErrorRendered{Method: r.Method, Path: r.URL.Path, Status: e.Status, Reason: err, Log: level})
	}
}

// Answer answers err as [Fallback] does, and does nothing else: no log, no telemetry, and no look at whether the answer has begun. It is for error pages of one's own.
func (c FallbackConfig) Answer(w http.ResponseWriter, r *http.Request, err error) {
	e := c.Describe(err)
	prepareError(w, r, e, c.Challenge)
	RememberError(r, err)
	c.answer(w, r, e)
}

// Describe says how err is answered: its status, and what clients may know.
func (c FallbackConfig) Describe(err error) ErrorInfo {
	e := ErrorInfo{Err: err, Status: plug.Status(err)}
	var own interface{ HTTPStatus() int }
	known := errors.As(err, &own)
	var fields FieldErrors
	var field *param.Error
	switch {
	case errors.As(err, &fields):
		e.Fields = fields.Fields()
		if !known {
			e.Status = http.StatusUnprocessableEntity
		}
	case errors.As(err, &field):
		e.Fields = map[string][]string{field.Field: {field.Reason}}
	}
	if !known && c.Status != nil {
		if status := c.Status(err); 400 <= status && status <= 599 {
			e.Status = status
		}
	}
	e.Detail = StatusText(e.Status)
	if e.Status >= 500 {
		e.Fields = nil
		return e
	}
	var detailed *Error
	var refusal *plug.Error
	switch {
	case errors.As(err, &detailed) && detailed.Detail != "":
		e.Detail = detailed.Detail
	case errors.As(err, &refusal) && refusal.Reason != "":
		e.Detail = refusal.Reason
	}
	return e
}

// prepareError sets the headers of an answer to an error, and takes away those of the answer that did not come.
func prepareError(w http.ResponseWriter, r *http.Request, e ErrorInfo, challenge string) {
	h := w.Header()
	for _, name := range []string{"Content-Type", "Content-Length", "Content-Disposition", "Content-Range", "Etag", "Last-Modified", "Expires", "Location"} {
		h.Del(name)
	}
	if !strings.Contains(h.Get("Cache-Control"), "no-store") { // how long the answer is good for says nothing about the error
		h.Del("Cache-Control")
	}
	exchange.DropEncoding(w, r)
	h.Add("Vary", "Accept")
	h.Set("X-Content-Type-Options", "nosniff")
	var wait interface{ RetryAfter() time.Duration }
	if errors.As(e.Err, &wait) && wait.RetryAfter() > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.RetryAfter().Seconds()))))
	}
	if e.Status == http.StatusUnauthorized && challenge != "" && h.Get("Www-Authenticate") == "" {
		h.Set("WWW-Authenticate", challenge)
	}
}

func (c FallbackConfig) answer(w http.ResponseWriter, r *http.Request, e ErrorInfo) {
	switch c.format(r) {
	case "json":
		typ, body := c.json(e)
		write(w, e.Status, typ, body)
	case "html":
		if c.Page == nil {
			write(w, e.Status, typeHTML, []byte("<!DOCTYPE html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>"+StatusText(e.Status)+"</title><h1>"+StatusText(e.Status)+"</h1></html>\n"))
			return
		}
		if err := HTML(w, r, e.Status, c.Page(r, e)); err != nil {
			c.Logger.ErrorContext(r.Context(), "error page failed", "status", e.Status, "error", err.Error())
			Text(w, e.Status, StatusText(e.Status)+"\n")
		}
	default:
		Text(w, e.Status, e.Detail+"\n")
	}
}

// format is that of the request, or else what its client likes best.
func (c FallbackConfig) format(r *http.Request) string {
	switch format := plug.Format(r); {
	case strings.Contains(format, "json"):
		return "json"
	case format != "":
		return format
	}
	offered := []string{"json", "html", "txt"}
	if c.Page != nil {
		offered = []string{"html", "json", "txt"}
	}
	if format, ok := plug.Negotiate(r, offered...); ok {
		return format
	}
	return offered[0]
}

// json is the body of an error: the shape of Phoenix's generators, or problem details.
func (c FallbackConfig) json(e ErrorInfo) (contentType string, body []byte) {
	if c.Problem {
		p := problem{Type: "about:blank", Title: StatusText(e.Status), Status: e.Status, Errors: e.Fields}
		if c.ProblemType != nil {
			if typ := c.ProblemType(e.Err); typ != "" {
				p.Type = typ
			}
		}
		if e.Detail != p.Title {
			p.Detail = e.Detail
		}
		body, _ = codec.Marshal(p)
		return "application/problem+json", body
	}
	if e.Fields != nil {
		body, _ = codec.Marshal(map[string]any{"errors": e.Fields})
	} else {
		body, _ = codec.Marshal(map[string]any{"errors": map[string]string{"detail": e.Detail}})
	}
	return typeJSON, body
}

type problem struct {
	Type   string              `json:"type"`
	Title  string              `json:"title"`
	Status int                 `json:"status"`
	Detail string              `json:"detail,omitempty"`
	Errors map[string][]string `json:"errors,omitzero"`
}

var errorKey = exchange.NewKey[error]("error")

// RememberError notes the error that r is answered with, for [AnsweredError]. It is for error writers of one's own.
func RememberError(r *http.Request, err error) {
	if x := exchange.Of(r); x != nil {
		errorKey.Set(x, err)
	}
}

// AnsweredError returns the error that r was answered with by a [Fallback], or by an endpoint; nil if there was none. It is for plugs that
// look at requests afterwards, and for tests.
func AnsweredError(r *http.Request) error {
	err, _ := errorKey.Get(exchange.Of(r))
	return err
}

// begun reports whether the header has been sent, so that err cannot be answered any more.
func begun(w http.ResponseWriter, r *http.Request, err error) bool {
	var late *lateError
	if errors.As(err, &late) {
		return true
	}
	if exchange.Of(r) == nil {
		return false
	}
	x, _, _ := exchange.Begin(w, r) // another exchange than the request's if w is not that of r: a hook answers in place of the action
	return x.Writer().Began()
}
