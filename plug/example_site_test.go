package plug_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"time"

	"github.com/bennu-go/bennu/plug"
	"github.com/bennu-go/bennu/session"
	"github.com/bennu-go/bennu/token"
)

type user struct {
	ID   int64
	Name string
}

type accounts map[int64]user

func (a accounts) bySession(_ context.Context, s *session.Session) (user, bool, error) {
	id, _ := s.Int("user_id")
	u, ok := a[id]
	return u, ok, nil
}

func (a accounts) byID(_ context.Context, id int64) (user, error) {
	u, ok := a[id]
	if !ok {
		return user{}, plug.ErrUnauthorized
	}
	return u, nil
}

// A site: the browser pipeline, pages for members, and the way to log in and back to where one wanted to go.
func Example_site() {
	people := accounts{42: {42, "Ada"}}
	sessions := session.NewCookieStore(session.Config{Secrets: token.Secrets{strings.Repeat("from the environment", 4)}})
	browser := plug.Pipeline(
		plug.SecureHeaders(plug.SecureHeadersConfig{CSP: "script-src 'self' 'nonce-{nonce}'; base-uri 'self'; frame-ancestors 'self'"}),
		session.Load(sessions),
		session.FetchFlash(),
		plug.ProtectFromForgery(plug.CSRFConfig{}),
		plug.FetchCurrentUser(people.bySession),
	)
	members := plug.RequireAuth(plug.RequireAuthConfig{LogIn: "/log-in"})

	mux := http.NewServeMux()
	mux.Handle("GET /account", members(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		u, _ := plug.CurrentUser[user](r)
		fmt.Fprint(w, "account of ", u.Name)
	})))
	mux.HandleFunc("GET /log-in", func(w http.ResponseWriter, r *http.Request) {
		fmt.Println(session.Flash(r)["error"])
		fmt.Fprint(w, plug.CSRFToken(r)) // into the form's hidden field _csrf_token
	})
	mux.HandleFunc("POST /log-in", func(w http.ResponseWriter, r *http.Request) {
		to := plug.ReturnTo(r, "/")
		session.Of(r).Renew()
		session.Of(r).Put("user_id", 42)
		http.Redirect(w, r, to, http.StatusSeeOther)
	})
	visit := browserOf(browser(mux))

	fmt.Println("to", visit("GET", "/account", nil).Header().Get("Location"))
	token := visit("GET", "/log-in", nil).Body.String()
	fmt.Println(visit("POST", "/log-in", nil).Code, "without the token")
	fmt.Println("to", visit("POST", "/log-in", url.Values{"_csrf_token": {token}}).Header().Get("Location"))
	fmt.Println(visit("GET", "/account", nil).Body)
	// Output:
	// to /log-in
	// You must log in to access this page.
	// 403 without the token
	// to /account
	// account of Ada
}

// browserOf keeps cookies as a browser does.
func browserOf(h http.Handler) func(method, path string, form url.Values) *httptest.ResponseRecorder {
	jar := map[string]*http.Cookie{}
	return func(method, path string, form url.Values) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, path, strings.NewReader(form.Encode()))
		r.Header.Set("Accept", "text/html")
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for _, c := range jar {
			r.AddCookie(c)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		for _, c := range w.Result().Cookies() {
			jar[c.Name] = c
		}
		return w
	}
}

// An API: other sites' pages may call it, with a token, so many times a minute.
func Example_api() {
	people := accounts{42: {42, "Ada"}}
	tokens := token.New(token.Config{Secrets: token.Secrets{strings.Repeat("from the environment", 4)}})
	api := plug.Pipeline(
		plug.CORS(plug.CORSConfig{Origins: []string{"https://app.example.com"}, MaxAge: time.Hour}), // router.Always(plug.CORS(...)) where there is a router
		plug.BearerAuth(plug.VerifyToken(tokens, "api", 24*time.Hour, people.byID)),
		plug.RateLimit(plug.RateLimitConfig{Limit: 2, Key: plug.KeyByUser(func(u user) string { return fmt.Sprint(u.ID) })}),
	)
	h := api(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		u, _ := plug.CurrentUser[user](r)
		fmt.Fprint(w, `{"data":{"name":"`+u.Name+`"}}`)
	}))

	signed, err := tokens.Sign("api", 42)
	if err != nil {
		panic(err)
	}
	for _, header := range []string{"", "Bearer " + signed, "Bearer " + signed, "Bearer " + signed} {
		r := httptest.NewRequest("GET", "/me", nil)
		r.Header.Set("Accept", "application/json")
		r.Header.Set("Authorization", header)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		fmt.Println(w.Code, w.Body)
	}
	// Output:
	// 401 {"errors":{"detail":"Unauthorized"}}
	// 200 {"data":{"name":"Ada"}}
	// 200 {"data":{"name":"Ada"}}
	// 429 {"errors":{"detail":"Too Many Requests"}}
}
