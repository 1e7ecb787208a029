package plug

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bennu-go/bennu/session"
	"github.com/bennu-go/bennu/token"
)

type user struct{ Name string }

var hello = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	u, ok := CurrentUser[user](r)
	fmt.Fprint(w, "hello ", u.Name, ok)
})

func TestBasicAuth(t *testing.T) {
	h := BasicAuth(BasicAuthConfig{Username: "ada", Password: "söcret:"})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "in") }))
	own := BasicAuth(BasicAuthConfig{Realm: "Admin", Check: func(_ context.Context, u, p string) bool { return u+p == "xy" }})(hello)
	request := func(u, p string) *http.Request {
		r := httptest.NewRequest("GET", "/", nil)
		r.SetBasicAuth(u, p)
		return r
	}
	twice := request("ada", "söcret:")
	twice.Header.Add("Authorization", "Basic x")
	odd := httptest.NewRequest("GET", "/", nil)
	odd.Header.Set("Authorization", "Basic !!")
	for name, tt := range map[string]struct {
		h         http.Handler
		r         *http.Request
		challenge string
	}{
		"right":          {h, request("ada", "söcret:"), ""},
		"wrong password": {h, request("ada", "söcret"), "Application"},
		"wrong name":     {h, request("bob", "söcret:"), "Application"},
		"empty":          {h, request("", ""), "Application"},
		"nothing":        {h, httptest.NewRequest("GET", "/", nil), "Application"},
		"twice":          {h, twice, "Application"},
		"not base64":     {h, odd, "Application"},
		"own check":      {own, request("x", "y"), ""},
		"refused by it":  {own, request("y", "x"), "Admin"},
	} {
		rec := serve(tt.h, tt.r)
		want := ""
		if tt.challenge != "" {
			want = `Basic realm="` + tt.challenge + `", charset="UTF-8"`
		}
		if rec.Header().Get("WWW-Authenticate") != want || (rec.Code == 401) != (want != "") {
			t.Errorf("%s: got %d %v", name, rec.Code, rec.Header())
		}
	}
	mustPanic(t, "let everybody in", func() { BasicAuth(BasicAuthConfig{Username: "a"}) })
	mustPanic(t, "either", func() {
		BasicAuth(BasicAuthConfig{Username: "a", Check: func(context.Context, string, string) bool { return true }})
	})
	mustPanic(t, "colon", func() { BasicAuth(BasicAuthConfig{Username: "a:b", Password: "c"}) })
	mustPanic(t, "Realm", func() { BasicAuth(BasicAuthConfig{Username: "a", Password: "c", Realm: "a\"\r\n"}) })
}

func TestBearerAuth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens := token.New(token.Config{Secrets: token.Secrets{secret}})
		sign := func(id int64) string {
			s, err := tokens.Sign("api", id)
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		verify := VerifyToken(tokens, "api", time.Hour, func(_ context.Context, id int64) (user, error) {
			switch id {
			case 1:
				return user{"Ada"}, nil
			case 2:
				return user{}, ErrUnauthorized
			case 3:
				return user{}, &Error{Status: http.StatusForbidden}
			}
			return user{}, errors.New("database down")
		})
		old := sign(1)
		time.Sleep(time.Hour + time.Second)
		other, err := tokens.Sign("another salt", int64(1))
		if err != nil {
			t.Fatal(err)
		}
		const challenge, invalid = "Bearer", `Bearer error="invalid_token"`
		for _, tt := range []struct {
			name, header, challenge string
			want                    int
		}{
			{"good", "Bearer " + sign(1), "", 200},
			{"in other letters", "bearer  " + sign(1), "", 200},
			{"deleted", "Bearer " + sign(2), invalid, 401},
			{"forbidden", "Bearer " + sign(3), "", 403},
			{"database down", "Bearer " + sign(4), "", 500},
			{"expired", "Bearer " + old, invalid, 401},
			{"of another salt", "Bearer " + other, invalid, 401},
			{"garbage", "Bearer garbage", invalid, 401},
			{"no token", "Bearer ", challenge, 401},
			{"no scheme", sign(1), challenge, 401},
			{"another scheme", "Basic " + sign(1), challenge, 401},
			{"what no token has in it", "Bearer a b", challenge, 401},
			{"nothing", "", challenge, 401},
		} {
			for which, h := range map[string]http.Handler{"must": BearerAuth(verify)(hello), "may": MaybeBearerAuth(verify)(hello)} {
				r := httptest.NewRequest("GET", "/", nil)
				if tt.header != "" {
					r.Header.Set("Authorization", tt.header)
				}
				rec := serve(h, r)
				if tt.header == "" && which == "may" {
					if rec.Body.String() != "hello false" {
						t.Errorf("nobody: got %d %q", rec.Code, rec.Body)
					}
					continue
				}
				if rec.Code != tt.want || rec.Header().Get("WWW-Authenticate") != tt.challenge || tt.want == 200 && rec.Body.String() != "hello Adatrue" {
					t.Errorf("%s: got %d %v %q", tt.name, rec.Code, rec.Header(), rec.Body)
				}
			}
		}
		r := httptest.NewRequest("GET", "/", nil)
		r.Header["Authorization"] = []string{"Bearer " + sign(1), "Bearer " + sign(1)}
		if rec := serve(MaybeBearerAuth(verify)(hello), r); rec.Code != 401 {
			t.Errorf("two headers: got %d", rec.Code)
		}
	})
	mustPanic(t, "VerifyToken", func() { BearerAuth[user](nil) })
}

func TestCurrentUser(t *testing.T) {
	r := httptest.NewRequest("GET", "/", nil)
	if _, ok := CurrentUser[user](r); ok {
		t.Error("somebody makes a request that nobody has seen")
	}
	mustPanic(t, "session.Load", func() { SetCurrentUser(r, user{}) })
	find := func(_ context.Context, s *session.Session) (user, bool, error) {
		switch s.String("user") {
		case "":
			return user{}, false, nil
		case "down":
			return user{}, false, errors.New("down")
		}
		return user{s.String("user")}, true, nil
	}
	h := Pipeline(session.Load(sessions()), FetchCurrentUser(find))
	for in, want := range map[string]string{"": "hello false", "Ada": "hello Adatrue", "down": "Internal Server Error\n"} {
		r := httptest.NewRequest("GET", "/", nil)
		addSession(t, r, map[string]any{"user": in})
		if rec := serve(h(hello), r); rec.Body.String() != want {
			t.Errorf("%q: got %d %q", in, rec.Code, rec.Body)
		}
	}
	serve(h(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		SetCurrentUser(r, user{"Eve"})
		if u, ok := CurrentUser[user](r); !ok || u.Name != "Eve" {
			t.Errorf("got %v, %v", u, ok)
		}
		if _, ok := CurrentUser[string](r); ok {
			t.Error("a user of another type")
		}
	})), httptest.NewRequest("GET", "/", nil))
	mustPanic(t, "by the session", func() { FetchCurrentUser[user](nil) })
	mustPanic(t, "session.Load", func() { serve(FetchCurrentUser(find)(hello), httptest.NewRequest("GET", "/", nil)) })
}

// Somebody goes to a page, is sent to log in, does so, comes back, and logs out.
func TestRequireAuthWithABrowser(t *testing.T) {
	find := func(_ context.Context, s *session.Session) (user, bool, error) {
		name := s.String("user")
		return user{name}, name != "", nil
	}
	mux := http.NewServeMux()
	members := RequireAuth(RequireAuthConfig{LogIn: "/log-in"})
	mux.Handle("/account", members(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		u, _ := CurrentUser[user](r)
		fmt.Fprint(w, u.Name, " at ", r.URL.RawQuery)
	})))
	mux.Handle("GET /log-in", RedirectIfAuthenticated("/account")(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, session.Flash(r)["error"])
	})))
	mux.HandleFunc("POST /log-in", func(w http.ResponseWriter, r *http.Request) {
		to := ReturnTo(r, "/account")
		s := session.Of(r)
		s.Renew()
		s.Put("user", r.FormValue("name"))
		http.Redirect(w, r, to, http.StatusSeeOther)
	})
	mux.HandleFunc("POST /log-out", func(w http.ResponseWriter, r *http.Request) { session.Of(r).Drop() })
	srv := httptest.NewServer(Pipeline(session.Load(sessions()), FetchCurrentUser(find))(mux))
	defer srv.Close()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &http.Client{Jar: jar}
	do := func(method, path, accept, want string) {
		t.Helper()
		r, err := http.NewRequest(method, srv.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Accept", accept)
		res, err := c.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(res.StatusCode, " ", res.Request.URL.Path, " ", string(b)); got != want {
			t.Errorf("%s %s: got %q, want %q", method, path, got, want)
		}
	}
	const html = "text/html,application/xhtml+xml,*/*;q=0.8"
	do("GET", "/account?tab=2", html, "200 /log-in You must log in to access this page.")
	do("GET", "/account", "application/json", `401 /account {"errors":{"detail":"Unauthorized"}}`)
	do("GET", "/account", "*/*", "401 /account Unauthorized\n")
	do("GET", "/account", "text/html;q=0", "401 /account Unauthorized\n")
	do("POST", "/log-in?name=Ada", html, "200 /account Ada at tab=2")
	do("GET", "/log-in", html, "200 /account Ada at ")
	do("POST", "/log-out", html, "200 /log-out ")
	do("POST", "/account?gone=1", html, "200 /log-in You must log in to access this page.")
	do("POST", "/log-in?name=Bob", html, "200 /account Bob at ")
}

func TestRequireAuth(t *testing.T) {
	if rec := serve(RequireAuth(RequireAuthConfig{})(hello), httptest.NewRequest("GET", "/", nil)); rec.Code != 401 {
		t.Errorf("got %d", rec.Code)
	}
	// A log-in page behind its own RequireAuth must not lead to itself for ever; without a session there is only the redirect.
	h := RequireAuth(RequireAuthConfig{LogIn: "/log-in?x=1"})(hello)
	for path, want := range map[string]int{"/log-in": 401, "/other": 303} {
		r := httptest.NewRequest("GET", path, nil)
		r.Header.Set("Accept", "text/html")
		if rec := serve(h, r); rec.Code != want {
			t.Errorf("%s: got %d, want %d", path, rec.Code, want)
		}
		r.Header.Set("X-Requested-With", "XMLHttpRequest")
		if rec := serve(h, r); rec.Code != 401 {
			t.Errorf("%s by a script: got %d", path, rec.Code)
		}
	}
	mustPanic(t, "//evil.example", func() { RequireAuth(RequireAuthConfig{LogIn: "//evil.example"}) })
	mustPanic(t, "https:", func() { RedirectIfAuthenticated("https://evil.example") })
}

func TestReturnToStaysHere(t *testing.T) {
	for to, ok := range map[string]bool{
		"/": true, "/a?b=c#d": true, "/a//b": true, "/ä": true,
		"": false, "a": false, "//evil.example": false, "/\\evil.example": false, "\\/evil.example": false, "/a\\b": false, "https://evil.example": false,
		"/\t/evil.example": false, "/%09/evil.example": false, "/\n/evil.example": false, "/a\x00": false, "javascript:alert(1)": false, "///": false, "/\r\nSet-Cookie: a=b": false,
	} {
		r := httptest.NewRequest("GET", "/", nil)
		addSession(t, r, map[string]any{returnToKey: to})
		var first, second string
		serve(session.Load(sessions())(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			first, second = ReturnTo(r, "/home"), ReturnTo(r, "/home")
		})), r)
		want := "/home"
		if ok {
			want = to
		}
		if first != want || second != "/home" {
			t.Errorf("%q: got %q, then %q", to, first, second)
		}
	}
	if got := ReturnTo(httptest.NewRequest("GET", "/", nil), "/home"); got != "/home" {
		t.Errorf("without a session: %q", got)
	}
}

// Whatever passes for local leads to this host, as RFC 3986 and the URL standard of browsers resolve it.
func FuzzIsLocal(f *testing.F) {
	for _, s := range []string{"/", "//x", "/\\x", "/%09/x", "/a?b#c", "/\t/x", "/..//x"} {
		f.Add(s)
	}
	base, err := url.Parse("https://shop.example.com/dir/page")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, path string) {
		if !isLocal(path) {
			return
		}
		browsers := strings.NewReplacer("\t", "", "\n", "", "\r", "", "\\", "/").Replace(path)
		if strings.HasPrefix(browsers, "//") {
			t.Errorf("%q is %q to browsers", path, browsers)
		}
		if u, err := base.Parse(path); err == nil && (u.Host != base.Host || u.Scheme != "https") {
			t.Errorf("%q leads to %s", path, u)
		}
	})
}
