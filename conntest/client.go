package conntest

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"runtime/debug"
	"slices"
	"testing"

	"github.com/bennu-go/bennu/internal/exchange"
	"github.com/bennu-go/bennu/plug"
	"github.com/bennu-go/bennu/session"
)

// DefaultHost is what a [Client] calls the application.
const DefaultHost = "www.example.com"

// A Client is one browser, or one user of an API.
type Client struct {
	t       testing.TB
	handler http.Handler
	base    url.URL
	header  http.Header
	jar     *cookiejar.Jar
	front   []plug.Plug
	csrf    bool
}

// New returns a client of h without cookies. Its headers are empty.
func New(t testing.TB, h http.Handler) *Client {
	t.Helper()
	if h == nil {
		t.Fatal("conntest: New: the handler is nil: give it a router, or an endpoint's Handler()")
	}
	c := &Client{t: t, handler: h, base: url.URL{Scheme: "http", Host: DefaultHost}, header: make(http.Header)}
	c.ClearCookies()
	return c
}

// In returns the same browser, with its cookies, for a subtest: its failures are the subtest's. Headers and plugs set on one are not set on the other.
func (c *Client) In(t testing.TB) *Client {
	other := *c
	other.t, other.header, other.front = t, c.header.Clone(), slices.Clone(c.front)
	return &other
}

// SetHost has further requests go to host, "admin.example.com" or "localhost:4000", in place of [DefaultHost]. Cookies stay with the host that set them.
func (c *Client) SetHost(host string) { c.base.Host = host }

// SetTLS has further requests come over TLS, as far as the handler can see.
func (c *Client) SetTLS(on bool) {
	if c.base.Scheme = "http"; on {
		c.base.Scheme = "https"
	}
}

// SetHeader has further requests carry a header; an empty value takes it away.
func (c *Client) SetHeader(name, value string) {
	if value == "" {
		c.header.Del(name)
		return
	}
	c.header.Set(name, value)
}

// SetCookie gives the browser a cookie for all paths of the host.
func (c *Client) SetCookie(name, value string) {
	c.jar.SetCookies(&c.base, []*http.Cookie{{Name: name, Value: value, Path: "/"}})
}

// Cookie returns the value of the cookie that a request to path would carry; empty if there is none.
func (c *Client) Cookie(path, name string) string {
	for _, cookie := range c.jar.Cookies(c.url(path)) {
		if cookie.Name == name {
			return cookie.Value
		}
	}
	return ""
}

// ClearCookies makes the browser forget all cookies, as if it were another one.
func (c *Client) ClearCookies() {
	jar, err := cookiejar.New(nil)
	if err != nil {
		c.t.Fatalf("conntest: %v", err)
	}
	c.jar = jar
}

// CheckCSRF has forgery protection look at the tokens of further requests, which it does not otherwise.
func (c *Client) CheckCSRF() { c.csrf = true }

// Use puts plugs in front of the handler for further requests, the first of all calls outermost.
func (c *Client) Use(plugs ...plug.Plug) { c.front = append(c.front, plugs...) }

// LogIn has further requests of c made by u: plug.CurrentUser returns it, unless a plug finds another user. Where a session tells who it is, [Client.PutSession] logs in.
func LogIn[U any](c *Client, u U) {
	c.Use(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, w, r = exchange.Begin(w, r)
			plug.SetCurrentUser(r, u)
			next.ServeHTTP(w, r)
		})
	})
}

// PutSession changes the browser's session before the next request, as an action would: put is given what the store has for its cookie. The store is the one that the handler
// loads sessions from.
func (c *Client) PutSession(store session.Store, put func(s *session.Session)) {
	c.t.Helper()
	h := session.Load(store)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		put(session.Of(r))
		w.WriteHeader(http.StatusNoContent)
	}))
	if resp := c.serve(h, c.Request(http.MethodGet, "/", Body{})); resp.Status != http.StatusNoContent {
		c.t.Fatalf("conntest: PutSession: the store fails:\n%v", resp)
	}
}

// Get requests a path, which may have a query.
func (c *Client) Get(path string) *Response {
	c.t.Helper()
	return c.Do(c.Request(http.MethodGet, path, Body{}))
}

// Head requests the header of a path.
func (c *Client) Head(path string) *Response {
	c.t.Helper()
	return c.Do(c.Request(http.MethodHead, path, Body{}))
}

// Options requests what a path allows.
func (c *Client) Options(path string) *Response {
	c.t.Helper()
	return c.Do(c.Request(http.MethodOptions, path, Body{}))
}

// Post sends a body to a path.
func (c *Client) Post(path string, body Body) *Response {
	c.t.Helper()
	return c.Do(c.Request(http.MethodPost, path, body))
}

// Put sends a body to a path.
func (c *Client) Put(path string, body Body) *Response {
	c.t.Helper()
	return c.Do(c.Request(http.MethodPut, path, body))
}

// Patch sends a body to a path.
func (c *Client) Patch(path string, body Body) *Response {
	c.t.Helper()
	return c.Do(c.Request(http.MethodPatch, path, body))
}

// Delete deletes a path.
func (c *Client) Delete(path string) *Response {
	c.t.Helper()
	return c.Do(c.Request(http.MethodDelete, path, Body{}))
}

// Request returns a request with the client's headers for [Client.Do], to change before.
func (c *Client) Request(method, path string, body Body) *http.Request {
	c.t.Helper()
	if len(path) == 0 || path[0] != '/' {
		c.t.Fatalf("conntest: the path %q must begin with a slash; SetHost and SetTLS choose the rest of the URL", path)
	}
	if body.err != nil {
		c.t.Fatalf("conntest: the body of %s %s: %v", method, path, body.err)
	}
	r := httptest.NewRequestWithContext(c.t.Context(), method, path, bytes.NewReader(body.Content))
	r.Host = c.base.Host
	if c.base.Scheme == "https" {
		r.TLS = &tls.ConnectionState{Version: tls.VersionTLS13, HandshakeComplete: true, ServerName: c.base.Hostname()}
	}
	for name, values := range c.header {
		r.Header[name] = slices.Clone(values)
	}
	if body.ContentType != "" {
		r.Header.Set("Content-Type", body.ContentType)
	}
	return r
}

// Do serves a request, with the browser's cookies for it.
func (c *Client) Do(r *http.Request) *Response {
	c.t.Helper()
	h := plug.Pipeline(c.front...)(c.handler)
	if !c.csrf {
		h = plug.SkipCSRF()(h)
	}
	return c.serve(h, r)
}

// Through serves a GET of path by plugs alone, in place of the handler: for tests of plugs. [Response.Request] is then the request as the last of them left it, and
// [Response.Halted] tells whether one has answered instead of passing it on.
func (c *Client) Through(path string, plugs ...plug.Plug) *Response {
	c.t.Helper()
	return c.DoThrough(c.Request(http.MethodGet, path, Body{}), plugs...)
}

// DoThrough is [Client.Through] for any request.
func (c *Client) DoThrough(r *http.Request, plugs ...plug.Plug) *Response {
	c.t.Helper()
	var reached *http.Request
	end := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { reached = r })
	h := plug.Pipeline(slices.Concat(c.front, plugs)...)(end)
	if !c.csrf {
		h = plug.SkipCSRF()(h)
	}
	resp := c.serve(h, r)
	if resp.Halted = reached == nil; !resp.Halted {
		resp.Request = reached
	}
	return resp
}

func (c *Client) url(path string) *url.URL {
	u := c.base
	if ref, err := url.ParseRequestURI(path); err == nil {
		u.Path = ref.Path
	}
	return &u
}

func (c *Client) serve(h http.Handler, r *http.Request) *Response {
	c.t.Helper()
	u := c.url(r.URL.Path)
	u.Host = r.Host
	for _, cookie := range c.jar.Cookies(u) {
		r.AddCookie(cookie)
	}
	content, err := readAll(r)
	if err != nil {
		c.t.Fatalf("conntest: the body of the request: %v", err)
	}
	rec := httptest.NewRecorder()
	// An exchange of ours is that of all plugs further in, so that what they know of the request can be asked for afterwards.
	_, w, r := exchange.Begin(rec, r)
	resp := &Response{Request: r, client: c, sent: content}
	stack := serveRecovered(h, w, r, resp)
	result := rec.Result()
	resp.Status, resp.Header, resp.Body = result.StatusCode, result.Header, rec.Body.String()
	if _, set := resp.Header["Content-Type"]; !set && resp.Body != "" && resp.Header.Get("Content-Encoding") == "" {
		resp.Header.Set("Content-Type", http.DetectContentType(rec.Body.Bytes())) // as the server of net/http does
	}
	if stack != "" {
		c.t.Fatalf("conntest: %s %s panicked: %s", r.Method, r.URL.Path, stack)
	}
	c.jar.SetCookies(u, result.Cookies())
	return resp
}

func serveRecovered(h http.Handler, w http.ResponseWriter, r *http.Request, resp *Response) (stack string) {
	defer func() {
		switch v := recover(); v {
		case nil:
		case http.ErrAbortHandler:
			resp.Cut = true
		default:
			stack = fmt.Sprintf("%v\n%s", v, debug.Stack())
		}
	}()
	h.ServeHTTP(w, r)
	return ""
}
