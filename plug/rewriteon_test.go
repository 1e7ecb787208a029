package plug

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestRewriteOn(t *testing.T) {
	proxies := []string{"10.0.0.0/8", "::1"}
	x := []string{XForwardedFor, XForwardedProto, XForwardedHost, XForwardedPort}
	fw := []string{Forwarded}
	for _, tt := range []struct {
		name    string
		headers []string
		peer    string
		sent    []string // name, value, …
		want    string   // RemoteAddr Scheme Host
	}{
		{"no headers", x, "10.0.0.1:5", nil, "10.0.0.1:5 http example.com"},
		{"a client's own", x, "1.2.3.4:5", []string{XForwardedFor, "9.9.9.9", XForwardedProto, "https", XForwardedHost, "evil"}, "1.2.3.4:5 http example.com"},
		{"one proxy", x, "10.0.0.1:5", []string{XForwardedFor, "9.9.9.9", XForwardedProto, "https", XForwardedHost, "shop.example"}, "9.9.9.9:0 https shop.example"},
		{"what the client wrote is to the left", x, "10.0.0.1:5", []string{XForwardedFor, "6.6.6.6, 9.9.9.9"}, "9.9.9.9:0 http example.com"},
		{"two proxies, two headers", x, "10.0.0.1:5", []string{XForwardedFor, "6.6.6.6, 9.9.9.9", XForwardedFor, "10.0.0.2"}, "9.9.9.9:0 http example.com"},
		{"only proxies", x, "10.0.0.1:5", []string{XForwardedFor, "10.0.0.3,10.0.0.2"}, "10.0.0.3:0 http example.com"},
		{"nonsense from the client", x, "10.0.0.1:5", []string{XForwardedFor, "<script>, 10.0.0.2"}, "10.0.0.2:0 http example.com"},
		{"with ports and IPv6", x, "[::1]:5", []string{XForwardedFor, "[2001:db8::1]:77"}, "[2001:db8::1]:77 http example.com"},
		{"an IPv4 address within IPv6", x, "[::ffff:10.0.0.1]:5", []string{XForwardedFor, "::ffff:9.9.9.9"}, "9.9.9.9:0 http example.com"},
		{"two schemes", x, "10.0.0.1:5", []string{XForwardedProto, "https", XForwardedProto, "http"}, "10.0.0.1:5 http example.com"},
		{"no scheme", x, "10.0.0.1:5", []string{XForwardedProto, "javascript"}, "10.0.0.1:5 http example.com"},
		{"a bad host", x, "10.0.0.1:5", []string{XForwardedHost, "evil/@x"}, "10.0.0.1:5 http example.com"},
		{"a port", x, "10.0.0.1:5", []string{XForwardedPort, "8443", XForwardedProto, "HTTPS"}, "10.0.0.1:5 https example.com:8443"},
		{"the scheme's own port", x, "10.0.0.1:5", []string{XForwardedPort, "443", XForwardedProto, "https", XForwardedHost, "a.example:80"}, "10.0.0.1:5 https a.example"},
		{"a scheme moves the default port", x, "10.0.0.1:5", []string{XForwardedProto, "https", XForwardedHost, "a.example:80"}, "10.0.0.1:5 https a.example"},
		{"a bad port", x, "10.0.0.1:5", []string{XForwardedPort, "0x50"}, "10.0.0.1:5 http example.com"},
		{"a header that is not named", []string{XForwardedFor}, "10.0.0.1:5", []string{XForwardedProto, "https", XForwardedHost, "evil"}, "10.0.0.1:5 http example.com"},
		{"Forwarded", fw, "10.0.0.1:5", []string{Forwarded, `for=9.9.9.9;proto=https;host="a.example:8443"`}, "9.9.9.9:0 https a.example:8443"},
		{"Forwarded, what the client wrote", fw, "10.0.0.1:5", []string{Forwarded, `for=6.6.6.6;host=evil;proto=http`, Forwarded, `For="[2001:db8::1]:7"; Proto=https`}, "[2001:db8::1]:7 https example.com"},
		{"Forwarded by two", fw, "10.0.0.1:5", []string{Forwarded, `for=9.9.9.9;proto=https, for=10.0.0.2;proto=http`}, "9.9.9.9:0 https example.com"},
		{"Forwarded by nobody known", fw, "10.0.0.1:5", []string{Forwarded, `for=6.6.6.6, for=_hidden;proto=https`}, "10.0.0.1:5 https example.com"},
		{"Forwarded that is broken", fw, "10.0.0.1:5", []string{Forwarded, `for="9.9.9.9, for=10.0.0.2`}, "10.0.0.1:5 http example.com"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "/", nil)
			r.RemoteAddr = tt.peer
			for i := 0; i < len(tt.sent); i += 2 {
				r.Header.Add(tt.sent[i], tt.sent[i+1])
			}
			got := ""
			RewriteOn(RewriteOnConfig{Proxies: proxies, Headers: tt.headers})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				got = r.RemoteAddr + " " + Scheme(r) + " " + r.Host
			})).ServeHTTP(httptest.NewRecorder(), r)
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
	mustPanic(t, "needs the addresses", func() { RewriteOn(RewriteOnConfig{}) })
	mustPanic(t, "neither a network", func() { RewriteOn(RewriteOnConfig{Proxies: []string{"x"}, Headers: x}) })
	mustPanic(t, "is not known", func() { RewriteOn(RewriteOnConfig{Proxies: proxies, Headers: []string{"X-Real-Ip"}}) })
	mustPanic(t, "at a time", func() { RewriteOn(RewriteOnConfig{Proxies: proxies, Headers: []string{Forwarded, XForwardedFor}}) })
}

func FuzzForwarded(f *testing.F) {
	for _, s := range []string{`for=192.0.2.60;proto=http;by=203.0.113.43`, `for="[2001:db8:cafe::17]:4711"`, `for=a, for="b;c,d";host=x`, `for="\"";;,`, `for=`, `=x`, `a="`} {
		f.Add(s)
	}
	rw := newRewriter(RewriteOnConfig{Proxies: []string{"10.0.0.0/8"}, Headers: []string{Forwarded}})
	xf := newRewriter(RewriteOnConfig{Proxies: []string{"10.0.0.0/8"}, Headers: []string{XForwardedFor, XForwardedHost, XForwardedPort, XForwardedProto}})
	f.Fuzz(func(t *testing.T, s string) {
		peer, _ := parseNode("10.0.0.1:5")
		// Whatever a client writes, what the proxy adds behind it decides.
		r := httptest.NewRequest("GET", "/", nil)
		r.Header[Forwarded] = []string{s, "for=9.9.9.9;host=a.example;proto=https"}
		if _, ok := parseForwarded([]string{s}); ok {
			if o := rw.read(peer, r); o.client.String() != "9.9.9.9:0" || o.host != "a.example" || o.scheme != schemes["https"] {
				t.Fatalf("%q: got %+v", s, o)
			}
		} else if o := rw.read(peer, r); o.client != peer && o.client.String() != "9.9.9.9:0" {
			t.Fatalf("%q: got %+v", s, o)
		}
		r.Header = http.Header{XForwardedFor: {s, "9.9.9.9"}, XForwardedHost: {s}, XForwardedPort: {s}, XForwardedProto: {s}}
		o := xf.read(peer, r)
		if o.client.String() != "9.9.9.9:0" || strings.ContainsAny(o.host, " /@?#\r\n\\<>\"'") || o.host == "" {
			t.Fatalf("%q: got %+v", s, o)
		}
	})
}
