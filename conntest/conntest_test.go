package conntest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/bennu-go/bennu/controller"
	"github.com/bennu-go/bennu/param"
	"github.com/bennu-go/bennu/plug"
	"github.com/bennu-go/bennu/router"
	"github.com/bennu-go/bennu/session"
	"github.com/bennu-go/bennu/token"
	"github.com/google/go-cmp/cmp"
)

type user struct{ Name string }

var errFull = errors.New("the room is full")

func app() (*router.Router, session.Store) {
	store := session.NewCookieStore(session.Config{Secrets: token.Secrets{strings.Repeat("s", 64)}})
	fallback := controller.Fallback(controller.FallbackConfig{Logger: slog.New(slog.DiscardHandler), Status: func(err error) int {
		if errors.Is(err, errFull) {
			return 409
		}
		return 0
	}})
	browser := plug.Pipeline(plug.Errors(fallback), plug.Accepts("html", "json"), plug.Parsers(plug.ParsersConfig{Pass: []string{}}), plug.MethodOverride(), session.Load(store), session.FetchFlash(),
		plug.ProtectFromForgery(plug.CSRFConfig{}), plug.FetchCurrentUser(nameOf))
	rt := router.New(func(r *router.Scope) {
		r.Fallback(fallback)
		r.Scope("/", browser, func(r *router.Scope) {
			r.Get("/", func(w http.ResponseWriter, r *http.Request) error {
				u, _ := plug.CurrentUser[user](r)
				return controller.Text(w, 200, fmt.Sprintf("hello %s, %s", u.Name, session.Flash(r)["info"]))
			})
			r.Post("/login", func(w http.ResponseWriter, r *http.Request) error {
				s := session.Of(r)
				s.Renew()
				name, err := param.Get(r, "user").String("name")
				if err != nil {
					return err
				}
				s.Put("name", name)
				session.PutFlash(r, "info", "welcome")
				return controller.Redirect(w, r, "/rooms/7?a=b")
			})
			r.Get("/rooms/{id}", func(w http.ResponseWriter, r *http.Request) error { return controller.Redirect(w, r, "/") })
			r.Put("/echo", echo)
			r.Patch("/echo", echo)
			r.Post("/echo", echo)
			r.Delete("/echo", echo)
			r.Post("/again", func(w http.ResponseWriter, r *http.Request) error {
				return controller.RedirectStatus(w, r, http.StatusTemporaryRedirect, "/echo")
			})
			r.Get("/loop", func(w http.ResponseWriter, r *http.Request) error { return controller.Redirect(w, r, "/loop") })
			r.Get("/away", func(w http.ResponseWriter, r *http.Request) error {
				return controller.RedirectExternal(w, r, 302, "https://example.org/")
			})
			r.Get("/tls", func(w http.ResponseWriter, r *http.Request) error {
				if r.TLS == nil {
					return controller.RedirectExternal(w, r, 302, "https://"+r.Host+"/tls")
				}
				return controller.Text(w, 200, "safe")
			})
			r.Get("/json", func(w http.ResponseWriter, r *http.Request) error {
				return controller.JSON(w, 200, map[string]any{"id": 1, "tags": []string{}})
			})
			r.Get("/html", func(w http.ResponseWriter, r *http.Request) error {
				w.Header().Set("Content-Type", "text/html; charset=utf-8")
				return controller.Text(w, 200, "<h1>Hi</h1>")
			})
			r.Get("/full", func(w http.ResponseWriter, r *http.Request) error { return fmt.Errorf("joining: %w", errFull) })
			r.Get("/panic", func(w http.ResponseWriter, r *http.Request) error { panic("boom") })
			r.Get("/cut", func(w http.ResponseWriter, r *http.Request) error {
				io.WriteString(w, "half")
				panic(http.ErrAbortHandler)
			})
			r.Post("/upload", func(w http.ResponseWriter, r *http.Request) error {
				up, err := param.Get(r, "user").File("avatar")
				if err != nil {
					return err
				}
				f, err := up.Open()
				if err != nil {
					return err
				}
				defer f.Close()
				content, err := io.ReadAll(f)
				if err != nil {
					return err
				}
				return controller.JSON(w, 200, []any{up.Filename, up.ContentType, string(content), param.Get(r, "user")["tags"]})
			})
		})
	})
	return rt, store
}

func echo(w http.ResponseWriter, r *http.Request) error {
	params := map[string]any{"method": r.Method}
	for k, v := range param.Of(r) {
		params[k] = v
	}
	return controller.JSON(w, 200, params)
}

func TestALogIn(t *testing.T) {
	rt, _ := app()
	c := New(t, rt)
	c.Get("/").WantText(200, "hello , ")
	resp := c.Post("/login", Form(param.Map{"user": param.Map{"name": "Ada"}})).WantRedirect("/rooms/7?a=b")
	if diff := cmp.Diff(map[string]string{"id": "7"}, resp.RedirectedParams(302, rt)); diff != "" {
		t.Error(diff)
	}
	if got := resp.Flash("info"); got != "welcome" {
		t.Errorf("got flash %q", got)
	}
	if got := resp.Session().String("name"); got != "Ada" {
		t.Errorf("got name %q", got)
	}
	t.Run("in a subtest", func(t *testing.T) {
		sub := c.In(t)
		page := resp.Follow()
		page.WantText(200, "hello Ada, welcome")
		if u, ok := plug.CurrentUser[user](page.Request); !ok || u.Name != "Ada" || page.Flash("info") != "welcome" {
			t.Errorf("got %v, %v", u, ok)
		}
		sub.Get("/").WantText(200, "hello Ada, ")
	})
	New(t, rt).Get("/").WantText(200, "hello , ")
	c.ClearCookies()
	c.Get("/").WantText(200, "hello , ")
}

func TestPutSession(t *testing.T) {
	rt, store := app()
	c := New(t, rt)
	c.PutSession(store, func(s *session.Session) { s.Put("name", "Bob") })
	c.Get("/").WantText(200, "hello Bob")
	c.PutSession(store, func(s *session.Session) { s.Put("name", s.String("name")+"by") })
	c.Get("/").WantText(200, "hello Bobby")
	LogIn(c, user{"Eve"})
	c.PutSession(store, func(s *session.Session) { s.Drop() })
	c.Get("/").WantText(200, "hello Eve")
}

func TestBodies(t *testing.T) {
	rt, _ := app()
	c := New(t, rt)
	c.Put("/echo?q=1", JSON(map[string]any{"a": []int{1}})).WantJSON(200, map[string]any{"method": "PUT", "q": "1", "a": []int{1}})
	c.Patch("/echo", Form(param.Map{"a": param.Map{"b": []any{"x", "y"}}})).WantJSON(200, map[string]any{"method": "PATCH", "a": map[string]any{"b": []string{"x", "y"}}})
	c.Delete("/echo").WantJSON(200, map[string]any{"method": "DELETE"})
	c.Post("/echo", Body{ContentType: "text/csv", Content: []byte("a")}).WantStatus(415)
	c.Post("/again", Form(param.Map{"a": "b"})).Follow().WantJSON(200, map[string]any{"method": "POST", "a": "b"})
	c.Post("/upload", Multipart(param.Map{"user": param.Map{"tags": []any{"ü", "a&b"}}}, File{Field: "user[avatar]", Name: `a"b.png`, ContentType: "image/png", Content: []byte("png")})).
		WantJSON(200, []any{`a"b.png`, "image/png", "png", []string{"ü", "a&b"}})
	c.Head("/json").WantStatus(200).WantHeader("Content-Type", "application/json; charset=utf-8")
	c.Options("/echo").WantStatus(204).WantHeader("Allow", "DELETE, OPTIONS, PATCH, POST, PUT")
}

func TestHeadersHostAndTLS(t *testing.T) {
	c := New(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s %s %v %s", r.Host, r.Header.Get("Authorization"), r.TLS != nil, r.Header.Get("Cookie"))
	}))
	c.Get("/").WantText(200, "www.example.com  false ")
	c.SetHost("admin.example.com")
	c.SetTLS(true)
	c.SetHeader("Authorization", "Bearer x")
	c.SetCookie("a", "b")
	c.Get("/").WantText(200, "admin.example.com Bearer x true a=b")
	if got := c.Cookie("/any", "a"); got != "b" || c.Cookie("/", "b") != "" {
		t.Errorf("got cookie %q", got)
	}
	c.SetHeader("Authorization", "")
	c.SetTLS(false)
	c.SetHost("other.example.com")
	c.Get("/").WantText(200, "other.example.com  false ")
}

func TestFollow(t *testing.T) {
	rt, _ := app()
	New(t, rt).Get("/tls").Follow().WantText(200, "safe")
	for path, text := range map[string]string{"/loop": "redirected 11 times", "/away": "leads to another site, https://example.org/", "/json": "no redirect to follow"} {
		wantFailure(t, text, func(t testing.TB) { New(t, rt).Get(path).Follow() })
	}
}

func TestErrorsSent(t *testing.T) {
	rt, _ := app()
	New(t, rt).Get("/full").WantError(409, errFull)
	New(t, rt).Get("/full").WantError(409, nil)
	New(t, rt).Get("/nowhere").WantError(404, nil)
	for text, f := range map[string]func(c *Client){
		"want the room":                    func(c *Client) { c.Get("/nowhere").WantError(404, errFull) },
		"got status 409, want 404":         func(c *Client) { c.Get("/full").WantError(404, errFull) },
		"the error was: joining: the room": func(c *Client) { c.Get("/full").WantStatus(200) },
		"no error was answered":            func(c *Client) { c.Get("/json").WantError(200, nil) },
		"GET /panic panicked: boom":        func(c *Client) { c.Get("/panic") },
		"connection was cut":               func(c *Client) { c.Get("/cut").WantStatus(200) },
	} {
		wantFailure(t, text, func(t testing.TB) { f(New(t, rt)) })
	}
}

func TestCSRF(t *testing.T) {
	rt, _ := app()
	c := New(t, rt)
	c.Post("/echo", Form(nil)).WantStatus(200)
	c.CheckCSRF()
	c.Post("/echo", Form(nil)).WantError(403, nil)
}

func TestThrough(t *testing.T) {
	c := New(t, http.NotFoundHandler())
	c.SetHeader("Accept", "application/json")
	resp := c.Through("/?a=b", plug.Accepts("html", "json"), func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r = r.Clone(r.Context())
			r.Header.Set("X-Seen", "yes")
			next.ServeHTTP(w, r)
		})
	})
	if resp.Halted || plug.Format(resp.Request) != "json" || resp.Request.Header.Get("X-Seen") != "yes" || param.Query(resp.Request)["a"] != "b" {
		t.Errorf("got %v", resp)
	}
	if resp = c.Through("/", plug.Accepts("html")); !resp.Halted || resp.Status != 406 {
		t.Errorf("got %v", resp)
	}
}

func TestWantsFailWithTheAnswer(t *testing.T) {
	rt, _ := app()
	for text, f := range map[string]func(c *Client){
		"got status 200, want 404":             func(c *Client) { c.Get("/json").WantStatus(404) },
		`"tags":[]`:                            func(c *Client) { c.Get("/json").WantStatus(404) },
		"text/html":                            func(c *Client) { c.Get("/json").WantHTML(200) },
		`"Bye" is not in the body`:             func(c *Client) { c.Get("/html").WantHTML(200, "Hi", "Bye") },
		"want text/plain":                      func(c *Client) { c.Get("/html").WantText(200) },
		"want JSON":                            func(c *Client) { c.Get("/html").WantJSON(200, 1) },
		"the JSON differs":                     func(c *Client) { c.Get("/json").WantJSON(200, map[string]any{"id": 2, "tags": []int{}}) },
		"does not fit *[]int":                  func(c *Client) { var v []int; c.Get("/json").DecodeJSON(200, &v) },
		"what is wanted is no JSON":            func(c *Client) { c.Get("/json").WantJSON(200, make(chan int)) },
		`got Content-Type "application/json`:   func(c *Client) { c.Get("/json").WantHeader("Content-Type", "") },
		"want 302":                             func(c *Client) { c.Get("/json").WantRedirect("/") },
		"200 is no redirect":                   func(c *Client) { c.Get("/json").RedirectedTo(200) },
		`got a redirect to "/loop", want "/"`:  func(c *Client) { c.Get("/loop").WantRedirect("/") },
		`parameters of "/x/y/z"`:               func(c *Client) { PathParams(c.t, rt, "/x/y/z") },
		`parameters of "https://example.org/"`: func(c *Client) { PathParams(c.t, router.New(func(r *router.Scope) {}), "https://example.org/") },
		"must begin with a slash":              func(c *Client) { c.Get("json") },
		"the body of POST /echo":               func(c *Client) { c.Post("/echo", JSON(make(chan int))) },
		"has no Field":                         func(c *Client) { c.Post("/echo", Multipart(nil, File{Name: "a"})) },
		"the request has no session":           func(c *Client) { New(c.t, http.NotFoundHandler()).Get("/").Session() },
		"the handler is nil":                   func(c *Client) { New(c.t, nil) },
	} {
		wantFailure(t, text, func(t testing.TB) { f(New(t, rt)) })
	}
	wantFailure(t, "", func(t testing.TB) { New(t, rt).Get("/html").WantHTML(200, "Hi") })
}

func nameOf(_ context.Context, s *session.Session) (user, bool, error) {
	name := s.String("name")
	return user{name}, name != "", nil
}
