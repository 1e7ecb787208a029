package endpoint

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/bennu-go/bennu/internal/exchange"
	"github.com/bennu-go/bennu/plug"
	"github.com/bennu-go/bennu/router"
)

// edge is where requests come in. It has three halls, each with its own way through: health checks, sockets, and the rest.
type edge struct {
	*Endpoint
	health, sockets *hall
	behind          http.Handler     // Front, then the sockets and the rest
	errors          plug.ErrorWriter // render, made once
}

// hall is a few paths that are looked for before the rest.
type hall struct {
	mux      *http.ServeMux
	prefixes []string // what their paths begin with: most requests are for none of them
}

func (h *hall) handle(pattern string, handler http.Handler) {
	h.mux.Handle(pattern, handler)
	path := pattern[strings.IndexByte(pattern, '/'):]
	prefix, _, _ := strings.Cut(path, "{")
	h.prefixes = append(h.prefixes, prefix)
}

// serve is false if the request is for none of the paths.
func (h *hall) serve(w http.ResponseWriter, r *http.Request) bool {
	for _, prefix := range h.prefixes {
		if !strings.HasPrefix(r.URL.Path, prefix) {
			continue
		}
		if _, pattern := h.mux.Handler(r); pattern == "" {
			continue
		}
		h.mux.ServeHTTP(w, r) // which Handler's answer does not replace: it sets the path's values
		return true
	}
	return false
}

// assemble puts what serves requests in order.
func (e *Endpoint) assemble(sockets *hall) http.Handler {
	health := &hall{mux: http.NewServeMux()}
	if e.cfg.Health != "-" {
		health.handle("GET "+e.cfg.Health, http.HandlerFunc(e.live))
		health.handle("GET "+e.readyPath(), http.HandlerFunc(e.ready))
	}
	rest := e.cfg.Handler
	if rest == nil {
		rest = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			plug.Refuse(w, r, &router.NoRouteError{Method: r.Method, Host: r.Host, Path: r.URL.Path})
		})
	}
	if e.cfg.Plugs != nil {
		rest = plug.Pipeline(e.cfg.Plugs)(rest)
	}
	behind := http.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !sockets.serve(w, r) {
			rest.ServeHTTP(w, r)
		}
	}))
	if e.cfg.Front != nil {
		behind = plug.Pipeline(e.cfg.Front)(behind)
	}
	return &edge{Endpoint: e, health: health, sockets: sockets, behind: behind, errors: e.render}
}

// ServeHTTP begins the exchange and ends what panics.
func (e *edge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if e.unready.Load() && r.Header.Get("Upgrade") == "" {
		// A proxy that kept the connection open would send its next request just when it closes.
		w.Header().Set("Connection", "close")
	}
	x, w, r := exchange.Begin(w, r)
	w, r = plug.SetErrors(w, r, e.errors)
	defer e.rescue(x, w, r)
	if !e.health.serve(w, r) {
		e.behind.ServeHTTP(w, r)
	}
}

func (e *Endpoint) live(w http.ResponseWriter, r *http.Request) { health(w, http.StatusOK, "ok") }

func (e *Endpoint) ready(w http.ResponseWriter, r *http.Request) {
	if e.unready.Load() {
		health(w, http.StatusServiceUnavailable, "draining")
		return
	}
	health(w, http.StatusOK, "ok")
}

func (e *Endpoint) readyPath() string { return strings.TrimSuffix(e.cfg.Health, "/") + "/ready" }

func health(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"status":%q}`, text)
}

// unlessDraining refuses new sockets while the endpoint drains: they would be closed at once.
func (e *Endpoint) unlessDraining(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if e.draining.Load() {
			w.Header().Set("Retry-After", "5")
			w.Header().Set("Connection", "close") // the next try is a new connection, which may reach another server
			http.Error(w, "the server is about to stop; connect again", http.StatusServiceUnavailable)
			return
		}
		h.ServeHTTP(w, r)
	})
}
