package plug_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/bennu-go/bennu/plug"
	"github.com/bennu-go/bennu/router"
)

func asked(h http.Handler, method, path string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// Pages of other sites can read the router's own answers too, and ask for leave for paths that have no OPTIONS.
func TestCORSOnAutomaticAnswers(t *testing.T) {
	rt := router.New(func(r *router.Scope) {
		r.Scope("/api", router.Always(plug.CORS(plug.CORSConfig{Origins: []string{"https://app.example.com"}})), func(r *router.Scope) {
			r.Get("/users", func(w http.ResponseWriter, r *http.Request) error { return nil })
			r.Get("/fails", func(w http.ResponseWriter, r *http.Request) error { return plug.ErrUnauthorized })
			r.Get("/breaks", func(w http.ResponseWriter, r *http.Request) error { return http.ErrBodyNotAllowed })
		})
	})
	const origin = "https://app.example.com"
	for _, tt := range []struct {
		method, path string
		want         int
	}{{"GET", "/api/users", 200}, {"HEAD", "/api/users", 200}, {"GET", "/api/fails", 401}, {"GET", "/api/breaks", 500}, {"GET", "/api/nothing", 404},
		{"DELETE", "/api/users", 405}, {"OPTIONS", "/api/users", 204}} {
		if w := asked(rt, tt.method, tt.path, "Origin", origin); w.Code != tt.want || w.Header().Get("Access-Control-Allow-Origin") != origin {
			t.Errorf("%s %s: got %d %v", tt.method, tt.path, w.Code, w.Header())
		}
		w := asked(rt, "OPTIONS", tt.path, "Origin", origin, "Access-Control-Request-Method", "DELETE")
		if w.Code != 204 || w.Header().Get("Access-Control-Allow-Methods") != "DELETE" {
			t.Errorf("preflight for %s: got %d %v", tt.path, w.Code, w.Header())
		}
	}
}

// A limit for each route knows the router's patterns.
func TestRateLimitPerRoute(t *testing.T) {
	rt := router.New(func(r *router.Scope) {
		r.Scope("/", plug.RateLimit(plug.RateLimitConfig{Limit: 1, PerRoute: true}), func(r *router.Scope) {
			nothing := func(w http.ResponseWriter, r *http.Request) error { return nil }
			r.Get("/a/{id}", nothing)
			r.Get("/b/{id}", nothing)
		})
	})
	for i, tt := range []struct {
		path string
		want int
	}{{"/a/1", 200}, {"/a/2", 429}, {"/b/1", 200}, {"/b/1", 429}} {
		if w := asked(rt, "GET", tt.path); w.Code != tt.want {
			t.Errorf("%d: %s: got %d, want %d", i, tt.path, w.Code, tt.want)
		}
	}
}
