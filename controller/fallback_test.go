package controller

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/bennu-go/bennu/param"
	"github.com/bennu-go/bennu/plug"
	"github.com/bennu-go/bennu/router"
	"github.com/bennu-go/bennu/session"
	"github.com/bennu-go/bennu/telemetry"
	"github.com/bennu-go/bennu/token"
)

type changeset struct{}

func (changeset) Error() string { return "changeset" }
func (changeset) Fields() map[string][]string {
	return map[string][]string{"email": {"is taken", "is odd"}}
}

var errRows = errors.New("no rows")

func answer(r *http.Request, cfg FallbackConfig, err error, plugs ...plug.Plug) *httptest.ResponseRecorder {
	if cfg.Logger == nil {
		cfg.Logger = silent()
	}
	rt := router.New(func(s *router.Scope) {
		s.Fallback(Fallback(cfg))
		s.Scope("/", plugs, func(s *router.Scope) {
			s.Get("/{x}", func(w http.ResponseWriter, r *http.Request) error { return err })
		})
	})
	w := httptest.NewRecorder()
	rt.ServeHTTP(w, r)
	return w
}

func TestFallbackAnswersInOneShape(t *testing.T) {
	for _, c := range []struct {
		name   string
		err    error
		status int
		body   string
	}{
		{"not found, wrapped", fmt.Errorf("user 7: %w", ErrNotFound), 404, `{"errors":{"detail":"Not Found"}}`},
		{"unauthorized", ErrUnauthorized, 401, `{"errors":{"detail":"Unauthorized"}}`},
		{"forbidden", ErrForbidden, 403, `{"errors":{"detail":"Forbidden"}}`},
		{"conflict", ErrConflict, 409, `{"errors":{"detail":"Conflict"}}`},
		{"gone", ErrGone, 410, `{"errors":{"detail":"Gone"}}`},
		{"bad request", ErrBadRequest, 400, `{"errors":{"detail":"Bad Request"}}`},
		{"with a detail", &Error{Status: 409, Detail: "the room is full", Err: errors.New("secret")}, 409, `{"errors":{"detail":"the room is full"}}`},
		{"a detail of 500 stays here", &Error{Status: 503, Detail: "db 10.0.0.1"}, 503, `{"errors":{"detail":"Service Unavailable"}}`},
		{"a plug's refusal", &plug.Error{Status: 403, Reason: "the token is old"}, 403, `{"errors":{"detail":"the token is old"}}`},
		{"invalid", Invalid{"email": {"is taken"}}, 422, `{"errors":{"email":["is taken"]}}`},
		{"a changeset", fmt.Errorf("creating: %w", changeset{}), 422, `{"errors":{"email":["is taken","is odd"]}}`},
		{"params", param.Errors{{Field: "user[age]", Reason: "is required"}}, 422, `{"errors":{"user[age]":["is required"]}}`},
		{"one param", &param.Error{Field: "page", Reason: "must be a whole number"}, 400, `{"errors":{"page":["must be a whole number"]}}`},
		{"too large", &http.MaxBytesError{Limit: 1}, 413, `{"errors":{"detail":"Request Entity Too Large"}}`},
		{"rate limited", &RateLimited{After: 1500 * time.Millisecond}, 429, `{"errors":{"detail":"Too Many Requests"}}`},
		{"a status of one's own", errRows, 404, `{"errors":{"detail":"Not Found"}}`},
		{"anything else", errors.New("password=1"), 500, `{"errors":{"detail":"Internal Server Error"}}`},
		{"a status that is none", &Error{Status: 200, Detail: "x"}, 500, `{"errors":{"detail":"Internal Server Error"}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := answer(get("/a"), FallbackConfig{Challenge: "Bearer", Status: func(err error) int {
				if errors.Is(err, errRows) {
					return 404
				}
				return 0
			}}, c.err, plug.Accepts("json"))
			want(t, w, c.status, "application/json; charset=utf-8", c.body)
			if got := w.Header().Get("Retry-After"); (got == "2") != (c.status == 429) {
				t.Errorf("got Retry-After %q", got)
			}
			if got := w.Header().Get("WWW-Authenticate"); (got == "Bearer") != (c.status == 401) {
				t.Errorf("got WWW-Authenticate %q", got)
			}
		})
	}
}

func TestFallbackFormats(t *testing.T) {
	for _, c := range []struct {
		name    string
		headers []string
		plugs   []plug.Plug
		page    bool
		typ     string
		body    string
	}{
		{"says nothing", nil, nil, false, typeJSON, `{"errors":{"detail":"Not Found"}}`},
		{"says nothing to a site", nil, nil, true, typeHTML, `<h1>404 Not Found</h1>`},
		{"asks for anything", []string{"Accept", "*/*"}, nil, false, typeJSON, `{"errors":{"detail":"Not Found"}}`},
		{"a browser", []string{"Accept", "text/html,application/xhtml+xml,*/*;q=0.8"}, nil, false, typeHTML,
			"<!DOCTYPE html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>Not Found</title><h1>Not Found</h1></html>\n"},
		{"a browser at a site", []string{"Accept", "text/html"}, nil, true, typeHTML, `<h1>404 Not Found</h1>`},
		{"an API whatever is asked", []string{"Accept", "application/json;q=0.1"}, []plug.Plug{plug.Accepts("json")}, true, typeJSON, `{"errors":{"detail":"Not Found"}}`},
		{"another format", []string{"Accept", "text/csv"}, []plug.Plug{plug.Accepts("csv")}, true, typeText, "Not Found\n"},
		{"text", []string{"Accept", "text/plain"}, nil, false, typeText, "Not Found\n"},
		{"nothing that there is", []string{"Accept", "image/png"}, nil, false, typeJSON, `{"errors":{"detail":"Not Found"}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			var cfg FallbackConfig
			if c.page {
				cfg.Page = func(_ *http.Request, e ErrorInfo) Component {
					return raw(fmt.Sprintf("<h1>%d %s</h1>", e.Status, e.Detail))
				}
			}
			want(t, answer(get("/a", c.headers...), cfg, ErrNotFound, c.plugs...), 404, c.typ, c.body)
		})
	}
}

func TestFallbackProblemDetails(t *testing.T) {
	cfg := FallbackConfig{Problem: true, ProblemType: func(err error) string {
		if errors.Is(err, ErrConflict) {
			return "https://example.com/probs/full"
		}
		return ""
	}}
	want(t, answer(get("/a"), cfg, &Error{Status: 409, Detail: "the room is full"}), 409, "application/problem+json",
		`{"type":"https://example.com/probs/full","title":"Conflict","status":409,"detail":"the room is full"}`)
	want(t, answer(get("/a"), cfg, Invalid{"a": nil}), 422, "application/problem+json",
		`{"type":"about:blank","title":"Unprocessable Entity","status":422,"errors":{"a":[]}}`)
	want(t, answer(get("/a"), cfg, errors.New("secret")), 500, "application/problem+json", `{"type":"about:blank","title":"Internal Server Error","status":500}`)
}

func TestFallbackAnswersForWhatNoRouteHas(t *testing.T) {
	want(t, answer(get("/a/b"), FallbackConfig{}, nil), 404, typeJSON, `{"errors":{"detail":"Not Found"}}`)
	w := answer(httptest.NewRequest("PUT", "/a", nil), FallbackConfig{}, nil)
	want(t, w, 405, typeJSON, `{"errors":{"detail":"Method Not Allowed"}}`)
	if w.Header().Get("Allow") != "GET, HEAD, OPTIONS" {
		t.Errorf("got Allow %q", w.Header().Get("Allow"))
	}
}

func TestFallbackLogsWhatIsOursOnce(t *testing.T) {
	left, cancel := context.WithCancel(context.Background())
	cancel()
	for _, c := range []struct {
		name string
		ctx  context.Context
		err  error
		logs int
	}{
		{"500", context.Background(), errors.New("broken"), 1},
		{"404", context.Background(), ErrNotFound, 0},
		{"cancelled, but the client is there", context.Background(), context.Canceled, 1},
		{"the client has left", left, fmt.Errorf("query: %w", context.Canceled), 0},
	} {
		var b strings.Builder
		answer(get("/a").WithContext(c.ctx), FallbackConfig{Logger: logTo(&b)}, c.err)
		if got := strings.Count(b.String(), "\n"); got != c.logs {
			t.Errorf("%s: got %d lines, want %d: %s", c.name, got, c.logs, &b)
		}
	}
}

func TestFallbackTellsTelemetryAndPlugs(t *testing.T) {
	tel := telemetry.New(telemetry.Config{Logger: silent()})
	var got []telemetry.ErrorRendered
	telemetry.Attach(tel, func(_ context.Context, e telemetry.ErrorRendered) { got = append(got, e) })
	var seen error
	look := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(w, r)
			seen = AnsweredError(r)
		})
	}
	answer(get("/a"), FallbackConfig{}, ErrNotFound, Observe(tel), look)
	if len(got) != 1 || got[0].Status != 404 || got[0].Path != "/a" || seen != ErrNotFound {
		t.Errorf("got %+v, %v", got, seen)
	}
	if err := AnsweredError(get("/")); err != nil {
		t.Errorf("got %v", err)
	}
}

func TestAPageThatFailsIsAnsweredAsText(t *testing.T) {
	var b strings.Builder
	cfg := FallbackConfig{Logger: logTo(&b), Page: func(*http.Request, ErrorInfo) Component {
		return ComponentFunc(func(context.Context, io.Writer) error { return errors.New("template") })
	}}
	want(t, answer(get("/a"), cfg, ErrNotFound), 404, typeText, "Not Found\n")
	if !strings.Contains(b.String(), "error page failed") {
		t.Errorf("got log %q", &b)
	}
}

func TestErrorAfterTheAnswerBeganCutsTheConnection(t *testing.T) {
	rt := router.New(func(s *router.Scope) {
		s.Fallback(Fallback(FallbackConfig{Logger: silent()}))
		s.Scope("/", plug.Accepts("json"), func(s *router.Scope) {
			s.Get("/", func(w http.ResponseWriter, r *http.Request) error {
				JSON(w, 200, 1)
				return errors.New("too late")
			})
		})
	})
	w := httptest.NewRecorder()
	defer func() {
		if v := recover(); v != http.ErrAbortHandler || w.Body.String() != "1" {
			t.Errorf("got panic %v, body %q", v, w.Body)
		}
	}()
	rt.ServeHTTP(w, get("/"))
}

func TestAHookMayAnswerThroughTheFallback(t *testing.T) { // the header is about to be sent, and another answer takes its place
	fallback := Fallback(FallbackConfig{Logger: silent()})
	w, _ := run(get("/app.js"), func(w http.ResponseWriter, r *http.Request) error {
		w.Header().Set("Content-Type", "text/javascript")
		_, err := w.Write([]byte("secrets()"))
		return err
	}, plug.Errors(fallback), session.Load(session.NewCookieStore(session.Config{Secrets: token.Secrets{strings.Repeat("s", 64)}})), plug.ProtectFromForgery(plug.CSRFConfig{}))
	if w.Code != 403 || strings.Contains(w.Body.String(), "secrets") || !strings.Contains(w.Body.String(), `{"errors":`) {
		t.Errorf("got %d %q", w.Code, w.Body)
	}
}

func TestErrorsCompare(t *testing.T) {
	for _, c := range []struct {
		err, target error
		is          bool
	}{
		{ErrNotFound, ErrNotFound, true},
		{&Error{Status: 404}, ErrNotFound, true},
		{fmt.Errorf("x: %w", &Error{Status: 409, Err: errRows}), errRows, true},
		{&Error{Status: 404}, ErrGone, false},
		{ErrNotFound, &Error{Status: 404}, false},
	} {
		if got := errors.Is(c.err, c.target); got != c.is {
			t.Errorf("errors.Is(%v, %v): got %v", c.err, c.target, got)
		}
	}
	if got := (&Error{Status: 404, Detail: "no room", Err: errRows}).Error(); got != "Not Found: no room: no rows" {
		t.Errorf("got %q", got)
	}
}

func TestWhatWasSetForTheAnswerIsNotOnTheError(t *testing.T) {
	for set, want := range map[string]string{"public, max-age=31536000": "", "no-store": "no-store"} {
		rt := router.New(func(s *router.Scope) {
			s.Fallback(Fallback(FallbackConfig{Logger: silent()}))
			s.Get("/", func(w http.ResponseWriter, r *http.Request) error {
				for _, name := range []string{"Etag", "Last-Modified", "Location", "Content-Disposition", "Content-Type", "Expires"} {
					w.Header().Set(name, "x")
				}
				w.Header().Set("Cache-Control", set)
				w.Header().Set("X-Other", "stays")
				return ErrNotFound
			})
		})
		w := httptest.NewRecorder()
		rt.ServeHTTP(w, get("/"))
		h := w.Header()
		if h.Get("Cache-Control") != want || h.Get("X-Other") != "stays" || h.Get("Vary") != "Accept" || h.Get("Content-Type") != typeJSON || len(h) > 5 {
			t.Errorf("%s: got %v", set, h)
		}
	}
}
