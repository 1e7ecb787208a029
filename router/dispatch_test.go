package router_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bennu-go/bennu/router"
	"github.com/bennu-go/bennu/telemetry"
	"github.com/google/go-cmp/cmp"
)

// status is an error that says how to answer it.
type status int

func (s status) Error() string   { return fmt.Sprintf("I am %d", int(s)) }
func (s status) HTTPStatus() int { return int(s) }

func TestFirstDefinedWins(t *testing.T) {
	rt := router.New(func(r *router.Scope) {
		r.Get("/{any}/fixed", say("any", "any"))
		r.Get("/a/{x}", say("a", "x"))
		r.Get("/{any}/{x}", say("both", "any", "x"))
		r.Get("/a/b", say("late"))
		r.Get("/{rest...}", say("rest", "rest"))
	})
	want(t, rt, "GET", "/a/fixed", "200 any any=a")
	want(t, rt, "GET", "/a/b", "200 a x=b")
	want(t, rt, "GET", "/c/b", "200 both any=c x=b")
	want(t, rt, "GET", "/c", "200 rest rest=c")
}

func TestOrderGoesByMethodToo(t *testing.T) {
	rt := router.New(func(r *router.Scope) {
		r.Post("/{x}", say("post"))
		r.Get("/a", say("get"))
		r.Any("/{x}", say("any"))
		r.Put("/a", say("put"))
	})
	want(t, rt, "POST", "/a", "200 post")
	want(t, rt, "GET", "/a", "200 get")
	want(t, rt, "PUT", "/a", "200 any")
}

func TestAutomaticHead(t *testing.T) {
	rt := router.New(func(r *router.Scope) {
		r.Head("/own", say("own head"))
		r.Get("/own", say("own get"))
		r.Get("/page", func(w http.ResponseWriter, r *http.Request) error {
			w.Header().Set("Seen", r.Method)
			_, err := w.Write([]byte("page"))
			return err
		})
	})
	want(t, rt, "HEAD", "/own", "200 own head")
	srv := httptest.NewServer(rt)
	defer srv.Close()
	res, err := srv.Client().Head(srv.URL + "/page")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != 200 || res.Header.Get("Seen") != "HEAD" || res.ContentLength != 4 {
		t.Errorf("got %d, method %q, length %d; want 200, HEAD, 4", res.StatusCode, res.Header.Get("Seen"), res.ContentLength)
	}
}

func TestAutomaticOptions(t *testing.T) {
	rt := router.New(func(r *router.Scope) {
		r.Through(mark("not for this"))
		r.Get("/users/{id}", say("show"))
		r.Delete("/users/{id}", say("delete"))
		r.Post("/users/new", say("new"))
		r.Options("/own", say("own"))
	})
	w := want(t, rt, "OPTIONS", "/users/7", "204")
	wantAllow(t, w, "DELETE, GET, HEAD, OPTIONS")
	wantPassed(t, w)
	wantAllow(t, want(t, rt, "OPTIONS", "/users/new", "204"), "DELETE, GET, HEAD, OPTIONS, POST")
	wantAllow(t, want(t, rt, "OPTIONS", "/own", "200 own"), "")
	wantAllow(t, want(t, rt, "OPTIONS", "/none", "404 Not Found"), "")
	wantAllow(t, want(t, rt, "OPTIONS", "*", "404 Not Found"), "")
}

func wantAllow(t *testing.T, w *httptest.ResponseRecorder, allow string) {
	t.Helper()
	if got := w.Header().Get("Allow"); got != allow {
		t.Errorf("got Allow %q, want %q", got, allow)
	}
}

func TestMethodNotAllowed(t *testing.T) {
	rt := router.New(func(r *router.Scope) {
		r.Get("/a", say("a"))
		r.Post("/{x}", say("x"))
		r.Scope("/", func(r *router.Scope) {
			r.Host("other.")
			r.Put("/a", say("other"))
		})
	})
	wantAllow(t, want(t, rt, "DELETE", "/a", "405 Method Not Allowed"), "GET, HEAD, OPTIONS, POST")
	wantAllow(t, want(t, rt, "DELETE", "/b", "405 Method Not Allowed"), "OPTIONS, POST")
	wantAllow(t, want(t, rt, "DELETE", "http://other.org/a", "405 Method Not Allowed"), "GET, HEAD, OPTIONS, POST, PUT")
	wantAllow(t, want(t, rt, "DELETE", "/a/b", "404 Not Found"), "")
}

// cors answers preflights, and puts its header on everything else.
func cors(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		if r.Method == "OPTIONS" && r.Header.Get("Access-Control-Request-Method") != "" {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func TestAlwaysPipelinesAreOnAutomaticAnswers(t *testing.T) {
	rt := router.New(func(r *router.Scope) {
		r.Scope("/other", func(r *router.Scope) { r.Get("/", say("other")) })
		r.Scope("/api", func(r *router.Scope) {}) // same path, nothing to add
		r.Scope("/api", router.Always(cors), mark("auth"), halt(401), func(r *router.Scope) {
			r.Get("/users", say("users"))
			r.Scope("/t/{tenant}", func(r *router.Scope) {
				r.Post("/", say("tenant"))
			})
		})
	})
	for _, c := range []struct {
		method, target, answer string
		cors                   bool
	}{
		{"GET", "/api/users", "401", true}, // a match: everything runs
		{"OPTIONS", "/api/users", "204", true},
		{"PUT", "/api/users", "405 Method Not Allowed", true},
		{"GET", "/api/none", "404 Not Found", true},
		{"GET", "/api", "404 Not Found", true},
		{"GET", "/api/t/7/none", "404 Not Found", true},
		{"GET", "/apis", "404 Not Found", false},
		{"GET", "/none", "404 Not Found", false},
		{"PUT", "/other", "405 Method Not Allowed", false},
	} {
		w := want(t, rt, c.method, c.target, c.answer)
		if got := w.Header().Get("Access-Control-Allow-Origin") != ""; got != c.cors {
			t.Errorf("%s %s: got CORS %t, want %t", c.method, c.target, got, c.cors)
		}
		if auth := c.answer == "401"; auth != (w.Header().Get("Passed") != "") {
			t.Errorf("%s %s: only a match runs the other pipelines", c.method, c.target)
		}
	}
	w := serve(rt, "OPTIONS", "/api/users", "Access-Control-Request-Method", "GET")
	if w.Header().Get("Allow") != "" || w.Code != 204 {
		t.Errorf("got %d with Allow %q, want the answer of the plug itself", w.Code, w.Header().Get("Allow"))
	}
}

func TestUnmatchedGoesToTheScopeOfItsHost(t *testing.T) {
	own := func(w http.ResponseWriter, r *http.Request, err error) {
		w.WriteHeader(router.Status(err))
		w.Write([]byte("own"))
	}
	rt := router.New(func(r *router.Scope) {
		r.Scope("/", func(r *router.Scope) {})
		r.Scope("/", func(r *router.Scope) {
			r.Host("api.")
			r.Fallback(own)
			r.Get("/", say("api"))
		})
	})
	want(t, rt, "GET", "http://api.example.com/none", "404 own")
	want(t, rt, "POST", "http://api.example.com/", "405 own")
	want(t, rt, "GET", "http://example.com/none", "404 Not Found")
}

func TestPathValuesAndPattern(t *testing.T) {
	var got *http.Request
	rt := router.New(func(r *router.Scope) {
		keep := func(w http.ResponseWriter, r *http.Request) error { got = r; return nil }
		r.Get("/users/{user_id}/files/{rest...}", keep)
		r.Any("/any/v-{x}", keep)
	})
	r := httptest.NewRequest("GET", "/users/7/files/a/b", nil)
	rt.ServeHTTP(httptest.NewRecorder(), r)
	for _, r := range []*http.Request{r, got} { // in front of the router, and behind it
		if r.Pattern != "GET /users/{user_id}/files/{rest...}" || r.PathValue("user_id") != "7" || r.PathValue("rest") != "a/b" {
			t.Errorf("got pattern %q, values %q and %q", r.Pattern, r.PathValue("user_id"), r.PathValue("rest"))
		}
	}
	r = httptest.NewRequest("BREW", "/any/v-2", nil)
	rt.ServeHTTP(httptest.NewRecorder(), r)
	if r.Pattern != "/any/v-{x}" || r.PathValue("x") != "2" {
		t.Errorf("got pattern %q, value %q", r.Pattern, r.PathValue("x"))
	}
	rt.ServeHTTP(httptest.NewRecorder(), &http.Request{Method: "", URL: r.URL, Host: "x", Header: http.Header{}})
	if got.Pattern != "/any/v-{x}" {
		t.Errorf("got pattern %q of a request without method", got.Pattern)
	}
}

func TestServesManyAtOnce(t *testing.T) {
	rt := router.New(func(r *router.Scope) {
		r.Scope("/", pipe("p"), func(r *router.Scope) { r.Get("/users/{id}", say("user", "id")) })
		r.Forward("/f", showURL)
	})
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 50 {
				id := fmt.Sprint(i*100 + j)
				want(t, rt, "GET", "/users/"+id, "200 user id="+id)
				want(t, rt, "PUT", "/users/"+id, "405 Method Not Allowed")
				want(t, rt, "GET", "/f/"+id, "200 GET path=/"+id+" raw= mount=/f")
				rt.Routes()
			}
		})
	}
	wg.Wait()
}

func TestMountsInServeMux(t *testing.T) {
	mux := http.NewServeMux()
	mux.Handle("/t/{tenant}/", http.StripPrefix("/t/acme", router.New(func(r *router.Scope) {
		r.Get("/users/{id}", say("user", "tenant", "id"))
	})))
	want(t, mux, "GET", "/t/acme/users/7", "200 user tenant=acme id=7")
}

func TestErrorStatus(t *testing.T) {
	for _, c := range []struct {
		err  error
		want int
	}{
		{errors.New("boom"), 500}, {status(404), 404}, {fmt.Errorf("loading: %w", status(409)), 409}, {status(200), 500}, {status(600), 500},
		{status(0), 500}, {fmt.Errorf("reading: %w", &http.MaxBytesError{Limit: 1}), 413}, {&router.NoRouteError{}, 404},
		{&router.MethodNotAllowedError{}, 405}, {context.Canceled, 500},
	} {
		if got := router.Status(c.err); got != c.want {
			t.Errorf("%v: got status %d, want %d", c.err, got, c.want)
		}
	}
}

func TestWriteErrorNegotiates(t *testing.T) {
	const text, js = "Not Found\n", `{"errors":{"detail":"Not Found"}}`
	for _, c := range []struct{ accept, content, want string }{
		{"", "", text},
		{"*/*", "", text},
		{"application/json", "", js},
		{"application/vnd.api+json; charset=utf-8", "", js},
		{"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "", text},
		{"text/html;q=0.5, application/json", "", js},
		{"text/plain, application/json", "", text},
		{"application/json;q=0", "", text},
		{"application/json;q=much, ;;;", "", text},
		{"*/*", "application/json; charset=utf-8", js},
		{"text/html", "application/json", text},
	} {
		r := httptest.NewRequest("POST", "/", nil)
		r.Header.Set("Accept", c.accept)
		r.Header.Set("Content-Type", c.content)
		w := httptest.NewRecorder()
		w.Header().Set("Content-Length", "1000")
		w.Header().Set("Etag", `"a"`)
		router.WriteError(w, r, status(404))
		if w.Body.String() != c.want || w.Code != 404 {
			t.Errorf("accept %q, content %q: got %d %q, want %q", c.accept, c.content, w.Code, w.Body, c.want)
		}
		if h := w.Header(); h.Get("Content-Length") != "" || h.Get("Etag") != "" || h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("got header %v, want nothing of the answer that did not come", h)
		}
	}
	w := httptest.NewRecorder()
	router.WriteError(w, httptest.NewRequest("GET", "/", nil), status(499))
	if got := w.Body.String(); got != "Error 499\n" {
		t.Errorf("got %q of a status without text", got)
	}
}

// boom is an action that panics.
func boom(v any) router.Action {
	return func(http.ResponseWriter, *http.Request) error { panic(v) }
}

func TestPanicsPassThrough(t *testing.T) {
	tel := telemetry.New(telemetry.Config{})
	var events []string
	telemetry.Attach(tel, func(_ context.Context, e telemetry.RouteException) {
		events = append(events, fmt.Sprintf("exception %s %v, stack with action %t", e.Route, e.Reason, strings.Contains(string(e.Stack), ".boom.")))
	})
	telemetry.Attach(tel, func(_ context.Context, e telemetry.RouteStop) {
		events = append(events, fmt.Sprintf("stop %s %v", e.Route, e.Err))
	})
	slice := []int{1}
	for _, on := range []*telemetry.Telemetry{nil, tel} {
		rt := router.New(func(r *router.Scope) {
			r.Telemetry(on)
			r.Get("/text", boom("text"))
			r.Get("/error", boom(status(1)))
			r.Get("/slice", boom(slice))
			r.Get("/abort", boom(http.ErrAbortHandler))
		})
		for path, v := range map[string]any{"/text": "text", "/error": status(1), "/abort": http.ErrAbortHandler, "/slice": slice} {
			func() {
				defer func() {
					if got := recover(); fmt.Sprint(got) != fmt.Sprint(v) {
						t.Errorf("%s: got panic %v, want %v", path, got, v)
					}
				}()
				serve(rt, "GET", path)
			}()
		}
	}
	if len(events) != 4 {
		t.Errorf("got events %q, want four", events)
	}
	for _, e := range []string{
		"exception /text text, stack with action true", "exception /error I am 1, stack with action true",
		"exception /slice [1], stack with action true", "stop /abort net/http: abort Handler",
	} {
		if !strings.Contains(strings.Join(events, "\n"), e) {
			t.Errorf("got events %q, want %q among them", events, e)
		}
	}
}

func TestTelemetryOfRoutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tel := telemetry.New(telemetry.Config{})
		var events []telemetry.Event
		tel.AttachAll(func(_ context.Context, e telemetry.Event) { events = append(events, e) })
		slow := func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				time.Sleep(time.Second)
				next.ServeHTTP(w, r)
			})
		}
		rt := router.New(func(r *router.Scope) {
			r.Telemetry(tel)
			r.Log(telemetry.LogWarn)
			r.Scope("/", router.Pipeline{Name: "slow", Plugs: []router.Plug{slow}}, func(r *router.Scope) {
				r.Get("/users/{id}", fail(status(409)), router.Options{Action: "Users.Show"})
				r.Scope("/in", router.Pipeline{Name: "auth", Plugs: []router.Plug{halt(401)}}, func(r *router.Scope) {
					r.Post("/", say("in"), router.Options{Action: "In"})
				})
			})
		})
		serve(rt, "HEAD", "/users/7")
		serve(rt, "POST", "/in")
		serve(rt, "GET", "/none")
		diff := cmp.Diff([]telemetry.Event{
			telemetry.RouteStart{Method: "HEAD", Route: "/users/{id}", Action: "Users.Show", Params: map[string]any{"id": "7"}, Pipelines: []string{"slow"}, Log: telemetry.LogWarn},
			telemetry.RouteStop{Method: "HEAD", Route: "/users/{id}", Action: "Users.Show", Duration: time.Second, Err: status(409)},
			telemetry.RouteStart{Method: "POST", Route: "/in", Action: "In", Pipelines: []string{"slow", "auth"}, Log: telemetry.LogWarn},
			telemetry.RouteStop{Method: "POST", Route: "/in", Action: "In", Duration: time.Second},
		}, events)
		if diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
	})
}

func TestRouteInfo(t *testing.T) {
	rt := router.New(func(r *router.Scope) {
		r.Name("v1")
		r.Get("/users/{id}", say("user"), router.Options{Name: "user", Action: "Users.Show", Meta: map[string]any{"live": true}})
		r.Scope("/", pipe("admin"), func(r *router.Scope) {
			r.Host("admin.")
			r.Forward("/dash", http.NotFoundHandler())
		})
	})
	m, err := rt.RouteInfo("", "example.com", "//users/a%2Fb/")
	if err != nil {
		t.Fatal(err)
	}
	m.Place = ""
	want := router.Route{
		Method: "GET", Path: "/users/{id}", Hosts: []string{}, Name: "V1User", Action: "Users.Show", Pipelines: []string{},
		Meta: map[string]any{"live": true},
	}
	if diff := cmp.Diff(want, m.Route); diff != "" {
		t.Errorf("route (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]string{"id": "a/b"}, m.Params); diff != "" {
		t.Errorf("params (-want +got):\n%s", diff)
	}
	m, err = rt.RouteInfo("PUT", "admin.example.com:80", "/dash/x/y")
	if err != nil || !m.Forward || m.Params == nil || len(m.Params) != 0 || m.Route.String() != "* admin.*/dash" {
		t.Errorf("got %+v (%v), want the forward without parameters", m, err)
	}
	var none *router.NoRouteError
	for _, path := range []string{"/none", "users/1", "/users/%zz", "/users/..", "/users/%2e%2E", "/users/%2e"} {
		if _, err := rt.RouteInfo("GET", "", path); !errors.As(err, &none) {
			t.Errorf("%q: got %v, want a NoRouteError", path, err)
		}
	}
	var not *router.MethodNotAllowedError
	if _, err := rt.RouteInfo("POST", "", "/users/1"); !errors.As(err, &not) || !cmp.Equal(not.Allow, []string{"GET", "HEAD", "OPTIONS"}) {
		t.Errorf("got %v, want a MethodNotAllowedError with GET, HEAD and OPTIONS", err)
	}
}
