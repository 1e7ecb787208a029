package router_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/bennu-go/bennu/internal/exchange"
	"github.com/bennu-go/bennu/router"
	"github.com/bennu-go/bennu/telemetry"
)

// silent is a ResponseWriter that keeps nothing.
type silent struct{ h http.Header }

func (s silent) Header() http.Header         { return s.h }
func (s silent) Write(p []byte) (int, error) { return len(p), nil }
func (s silent) WriteHeader(int)             {}

// api is a table of the size that applications have: 50 resources with 7 routes each, 3 versions of some.
func api() []route {
	table := []route{{"GET", "", "/"}, {"GET", "", "/health"}}
	for i := range 50 {
		p := fmt.Sprintf("/api/v%d/things%d", 1+i%3, i)
		table = append(table, route{"GET", "", p}, route{"GET", "", p + "/{id}/edit"}, route{"GET", "", p + "/new"}, route{"GET", "", p + "/{id}"},
			route{"POST", "", p}, route{"PUT", "", p + "/{id}"}, route{"DELETE", "", p + "/{id}"},
			route{"GET", "", p + "/{thing_id}/parts/{id}"})
	}
	return table
}

var benchTargets = []struct{ name, method, target string }{
	{"static", "GET", "/api/v2/things49/new"},
	{"root", "GET", "/"},
	{"param=1", "GET", "/api/v2/things49/1234"},
	{"param=2", "GET", "/api/v2/things49/1234/parts/7"},
	{"escaped", "GET", "/api/v2/things49/a%2Fb"},
	{"head", "HEAD", "/health"},
}

func BenchmarkServe(b *testing.B) {
	table := api()
	mux := http.NewServeMux()
	rt := router.New(func(r *router.Scope) {
		for _, d := range table {
			r.Match([]string{d.method}, d.path, nobody)
			mux.HandleFunc(muxPattern(d), func(http.ResponseWriter, *http.Request) {})
		}
	})
	for _, h := range []struct {
		name string
		http.Handler
	}{{"router", rt}, {"servemux", mux}} {
		for _, c := range benchTargets {
			b.Run(h.name+"/"+c.name, func(b *testing.B) {
				r := httptest.NewRequest(c.method, c.target, nil)
				blank, w := *r, silent{http.Header{}}
				b.ReportAllocs()
				for b.Loop() {
					*r = blank // without the path values of the round before
					h.ServeHTTP(w, r)
				}
			})
		}
	}
}

func BenchmarkPipeline(b *testing.B) {
	pass := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(w, r) })
	}
	rt := router.New(func(r *router.Scope) {
		r.Scope("/api", pass, pass, pass, pass, pass, func(r *router.Scope) { r.Get("/x", nobody) })
	})
	r, w := httptest.NewRequest("GET", "/api/x", nil), silent{http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		rt.ServeHTTP(w, r)
	}
}

func BenchmarkNotFound(b *testing.B) {
	rt, _ := routerOf(api())
	r, w := httptest.NewRequest("GET", "/api/v2/none", nil), silent{http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		rt.ServeHTTP(w, r)
	}
}

func BenchmarkNew(b *testing.B) {
	table := api()
	b.ReportAllocs()
	for b.Loop() {
		routerOf(table)
	}
}

func routerOf(table []route) (*router.Router, int) {
	return router.New(func(r *router.Scope) {
		for _, d := range table {
			r.Match([]string{d.method}, d.path, nobody)
		}
	}), len(table)
}

func TestMatchAllocates(t *testing.T) {
	off := telemetry.New(telemetry.Config{})
	rt := router.New(func(r *router.Scope) {
		r.Telemetry(off)
		r.Scope("/", mark("unused"), func(r *router.Scope) {
			r.Host("example.com", "www.")
			r.Get("/hosts/only", nobody)
		})
		for _, d := range api() {
			r.Match([]string{d.method}, d.path, nobody)
		}
		r.Get("/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p", nobody)
	})
	slack := 0.0
	if raceEnabled {
		slack = 2 // the race detector allocates
	}
	for _, c := range []struct {
		method, target string
		most           float64
	}{
		{"GET", "/", 0},
		{"HEAD", "/health", 0},
		{"GET", "/api/v2/things49/new", 0},
		{"GET", "/api//v2/things49/new/", 0},
		{"POST", "/api/v1/things48", 0},
		{"GET", "/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p", 0},
		{"GET", "/api/v2/things49/1234", 2},         // the map that SetPathValue makes
		{"GET", "/api/v2/things49/1234/parts/7", 2}, // the same one
	} {
		_, w, r := exchange.Begin(silent{http.Header{}}, httptest.NewRequest(c.method, c.target, nil))
		blank := *r
		got := testing.AllocsPerRun(100, func() {
			*r = blank
			rt.ServeHTTP(w, r)
		})
		if got > c.most+slack {
			t.Errorf("%s %s: got %v allocations, want at most %v", c.method, c.target, got, c.most)
		}
	}
	// A request and its path values used again cost nothing.
	_, w, r := exchange.Begin(silent{http.Header{}}, httptest.NewRequest("GET", "/api/v2/things49/1234", nil))
	if got := testing.AllocsPerRun(100, func() { rt.ServeHTTP(w, r) }); got > slack {
		t.Errorf("got %v allocations besides those of SetPathValue, want none", got)
	}
	// By itself the router begins the exchange.
	bare, alone := httptest.NewRequest("GET", "/health", nil), silent{http.Header{}}
	if got := testing.AllocsPerRun(100, func() { rt.ServeHTTP(alone, bare) }); got > 2+slack {
		t.Errorf("got %v allocations without an exchange, want at most 2", got)
	}
}
