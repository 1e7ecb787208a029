package plug

import (
	"bytes"
	"crypto/tls"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestSSL(t *testing.T) {
	quiet := slog.New(slog.DiscardHandler)
	request := func(method, target string) *http.Request {
		r := httptest.NewRequest(method, target, nil)
		r.URL.Scheme, r.URL.Host, r.TLS = "", "", nil // as a server gets them
		return r
	}
	secure := func(method, target string) *http.Request {
		r := request(method, target)
		r.TLS = &tls.ConnectionState{}
		return r
	}
	proxied := request("GET", "http://example.com/")
	proxied.URL.Scheme = "https"
	elsewhere := request("GET", "http://example.com/a")
	elsewhere.URL.Host = "evil.example"
	elsewhere.URL.User = url.User("x")
	noHost := request("GET", "http://example.com/")
	noHost.Host = ""
	oddHost := request("GET", "http://example.com/")
	oddHost.Host = "a/b@c"
	star := request("OPTIONS", "http://example.com/")
	star.URL.Path, star.URL.Opaque = "*", ""
	for _, tt := range []struct {
		name     string
		cfg      SSLConfig
		r        *http.Request
		status   int
		location string
		hsts     string
	}{
		{"GET", SSLConfig{}, request("GET", "http://example.com/a%2Fb?c=d%20e"), 301, "https://example.com/a%2Fb?c=d%20e", ""},
		{"HEAD", SSLConfig{}, request("HEAD", "http://example.com/"), 301, "https://example.com/", ""},
		{"POST", SSLConfig{}, request("POST", "http://example.com/x"), 307, "https://example.com/x", ""},
		{"DELETE", SSLConfig{}, request("DELETE", "http://example.com/x"), 307, "https://example.com/x", ""},
		{"the port goes", SSLConfig{}, request("GET", "http://example.com:8080/"), 301, "https://example.com/", ""},
		{"IPv6", SSLConfig{}, request("GET", "http://[::1]:8080/"), 301, "https://[::1]/", ""},
		{"a host of one's own", SSLConfig{Host: "www.example.com:8443"}, request("GET", "http://example.com/"), 301, "https://www.example.com:8443/", ""},
		{"//evil stays behind the host", SSLConfig{}, request("GET", "http://example.com//evil.example/"), 301, "https://example.com//evil.example/", ""},
		{"another host in the request line", SSLConfig{}, elsewhere, 301, "https://example.com/a", ""},
		{"OPTIONS *", SSLConfig{}, star, 307, "https://example.com/", ""},
		{"no host", SSLConfig{}, noHost, 400, "", ""},
		{"what is no host", SSLConfig{}, oddHost, 400, "", ""},
		{"TLS", SSLConfig{}, secure("GET", "http://example.com/"), 200, "", "max-age=31536000"},
		{"TLS that a proxy took off", SSLConfig{}, proxied, 200, "", "max-age=31536000"},
		{"order of the header", SSLConfig{Preload: true, Subdomains: true}, secure("GET", "http://example.com/"), 200, "", "max-age=31536000; preload; includeSubDomains"},
		{"a time of one's own", SSLConfig{Expires: time.Hour}, secure("GET", "http://example.com/"), 200, "", "max-age=3600"},
		{"no HSTS", SSLConfig{NoHSTS: true}, secure("GET", "http://example.com/"), 200, "", ""},
		{"localhost", SSLConfig{}, request("GET", "http://localhost:4000/"), 200, "", ""},
		{"127.0.0.1", SSLConfig{}, secure("GET", "http://127.0.0.1/"), 200, "", ""},
		{"localhost not excluded", SSLConfig{ExcludeHosts: []string{}}, request("GET", "http://localhost:4000/"), 301, "https://localhost/", ""},
		{"an excluded host in other letters", SSLConfig{ExcludeHosts: []string{"internal.example.com"}}, request("GET", "http://Internal.Example.com/"), 200, "", ""},
		{"a health check", SSLConfig{ExcludePaths: []string{"/health"}}, request("GET", "http://10.0.0.1/health"), 200, "", ""},
		{"a path below it", SSLConfig{ExcludePaths: []string{"/health"}}, request("GET", "http://10.0.0.1/health/x"), 301, "https://10.0.0.1/health/x", ""},
		{"by a function", SSLConfig{Exclude: func(r *http.Request) bool { return r.Method == "GET" }}, request("GET", "http://example.com/"), 200, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.cfg.Logger = quiet
			rec := serve(SSL(tt.cfg)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "in") })), tt.r)
			h := rec.Header()
			if rec.Code != tt.status || h.Get("Location") != tt.location || h.Get("Strict-Transport-Security") != tt.hsts || (rec.Body.String() == "in") != (tt.status == 200) {
				t.Errorf("got %d %v %q, want %d %s", rec.Code, h, rec.Body, tt.status, tt.location)
			}
		})
	}
	var log bytes.Buffer
	serve(SSL(SSLConfig{Logger: slog.New(slog.NewTextHandler(&log, nil))})(http.NotFoundHandler()), request("GET", "http://example.com/"))
	if !strings.Contains(log.String(), "level=INFO") || !strings.Contains(log.String(), "redirecting to TLS") {
		t.Errorf("got %q", log.String())
	}
	mustPanic(t, "Host", func() { SSL(SSLConfig{Host: "https://example.com"}) })
	mustPanic(t, "Preload", func() { SSL(SSLConfig{Preload: true}) })
	mustPanic(t, "Expires", func() { SSL(SSLConfig{Expires: -1}) })
}
