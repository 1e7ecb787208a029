package transport

import (
	"bytes"
	"crypto/tls"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

func mustURL(t testing.TB, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// none stands for a request without the header.
const none = "\x00none"

func originRequest(target, origin string) *http.Request {
	r := httptest.NewRequest("GET", target, nil)
	r.URL.Scheme, r.URL.Host = "", "" // as a server sees it
	if strings.HasPrefix(target, "https:") {
		r.TLS = &tls.ConnectionState{}
	} else {
		r.TLS = nil
	}
	if origin != none {
		r.Header["Origin"] = []string{origin}
	}
	return r
}

func TestOrigin(t *testing.T) {
	const at = "http://app.internal:4000/socket/websocket"
	onlyNull := OriginFunc(func(u *url.URL) bool { return u.Host == "" && u.Path == "null" })
	for _, tt := range []struct {
		name   string
		rule   Origin
		public string // the endpoint's URL; empty: none
		target string
		origin string
		want   bool
	}{
		{"no header, host", OriginHost(), "https://example.com", at, none, true},
		{"no header, list", OriginList("//example.com"), "", at, none, true},
		{"no header, self", OriginSelf(), "", at, none, true},
		{"no header, function that refuses all", OriginFunc(func(*url.URL) bool { return false }), "", at, none, true},

		{"any", OriginAny(), "https://example.com", at, "https://evil.example", true},
		{"any, garbage", OriginAny(), "https://example.com", at, "::", true},

		{"host fits", OriginHost(), "https://example.com", at, "https://example.com", true},
		{"host, another scheme", OriginHost(), "https://example.com", at, "http://example.com", true},
		{"host, another port", OriginHost(), "https://example.com", at, "https://example.com:8443", true},
		{"host, another host", OriginHost(), "https://example.com", at, "https://example.org", false},
		{"host, below", OriginHost(), "https://example.com", at, "https://www.example.com", false},
		{"host, a longer name", OriginHost(), "https://example.com", at, "https://example.com.evil.example", false},
		{"host, user information", OriginHost(), "https://example.com", at, "https://example.com@evil.example", false},
		{"host, upper case", OriginHost(), "https://example.com", at, "https://EXAMPLE.com", false},
		{"host, the request's own is not asked", OriginHost(), "https://example.com", at, "http://app.internal:4000", false},
		{"host, URL without a host", OriginHost(), "/", at, "https://whoever.example", true},
		{"host, URL without a host, origin without", OriginHost(), "/", at, "null", false},
		{"host, no URL", OriginHost(), "", at, "http://app.internal", true},
		{"host, no URL, another", OriginHost(), "", at, "http://other.internal", false},
		{"host, null", OriginHost(), "https://example.com", at, "null", false},
		{"host, empty", OriginHost(), "https://example.com", at, "", false},
		{"host, file", OriginHost(), "https://example.com", at, "file://", false},
		{"host, garbage", OriginHost(), "https://example.com", at, "http://exa mple.com:x", false},
		{"host, address", OriginHost(), "http://[::1]:4000", at, "http://[::1]:3000", true},
		{"zero value", Origin{}, "https://example.com", at, "https://example.com", true},

		{"list, scheme fixes the port 443", OriginList("https://example.com"), "", at, "https://example.com", true},
		{"list, port written out", OriginList("https://example.com"), "", at, "https://example.com:443", true},
		{"list, another scheme", OriginList("https://example.com"), "", at, "http://example.com", false},
		{"list, scheme fixes the port 80", OriginList("http://example.com"), "", at, "http://example.com:8080", false},
		{"list, port", OriginList("http://example.com:8080"), "", at, "http://example.com:8080", true},
		{"list, scheme and port wild", OriginList("//example.com"), "", at, "https://example.com:8443", true},
		{"list, port alone", OriginList("//example.com:888"), "", at, "https://example.com:888", true},
		{"list, port alone, another", OriginList("//example.com:888"), "", at, "https://example.com", false},
		{"list, upper case scheme in the origin", OriginList("https://example.com"), "", at, "HTTPS://example.com", true},
		{"list, second entry", OriginList("//a.example", "//b.example"), "", at, "https://b.example", true},
		{"list, none", OriginList("//a.example", "//b.example"), "", at, "https://c.example", false},
		{"list, wildcard itself", OriginList("//*.other.com"), "", at, "https://other.com", true},
		{"list, wildcard below", OriginList("//*.other.com"), "", at, "https://a.other.com", true},
		{"list, wildcard far below", OriginList("//*.other.com"), "", at, "https://a.b.c.other.com", true},
		{"list, wildcard needs the dot", OriginList("//*.other.com"), "", at, "https://another.com", false},
		{"list, wildcard with scheme", OriginList("https://*.other.com"), "", at, "http://a.other.com", false},
		{"list, extension", OriginList("chrome-extension://abcdef"), "", at, "chrome-extension://abcdef", true},
		{"list, null", OriginList("//example.com"), "", at, "null", false},
		{"list, file", OriginList("//example.com"), "", at, "file://", false},

		{"self", OriginSelf(), "https://example.com", at, "http://app.internal:4000", true},
		{"self, the endpoint's URL is not asked", OriginSelf(), "https://example.com", at, "https://example.com", false},
		{"self, another port", OriginSelf(), "", at, "http://app.internal", false},
		{"self, another scheme", OriginSelf(), "", at, "https://app.internal:4000", false},
		{"self, TLS", OriginSelf(), "", "https://app.internal/socket", "https://app.internal", true},
		{"self, TLS ended at a proxy", OriginSelf(), "", "http://app.example/socket", "https://app.example", false},
		{"self, port of the scheme", OriginSelf(), "", "http://app.example/socket", "http://app.example:80", true},
		{"self, null", OriginSelf(), "", at, "null", false},

		{"function that allows", OriginFunc(func(u *url.URL) bool { return u.Hostname() == "x.example" && u.Port() == "81" }), "", at, "http://x.example:81", true},
		{"function that refuses", OriginFunc(func(u *url.URL) bool { return false }), "", at, "http://x.example", false},
		{"function, null", onlyNull, "", at, "null", true},
		{"function, garbage", OriginFunc(func(u *url.URL) bool { return u.Opaque == "http://a b:x" }), "", at, "http://a b:x", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.rule.err != nil {
				t.Fatal(tt.rule.err)
			}
			c := ConnectConfig{CheckOrigin: tt.rule}
			if tt.public != "" {
				c.URL = mustURL(t, tt.public)
			}
			c.bind(Env{Logger: slog.New(slog.DiscardHandler)}, &lpSocket{})
			err := c.checkOrigin(originRequest(tt.target, tt.origin))
			if (err == nil) != tt.want {
				t.Errorf("got error %v, want allowed = %v", err, tt.want)
			}
			if err != nil && refusalOf(err).Status != http.StatusForbidden {
				t.Errorf("got status %d, want 403", refusalOf(err).Status)
			}
		})
	}
}

func TestOriginFirstHeaderCounts(t *testing.T) {
	o := OriginList("//a.example")
	r := originRequest("http://h/", "http://b.example")
	r.Header.Add("Origin", "http://a.example")
	if _, ok := o.allows(r, nil); ok {
		t.Error("the second Origin header was taken for the first")
	}
}

func TestOriginBehindProxyThatIsTrusted(t *testing.T) {
	o := OriginSelf()
	r := originRequest("http://10.0.0.1:4000/socket", "https://app.example")
	r.URL.Scheme, r.Host = "https", "app.example" // what a plug in front makes of X-Forwarded-Proto and X-Forwarded-Host
	if _, ok := o.allows(r, nil); !ok {
		t.Error("scheme and host set by a plug were not taken")
	}
}

func TestOriginWrongWiring(t *testing.T) {
	for _, tt := range []struct {
		name string
		rule Origin
		want string
	}{
		{"host without slashes", OriginList("example.com"), `"//example.com"`},
		{"host and port without slashes", OriginList("//ok.example", "example.com:80"), `"//example.com:80"`},
		{"empty entry", OriginList(""), "has no host"},
		{"empty list", OriginList(), "no entries"},
		{"wildcard in the middle", OriginList("//api.*.example.com"), `"//*.example.com"`},
		{"wildcard alone", OriginList("//*"), "OriginAny"},
		{"wildcard within a label", OriginList("https://api*.example.com"), `"//*.example.com"`},
		{"no function", OriginFunc(nil), "no function"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := (&ConnectConfig{CheckOrigin: tt.rule}).validate()
			if err == nil || !strings.HasPrefix(err.Error(), "transport: CheckOrigin: ") || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error with %s", err, tt.want)
			}
		})
	}
}

func TestOriginIsLoggedOnce(t *testing.T) {
	var log bytes.Buffer
	c := ConnectConfig{URL: mustURL(t, "https://example.com")}
	c.bind(Env{Logger: slog.New(slog.NewTextHandler(&log, nil))}, &lpSocket{})
	for range 3 {
		if c.checkOrigin(originRequest("http://h/", "https://evil.example")) == nil {
			t.Fatal("not refused")
		}
	}
	text := log.String()
	if n := strings.Count(text, "level=ERROR"); n != 1 {
		t.Errorf("got %d lines for one origin, want 1", n)
	}
	for _, want := range []string{"https://evil.example", "example.com", "OriginList", "OriginAny", "proxy", "URL"} {
		if !strings.Contains(text, want) {
			t.Errorf("the log does not speak of %q:\n%s", want, text)
		}
	}
	// A flood of origins is not a flood of lines.
	log.Reset()
	for i := range 10 * seenKeys {
		c.checkOrigin(originRequest("http://h/", "https://evil"+strings.Repeat("x", i%7)+string(rune('a'+i%26))+".example"+strings.Repeat("y", i)))
	}
	if n := strings.Count(log.String(), "level=ERROR"); n == 0 || n > seenKeys {
		t.Errorf("got %d lines for a flood of origins, want 1 to %d", n, seenKeys)
	}
}

func FuzzOrigin(f *testing.F) {
	for _, s := range []string{"https://example.com", "null", "file://", "", "http://[::1]:80", "//x", "https://a.example.com:443", "https://example.com@evil.example",
		"http://example.com#@x", "http://example.com\\@x", "HTTPS://EXAMPLE.COM", "https://example.com.", "http://%65xample.com"} {
		f.Add(s, "//*.example.com")
		f.Add(s, s)
	}
	public := mustURL(f, "https://example.com")
	f.Fuzz(func(t *testing.T, origin, entry string) {
		r := originRequest("http://app.internal/", none)
		r.Header["Origin"] = []string{origin}
		host, self := OriginHost(), OriginSelf()
		if _, ok := host.allows(r, public); ok && !strings.Contains(origin, "example.com") && !strings.Contains(origin, "%") {
			t.Errorf("OriginHost of example.com allows %q", origin)
		}
		if _, ok := self.allows(r, public); ok && !strings.Contains(origin, "app.internal") && !strings.Contains(origin, "%") {
			t.Errorf("OriginSelf of app.internal allows %q", origin)
		}
		list := OriginList(entry)
		if list.err != nil {
			return
		}
		got, ok := list.allows(r, public)
		if got != origin {
			t.Errorf("got origin %q, want %q", got, origin)
		}
		// The oracle: some end of the origin's host, right after a dot or at its beginning, is the entry's.
		if u, err := url.Parse(origin); ok {
			e, _ := parseOriginEntry(entry)
			if err != nil || u.Hostname() != e.host && (e.below == "" || !strings.HasSuffix("."+u.Hostname(), e.below)) {
				t.Errorf("the list %q allows %q", entry, origin)
			}
		}
		_ = originHelp(origin, &list, r, public)
	})
}
