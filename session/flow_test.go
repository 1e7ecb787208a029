package session

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bennu-go/bennu/csrf"
	"github.com/bennu-go/bennu/etf"
	"github.com/bennu-go/bennu/internal/exchange"
	"github.com/bennu-go/bennu/token"
)

// browser has a jar, and an application behind Load, over a real connection.
type browser struct {
	t      *testing.T
	server *httptest.Server
	client *http.Client
	url    *url.URL
}

func browse(t *testing.T, store Store, h http.Handler) *browser {
	t.Helper()
	s := httptest.NewServer(Load(store)(h))
	t.Cleanup(s.Close)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t: t, server: s, url: u, client: &http.Client{Jar: jar}}
}

// stop makes the browser show redirects.
func (b *browser) stop() *browser {
	b.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return b
}

func (b *browser) get(path string) (*http.Response, string) {
	b.t.Helper()
	res, err := b.client.Get(b.server.URL + path)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return res, string(body)
}

func (b *browser) want(path, body string) *http.Response {
	b.t.Helper()
	res, got := b.get(path)
	if got != body {
		b.t.Errorf("GET %s: got %q, want %q", path, got, body)
	}
	return res
}

func (b *browser) cookie() string {
	for _, c := range b.client.Jar.Cookies(b.url) {
		if c.Name == "_bennu_session" {
			return c.Value
		}
	}
	return ""
}

func handle(f func(w http.ResponseWriter, r *http.Request)) http.Handler { return http.HandlerFunc(f) }

// shop is an application with a log-in.
func shop() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/who", func(w http.ResponseWriter, r *http.Request) {
		n, ok := Of(r).Int("user_id")
		fmt.Fprint(w, n, ok)
	})
	mux.HandleFunc("/log-in", func(w http.ResponseWriter, r *http.Request) {
		s := Of(r)
		s.Renew()
		s.Put("user_id", 42)
		s.SetDisconnectID("users_socket:42")
		PutFlash(r, "info", "Welcome!")
		http.Redirect(w, r, "/page", http.StatusSeeOther)
	})
	mux.HandleFunc("/log-out", func(w http.ResponseWriter, r *http.Request) {
		s := Of(r)
		fmt.Fprint(w, s.DisconnectID()) // taken before, and then channel.Disconnect(ps, id)
	})
	mux.HandleFunc("/drop", func(w http.ResponseWriter, r *http.Request) {
		Of(r).Drop()
		io.WriteString(w, "bye")
	})
	mux.HandleFunc("/page", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, Flash(r)) })
	mux.HandleFunc("/put", func(w http.ResponseWriter, r *http.Request) { Of(r).Put(r.FormValue("k"), r.FormValue("v")) })
	mux.HandleFunc("/all", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, Of(r).All()) })
	mux.HandleFunc("/renew", func(w http.ResponseWriter, r *http.Request) { Of(r).Renew() })
	mux.HandleFunc("/clear", func(w http.ResponseWriter, r *http.Request) { Of(r).Clear() })
	mux.HandleFunc("/delete", func(w http.ResponseWriter, r *http.Request) { Of(r).Delete(r.FormValue("k")) })
	mux.HandleFunc("/none", func(w http.ResponseWriter, r *http.Request) {})
	return mux
}

// stores are all kinds of stores.
func stores() map[string]Store {
	out := map[string]Store{"server": NewServerStore(NewMemoryTable(), ServerConfig{})}
	for name, cfg := range variants {
		cfg.Secrets = token.Secrets{secretA}
		out[name] = NewCookieStore(cfg)
	}
	return out
}

func TestLogInAndOut(t *testing.T) {
	for name, store := range stores() {
		t.Run(name, func(t *testing.T) {
			b := browse(t, store, shop())
			b.want("/who", "0 false")
			if b.cookie() != "" {
				t.Error("a request that changes nothing sets a cookie")
			}
			b.want("/put?k=cart&v=3", "")
			before := b.cookie()
			b.want("/log-in", "map[info:Welcome!]")
			b.want("/who", "42 true")
			b.want("/page", "map[]")
			b.want("/log-out", "users_socket:42")
			if b.cookie() == before {
				t.Error("the cookie is that of before the log-in")
			}
			in := b.cookie()
			b.want("/all", "map[cart:3 live_socket_id:users_socket:42 user_id:42]")
			b.want("/delete?k=cart", "")
			b.want("/all", "map[live_socket_id:users_socket:42 user_id:42]")
			b.want("/drop", "bye")
			b.want("/who", "0 false")
			if b.cookie() != "" {
				t.Error("the browser keeps the cookie of a session that was dropped")
			}
			if _, data, err := store.Get(t.Context(), in); name == "server" && (data != nil || err != nil) {
				t.Errorf("the old key still gets %v, %v", data, err)
			}
		})
	}
}

func TestFixation(t *testing.T) {
	table := NewMemoryTable()
	store := NewServerStore(table, ServerConfig{})
	attacker, victim := browse(t, store, shop()), browse(t, store, shop())
	attacker.want("/put?k=a&v=b", "")
	planted := attacker.cookie()
	victim.client.Jar.SetCookies(victim.url, []*http.Cookie{{Name: "_bennu_session", Value: planted}})
	victim.want("/log-in", "map[info:Welcome!]")
	victim.want("/who", "42 true")
	attacker.want("/who", "0 false")
	if victim.cookie() == planted {
		t.Error("the log-in keeps a planted key")
	}
	// A key that the store has not made is worth nothing either.
	victim.client.Jar.SetCookies(victim.url, []*http.Cookie{{Name: "_bennu_session", Value: strings.Repeat("A", keySize)}})
	victim.want("/put?k=a&v=b", "")
	if victim.cookie() == strings.Repeat("A", keySize) {
		t.Error("a session lives under a key that a browser has chosen")
	}
	if n := table.Len(); n != 2 {
		t.Errorf("got %d rows, want the one of the log-in and the last", n)
	}
}

func TestWrittenOnlyWhenChanged(t *testing.T) {
	store := NewCookieStore(Config{Secrets: token.Secrets{secretA}})
	b := browse(t, store, shop())
	if res := b.want("/put?k=a&v=1", ""); len(res.Cookies()) != 1 || res.Header.Get("Cache-Control") != "max-age=0, private, must-revalidate" {
		t.Errorf("got %v", res.Header)
	}
	for _, path := range []string{"/all", "/none", "/who", "/page", "/delete?k=absent"} {
		if res, _ := b.get(path); len(res.Cookies()) != 0 {
			t.Errorf("%s sets a cookie: %v", path, res.Cookies())
		}
	}
	b.want("/clear", "")
	b.want("/all", "map[]")
}

// counting counts what a store is asked.
type counting struct {
	Store
	mu         sync.Mutex
	gets, puts int
}

func (c *counting) Get(ctx context.Context, v string) (string, map[string]any, error) {
	c.mu.Lock()
	c.gets++
	c.mu.Unlock()
	return c.Store.Get(ctx, v)
}

func (c *counting) Put(ctx context.Context, id string, data map[string]any) (string, error) {
	c.mu.Lock()
	c.puts++
	c.mu.Unlock()
	return c.Store.Put(ctx, id, data)
}

func TestReadLazily(t *testing.T) {
	c := &counting{Store: NewServerStore(NewMemoryTable(), ServerConfig{})}
	b := browse(t, c, shop())
	b.want("/put?k=a&v=1", "")
	c.gets = 0
	b.want("/none", "")
	if c.gets != 0 {
		t.Errorf("the store was asked %d times for a session that nobody uses", c.gets)
	}
	b.want("/all", "map[a:1]")
	if c.gets != 1 || c.puts != 1 {
		t.Errorf("got %d reads and %d writes, want one each", c.gets, c.puts)
	}
}

// Requests of one browser run beside each other: what one has ended, none brings back.
func TestLateWriteDoesNotBringBack(t *testing.T) {
	store := NewServerStore(NewMemoryTable(), ServerConfig{})
	began, proceed := make(chan struct{}), make(chan struct{})
	mux := shop().(*http.ServeMux)
	mux.HandleFunc("/slow", func(w http.ResponseWriter, r *http.Request) {
		Of(r).Get("user_id")
		close(began)
		<-proceed
		Of(r).Put("late", true)
	})
	b := browse(t, store, mux)
	b.want("/log-in", "map[info:Welcome!]")
	old := b.cookie()
	done := make(chan *http.Response)
	go func() {
		r, _ := http.NewRequest("GET", b.server.URL+"/slow", nil)
		r.AddCookie(&http.Cookie{Name: "_bennu_session", Value: old})
		res, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Error(err)
		} else {
			res.Body.Close()
		}
		done <- res
	}()
	<-began
	b.want("/drop", "bye")
	close(proceed)
	if res := <-done; res != nil && (res.StatusCode != 200 || len(res.Cookies()) != 0) {
		t.Errorf("got %d, %v", res.StatusCode, res.Cookies())
	}
	if _, data, _ := store.Get(t.Context(), old); data != nil {
		t.Errorf("the session is back: %v", data)
	}
}

func TestManyGoroutinesOfOneRequest(t *testing.T) {
	b := browse(t, NewCookieStore(Config{Secrets: token.Secrets{secretA}}), handle(func(w http.ResponseWriter, r *http.Request) {
		s := Of(r)
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				s.Put(fmt.Sprint("k", i%4), i%4)
				s.Get("k0")
				s.All()
			})
		}
		wg.Wait()
		fmt.Fprint(w, s.All())
	}))
	b.want("/", "map[k0:0 k1:1 k2:2 k3:3]")
}

func TestIgnore(t *testing.T) {
	b := browse(t, NewCookieStore(Config{Secrets: token.Secrets{secretA}}), handle(func(w http.ResponseWriter, r *http.Request) {
		Of(r).Ignore()
		Of(r).Put("a", 1)
		fmt.Fprint(w, Of(r).All())
	}))
	if res := b.want("/", "map[a:1]"); len(res.Cookies()) != 0 {
		t.Errorf("got %v", res.Cookies())
	}
}

func TestRenewTakesAwayTheCSRFToken(t *testing.T) {
	store := NewCookieStore(Config{Secrets: token.Secrets{secretA}})
	b := browse(t, store, shop())
	b.want("/put?k="+csrf.SessionKey+"&v="+csrf.New(), "")
	b.want("/put?k=a&v=b", "")
	b.want("/renew", "")
	b.want("/all", "map[a:b]")
}

// caught collects log lines.
func caught(t *testing.T) *bytes.Buffer {
	var b bytes.Buffer
	old := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&b, nil)))
	t.Cleanup(func() { slog.SetDefault(old) })
	return &b
}

func TestTooLargeIs500(t *testing.T) {
	log := caught(t)
	store := NewCookieStore(Config{Secrets: token.Secrets{secretA}})
	for name, h := range map[string]http.Handler{
		"body": handle(func(w http.ResponseWriter, r *http.Request) {
			Of(r).Put("basket", strings.Repeat("x", 5000))
			Of(r).Put("small", "y")
			w.Header().Set("Content-Type", "text/html")
			w.Header().Set("Content-Length", "4")
			io.WriteString(w, "fine")
		}),
		"JSON": handle(func(w http.ResponseWriter, r *http.Request) {
			Of(r).Put("basket", strings.Repeat("x", 5000))
			Of(r).Put("small", "y")
			w.Header().Set("Content-Type", "application/json")
			io.Copy(w, strings.NewReader("{}"))
		}),
		"nothing": handle(func(w http.ResponseWriter, r *http.Request) {
			Of(r).Put("basket", strings.Repeat("x", 5000))
			Of(r).Put("small", "y")
		}),
	} {
		log.Reset()
		res, body := browse(t, store, h).get("/")
		want := "Internal Server Error\n"
		if name == "JSON" {
			want = `{"errors":{"detail":"Internal Server Error"}}`
		}
		if res.StatusCode != 500 || body != want || len(res.Cookies()) != 0 {
			t.Errorf("%s: got %d %q %v", name, res.StatusCode, body, res.Header)
		}
		if line := log.String(); !strings.Contains(line, "4096 allowed") || !strings.Contains(line, `sizes="basket=5008 small=8"`) || strings.Contains(line, "xxx") {
			t.Errorf("%s: got %q", name, line)
		}
	}
}

func TestStoreDownIs503(t *testing.T) {
	log := caught(t)
	h := handle(func(w http.ResponseWriter, r *http.Request) {
		if Of(r).Get("user_id") == nil {
			Of(r).Put("a", 1)
			http.Redirect(w, r, "/log-in", http.StatusFound)
		}
		if !errors.Is(Of(r).Err(), errDown) {
			t.Errorf("Err: got %v", Of(r).Err())
		}
	})
	rec := httptest.NewRecorder()
	Load(broken{NewCookieStore(Config{Secrets: token.Secrets{secretA}})})(h).ServeHTTP(rec, request("x"))
	if rec.Code != 503 || rec.Header().Get("Location") != "" || rec.Header().Get("Set-Cookie") != "" || rec.Body.String() != "Service Unavailable\n" {
		t.Errorf("got %d %v %q", rec.Code, rec.Header(), rec.Body)
	}
	if !strings.Contains(log.String(), "session not read") {
		t.Errorf("got %q", log)
	}
}

func TestChangedTooLateIsLogged(t *testing.T) {
	log := caught(t)
	b := browse(t, NewCookieStore(Config{Secrets: token.Secrets{secretA}}), handle(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "begun")
		Of(r).Put("a", 1)
	}))
	if res := b.want("/", "begun"); len(res.Cookies()) != 0 {
		t.Error("got a cookie")
	}
	if !strings.Contains(log.String(), "the change is lost") || !strings.Contains(log.String(), "put a") {
		t.Errorf("got %q", log)
	}
}

func TestWithoutLoad(t *testing.T) {
	r := httptest.NewRequest("GET", "/", nil)
	s := Of(r)
	if s.Get("a") != nil || s.String("a") != "" || len(s.All()) != 0 || s.Err() != nil || s.DisconnectID() != "" || len(Flash(r)) != 0 {
		t.Error("no session is not empty")
	}
	for name, f := range map[string]func(){
		"Put": func() { s.Put("a", 1) }, "Delete": func() { s.Delete("a") }, "Clear": s.Clear, "Renew": s.Renew, "Drop": s.Drop, "Ignore": s.Ignore,
		"SetDisconnectID": func() { s.SetDisconnectID("a") }, "PutFlash": func() { PutFlash(r, "info", "a") }, "ClearFlash": func() { ClearFlash(r) },
	} {
		func() {
			defer func() {
				if v := fmt.Sprint(recover()); !strings.Contains(v, name) || !strings.Contains(v, "session.Load(store)") {
					t.Errorf("%s: got panic %q", name, v)
				}
			}()
			f()
		}()
	}
}

// Flash lives for one redirect, and in the answer that puts it.
func TestFlash(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/redirect", func(w http.ResponseWriter, r *http.Request) {
		PutFlash(r, "info", "Saved.")
		http.Redirect(w, r, "/show", http.StatusFound)
	})
	mux.HandleFunc("/again", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/show", http.StatusFound) })
	mux.HandleFunc("/show", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, Flash(r)) })
	mux.HandleFunc("/here", func(w http.ResponseWriter, r *http.Request) {
		PutFlash(r, "error", "No.")
		fmt.Fprint(w, Flash(r))
	})
	mux.HandleFunc("/silent", func(w http.ResponseWriter, r *http.Request) {})
	mux.HandleFunc("/clear", func(w http.ResponseWriter, r *http.Request) {
		ClearFlash(r)
		http.Redirect(w, r, "/show", http.StatusFound)
	})
	mux.HandleFunc("/304", func(w http.ResponseWriter, r *http.Request) {
		PutFlash(r, "info", "x")
		w.WriteHeader(http.StatusNotModified)
	})
	for _, tt := range []struct {
		name  string
		paths []string // all but the last without looking
		want  string
	}{
		{"shown once after a redirect", []string{"/redirect", "/show"}, "map[info:Saved.]"},
		{"gone after that", []string{"/redirect", "/show", "/show"}, "map[]"},
		{"through another redirect", []string{"/redirect", "/again", "/show"}, "map[info:Saved.]"},
		{"shown by the page that puts it", []string{"/here"}, "map[error:No.]"},
		{"and by no other", []string{"/here", "/show"}, "map[]"},
		{"gone after a page that does not show it", []string{"/redirect", "/silent", "/show"}, "map[]"},
		{"cleared", []string{"/redirect", "/clear", "/show"}, "map[]"},
		{"304 is among the statuses that keep it", []string{"/304", "/show"}, "map[info:x]"},
		{"merged with that of before", []string{"/redirect", "/here"}, "map[error:No. info:Saved.]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for name, store := range stores() {
				b := browse(t, store, FetchFlash()(mux)).stop()
				var got string
				for _, path := range tt.paths {
					_, got = b.get(path)
				}
				if got != tt.want {
					t.Errorf("%s: got %s, want %s", name, got, tt.want)
				}
			}
		})
	}
	t.Run("requests without FetchFlash leave it", func(t *testing.T) {
		b := browse(t, NewCookieStore(Config{Secrets: token.Secrets{secretA}}), mux).stop()
		b.get("/redirect")
		b.get("/silent")
		b.want("/show", "map[info:Saved.]")
		b.want("/show", "map[]")
	})
}

// A login that Phoenix has written is ours, and the other way round: the whole request, cookie for cookie.
func TestSharesALoginWithPhoenix(t *testing.T) {
	for name, enc := range map[string]string{"signed": "", "encrypted": "enc"} {
		t.Run(name, func(t *testing.T) {
			cfg := Config{Secrets: token.Secrets{secretA}, Key: "_shop_key", SigningSalt: "signsalt", EncryptionSalt: enc, Format: token.Phoenix}
			tokens := token.New(token.Config{Secrets: cfg.Secrets})
			// What Plug.Session writes, spelt out with what it is made of.
			plugs := func(t *testing.T, term any) string {
				payload, err := etf.Marshal(term)
				if err != nil {
					t.Fatal(err)
				}
				var v string
				if enc != "" {
					v, err = tokens.EncryptBytes(enc, payload)
				} else {
					v, err = tokens.SignBytes("signsalt", payload)
				}
				if err != nil {
					t.Fatal(err)
				}
				return v
			}
			h := Load(NewCookieStore(cfg))(handle(func(w http.ResponseWriter, r *http.Request) {
				id, _ := Of(r).Int("user_id")
				Of(r).Put("seen", true)
				PutFlash(r, "error", "again")
				w.Header().Set("X-User", fmt.Sprint(id, Flash(r), Of(r).DisconnectID()))
				http.Redirect(w, r, "/", http.StatusFound)
			}))
			r := httptest.NewRequest("GET", "/", nil)
			r.AddCookie(&http.Cookie{Name: "_shop_key", Value: plugs(t, map[string]any{"user_id": 1, "locale": etf.Atom("de"), "live_socket_id": "users:1",
				"phoenix_flash": map[string]any{"info": "hi"}})})
			rec := httptest.NewRecorder()
			h.ServeHTTP(rec, r)
			if got, want := rec.Header().Get("X-User"), "1 map[error:again info:hi]users:1"; got != want {
				t.Errorf("got %s, want %s", got, want)
			}
			set := rec.Result().Cookies()
			if len(set) != 1 || set[0].Name != "_shop_key" {
				t.Fatalf("got %v", set)
			}
			open := tokens.VerifyBytes
			salt := "signsalt"
			if enc != "" {
				open, salt = tokens.DecryptBytes, enc
			}
			payload, err := open(salt, set[0].Value)
			if err != nil {
				t.Fatal(err)
			}
			got, err := etf.Decode(payload)
			if err != nil {
				t.Fatal(err)
			}
			want := map[string]any{"user_id": int64(1), "locale": etf.Atom("de"), "seen": true, "live_socket_id": "users:1",
				"phoenix_flash": map[string]any{"info": "hi", "error": "again"}}
			if diff := cmp.Diff(any(want), got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	t.Run("the vector", func(t *testing.T) {
		const value = "SFMyNTY.g3QAAAABbQAAAAd1c2VyX2lkYQE.G5YEMfYgEVJnUH0NlLNRmyx_E3ewK9R-txbzWiYQ8SQ"
		store := NewCookieStore(Config{Secrets: token.Secrets{secretA}, SigningSalt: "signsalt", Format: token.Phoenix})
		rec := httptest.NewRecorder()
		Load(store)(handle(func(w http.ResponseWriter, r *http.Request) {
			n, _ := Of(r).Int("user_id")
			Of(r).Put("user_id", n)
		})).ServeHTTP(rec, request(value))
		if got := rec.Header().Get("Set-Cookie"); got != "_bennu_session="+value+"; Path=/; HttpOnly; SameSite=Lax" {
			t.Errorf("got %s", got)
		}
	})
}

func TestOddCookies(t *testing.T) {
	cfg := Config{Secrets: token.Secrets{secretA}}
	store := NewCookieStore(cfg)
	good := encode(t, store, map[string]any{"user_id": 7})
	old := cfg
	old.Secrets = token.Secrets{secretB}
	rotated := NewCookieStore(Config{Secrets: token.Secrets{secretA, secretB}})
	h := handle(func(w http.ResponseWriter, r *http.Request) {
		n, ok := Of(r).Int("user_id")
		fmt.Fprint(w, n, ok)
	})
	for _, tt := range []struct {
		name    string
		cookies []string
		want    string
	}{
		{"good", []string{good}, "7 true"},
		{"of an older secret", []string{encode(t, NewCookieStore(old), map[string]any{"user_id": 8})}, "8 true"},
		{"tampered", []string{good[:len(good)-2] + "AA"}, "0 false"},
		{"overlong", []string{good + strings.Repeat("A", 5000)}, "0 false"},
		{"a stale one first", []string{"stale", good}, "7 true"},
		{"two good ones: the first", []string{good, encode(t, store, map[string]any{"user_id": 9})}, "7 true"},
		{"a key of a server store", []string{newKey()}, "0 false"},
		{"nothing", []string{""}, "0 false"},
	} {
		rec := httptest.NewRecorder()
		Load(rotated)(h).ServeHTTP(rec, request(tt.cookies...))
		if rec.Body.String() != tt.want || rec.Code != 200 {
			t.Errorf("%s: got %d %s, want %s", tt.name, rec.Code, rec.Body, tt.want)
		}
	}
}

func TestSecureBehindATrustedProxy(t *testing.T) {
	store := NewServerStore(NewMemoryTable(), ServerConfig{})
	r := httptest.NewRequest("GET", "/", nil)
	if store.Cookie(r, "v").Secure {
		t.Error("secure without TLS")
	}
	r.URL.Scheme = "https"
	if !store.Cookie(r, "v").Secure {
		t.Error("not secure where the scheme is https")
	}
	r = httptest.NewRequest("GET", "/", nil)
	r.TLS = &tls.ConnectionState{}
	if !store.Cookie(r, "v").Secure {
		t.Error("not secure with TLS")
	}
}

// A handler that panics has its changes written with whatever answer somebody further out gives; hijacked connections write nothing.
func TestPanicAndHijack(t *testing.T) {
	store := NewCookieStore(Config{Secrets: token.Secrets{secretA}})
	rec := httptest.NewRecorder()
	h := handle(func(w http.ResponseWriter, r *http.Request) {
		_, w, r = exchange.Begin(w, r)
		defer func() {
			recover()
			w.WriteHeader(http.StatusInternalServerError)
		}()
		Load(store)(handle(func(w http.ResponseWriter, r *http.Request) {
			Of(r).Put("a", 1)
			PutFlash(r, "info", "x")
			panic("oh")
		})).ServeHTTP(w, r)
	})
	h.ServeHTTP(rec, request())
	if len(rec.Result().Cookies()) != 1 || rec.Code != 500 {
		t.Errorf("got %d %v", rec.Code, rec.Header())
	}
	b := browse(t, store, handle(func(w http.ResponseWriter, r *http.Request) {
		Of(r).Put("a", 1)
		c, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		rw.WriteString("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
		rw.Flush()
	}))
	if res := b.want("/", "ok"); len(res.Cookies()) != 0 {
		t.Error("got a cookie")
	}
}

func FuzzRequestCookie(f *testing.F) {
	store := NewServerStore(NewMemoryTable(), ServerConfig{})
	made, err := store.Put(f.Context(), "", map[string]any{"user_id": 1})
	if err != nil {
		f.Fatal(err)
	}
	f.Add("_bennu_session=x")
	f.Add("a=b; _bennu_session=\"" + made + "\"")
	f.Add("_bennu_session=; _bennu_session=" + strings.Repeat("A", keySize))
	f.Fuzz(func(t *testing.T, header string) {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Cookie", header)
		rec := httptest.NewRecorder()
		Load(store)(handle(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, Of(r).Get("user_id")) })).ServeHTTP(rec, r)
		if rec.Code != 200 || rec.Body.String() != "<nil>" && !strings.Contains(header, made) {
			t.Errorf("%q: got %d %s", header, rec.Code, rec.Body)
		}
	})
}

func BenchmarkLoad(b *testing.B) {
	store := NewCookieStore(Config{Secrets: token.Secrets{secretA}})
	value, _ := store.Encode(map[string]any{"user_id": 1})
	for name, h := range map[string]http.Handler{
		"unused": handle(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(204) }),
		"read": handle(func(w http.ResponseWriter, r *http.Request) {
			Of(r).Get("user_id")
			w.WriteHeader(204)
		}),
	} {
		b.Run(name, func(b *testing.B) {
			h, r := Load(store)(h), request(value)
			b.ReportAllocs()
			for b.Loop() {
				h.ServeHTTP(&noWriter{h: http.Header{}}, r)
			}
		})
	}
}

type noWriter struct{ h http.Header }

func (w *noWriter) Header() http.Header         { return w.h }
func (w *noWriter) Write(p []byte) (int, error) { return len(p), nil }
func (w *noWriter) WriteHeader(int)             {}
