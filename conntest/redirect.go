package conntest

import (
	"net/http"
	"net/url"

	"github.com/bennu-go/bennu/router"
)

// RedirectedTo wants a redirect with this status, 302 usually, and returns where it leads: a path, or a URL if it is to another host.
func (r *Response) RedirectedTo(status int) string {
	r.client.t.Helper()
	r.WantStatus(status)
	if status < 300 || status > 399 {
		r.fail("%d is no redirect", status)
	}
	location := r.Header.Get("Location")
	if location == "" {
		r.fail("the redirect has no Location")
	}
	return location
}

// WantRedirect wants a redirect with status 302 to this path.
func (r *Response) WantRedirect(to string) *Response {
	r.client.t.Helper()
	if got := r.RedirectedTo(http.StatusFound); got != to {
		r.fail("got a redirect to %q, want %q", got, to)
	}
	return r
}

// RedirectedParams wants a redirect with this status to a path that rt has a route for, and returns the parameters in it.
func (r *Response) RedirectedParams(status int, rt *router.Router) map[string]string {
	r.client.t.Helper()
	return PathParams(r.client.t, rt, r.RedirectedTo(status))
}

// tester is what PathParams needs of a test.
type tester interface {
	Helper()
	Fatalf(format string, args ...any)
}

// PathParams returns the parameters that rt finds in a path or URL that is requested with GET, and fails the test if there is no route for it.
func PathParams(t tester, rt *router.Router, location string) map[string]string {
	t.Helper()
	u, err := url.Parse(location)
	if err != nil {
		t.Fatalf("conntest: %q is no URL: %v", location, err)
		return nil
	}
	m, err := rt.RouteInfo(http.MethodGet, u.Host, u.EscapedPath())
	if err != nil {
		t.Fatalf("conntest: parameters of %q: %v", location, err)
		return nil
	}
	return m.Params
}

// maxRedirects is what browsers bear, less some.
const maxRedirects = 10

// Follow goes where a redirect leads, as browsers do, and on until an answer is none: after 301, 302 and 303 with GET, after 307 and 308 with the same method and body. It fails
// the test if r is no redirect, if one leads to another host, and after ten.
func (r *Response) Follow() *Response {
	c := r.client
	c.t.Helper()
	if !r.redirects() {
		r.fail("there is no redirect to follow")
	}
	for range maxRedirects {
		r = r.next()
		if !r.redirects() {
			return r
		}
	}
	r.fail("redirected %d times", maxRedirects+1)
	return nil
}

func (r *Response) redirects() bool {
	switch r.Status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

func (r *Response) next() *Response {
	c := r.client
	c.t.Helper()
	here := c.base
	here.Path, here.RawPath = r.Request.URL.Path, r.Request.URL.RawPath
	to, err := here.Parse(r.RedirectedTo(r.Status))
	if err != nil {
		r.fail("the Location is no URL: %v", err)
	}
	if to.Host != here.Host || to.Scheme != "http" && to.Scheme != "https" {
		r.fail("the redirect leads to another site, %s", to)
	}
	method, body := http.MethodGet, Body{}
	switch {
	case r.Request.Method == http.MethodHead:
		method = http.MethodHead
	case r.Status == http.StatusTemporaryRedirect || r.Status == http.StatusPermanentRedirect:
		method, body = r.Request.Method, Body{ContentType: r.Request.Header.Get("Content-Type"), Content: r.sent}
	}
	over := *c
	over.base.Scheme = to.Scheme // to TLS, where a plug asks for it
	next := over.Do(over.Request(method, to.RequestURI(), body))
	next.client = &over
	return next
}
