package router_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/bennu-go/bennu/internal/exchange"
	"github.com/bennu-go/bennu/param"
	"github.com/bennu-go/bennu/plug"
	"github.com/bennu-go/bennu/router"
)

// teapot answers errors in its own way.
func teapot(w http.ResponseWriter, r *http.Request, err error) {
	w.WriteHeader(plug.Status(err))
	fmt.Fprintf(w, "teapot: %v", err)
}

func TestErrorsGoToTheNearestWriter(t *testing.T) {
	rt := router.New(func(r *router.Scope) {
		r.Logger(slog.New(slog.DiscardHandler))
		r.Get("/fails", func(w http.ResponseWriter, r *http.Request) error { return errors.New("broken") })
		r.Scope("/api", func(r *router.Scope) {
			r.Fallback(func(w http.ResponseWriter, r *http.Request, err error) { w.WriteHeader(499) })
			r.Get("/fails", func(w http.ResponseWriter, r *http.Request) error { return errors.New("broken") })
		})
		r.Scope("/near", plug.Errors(func(w http.ResponseWriter, r *http.Request, err error) { w.WriteHeader(418) }), func(r *router.Scope) {
			r.Get("/fails", func(w http.ResponseWriter, r *http.Request) error { return errors.New("broken") })
		})
	})
	h := plug.Errors(teapot)(rt)
	want(t, h, "GET", "/fails", "500 teapot: broken")
	want(t, h, "GET", "/none", `404 teapot: router: no route for GET "/none"`)
	want(t, h, "POST", "/fails", `405 teapot: router: no route for POST "/fails", only for GET, HEAD, OPTIONS`)
	want(t, h, "GET", "/near/fails", "418")
	want(t, h, "GET", "/api/none", "499")
	want(t, h, "GET", "/api/fails", "499")
	want(t, rt, "GET", "/none", "404 Not Found")
}

func TestErrorBehindTheBeginningCutsTheConnection(t *testing.T) {
	var log bytes.Buffer
	rt := router.New(func(r *router.Scope) {
		r.Logger(slog.New(slog.NewTextHandler(&log, nil)))
		r.Get("/", func(w http.ResponseWriter, r *http.Request) error {
			io.WriteString(w, strings.Repeat("half of it ", 1000))
			return errors.New("the rest is gone")
		})
	})
	srv := httptest.NewServer(rt)
	defer srv.Close()
	resp, err := srv.Client().Get(srv.URL)
	if err == nil {
		_, err = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
	}
	if err == nil {
		t.Error("the client takes half of the answer for the whole")
	}
	if !strings.Contains(log.String(), "behind the beginning") || !strings.Contains(log.String(), "the rest is gone") {
		t.Errorf("got log %q", log.String())
	}
}

func TestPathOverBodyOverQuery(t *testing.T) {
	rt := router.New(func(r *router.Scope) {
		r.Scope("/", plug.Parsers(plug.ParsersConfig{}), func(r *router.Scope) {
			r.Post("/users/{id}", func(w http.ResponseWriter, r *http.Request) error {
				m := param.Of(r)
				fmt.Fprint(w, m["id"], m["name"], m["page"])
				return nil
			})
		})
	})
	r := httptest.NewRequest("POST", "/users/1?id=2&name=query&page=7", strings.NewReader("id=3&name=body"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	rt.ServeHTTP(w, r)
	if got := w.Body.String(); got != "1body7" {
		t.Errorf("got %q", got)
	}
}

// What the router finds out is where the exchange is, for plugs in front of it too, and no context is made for it.
func TestFindingsAreInTheExchange(t *testing.T) {
	type key struct{}
	mount := ""
	rt := router.New(func(r *router.Scope) {
		r.Value(key{}, "of the scope")
		r.Forward("/shop", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { mount = router.MountPath(r) }))
		r.Get("/users/{id}", func(w http.ResponseWriter, r *http.Request) error {
			if r.Context() != exchange.Of(r) {
				t.Error("the context of the request is another one")
			}
			return nil
		})
	})
	x, w, r := exchange.Begin(httptest.NewRecorder(), httptest.NewRequest("GET", "/users/7", nil))
	rt.ServeHTTP(w, r)
	if route, _ := exchange.Route.Get(x); route == nil || *route != "GET /users/{id}" {
		t.Errorf("got route %v", route)
	}
	if got := r.Context().Value(key{}); got != "of the scope" {
		t.Errorf("got value %v", got)
	}
	x, w, r = exchange.Begin(httptest.NewRecorder(), httptest.NewRequest("GET", "/shop/cart", nil))
	rt.ServeHTTP(w, r)
	if route, _ := exchange.Route.Get(x); mount != "/shop" || router.MountPath(r) != "" || route == nil || *route != "/shop" {
		t.Errorf("got mount path %q inside and %q outside, route %v", mount, router.MountPath(r), route)
	}
}

func TestDeprecatedRoutes(t *testing.T) {
	rt := router.New(func(r *router.Scope) {
		r.Get("/old/{id}", nobody, router.Options{Name: "old", Deprecated: "use New"})
		r.Get("/half", nobody, router.Options{Name: "half", Deprecated: "use New"})
		r.Post("/half", nobody, router.Options{Name: "half"})
	})
	var src bytes.Buffer
	if err := router.WriteGo(&src, "paths", rt.Routes()); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(src.String(), "//\n// Deprecated: use New\nfunc Old"); n != 2 {
		t.Errorf("got %d marks, want 2, in\n%s", n, src.String())
	}
	if strings.Contains(src.String(), "use New\nfunc Half") {
		t.Errorf("one of two routes is marked, and so is the path:\n%s", src.String())
	}
	if got := rt.Routes()[0].Deprecated; got != "use New" {
		t.Errorf("got %q", got)
	}
	wantMistake(t, "several lines", func(r *router.Scope) { r.Get("/", nobody, router.Options{Deprecated: "a\nb"}) })
}
