package endpoint

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/bennu-go/bennu/controller"
	"github.com/bennu-go/bennu/plug"
	"github.com/bennu-go/bennu/router"
	"github.com/bennu-go/bennu/telemetry"
)

// erring is an endpoint whose actions fail, each in its own way.
func erring(t *testing.T, cfg ErrorsConfig) *Endpoint {
	t.Helper()
	routes := router.New(func(r *router.Scope) {
		r.Logger(slog.New(slog.DiscardHandler))
		r.Get("/error", func(w http.ResponseWriter, r *http.Request) error {
			w.Header().Set("Etag", `"x"`)
			w.Header().Set("Content-Type", "image/png")
			w.Header().Set("Content-Security-Policy", "default-src *")
			return errors.New("hunter2")
		})
		r.Get("/panic", func(http.ResponseWriter, *http.Request) error { panic("hunter2") })
		r.Get("/teapot", func(http.ResponseWriter, *http.Request) error {
			panic(&controller.Error{Status: 418, Detail: "short and stout"})
		})
		r.Get("/invalid", func(http.ResponseWriter, *http.Request) error { return controller.Invalid{"name": {"is taken"}} })
		r.Scope("/api", plug.Accepts("json"), func(r *router.Scope) {
			r.Get("/error", func(http.ResponseWriter, *http.Request) error { return errors.New("hunter2") })
			r.Get("/missing", func(http.ResponseWriter, *http.Request) error { return controller.ErrNotFound })
		})
		r.Scope("/site", plug.Accepts("html"), func(r *router.Scope) {
			r.Get("/error", func(http.ResponseWriter, *http.Request) error { return errors.New("hunter2") })
		})
	})
	if cfg.Debug {
		cfg.Routes = routes.Routes
	}
	ep, _ := inMemory(t, Config{Handler: routes, Errors: Errors(cfg)})
	return ep
}

const browserAccepts = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"

func TestErrorsByFormat(t *testing.T) {
	page := controller.FallbackConfig{Page: func(_ *http.Request, e controller.ErrorInfo) controller.Component {
		return controller.ComponentFunc(func(_ context.Context, w io.Writer) error {
			_, err := fmt.Fprintf(w, "<h1>%d %s</h1>", e.Status, e.Detail)
			return err
		})
	}}
	ep := erring(t, ErrorsConfig{Answers: page})
	for _, c := range []struct {
		path, accept string
		status       int
		typ, body    string
	}{
		{"/error", browserAccepts, 500, "text/html", "<h1>500 Internal Server Error</h1>"},
		{"/panic", browserAccepts, 500, "text/html", "<h1>500 Internal Server Error</h1>"},
		{"/panic", "application/json", 500, "application/json", `{"errors":{"detail":"Internal Server Error"}}`},
		{"/panic", "text/plain", 500, "text/plain", "Internal Server Error\n"},
		{"/teapot", "application/json", 418, "application/json", `{"errors":{"detail":"short and stout"}}`},
		{"/invalid", "application/json", 422, "application/json", `{"errors":{"name":["is taken"]}}`},
		{"/none", "image/png", 404, "text/html", "<h1>404 Not Found</h1>"},
		{"/none?_format=json", browserAccepts, 404, "application/json", `{"errors":{"detail":"Not Found"}}`},
		{"/none?%zz", "application/json", 404, "application/json", `{"errors":{"detail":"Not Found"}}`},
		{"/api/error", browserAccepts + ",application/json", 500, "application/json", `{"errors":{"detail":"Internal Server Error"}}`},
		{"/site/error", "application/json;q=0.1,text/html", 500, "text/html", "<h1>500 Internal Server Error</h1>"},
		{"/site/error", "application/json", 406, "application/json", `{"errors":{"detail":"the client accepts none of html"}}`},
	} {
		w := ask(ep.Handler(), "GET", c.path, "Accept", c.accept)
		if w.Code != c.status || !strings.HasPrefix(w.Header().Get("Content-Type"), c.typ) || w.Body.String() != c.body {
			t.Errorf("%s as %s: got %d %s %q, want %d %s %q", c.path, c.accept, w.Code, w.Header().Get("Content-Type"), w.Body, c.status, c.typ, c.body)
		}
		if w.Header().Get("Etag") != "" || strings.Contains(w.Body.String(), "hunter2") {
			t.Errorf("%s: what is left of the action shows: %v", c.path, w.Header())
		}
	}
}

func TestDebugPageByFormat(t *testing.T) {
	ep := erring(t, ErrorsConfig{Debug: true})
	for _, c := range []struct {
		path, accept string
		status       int
		typ          string
		texts        []string
	}{
		{"/error", browserAccepts, 500, "text/html", []string{"<!DOCTYPE html>", "hunter2", "*errors.errorString", "/error"}},
		{"/panic", browserAccepts, 500, "text/html", []string{"hunter2", "endpoint.erring", "errors_test.go", "panic(&#34;hunter2&#34;)"}},
		{"/panic", "*/*", 500, "text/markdown", []string{"# 500 Internal Server Error at GET /panic", "hunter2", "errors_test.go"}},
		{"/panic", "application/json", 500, "application/json", []string{`{"errors":{"detail":"Internal Server Error"},"debug":{"type":"panic","message":"panic: hunter2"`, "errors_test.go"}},
		{"/none", browserAccepts, 404, "text/html", []string{"Routes", "/api/missing"}},
		{"/none", "*/*", 404, "text/markdown", []string{"## Routes", "/api/missing"}},
		{"/none", "application/json", 404, "application/json", []string{`{"errors":{"detail":"Not Found"}}`}},
		{"/api/missing", browserAccepts + ",application/json", 404, "application/json", []string{`{"errors":{"detail":"Not Found"}}`}},
		{"/api/error", "application/json", 500, "application/json", []string{`"message":"hunter2"`}},
		{"/site/error", browserAccepts, 500, "text/html", []string{"hunter2"}},
		{"/site/error", "*/*", 500, "text/markdown", []string{"hunter2"}},
	} {
		w := ask(ep.Handler(), "GET", c.path, "Accept", c.accept)
		if w.Code != c.status || !strings.HasPrefix(w.Header().Get("Content-Type"), c.typ) {
			t.Errorf("%s as %s: got %d %s", c.path, c.accept, w.Code, w.Header().Get("Content-Type"))
		}
		for _, text := range c.texts {
			if !strings.Contains(w.Body.String(), text) {
				t.Errorf("%s as %s: no %q in %s", c.path, c.accept, text, w.Body)
			}
		}
		if c.path == "/error" && (w.Header().Get("Etag") != "" || !strings.Contains(w.Header().Get("Content-Security-Policy"), "default-src 'none'; style-src 'nonce-")) {
			t.Errorf("got header %v", w.Header())
		}
	}
}

func TestErrorsTellTelemetry(t *testing.T) {
	tel := telemetry.New(telemetry.Config{Logger: slog.New(slog.DiscardHandler)})
	var got []string
	telemetry.Attach(tel, func(_ context.Context, e telemetry.ErrorRendered) {
		got = append(got, fmt.Sprintf("%s %d %v stack=%v log=%v", e.Path, e.Status, e.Reason, len(e.Stack) > 0, e.Log != telemetry.LogOff))
	})
	for _, debug := range []bool{false, true} {
		got = nil
		ep := erring(t, ErrorsConfig{Telemetry: tel, Debug: debug})
		for _, path := range []string{"/error", "/panic", "/none"} {
			ask(ep.Handler(), "GET", path)
		}
		want := `/error 500 hunter2 stack=false log=false, /panic 500 panic: hunter2 stack=true log=false, /none 404 router: no route for GET "/none" stack=false log=true`
		if strings.Join(got, ", ") != want {
			t.Errorf("debug %v: got %s", debug, strings.Join(got, ", "))
		}
	}
}
