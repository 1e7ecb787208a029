package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
)

// kinds are the servers, the floor first.
var kinds = []string{"mux", "chi", "bennu"}

// userOf is what every server answers with.
func userOf(id string) map[string]any {
	return map[string]any{"data": map[string]string{"id": id, "name": "User " + id}}
}

func handlerOf(kind string) (http.Handler, error) {
	switch kind {
	case "mux":
		return muxServer(), nil
	case "chi":
		return chiServer(), nil
	case "bennu":
		return bennuServer(), nil
	}
	return nil, fmt.Errorf("web: no server %q; there are %v", kind, kinds)
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	json.NewEncoder(w).Encode(v)
}

// muxServer is the floor: net/http and nothing else.
func muxServer() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/ping", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, map[string]bool{"ok": true}) })
	mux.HandleFunc("GET /api/users/{id}", func(w http.ResponseWriter, r *http.Request) { writeJSON(w, userOf(r.PathValue("id"))) })
	mux.HandleFunc("GET /api/cached/{id}", func(w http.ResponseWriter, r *http.Request) { writeJSON(w, userOf(r.PathValue("id"))) })
	return mux
}

// chiServer has middlewares for what Bennu's pipeline does.
func chiServer() http.Handler {
	r := chi.NewRouter()
	r.Use(middleware.RequestID, middleware.Recoverer, middleware.RequestSize(8<<20))
	r.Route("/api", func(r chi.Router) {
		r.Use(acceptsJSON, middleware.SetHeader("X-Content-Type-Options", "nosniff"))
		r.Get("/ping", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, map[string]bool{"ok": true}) })
		r.Get("/users/{id}", func(w http.ResponseWriter, r *http.Request) { writeJSON(w, userOf(chi.URLParam(r, "id"))) })
		r.Get("/cached/{id}", func(w http.ResponseWriter, r *http.Request) { writeJSON(w, userOf(chi.URLParam(r, "id"))) })
	})
	return r
}

// acceptsJSON is what an API on chi writes by hand.
func acceptsJSON(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Header.Get("Accept") {
		case "", "*/*", "application/json":
			next.ServeHTTP(w, r)
		default:
			http.Error(w, "Not Acceptable", http.StatusNotAcceptable)
		}
	})
}

// serve serves one kind until ctx ends.
func serve(ctx context.Context, kind, addr string) error {
	h, err := handlerOf(kind)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	s := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	stop := context.AfterFunc(ctx, func() { s.Close() })
	defer stop()
	if err := s.Serve(l); err != http.ErrServerClosed {
		return err
	}
	return nil
}
