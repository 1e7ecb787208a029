package endpoint

import (
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"runtime/debug"
	"strings"
)

func (e *Endpoint) live(w http.ResponseWriter, r *http.Request) { health(w, http.StatusOK, "ok") }

func (e *Endpoint) ready(w http.ResponseWriter, r *http.Request) {
	if e.unready.Load() {
		health(w, http.StatusServiceUnavailable, "draining")
		return
	}
	health(w, http.StatusOK, "ok")
}

func health(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"status":%q}`, text)
}

// static serves the files that there are, "index.html" for a folder, and leaves the rest to next.
func static(files fs.FS, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			next.ServeHTTP(w, r)
			return
		}
		name := strings.TrimPrefix(path.Clean("/"+r.URL.Path), "/")
		if name == "" {
			name = "index.html"
		}
		if info, err := fs.Stat(files, name); err == nil && info.IsDir() {
			name = path.Join(name, "index.html")
		}
		info, err := fs.Stat(files, name)
		if err != nil || !info.Mode().IsRegular() {
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Set("X-Content-Type-Options", "nosniff")
		serveFile(w, r, files, name)
	})
}

// serveFile is http.ServeFileFS without its redirect of index.html to the folder.
func serveFile(w http.ResponseWriter, r *http.Request, files fs.FS, name string) {
	if strings.HasSuffix(r.URL.Path, "/index.html") || strings.HasSuffix(r.URL.Path, "/") {
		r2 := *r
		u := *r.URL
		u.Path = "/" + strings.TrimSuffix(name, "index.html")
		r2.URL = &u
		r = &r2
	}
	http.ServeFileFS(w, r, files, name)
}

// recovered is the border at which a request's panic ends: 500, one report.
func (e *Endpoint) recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sw := &statusWriter{ResponseWriter: w}
		defer func() {
			v := recover()
			if v == nil {
				return
			}
			if v == http.ErrAbortHandler {
				panic(v)
			}
			e.cfg.Logger.Error("endpoint: panic in a handler", "method", r.Method, "path", r.URL.Path, "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
			if sw.began {
				panic(http.ErrAbortHandler) // the answer is cut off, so that nobody takes it for whole
			}
			http.Error(w, "Internal Server Error", http.StatusInternalServerError)
		}()
		next.ServeHTTP(sw, r)
	})
}

// statusWriter knows whether the answer has begun. http.ResponseController finds the rest by Unwrap.
type statusWriter struct {
	http.ResponseWriter
	began bool
}

func (w *statusWriter) WriteHeader(status int) {
	w.began = w.began || status >= 200
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(p []byte) (int, error) {
	w.began = true
	return w.ResponseWriter.Write(p)
}

func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
