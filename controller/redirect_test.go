package controller

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/bennu-go/bennu/plug"
	"github.com/bennu-go/bennu/session"
	"github.com/bennu-go/bennu/token"
)

// What has been used for open redirects, CVE-2026-64941 and CVE-2026-58228 of Phoenix among them, and what else browsers and proxies take for another site.
var unsafe = []string{
	"", "evil.com", "rooms/1", "?a=1", "#a", " /rooms", "https://evil.com", "HTTP:evil.com", "javascript:alert(1)", "\tjavascript:alert(1)", "data:text/html,x",
	"//evil.com", "///evil.com", "////evil.com", "/\\evil.com", "\\\\evil.com", "\\/evil.com", "/rooms\\..\\evil", "//user@evil.com", "//evil.com:80/",
	"/\t/evil.com", "/\n/evil.com", "/\r/evil.com", "/\r\n/evil.com", "/\x00/evil.com", "\t//evil.com", "\x01//evil.com", "/\v/evil.com", "/rooms\r\nSet-Cookie: a=b", "/rooms\x7f",
	"/%09/evil.com", "/%0a/evil.com", "/%0D%0A/evil.com", "/%2f/evil.com", "/%2Fevil.com", "/%5cevil.com", "/%5C/evil.com", "/%252fevil.com", "/%25252fevil.com", "/%00/evil.com", "/%7f/evil.com",
}

var local = map[string]string{
	"/":                           "/",
	"/rooms/1?page=2#top":         "/rooms/1?page=2#top",
	"/rooms//1":                   "/rooms//1",
	"/a?return=//evil.com":        "/a?return=//evil.com",
	"/a?next=https://b.com/%2F":   "/a?next=https://b.com/%2F",
	"/zimmer/ä ö":                 "/zimmer/%C3%A4%20%C3%B6",
	"/user@host":                  "/user@host",
	"/.//evil.com":                "/.//evil.com", // a path of this site in every browser
	"/%61bc":                      "/%61bc",
	"/%":                          "/%",
	"/%zz":                        "/%zz",
	"/:80/":                       "/:80/",
	"/\xff":                       "/%FF",
	"/?a=%0d%0aSet-Cookie:%20a=b": "/?a=%0d%0aSet-Cookie:%20a=b",
}

func TestRedirectIsLocal(t *testing.T) {
	for _, to := range unsafe {
		w, err := run(get("/"), func(w http.ResponseWriter, r *http.Request) error { return Redirect(w, r, to) })
		if plug.Status(err) != 400 || w.Header().Get("Location") != "" {
			t.Errorf("%q: got location %q, error %v", to, w.Header().Get("Location"), err)
		}
	}
	for to, location := range local {
		w, err := run(get("/"), func(w http.ResponseWriter, r *http.Request) error { return Redirect(w, r, to) })
		if err != nil || w.Code != 302 || w.Header().Get("Location") != location {
			t.Errorf("%q: got %d %q, %v", to, w.Code, w.Header().Get("Location"), err)
		}
	}
}

func TestRedirectAnswer(t *testing.T) {
	w, _ := run(get("/"), func(w http.ResponseWriter, r *http.Request) error {
		return RedirectStatus(w, r, http.StatusSeeOther, `/a?q="><script>&b`)
	})
	want(t, w, 303, typeHTML, `<html><body>You are being <a href="/a?q=&#34;&gt;&lt;script&gt;&amp;b">redirected</a>.</body></html>`)
	w, _ = run(get("/"), func(w http.ResponseWriter, r *http.Request) error { return Redirect(w, r, "/a") }, plug.Accepts("json"))
	want(t, w, 302, "", "")
	if _, err := run(get("/"), func(w http.ResponseWriter, r *http.Request) error { return RedirectStatus(w, r, 200, "/a") }); err == nil {
		t.Error("200 is taken for a redirect")
	}
}

func TestRedirectExternal(t *testing.T) {
	for to, ok := range map[string]bool{
		"https://example.com/a?b=c": true, "http://example.com": true, "https://exämple.com": true,
		"javascript:alert(1)": false, "data:text/html,x": false, "//example.com": false, "https:example.com": false, "https:///example.com": false, "/rooms": false,
		"https://good.com@evil.com": false, "https://good.com\\@evil.com": false, "https://e.com/\r\nA: b": false, " https://e.com": false, "ftp://e.com": false,
	} {
		w, err := run(get("/"), func(w http.ResponseWriter, r *http.Request) error { return RedirectExternal(w, r, 302, to) })
		if (err == nil) != ok || (w.Header().Get("Location") != "") != ok {
			t.Errorf("%q: got %q, %v", to, w.Header().Get("Location"), err)
		}
	}
}

func TestTheFlashSurvivesARedirect(t *testing.T) {
	load := session.Load(session.NewCookieStore(session.Config{Secrets: token.Secrets{strings.Repeat("s", 64)}}))
	w, err := run(get("/"), func(w http.ResponseWriter, r *http.Request) error {
		session.PutFlash(r, "info", "saved")
		return Redirect(w, r, "/next")
	}, load)
	if err != nil {
		t.Fatal(err)
	}
	next := get("/next")
	for _, c := range w.Result().Cookies() {
		next.AddCookie(c)
	}
	w, _ = run(next, func(w http.ResponseWriter, r *http.Request) error { return Text(w, 200, session.Flash(r)["info"]) }, load)
	want(t, w, 200, typeText, "saved")
}

// browserHost is what a browser that is on https://here.test makes of a header Location: the rules of the URL standard for references, as far as they decide the host.
func browserHost(location string) string {
	s := strings.Trim(location, "\x00\x01\x02\x03\x04\x05\x06\x07\x08\t\n\v\f\r\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f ")
	s = strings.NewReplacer("\t", "", "\n", "", "\r", "").Replace(s)
	slash := func(i int) bool { return i < len(s) && (s[i] == '/' || s[i] == '\\') }
	if i := strings.IndexAny(s, ":/\\?#"); i > 0 && s[i] == ':' { // a scheme, if letters alone
		return "another scheme"
	}
	if !slash(0) || !slash(1) {
		return "here.test"
	}
	i := 0
	for slash(i) {
		i++
	}
	host := s[i:]
	if end := strings.IndexAny(host, "/\\?#"); end >= 0 {
		host = host[:end]
	}
	return host[strings.LastIndex(host, "@")+1:]
}

func FuzzLocalPath(f *testing.F) {
	for _, s := range unsafe {
		f.Add(s)
	}
	for s := range local {
		f.Add(s)
	}
	base, _ := url.Parse("https://here.test/a/b")
	f.Fuzz(func(t *testing.T, to string) {
		got, err := LocalPath(to)
		if err != nil {
			return
		}
		for i := range len(got) {
			if got[i] <= ' ' || got[i] >= 0x7f {
				t.Fatalf("%q: %q has byte %#x", to, got, got[i])
			}
		}
		// As the browser sees it, and as it does behind a proxy that decodes the path before it passes the header on.
		for range 3 {
			if host := browserHost(got); host != "here.test" {
				t.Fatalf("%q: a browser goes to %q", to, host)
			}
			if u, err := base.Parse(got); err == nil && (u.Host != "here.test" || u.Scheme != "https") {
				t.Fatalf("%q: net/url goes to %q", to, u)
			}
			decoded, err := url.PathUnescape(got)
			if err != nil {
				break
			}
			got = decoded
		}
	})
}

func TestTheOracleKnowsOtherSites(t *testing.T) {
	for _, s := range []string{"//evil.com", "/\\evil.com", "/\t/evil.com", "\x01//evil.com", "javascript:x", "///evil.com", "//a@evil.com/"} {
		if browserHost(s) == "here.test" {
			t.Errorf("%q passes the oracle", s)
		}
	}
}

func TestCurrentPathAndURL(t *testing.T) {
	trusted := plug.RewriteOn(plug.RewriteOnConfig{Proxies: []string{"192.0.2.0/24"}, Headers: []string{plug.XForwardedProto, plug.XForwardedHost}})
	r := get("http://app.internal/rooms//1/?page=2&b=%20", "X-Forwarded-Proto", "https", "X-Forwarded-Host", "example.com")
	w := httptest.NewRecorder()
	trusted(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if got, want := CurrentPath(r), "/rooms/1?page=2&b=%20"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if got, want := CurrentURL(r), "https://example.com/rooms/1?page=2&b=%20"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if got, err := CurrentPathWith(r, map[string]any{"page": "3"}); got != "/rooms/1?page=3" || err != nil {
			t.Errorf("got %q, %v", got, err)
		}
		if got, err := CurrentPathWith(r, nil); got != "/rooms/1" || err != nil {
			t.Errorf("got %q, %v", got, err)
		}
		if _, err := CurrentPathWith(r, map[string]any{"page": make(chan int)}); err == nil {
			t.Error("a channel is encoded")
		}
	})).ServeHTTP(w, r)
	for target, path := range map[string]string{"/": "/", "//": "/", "/a%2Fb/%C3%A4": "/a%2Fb/%C3%A4", "//evil.com/": "/evil.com"} {
		if got := CurrentPath(&http.Request{URL: mustURL(target)}); got != path {
			t.Errorf("%q: got %q, want %q", target, got, path)
		}
	}
}

func mustURL(path string) *url.URL {
	u := &url.URL{RawPath: path}
	u.Path, _ = url.PathUnescape(path)
	return u
}
