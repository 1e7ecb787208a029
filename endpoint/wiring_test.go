package endpoint

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/bennu-go/bennu/internal/exchange"
	"github.com/bennu-go/bennu/internal/race"
	"github.com/bennu-go/bennu/param"
	"github.com/bennu-go/bennu/plug"
	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
	"github.com/bennu-go/bennu/router"
	"github.com/bennu-go/bennu/transport"
)

// inMemory makes an endpoint that does not listen; the log is what it said.
func inMemory(t testing.TB, cfg Config) (ep *Endpoint, log *syncBuffer) {
	t.Helper()
	log = &syncBuffer{}
	logger := slog.New(slog.NewTextHandler(log, nil))
	cfg.System = proc.NewSystem(proc.Config{Logger: logger})
	t.Cleanup(func() { cfg.System.Close() })
	cfg.PubSub, cfg.Logger = pubsub.New(pubsub.Config{System: cfg.System, Logger: logger}), logger
	return New(cfg), log
}

func ask(h http.Handler, method, target string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func answer(w *httptest.ResponseRecorder) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", w.Code, w.Body))
}

// trace notes who was passed.
func trace(name string) plug.Plug {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Add("Passed", name)
			next.ServeHTTP(w, r)
		})
	}
}

func TestOrderOfTheEdge(t *testing.T) {
	files := fstest.MapFS{"app.js": {Data: []byte("1")}}
	routes := router.New(func(r *router.Scope) {
		r.Scope("/", trace("pipeline"), func(r *router.Scope) {
			r.Get("/", func(w http.ResponseWriter, r *http.Request) error { fmt.Fprint(w, "home"); return nil })
			r.Get("/a/{id}", func(w http.ResponseWriter, r *http.Request) error { fmt.Fprint(w, param.Of(r)["id"]); return nil })
			r.Post("/health", func(w http.ResponseWriter, r *http.Request) error { fmt.Fprint(w, "posted"); return nil })
			r.Get("/socket", func(w http.ResponseWriter, r *http.Request) error { fmt.Fprint(w, "page"); return nil })
		})
	})
	ep, _ := inMemory(t, Config{
		Sockets: []Mount{{Path: "/socket", Socket: echoSocket(), LongPoll: &transport.LongPollConfig{}}},
		Front:   trace("front"), Plugs: plug.Pipeline(trace("plugs"), plug.Static(plug.StaticConfig{FS: files})), Handler: routes,
	})
	for _, tc := range []struct{ method, path, want, passed string }{
		{"GET", "/", "200 home", "front plugs pipeline"},
		{"GET", "/app.js", "200 1", "front plugs"},
		{"GET", "/a//7/", "200 7", "front plugs pipeline"}, // no redirect
		{"GET", "/none", "404 Not Found", "front plugs"},
		{"GET", "/health", `200 {"status":"ok"}`, ""},
		{"GET", "/health/ready", `200 {"status":"ok"}`, ""},
		{"HEAD", "/health", `200 {"status":"ok"}`, ""}, // the server drops the body
		{"POST", "/health", "200 posted", "front plugs pipeline"},
		{"GET", "/healthy", "404 Not Found", "front plugs"},
		{"GET", "/socket/longpoll", `200 {"status":410`, "front"},
		{"GET", "/socket", "200 page", "front plugs pipeline"},
		{"GET", "/socket/other", "404 Not Found", "front plugs"},
		{"GET", "/socket/websocket", "400", "front"},
	} {
		w := ask(ep.Handler(), tc.method, tc.path)
		if got := answer(w); !strings.HasPrefix(got, tc.want) {
			t.Errorf("%s %s: got %s, want %s", tc.method, tc.path, got, tc.want)
		}
		if got := strings.Join(w.Header()["Passed"], " "); got != tc.passed {
			t.Errorf("%s %s: passed %q, want %q", tc.method, tc.path, got, tc.passed)
		}
	}
}

// statusError is an error, or the value of a panic, with a status.
type statusError int

func (e statusError) Error() string   { return fmt.Sprintf("status %d", int(e)) }
func (e statusError) HTTPStatus() int { return int(e) }

func failing(cors plug.Plug) *router.Router {
	return router.New(func(r *router.Scope) {
		r.Logger(slog.New(slog.DiscardHandler))
		r.Scope("/", router.Always(cors), func(r *router.Scope) {
			r.Get("/panic", func(http.ResponseWriter, *http.Request) error { panic("the secret is hunter2") })
			r.Get("/gone", func(http.ResponseWriter, *http.Request) error { panic(statusError(410)) })
			r.Get("/error", func(http.ResponseWriter, *http.Request) error { return errors.New("the secret is hunter2") })
			r.Get("/half", func(w http.ResponseWriter, r *http.Request) error {
				w.WriteHeader(200)
				panic("half way")
			})
			r.Scope("/members", plug.RequireAuth(plug.RequireAuthConfig{}), func(r *router.Scope) {
				r.Get("/", func(http.ResponseWriter, *http.Request) error { return nil })
			})
		})
	})
}

func TestErrorsAreAnsweredInOnePlace(t *testing.T) {
	var seen []error
	ep, log := inMemory(t, Config{
		Handler: failing(func(next http.Handler) http.Handler { return next }),
		Errors: func(w http.ResponseWriter, r *http.Request, err error) {
			seen = append(seen, err)
			w.WriteHeader(plug.Status(err))
			fmt.Fprint(w, "page of ", plug.Status(err))
		},
	})
	for path, want := range map[string]string{
		"/panic": "500 page of 500", "/gone": "410 page of 410", "/error": "500 page of 500", "/none": "404 page of 404", "/members": "401 page of 401",
	} {
		if got := answer(ask(ep.Handler(), "GET", path)); got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
	if len(seen) != 5 {
		t.Errorf("got %d errors: %v", len(seen), seen)
	}
	if n := strings.Count(log.String(), "panic in a handler"); n != 1 {
		t.Errorf("got %d reports, want that of the panic with status 500:\n%s", n, log.String())
	}
	var p *PanicError
	for _, err := range seen {
		if e := (*PanicError)(nil); errors.As(err, &e) && plug.Status(err) == 500 {
			p = e
		}
	}
	if p == nil || p.Value != "the secret is hunter2" || !bytes.Contains(p.Stack, []byte("wiring_test.go")) {
		t.Errorf("got %+v", p)
	}
}

func TestDefaultErrorsTellNothing(t *testing.T) {
	ep, _ := inMemory(t, Config{Handler: failing(func(next http.Handler) http.Handler { return next })})
	for path, want := range map[string]string{"/panic": "500 Internal Server Error", "/error": "500 Internal Server Error", "/none": "404 Not Found"} {
		if got := answer(ask(ep.Handler(), "GET", path)); got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
	if got := ask(ep.Handler(), "GET", "/panic", "Accept", "application/json").Body.String(); got != `{"errors":{"detail":"Internal Server Error"}}` {
		t.Errorf("got %s", got)
	}
	bare, _ := inMemory(t, Config{})
	if got := answer(ask(bare.Handler(), "GET", "/")); got != "404 Not Found" {
		t.Errorf("without a handler: got %s", got)
	}
}

func TestErrorPageThatFailsItself(t *testing.T) {
	half := false
	ep, log := inMemory(t, Config{
		Handler: failing(func(next http.Handler) http.Handler { return next }),
		Errors: func(w http.ResponseWriter, r *http.Request, err error) {
			if half {
				w.WriteHeader(500)
			}
			panic("in the page")
		},
	})
	for _, path := range []string{"/panic", "/error", "/none"} {
		w := ask(ep.Handler(), "GET", path)
		if path == "/none" && w.Code != 404 || path != "/none" && w.Code != 500 {
			t.Errorf("%s: got %s", path, answer(w))
		}
	}
	if n := strings.Count(log.String(), "while an error was being answered"); n != 3 {
		t.Errorf("got %d reports, want 3:\n%s", n, log.String())
	}
	half = true
	for _, path := range []string{"/panic", "/none"} {
		if v := panicOf(func() { ask(ep.Handler(), "GET", path) }); v != http.ErrAbortHandler {
			t.Errorf("%s with half a page: got %v, want the connection cut", path, v)
		}
	}
}

func TestPanicBehindTheBeginningCutsTheConnection(t *testing.T) {
	ep, log := inMemory(t, Config{Handler: failing(func(next http.Handler) http.Handler { return next })})
	if v := panicOf(func() { ask(ep.Handler(), "GET", "/half") }); v != http.ErrAbortHandler {
		t.Errorf("got %v, want the connection cut", v)
	}
	if n := strings.Count(log.String(), "half way"); n != 1 {
		t.Errorf("got %d reports, want 1", n)
	}
}

func panicOf(f func()) (v any) {
	defer func() { v = recover() }()
	f()
	return nil
}

// Pages of other sites can read every kind of answer.
func TestCORSOnEveryAnswer(t *testing.T) {
	const origin = "https://app.example.com"
	ep, _ := inMemory(t, Config{Handler: failing(plug.CORS(plug.CORSConfig{Origins: []string{origin}}))})
	for _, tc := range []struct {
		method, path string
		want         int
	}{{"GET", "/panic", 500}, {"GET", "/gone", 410}, {"GET", "/error", 500}, {"GET", "/members", 401}, {"GET", "/none", 404}, {"POST", "/panic", 405}, {"OPTIONS", "/panic", 204}} {
		w := ask(ep.Handler(), tc.method, tc.path, "Origin", origin)
		if w.Code != tc.want || w.Header().Get("Access-Control-Allow-Origin") != origin {
			t.Errorf("%s %s: got %d with %v", tc.method, tc.path, w.Code, w.Header())
		}
		w = ask(ep.Handler(), "OPTIONS", tc.path, "Origin", origin, "Access-Control-Request-Method", "PUT")
		if w.Code != 204 || w.Header().Get("Access-Control-Allow-Methods") != "PUT" {
			t.Errorf("preflight of %s: got %d with %v", tc.path, w.Code, w.Header())
		}
	}
}

// Behind a proxy that takes TLS off, Front makes everything come over TLS, sockets included, but not the health checks.
func TestFrontForcesTLSBehindAProxy(t *testing.T) {
	ep, _ := inMemory(t, Config{
		Sockets: []Mount{{Path: "/socket", Socket: echoSocket(), LongPoll: &transport.LongPollConfig{}}},
		Front: plug.Pipeline(
			plug.RewriteOn(plug.RewriteOnConfig{Proxies: []string{"192.0.2.1"}, Headers: []string{plug.XForwardedProto, plug.XForwardedFor}}),
			plug.SSL(plug.SSLConfig{Logger: slog.New(slog.DiscardHandler)}),
		),
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.RemoteAddr, " ", plug.Scheme(r)) }),
	})
	for _, tc := range []struct {
		path   string
		header []string
		want   int
	}{
		{"/", nil, 301}, {"/socket/longpoll", nil, 301}, {"/socket/websocket", nil, 301}, {"/health", nil, 200},
		{"/", []string{"X-Forwarded-Proto", "https"}, 200}, {"/socket/longpoll", []string{"X-Forwarded-Proto", "https"}, 200},
	} {
		w := ask(ep.Handler(), "GET", "http://example.com"+tc.path, tc.header...)
		if w.Code != tc.want || tc.want == 301 && w.Header().Get("Location") != "https://example.com"+tc.path {
			t.Errorf("%s with %v: got %d %v", tc.path, tc.header, w.Code, w.Header())
		}
	}
	w := ask(ep.Handler(), "GET", "http://example.com/", "X-Forwarded-Proto", "https", "X-Forwarded-For", "203.0.113.9")
	if got := w.Body.String(); !strings.HasPrefix(got, "203.0.113.9:") || !strings.HasSuffix(got, " https") {
		t.Errorf("got %q", got)
	}
}

func TestLinks(t *testing.T) {
	for url, want := range map[string]string{
		"":                              "http://localhost:4000/users/7?a=b",
		"https://example.com":           "https://example.com/users/7?a=b",
		"https://example.com:443/":      "https://example.com/users/7?a=b",
		"http://example.com:443":        "http://example.com:443/users/7?a=b",
		"http://[::1]:80/shop/":         "http://[::1]/shop/users/7?a=b",
		"https://example.com:8443/shop": "https://example.com:8443/shop/users/7?a=b",
	} {
		ep, _ := inMemory(t, Config{URL: url})
		if got := ep.Link("/users/7?a=b"); got != want {
			t.Errorf("%q: got %s, want %s", url, got, want)
		}
		if got := router.Base(ep.URL().String(), "/users/7?a=b"); got != want {
			t.Errorf("%q: typed paths give %s, want %s", url, got, want)
		}
	}
	ep, _ := inMemory(t, Config{})
	for _, path := range []string{"", "users", "//evil.example", `/\evil.example`, "/a\nb", "https://evil.example"} {
		if panicOf(func() { ep.Link(path) }) == nil {
			t.Errorf("Link(%q) was accepted", path)
		}
	}
}

func TestReadyURL(t *testing.T) {
	for addr, want := range map[string]string{
		"": "http://127.0.0.1:4000/health/ready", ":80": "http://127.0.0.1:80/health/ready", "0.0.0.0:1": "http://127.0.0.1:1/health/ready",
		"[::]:1": "http://[::1]:1/health/ready", "10.0.0.1:1": "http://10.0.0.1:1/health/ready",
	} {
		ep, _ := inMemory(t, Config{Addr: addr})
		if got := ep.ReadyURL(); got != want {
			t.Errorf("%q: got %s, want %s", addr, got, want)
		}
	}
	if ep, _ := inMemory(t, Config{Health: "-"}); ep.ReadyURL() != "" {
		t.Error("health checks are off, but have a URL")
	}
	a := run(t, func(c *Config) { c.Health = "/up/" })
	if res, err := http.Get(a.ep.ReadyURL()); err != nil || res.StatusCode != 200 || !strings.HasSuffix(a.ep.ReadyURL(), "/up/ready") {
		t.Errorf("%s: got %v, %v", a.ep.ReadyURL(), res, err)
	} else {
		res.Body.Close()
	}
}

func TestRoutesListSockets(t *testing.T) {
	ep, _ := inMemory(t, Config{
		Sockets: []Mount{{Path: "/socket/", Socket: echoSocket(), LongPoll: &transport.LongPollConfig{}}, {Path: "/ws/{tenant}", Socket: echoSocket()}},
		Handler: router.New(func(r *router.Scope) {
			r.Get("/users", func(http.ResponseWriter, *http.Request) error { return nil }, router.Options{Action: "users.Index", Name: "users"})
			r.Get("/{any}", func(http.ResponseWriter, *http.Request) error { return nil }, router.Options{Action: "any"})
			r.Get("/never", func(http.ResponseWriter, *http.Request) error { return nil }, router.Options{Action: "never"})
		}),
	})
	var b strings.Builder
	if err := router.Format(&b, ep.Routes()); err != nil {
		t.Fatal(err)
	}
	want := "" +
		"Users  GET   /users                  users.Index\n" +
		"       GET   /{any}                  any\n" +
		"       GET   /never                  never\n" +
		"       WS    /socket/websocket       echo\n" +
		"       GET   /socket/longpoll        echo\n" +
		"       POST  /socket/longpoll        echo\n" +
		"       WS    /ws/{tenant}/websocket  echo\n"
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
	if warnings := ep.Warnings(); len(warnings) != 1 || !warnings[0].Unreachable {
		t.Errorf("got warnings %v", warnings)
	}
}

func TestHeaderLimit(t *testing.T) {
	a := run(t, func(c *Config) { c.MaxHeaderBytes = 8 << 10 })
	nc, err := net.Dial("tcp", a.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	fmt.Fprintf(nc, "GET /health HTTP/1.1\r\nHost: localhost\r\nX: %s\r\n\r\n", strings.Repeat("x", 20<<10))
	first := make([]byte, len("HTTP/1.1 431"))
	if _, err := io.ReadFull(nc, first); err != nil || string(first) != "HTTP/1.1 431" {
		t.Errorf("got %q, %v", first, err)
	}
}

// blackhole is a writer that costs nothing.
type blackhole struct{ h http.Header }

func (s *blackhole) Header() http.Header         { return s.h }
func (s *blackhole) Write(p []byte) (int, error) { return len(p), nil }
func (s *blackhole) WriteHeader(int)             {}

// throughAll is an endpoint with the plugs of a JSON API and one action.
func throughAll(t testing.TB) (http.Handler, *http.Request) {
	body := []byte(`{"data":{"id":7}}`)
	ep, _ := inMemory(t, Config{
		Plugs: plug.Pipeline(plug.RequestID(), plug.Telemetry(plug.TelemetryConfig{}), plug.Parsers(plug.ParsersConfig{}), plug.MethodOverride(), plug.Head()),
		Handler: router.New(func(r *router.Scope) {
			r.Scope("/api/v1", plug.Accepts("json"), func(r *router.Scope) {
				r.Get("/users", func(w http.ResponseWriter, r *http.Request) error {
					w.Header()["Content-Type"] = jsonType
					_, err := w.Write(body)
					return err
				})
			})
		}),
	})
	r := httptest.NewRequest("GET", "/api/v1/users", nil)
	r.Header.Set("Accept", "application/json")
	return ep.Handler(), r
}

var jsonType = []string{"application/json; charset=utf-8"}

// BenchmarkEdgeToAction is a request through the endpoint, the plugs of a JSON API, the router, to its action.
func BenchmarkEdgeToAction(b *testing.B) {
	h, r := throughAll(b)
	w := &blackhole{http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		clear(w.h)
		h.ServeHTTP(w, r)
	}
}

func TestAllocationsFromEdgeToAction(t *testing.T) {
	h, r := throughAll(t)
	w := &blackhole{http.Header{}}
	const most = 6
	got := testing.AllocsPerRun(200, func() {
		clear(w.h)
		h.ServeHTTP(w, r)
	})
	t.Logf("%v allocations", got)
	if got > most && !race.Enabled {
		t.Errorf("got %v allocations from the edge to the action, want at most %d", got, most)
	}
	// Of these the endpoint and the router make two: the exchange, and the request that has it.
	ep, _ := inMemory(t, Config{Handler: router.New(func(r *router.Scope) {
		r.Get("/", func(w http.ResponseWriter, r *http.Request) error {
			if exchange.Of(r) == nil {
				return errors.New("no exchange")
			}
			return nil
		})
	})})
	r = httptest.NewRequest("GET", "/", nil)
	if got := testing.AllocsPerRun(200, func() { ep.Handler().ServeHTTP(w, r) }); got > 2 && !race.Enabled {
		t.Errorf("got %v allocations of endpoint and router, want at most 2", got)
	}
}
