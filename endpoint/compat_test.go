package endpoint

import (
	"compress/gzip"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/pprof"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/go-chi/chi/v5"
	chimw "github.com/go-chi/chi/v5/middleware"
	"github.com/gorilla/handlers"
	"github.com/rs/cors"

	"github.com/bennu-go/bennu/param"
	"github.com/bennu-go/bennu/plug"
	"github.com/bennu-go/bennu/router"
	"github.com/bennu-go/bennu/session"
	"github.com/bennu-go/bennu/token"
)

// visits is an action that needs what Bennu's plugs have done: parameters, session, error writer.
func visits(w http.ResponseWriter, r *http.Request) error {
	if r.PathValue("id") == "0" {
		return plug.ErrUnauthorized
	}
	s := session.Of(r)
	n, _ := s.Int("visits")
	s.Put("visits", n+1)
	fmt.Fprintf(w, "%v %s %d %s", param.Of(r)["id"], r.Pattern, n+1, strings.Repeat("text that compresses ", 200))
	return nil
}

// Middlewares that know nothing of Bennu work as its plugs: in front of the router, in pipelines, and around each other.
func TestMiddlewaresOfOthersAsPlugs(t *testing.T) {
	var combined strings.Builder
	foreign := map[string][]plug.Plug{
		"chi":        {chimw.RequestID, chimw.RealIP, chimw.NoCache, chimw.Compress(5), chimw.Timeout(time.Minute), chimw.StripSlashes, chimw.Recoverer},
		"rs/cors":    {cors.New(cors.Options{AllowedOrigins: []string{"https://app.example.com"}}).Handler},
		"gorilla":    {handlers.CompressHandler, func(h http.Handler) http.Handler { return handlers.CombinedLoggingHandler(&combined, h) }, handlers.ProxyHeaders},
		"net/http":   {func(h http.Handler) http.Handler { return http.MaxBytesHandler(h, 1<<20) }, http.NewCrossOriginProtection().Handler},
		"chi's wrap": {chimw.RequestLogger(&chimw.DefaultLogFormatter{Logger: silentLogger{}, NoColor: true})},
	}
	own := plug.Pipeline(plug.RequestID(), plug.Parsers(plug.ParsersConfig{}),
		session.Load(session.NewCookieStore(session.Config{Secrets: token.Secrets{strings.Repeat("a secret of tests ", 4)}})))
	for name, plugs := range foreign {
		theirs := plug.Pipeline(plugs...)
		for where, cfg := range map[string]Config{
			"in front":    {Plugs: plug.Pipeline(theirs, own), Handler: visited()},
			"behind":      {Plugs: plug.Pipeline(own, theirs), Handler: visited()},
			"a pipeline":  {Plugs: own, Handler: visited(theirs)},
			"at the edge": {Front: theirs, Plugs: own, Handler: visited()},
		} {
			t.Run(name+" "+where, func(t *testing.T) {
				ep, log := inMemory(t, cfg)
				srv := httptest.NewServer(ep.Handler())
				defer srv.Close()
				var cookies []*http.Cookie
				for n := 1; n <= 3; n++ {
					req, _ := http.NewRequest("GET", srv.URL+"/users/7?id=8", nil)
					req.Header.Set("Origin", "https://app.example.com")
					req.Header.Set("Sec-Fetch-Site", "same-origin")
					for _, c := range cookies {
						req.AddCookie(c)
					}
					resp, err := srv.Client().Do(req)
					if err != nil {
						t.Fatal(err)
					}
					body, err := io.ReadAll(resp.Body)
					resp.Body.Close()
					if want := fmt.Sprintf("7 GET /users/{id} %d text", n); err != nil || resp.StatusCode != 200 || !strings.HasPrefix(string(body), want) {
						t.Fatalf("got %s %.60q, %v; want %q; log: %s", resp.Status, body, err, want, log)
					}
					if name == "rs/cors" && resp.Header.Get("Access-Control-Allow-Origin") == "" {
						t.Errorf("the middleware's header is missing: %v", resp.Header)
					}
					cookies = resp.Cookies()
				}
				resp, err := srv.Client().Get(srv.URL + "/users/0")
				if err != nil {
					t.Fatal(err)
				}
				body, _ := io.ReadAll(resp.Body)
				resp.Body.Close()
				if resp.StatusCode != 401 || strings.TrimSpace(string(body)) != "Unauthorized" {
					t.Errorf("refused with %s %q", resp.Status, body)
				}
			})
		}
	}
	if !strings.Contains(combined.String(), `"GET /users/0 HTTP/1.1" 401`) {
		t.Errorf("gorilla's log has no line of the refusal: %.300s", combined.String())
	}
}

func visited(plugs ...any) *router.Router {
	return router.New(func(r *router.Scope) {
		r.Logger(slog.New(slog.DiscardHandler))
		r.Through(plugs...)
		r.Get("/users/{id}", visits)
	})
}

type silentLogger struct{}

func (silentLogger) Print(...any) {}

// Every http.Handler mounts, at a route or below a prefix.
func TestHandlersOfOthersMount(t *testing.T) {
	other := chi.NewRouter()
	other.Use(chimw.StripSlashes)
	other.Get("/items/{item}", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "chi %s below %s", chi.URLParam(r, "item"), router.MountPath(r))
	})
	mux := http.NewServeMux()
	mux.HandleFunc("GET /things/{id}", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintf(w, "mux %s", r.PathValue("id")) })
	ep, _ := inMemory(t, Config{Handler: router.New(func(r *router.Scope) {
		r.Forward("/chi", other)
		r.Forward("/mux", mux)
		r.Forward("/files", http.FileServerFS(fstest.MapFS{"docs/a.txt": {Data: []byte("a file")}}))
		r.Handle("GET", "/debug/pprof/cmdline", http.HandlerFunc(pprof.Cmdline))
		r.Handle("GET", "/debug/pprof/{rest...}", http.HandlerFunc(pprof.Index))
		r.Handle("GET", "/gone", http.RedirectHandler("/files/docs/", http.StatusSeeOther))
	})})
	srv := httptest.NewServer(ep.Handler())
	defer srv.Close()
	for path, want := range map[string]string{
		"/chi/items/7": "200 chi 7 below /chi", "/chi/none": "404 404 page not found", "/mux/things/7": "200 mux 7", "/files/docs/a.txt": "200 a file",
		"/gone": `200 <!doctype html>`, "/debug/pprof/cmdline": "200 ", "/debug/pprof/": "200 <html>", "/debug/pprof/goroutine?debug=1": "200 goroutine profile:",
	} {
		resp, err := srv.Client().Get(srv.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if got := fmt.Sprintf("%d %s", resp.StatusCode, body); !strings.HasPrefix(got, want) {
			t.Errorf("%s: got %.100q, want %q", path, got, want)
		}
	}
}

// Bennu's plugs and routers work where there is nothing else of it.
func TestOursWorkUnderOthers(t *testing.T) {
	own := plug.Pipeline(plug.RequestID(), plug.Compress(plug.CompressConfig{}), plug.Parsers(plug.ParsersConfig{}),
		session.Load(session.NewCookieStore(session.Config{Secrets: token.Secrets{strings.Repeat("a secret of tests ", 4)}})))
	inner := chi.NewRouter()
	inner.Use(own)
	inner.Mount("/", visited())
	mux := http.NewServeMux()
	mux.Handle("/", own(visited()))
	for name, h := range map[string]http.Handler{"chi": inner, "ServeMux": mux, "gorilla": handlers.RecoveryHandler()(own(visited()))} {
		w := ask(h, "GET", "/users/7", "Accept-Encoding", "gzip")
		z, err := gzip.NewReader(w.Body)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		body, err := io.ReadAll(z)
		if err != nil || w.Code != 200 || !strings.HasPrefix(string(body), "7 GET /users/{id} 1 text") || w.Header().Get("Set-Cookie") == "" || w.Header().Get("X-Request-Id") == "" {
			t.Errorf("%s: got %d %.60q %v, %v", name, w.Code, body, w.Header(), err)
		}
	}
	// Who compresses outside of everything compresses refusals too.
	w := ask(handlers.CompressHandler(own(visited())), "GET", "/users/0", "Accept-Encoding", "gzip")
	z, err := gzip.NewReader(w.Body)
	if err != nil || w.Header().Get("Content-Encoding") != "gzip" {
		t.Fatalf("got %d %v, %v", w.Code, w.Header(), err)
	}
	if body, err := io.ReadAll(z); err != nil || string(body) != "Unauthorized\n" {
		t.Errorf("got %q, %v", body, err)
	}
}
