package endpoint

import (
	"bytes"
	"crypto/rand"
	"errors"
	"net/http"
	"strings"

	"github.com/bennu-go/bennu/controller"
	"github.com/bennu-go/bennu/internal/debugpage"
	"github.com/bennu-go/bennu/internal/exchange"
	"github.com/bennu-go/bennu/plug"
	"github.com/bennu-go/bennu/router"
	"github.com/bennu-go/bennu/telemetry"
)

// ErrorsConfig is how [Errors] answers. The zero value works.
type ErrorsConfig struct {
	// Answers says what answers look like: pages, problem details, the status of other packages' errors.
	Answers controller.FallbackConfig
	// Debug answers with a page for developers in place of that: the error, the stack with its source, the request and what is known of it. It shows source and data of
	// the application: never turn it on where others can reach it. Off by default.
	Debug bool
	// Filter takes secrets out of what Debug shows. The zero value discards what has "password", "token" or "secret" in its name.
	Filter telemetry.Filter
	// Routes lists what Debug shows where no route matched: the method Routes of a router or an endpoint. Nil shows none.
	Routes func() []router.Route
	// Telemetry is told of every error that was answered. Nil tells nobody.
	Telemetry *telemetry.Telemetry
}

// Errors makes what [Config].Errors needs: the one place where an error, or a panic, becomes an answer. The answer is that of [controller.Fallback]: as HTML, JSON or text as
// the request or its client wants, with the status of the error, and with nothing about the application from status 500 on.
//
// With Debug the answer shows a developer all there is: as HTML to browsers, as text to curl and the like, and in JSON, from status 500 on, as "debug" beside "errors".
func Errors(cfg ErrorsConfig) plug.ErrorWriter {
	return func(w http.ResponseWriter, r *http.Request, err error) {
		e := cfg.Answers.Describe(err)
		var panicked *PanicError
		var stack []byte
		if errors.As(err, &panicked) {
			stack = panicked.Stack
		}
		if !cfg.Debug || !cfg.debug(w, r, e, stack) {
			cfg.Answers.Answer(w, r, err)
		}
		level := telemetry.LogDefault
		if e.Status >= 500 {
			level = telemetry.LogOff // whoever had the error first has logged it
		}
		telemetry.Emit(r.Context(), cfg.Telemetry, telemetry.ErrorRendered{
			Method: r.Method, Path: r.URL.Path, Status: e.Status, Reason: err, Stack: stack, Log: level,
		})
	}
}

// debug answers with the page for developers. It is false, and nothing was sent, if the client should get what it gets from others.
func (c *ErrorsConfig) debug(w http.ResponseWriter, r *http.Request, e controller.ErrorInfo, stack []byte) bool {
	format := debugFormat(r)
	if format == "json" && e.Status < 500 {
		return false
	}
	cfg := debugpage.Config{Status: e.Status, Stack: stack, Filter: c.Filter}
	var none *router.NoRouteError
	if c.Routes != nil && errors.As(e.Err, &none) {
		cfg.Routes = c.Routes()
	}
	page := debugpage.New(r, e.Err, cfg)
	h := w.Header()
	for _, name := range []string{"Content-Length", "Content-Disposition", "Etag", "Last-Modified", "Location"} { // of the answer that did not come
		h.Del(name)
	}
	exchange.DropEncoding(w, r)
	h.Del("Content-Security-Policy-Report-Only")
	h.Set("Content-Security-Policy", "default-src 'none'; base-uri 'none'; frame-ancestors 'self'")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	controller.RememberError(r, e.Err)
	var body []byte
	switch format {
	case "html":
		nonce := rand.Text()
		var b bytes.Buffer
		if err := page.WriteHTML(&b, nonce); err != nil {
			return false
		}
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'nonce-"+nonce+"'; script-src 'nonce-"+nonce+"'; base-uri 'none'; frame-ancestors 'self'")
		h.Set("Content-Type", "text/html; charset=utf-8")
		body = b.Bytes()
	case "json":
		var err error
		if body, err = page.JSON(); err != nil {
			return false
		}
		h.Set("Content-Type", "application/json; charset=utf-8")
	default:
		h.Set("Content-Type", "text/markdown; charset=utf-8")
		body = []byte(page.Markdown())
	}
	w.WriteHeader(e.Status)
	w.Write(body)
	return true
}

// debugFormat is html for browsers only, whatever the request's format, since curl asks for everything.
func debugFormat(r *http.Request) string {
	if strings.Contains(plug.Format(r), "json") {
		return "json"
	}
	if strings.Contains(r.Header.Get("Accept"), "text/html") {
		return "html"
	}
	if format, ok := plug.Negotiate(r, "txt", "json", "html"); ok && plug.Format(r) == "" {
		return format
	}
	return "txt"
}
