package plug

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/bennu-go/bennu/csrf"
	"github.com/bennu-go/bennu/param"
	"github.com/bennu-go/bennu/session"
	"github.com/bennu-go/bennu/token"
)

var secret = strings.Repeat("a", 64)

func sessions() *session.CookieStore {
	return session.NewCookieStore(session.Config{Secrets: token.Secrets{secret}})
}

// post is a request of a browser whose session holds state.
func post(t *testing.T, state, body string, header ...string) *http.Request {
	t.Helper()
	r := httptest.NewRequest("POST", "http://shop.example.com/buy", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	addSession(t, r, map[string]any{csrf.SessionKey: state, "user_id": 1})
	return r
}

func addSession(t *testing.T, r *http.Request, data map[string]any) {
	t.Helper()
	value, err := sessions().Encode(data)
	if err != nil {
		t.Fatal(err)
	}
	r.AddCookie(&http.Cookie{Name: "_bennu_session", Value: value})
}

var saved = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	fmt.Fprint(w, "saved for ", session.Of(r).Get("user_id"))
})

func serve(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	return rec
}

func TestCSRF(t *testing.T) {
	state := csrf.New()
	good, bad := csrf.Mask(state), csrf.Mask(csrf.New())
	tokens := token.New(token.Config{Secrets: token.Secrets{secret}})
	forHost := func(host string) string {
		s, err := csrf.SignHost(tokens, state, host)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	form := func(presented string) string { return url.Values{csrf.Param: {presented}}.Encode() }
	cfg := CSRFConfig{Tokens: tokens, AllowHosts: []string{"www.example.com", ".internal.example.com"}, TrustedOrigins: []string{"https://www.example.com"}}
	for _, tt := range []struct {
		name string
		r    *http.Request
		want int
	}{
		{"body", post(t, state, form(good)), 200},
		{"header", post(t, state, "", "X-CSRF-Token", good), 200},
		{"header and a wrong body", post(t, state, form(bad), "X-CSRF-Token", good), 200},
		{"body and a wrong header", post(t, state, form(good), "X-CSRF-Token", bad), 200},
		{"nothing", post(t, state, ""), 403},
		{"of another session", post(t, state, form(bad)), 403},
		{"the session's own", post(t, state, form(state)), 403},
		{"no state in the session", post(t, "", form(good)), 403},
		{"a list", post(t, state, csrf.Param+"[]="+good), 403},
		{"a broken body", post(t, state, "%zz&"+form(bad)), 403},
		{"same origin by Sec-Fetch-Site", post(t, state, form(good), "Sec-Fetch-Site", "same-origin"), 200},
		{"cross-site by Sec-Fetch-Site", post(t, state, form(good), "Sec-Fetch-Site", "cross-site"), 403},
		{"another origin", post(t, state, form(good), "Origin", "https://evil.example"), 403},
		{"origin null", post(t, state, form(good), "Origin", "null"), 403},
		{"a trusted origin", post(t, state, form(good), "Origin", "https://www.example.com", "Sec-Fetch-Site", "same-site"), 200},
		{"a trusted origin without the token", post(t, state, "", "Origin", "https://www.example.com"), 403},
		{"for this host, from another origin", post(t, state, form(forHost("shop.example.com")), "Origin", "https://example.org", "Sec-Fetch-Site", "cross-site"), 200},
		{"for an allowed host", post(t, state, form(forHost("www.example.com"))), 200},
		{"for a host below an allowed one", post(t, state, form(forHost("a.internal.example.com"))), 200},
		{"for another host", post(t, state, form(forHost("evil.example"))), 403},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rec := serve(session.Load(sessions())(ProtectFromForgery(cfg)(saved)), tt.r)
			if rec.Code != tt.want || (rec.Body.String() == "saved for 1") != (tt.want == 200) {
				t.Errorf("got %d %q, want %d", rec.Code, rec.Body, tt.want)
			}
		})
	}
	t.Run("host tokens take Tokens", func(t *testing.T) {
		r := post(t, state, form(forHost("shop.example.com")))
		if rec := serve(session.Load(sessions())(ProtectFromForgery(CSRFConfig{})(saved)), r); rec.Code != 403 {
			t.Errorf("got %d", rec.Code)
		}
	})
	t.Run("never from the query", func(t *testing.T) {
		r := post(t, state, "")
		r.URL.RawQuery = form(good)
		if rec := serve(session.Load(sessions())(ProtectFromForgery(cfg)(saved)), r); rec.Code != 403 {
			t.Errorf("got %d", rec.Code)
		}
	})
	t.Run("other methods", func(t *testing.T) {
		for method, want := range map[string]int{"GET": 200, "HEAD": 200, "OPTIONS": 200, "PUT": 403, "PATCH": 403, "DELETE": 403, "TRACE": 403, "get": 403, "PROPFIND": 403} {
			r := post(t, state, "")
			r.Method = method
			if rec := serve(session.Load(sessions())(ProtectFromForgery(cfg)(saved)), r); rec.Code != want {
				t.Errorf("%s: got %d, want %d", method, rec.Code, want)
			}
		}
	})
	t.Run("the origin unchecked, as in Phoenix", func(t *testing.T) {
		r := post(t, state, form(good), "Sec-Fetch-Site", "cross-site")
		if rec := serve(session.Load(sessions())(ProtectFromForgery(CSRFConfig{SkipOriginCheck: true})(saved)), r); rec.Code != 200 {
			t.Errorf("got %d", rec.Code)
		}
	})
	t.Run("skipped", func(t *testing.T) {
		if rec := serve(Pipeline(session.Load(sessions()), SkipCSRF(), ProtectFromForgery(cfg))(saved), post(t, state, "")); rec.Code != 200 {
			t.Errorf("got %d", rec.Code)
		}
	})
	t.Run("what a parser has read", func(t *testing.T) {
		parsed := func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w, r = param.SetBody(w, r, param.Map{csrf.Param: good})
				next.ServeHTTP(w, r)
			})
		}
		if rec := serve(Pipeline(parsed, session.Load(sessions()), ProtectFromForgery(cfg))(saved), post(t, state, "")); rec.Code != 200 {
			t.Errorf("got %d", rec.Code)
		}
	})
	t.Run("multipart", func(t *testing.T) {
		var b bytes.Buffer
		m := multipart.NewWriter(&b)
		m.WriteField(csrf.Param, good)
		m.Close()
		if rec := serve(session.Load(sessions())(ProtectFromForgery(cfg)(saved)), post(t, state, b.String(), "Content-Type", m.FormDataContentType())); rec.Code != 200 {
			t.Errorf("got %d", rec.Code)
		}
	})
	t.Run("a body that has no end", func(t *testing.T) {
		r := post(t, state, "")
		r.Body = io.NopCloser(io.MultiReader(strings.NewReader("a="), endless{}))
		if rec := serve(session.Load(sessions())(ProtectFromForgery(cfg)(saved)), r); rec.Code != 403 {
			t.Errorf("got %d", rec.Code)
		}
	})
	mustPanic(t, "TrustedOrigins", func() { ProtectFromForgery(CSRFConfig{TrustedOrigins: []string{"example.com/path"}}) })
	mustPanic(t, "session.Load", func() { serve(ProtectFromForgery(cfg)(saved), httptest.NewRequest("GET", "/", nil)) })
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

// Clearing the session leaves that of others as it is.
func TestCSRFClearSession(t *testing.T) {
	rec := serve(session.Load(sessions())(ProtectFromForgery(CSRFConfig{ClearSession: true})(saved)), post(t, csrf.New(), ""))
	if rec.Code != 200 || rec.Body.String() != "saved for <nil>" || rec.Header().Get("Set-Cookie") != "" {
		t.Errorf("got %d %q %v", rec.Code, rec.Body, rec.Header())
	}
}

func TestCSRFCrossOriginScript(t *testing.T) {
	script := func(contentType string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", contentType)
			w.Header().Set("Content-Length", "8")
			session.Of(r).Put("seen", true)
			io.WriteString(w, "secret()")
		})
	}
	protect := Pipeline(session.Load(sessions()), ProtectFromForgery(CSRFConfig{}))
	for _, tt := range []struct {
		name   string
		h      http.Handler
		method string
		xhr    string
		want   int
	}{
		{"script", protect(script("text/javascript")), "GET", "", 403},
		{"another name of it", protect(script("Application/JavaScript; charset=utf-8")), "GET", "", 403},
		{"XMLHttpRequest", protect(script("text/javascript")), "GET", "XMLHttpRequest", 200},
		{"JSON", protect(script("application/json")), "GET", "", 200},
		{"skipped", Pipeline(session.Load(sessions()), SkipCSRF(), ProtectFromForgery(CSRFConfig{}))(script("text/javascript")), "GET", "", 200},
	} {
		r := httptest.NewRequest(tt.method, "/", nil)
		if tt.xhr != "" {
			r.Header.Set("X-Requested-With", tt.xhr)
		}
		rec := serve(tt.h, r)
		if rec.Code != tt.want || strings.Contains(rec.Body.String(), "secret") != (tt.want == 200) {
			t.Errorf("%s: got %d %q", tt.name, rec.Code, rec.Body)
		}
		if tt.want == 403 && (rec.Body.String() != "Forbidden\n" || rec.Header().Get("Content-Type") != "text/plain; charset=utf-8" || rec.Header().Get("Content-Length") != "") {
			t.Errorf("%s: got %v %q", tt.name, rec.Header(), rec.Body)
		}
		if rec.Header().Get("Set-Cookie") == "" {
			t.Errorf("%s: the session is not written", tt.name)
		}
	}
	own := Pipeline(session.Load(sessions()), Errors(func(w http.ResponseWriter, r *http.Request, err error) {
		w.WriteHeader(Status(err))
		fmt.Fprint(w, "own page")
	}), ProtectFromForgery(CSRFConfig{}))
	if rec := serve(own(script("text/javascript")), httptest.NewRequest("GET", "/", nil)); rec.Code != 403 || rec.Body.String() != "own page" {
		t.Errorf("got %d %q", rec.Code, rec.Body)
	}
}

// A browser gets a form, posts it, logs in, and finds the form of before refused.
func TestCSRFWithABrowser(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /form", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, CSRFToken(r)) })
	mux.HandleFunc("POST /save", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "saved "+r.PostFormValue("name")) })
	mux.HandleFunc("POST /log-in", func(w http.ResponseWriter, r *http.Request) { session.Of(r).Renew() })
	mux.HandleFunc("POST /delete", func(w http.ResponseWriter, r *http.Request) { DeleteCSRFToken(r) })
	s := httptest.NewServer(Pipeline(session.Load(sessions()), ProtectFromForgery(CSRFConfig{}))(mux))
	defer s.Close()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &http.Client{Jar: jar}
	read := func(res *http.Response, err error) (int, string) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(b)
	}
	for _, end := range []string{"/log-in", "/delete"} {
		_, first := read(c.Get(s.URL + "/form"))
		_, second := read(c.Get(s.URL + "/form"))
		if first == second || len(first) != 56 {
			t.Errorf("got %q and %q: two different masks of 56 characters", first, second)
		}
		for _, presented := range []string{first, second} {
			if code, body := read(c.PostForm(s.URL+"/save", url.Values{csrf.Param: {presented}, "name": {"Ada"}})); code != 200 || body != "saved Ada" {
				t.Errorf("got %d %q", code, body)
			}
		}
		read(c.PostForm(s.URL+end, url.Values{csrf.Param: {first}}))
		if code, _ := read(c.PostForm(s.URL+"/save", url.Values{csrf.Param: {first}})); code != 403 {
			t.Errorf("after %s: got %d", end, code)
		}
	}
}

func TestCSRFTokenFor(t *testing.T) {
	tokens := token.New(token.Config{Secrets: token.Secrets{secret}})
	in := func(cfg CSRFConfig, f func(r *http.Request)) {
		h := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { f(r) })
		serve(Pipeline(session.Load(sessions()), ProtectFromForgery(cfg))(h), httptest.NewRequest("GET", "http://shop.example.com:4000/", nil))
	}
	in(CSRFConfig{Tokens: tokens, SessionKey: "own"}, func(r *http.Request) {
		for _, here := range []string{"/path", "https://SHOP.example.com/x"} {
			if got, err := CSRFTokenFor(r, here); err != nil || !csrf.Valid(session.Of(r).String("own"), got) {
				t.Errorf("%s: got %q, %v", here, got, err)
			}
		}
		got, err := CSRFTokenFor(r, "https://pay.example.com:8443/x")
		state := session.Of(r).String("own")
		if err != nil || csrf.Valid(state, got) || !csrf.ValidFor(tokens, state, got, "pay.example.com") || csrf.ValidFor(tokens, state, got, "shop.example.com") {
			t.Errorf("got %q, %v", got, err)
		}
		if _, err := CSRFTokenFor(r, "%"); err == nil {
			t.Error("no error for what is no URL")
		}
	})
	in(CSRFConfig{}, func(r *http.Request) {
		if _, err := CSRFTokenFor(r, "https://pay.example.com/"); err == nil || !strings.Contains(err.Error(), "Tokens") {
			t.Errorf("got %v", err)
		}
	})
	mustPanic(t, "session.Load(store)", func() { CSRFToken(httptest.NewRequest("GET", "/", nil)) })
}

// Nothing but what csrf calls valid passes, in whatever it is wrapped.
func FuzzCSRF(f *testing.F) {
	state := csrf.New()
	good := csrf.Mask(state)
	h := session.Load(sessions())(ProtectFromForgery(CSRFConfig{})(saved))
	f.Add(csrf.Param+"="+good, "", "application/x-www-form-urlencoded")
	f.Add("", good, "")
	f.Add("--x\r\nContent-Disposition: form-data; name=\"_csrf_token\"\r\n\r\n"+good+"\r\n--x--", "", "multipart/form-data; boundary=x")
	f.Add("%", "%", "multipart/form-data")
	f.Fuzz(func(t *testing.T, body, header, contentType string) {
		r := post(t, state, body)
		r.Header["X-Csrf-Token"] = []string{header}
		r.Header["Content-Type"] = []string{contentType}
		if rec := serve(h, r); rec.Code != 403 && !csrf.Valid(state, header) && !strings.Contains(body, csrf.Param) && !strings.Contains(body, "%") {
			t.Errorf("%q, %q, %q: got %d", body, header, contentType, rec.Code)
		}
	})
}
