package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"testing"

	"github.com/bennu-go/bennu/internal/proxytest"
	"github.com/bennu-go/bennu/param"
)

// visitor is a program with cookies in front of the pages.
type visitor struct {
	t      *testing.T
	client *http.Client
	base   string
}

func newVisitor(t *testing.T, base string, transport *http.Transport) visitor {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(transport.CloseIdleConnections)
	return visitor{t, &http.Client{Transport: transport, Jar: jar}, base}
}

func (v visitor) do(r *http.Request, err error) (*http.Response, string) {
	v.t.Helper()
	if err != nil {
		v.t.Fatal(err)
	}
	if r.Header.Get("Accept") == "" {
		r.Header.Set("Accept", "text/html")
	}
	answer, err := v.client.Do(r)
	if err != nil {
		v.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return answer, string(body)
}

func (v visitor) get(path string) (*http.Response, string) {
	v.t.Helper()
	return v.do(http.NewRequest(http.MethodGet, v.base+path, nil))
}

// register registers with the page's form and returns the profile.
func (v visitor) register(name string) (*http.Response, string) {
	v.t.Helper()
	_, page := v.get("/register")
	_, rest, _ := strings.Cut(page, `name="_csrf_token" value="`)
	csrf, _, _ := strings.Cut(rest, `"`)
	form, err := param.Encode(param.Map{"_csrf_token": csrf, "user": param.Map{"name": name, "email": name + "@example.com", "password": password}})
	if err != nil {
		v.t.Fatal(err)
	}
	r, err := http.NewRequest(http.MethodPost, v.base+"/register", strings.NewReader(form))
	if err == nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", v.base)
	}
	return v.do(r, err)
}

// TestHTTP2 uses pages and API over one connection of HTTP/2.
func TestHTTP2(t *testing.T) {
	t.Parallel()
	d := startDemo(t, path{tls: true})
	v := newVisitor(t, strings.TrimSuffix(d.url(), "/"), &http.Transport{TLSClientConfig: &tls.Config{RootCAs: d.cert.Pool}, ForceAttemptHTTP2: true})
	profile, page := v.register("ada")
	if profile.ProtoMajor != 2 || profile.StatusCode != http.StatusOK || !strings.Contains(page, "Your account is ready, ada.") {
		t.Errorf("got %s %s\n%s", profile.Proto, profile.Status, page)
	}
	users, body := v.get("/api/v1/users")
	if users.ProtoMajor != 2 || users.StatusCode != http.StatusNotAcceptable {
		t.Errorf("got %s %s %s", users.Proto, users.Status, body)
	}
}

// TestBehindNginx has nginx take TLS off: the demo believes its headers, so that cookies are for TLS only and clients are limited by their own addresses.
func TestBehindNginx(t *testing.T) {
	t.Parallel()
	d := startDemo(t, path{change: func(c *Config) {
		c.URL, c.Proxies = "https://"+proxytest.Host, []string{"127.0.0.0/8"}
	}})
	p := proxytest.Start(t, proxytest.Nginx, proxytest.Config{Nodes: [2]string{d.addr, d.addr}})
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: p.Cert.Pool},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) { // the name is nobody's
			return new(net.Dialer).DialContext(ctx, network, p.TLSAddr)
		},
	}
	v := newVisitor(t, "https://"+proxytest.Host, transport)
	profile, page := v.register("ada")
	if profile.StatusCode != http.StatusOK || profile.Request.URL.Path != "/profile" || !strings.Contains(page, "Your account is ready, ada.") {
		t.Errorf("got %s %s\n%s", profile.Request.URL, profile.Status, page)
	}
	answer, _ := newVisitor(t, v.base, transport).get("/log-in")
	if cookies := answer.Cookies(); len(cookies) != 1 || !cookies[0].Secure || !cookies[0].HttpOnly {
		t.Errorf("got cookies %v, want one for TLS only", cookies)
	}
	// A client cannot say that it is somebody else: nginx writes over what it sends.
	limited := false
	for i := 0; i < 2000 && !limited; i++ {
		r, err := http.NewRequest(http.MethodGet, v.base+"/api/v1/users", nil)
		if err == nil {
			r.Header.Set("Accept", "application/json")
			r.Header.Set("X-Forwarded-For", fmt.Sprint("192.0.2.", i))
		}
		answer, _ := v.do(r, err)
		limited = answer.StatusCode == http.StatusTooManyRequests
	}
	if !limited {
		t.Error("2,000 requests in a row passed the limit of 120 a minute")
	}
}
