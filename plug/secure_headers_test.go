package plug

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSecureHeaders(t *testing.T) {
	nothing := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	get := func(h http.Handler) http.Header { return serve(h, httptest.NewRequest("GET", "/", nil)).Header() }
	phoenix := http.Header{
		"Referrer-Policy":                   {"strict-origin-when-cross-origin"},
		"Content-Security-Policy":           {"base-uri 'self'; frame-ancestors 'self';"},
		"X-Content-Type-Options":            {"nosniff"},
		"X-Permitted-Cross-Domain-Policies": {"none"},
	}
	if diff := cmp.Diff(phoenix, get(SecureHeaders(SecureHeadersConfig{})(nothing))); diff != "" {
		t.Errorf("defaults (-want +got):\n%s", diff)
	}
	before := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Referrer-Policy", "no-referrer")
			w.Header().Set("X-Content-Type-Options", "mine")
			next.ServeHTTP(w, r)
		})
	}
	got := get(Pipeline(before, SecureHeaders(SecureHeadersConfig{CSPReportOnly: "default-src 'none'", Headers: map[string]string{
		"x-content-type-options": "nosniff", "x-frame-options": "DENY", "x-permitted-cross-domain-policies": ""}}))(nothing))
	want := http.Header{
		"Referrer-Policy":                     {"no-referrer"},
		"Content-Security-Policy":             {"base-uri 'self'; frame-ancestors 'self';"},
		"Content-Security-Policy-Report-Only": {"default-src 'none'"},
		"X-Content-Type-Options":              {"nosniff"},
		"X-Frame-Options":                     {"DENY"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("adds what is absent, overrides what is named (-want +got):\n%s", diff)
	}
	for _, bad := range []SecureHeadersConfig{{CSP: "a\r\nSet-Cookie: b"}, {Headers: map[string]string{"a b": "c"}}, {Headers: map[string]string{"a": "\x00"}}, {CSPReportOnly: "\n"}} {
		mustPanic(t, "is no header", func() { SecureHeaders(bad) })
	}
}

func TestCSPNonce(t *testing.T) {
	page := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, CSPNonce(r)) })
	h := SecureHeaders(SecureHeadersConfig{CSP: "script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'", CSPReportOnly: "img-src 'nonce-{nonce}'"})(page)
	seen := map[string]bool{}
	for range 3 {
		rec := serve(h, httptest.NewRequest("GET", "/", nil))
		nonce := rec.Body.String()
		if len(nonce) != 24 || seen[nonce] {
			t.Errorf("got nonce %q", nonce)
		}
		seen[nonce] = true
		if got, want := rec.Header().Get("Content-Security-Policy"), strings.ReplaceAll("script-src 'nonce-N'; style-src 'nonce-N'", "N", nonce); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if got := rec.Header().Get("Content-Security-Policy-Report-Only"); got != "img-src 'nonce-"+nonce+"'" {
			t.Errorf("got %s", got)
		}
	}
	if rec := serve(SecureHeaders(SecureHeadersConfig{})(page), httptest.NewRequest("GET", "/", nil)); rec.Body.String() != "" {
		t.Errorf("a nonce that no policy has: %q", rec.Body)
	}
}
