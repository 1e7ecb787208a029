package router_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/bennu-go/bennu/router"
)

// define makes a router of one route; nil if the path is refused, as it must be: with an error that has a place.
func define(t *testing.T, paths ...string) (rt *router.Router) {
	defer func() {
		if v := recover(); v != nil {
			if err, ok := v.(error); !ok || !strings.HasPrefix(err.Error(), "router: ") || !strings.Contains(err.Error(), "fuzz_test.go:") {
				t.Fatalf("%q: got panic %v, want an error of the router with a place", paths, v)
			}
		}
	}()
	return router.New(func(r *router.Scope) {
		for i, p := range paths {
			r.Get(p, nobody, router.Options{Name: fmt.Sprintf("p%d", i), Meta: map[string]any{"i": i}})
		}
	})
}

var anyParam = regexp.MustCompile(`\{\w+(\.\.\.)?\}`)

// FuzzPattern: what is accepted reads the same again, matches what it should, and has a typed path.
func FuzzPattern(f *testing.F) {
	for _, p := range []string{
		"/", "//a//b/", "/users/{id}", "/foo-{id}/{rest...}", "/caf%C3%A9/%7B%2F", "/:id", "/*a", "/{a", "/a}", "/{a}b", "/{$}", "/%zz", "/..", "/é",
		"/{a}/{a}", "/a b", "/a?b", "", "a", "/{_}", "/%00", "/'\"`\\", "/\xff", "/%ff",
	} {
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, p string) {
		rt := define(t, p)
		if rt == nil {
			return
		}
		got := rt.Routes()[0].Path
		again := define(t, got)
		if again == nil || again.Routes()[0].Path != got {
			t.Fatalf("%q: %q does not define itself", p, got)
		}
		request := anyParam.ReplaceAllString(got, "x")
		m, err := rt.RouteInfo("GET", "", request)
		if err != nil {
			t.Fatalf("%q: %q: %v", p, request, err)
		}
		for name, v := range m.Params {
			if v != "x" {
				t.Errorf("%q: {%s} is %q, want x", p, name, v)
			}
		}
		var b bytes.Buffer
		if err := router.WriteGo(&b, "paths", rt.Routes()); err != nil {
			t.Errorf("%q: %v", p, err)
		}
	})
}

// FuzzOverlap: what two patterns say of each other holds for a request, and the first one wins.
func FuzzOverlap(f *testing.F) {
	f.Add("/a/{x}", "/{x}/b", "/a/b")
	f.Add("/a-{x}", "/a-b{x}", "/a-bc")
	f.Add("/{rest...}", "/a/{more...}", "/a")
	f.Add("/%61", "/a", "/%61")
	f.Add("/a/b/{rest...}", "/{x}/{rest...}", "//a//b/c/")
	f.Fuzz(func(t *testing.T, a, b, request string) {
		ra, rb := define(t, a), define(t, b)
		if ra == nil || rb == nil {
			return
		}
		_, errA := ra.RouteInfo("GET", "", request)
		_, errB := rb.RouteInfo("GET", "", request)
		both := define(t, a, b)
		if both == nil {
			if (errA == nil) != (errB == nil) {
				t.Fatalf("%q and %q are refused as identical, but %q tells them apart", a, b, request)
			}
			return
		}
		m, err := both.RouteInfo("GET", "", request)
		if (err == nil) != (errA == nil || errB == nil) || err == nil && (m.Meta["i"] == 0) != (errA == nil) {
			t.Fatalf("%q, %q: %q goes to %v (%v); alone: %v, %v", a, b, request, m.Meta["i"], err, errA, errB)
		}
		warnings := both.Warnings()
		if len(warnings) == 0 && errA == nil && errB == nil {
			// a is the more specific, so b matches all that a does.
			any := anyParam.ReplaceAllString(ra.Routes()[0].Path, "x")
			if _, err := rb.RouteInfo("GET", "", any); err != nil {
				t.Errorf("%q, %q: both match %q, and only the first %q, but there is no warning", a, b, request, any)
			}
		}
		if len(warnings) > 0 && warnings[0].Unreachable && errA != nil && errB == nil {
			t.Errorf("%q, %q: %q reaches the second, but: %s", a, b, request, warnings[0])
		}
		for _, w := range warnings {
			for _, rt := range []*router.Router{ra, rb} {
				if _, err := rt.RouteInfo("GET", "", w.Path); err != nil {
					t.Errorf("%q, %q: %q is said to match both: %v", a, b, w.Path, err)
				}
			}
		}
	})
}

// fuzzTable has no warnings, and ServeMux accepts it.
var fuzzTable = []route{
	{"GET", "", "/"}, {"GET", "", "/users/new"}, {"GET", "", "/users/{id}"}, {"POST", "", "/users"}, {"PUT", "", "/users/{id}"},
	{"*", "", "/any/{a}"}, {"GET", "", "/a/b/c"}, {"GET", "", "/a/{x}/c"}, {"GET", "", "/{x}/{y}/{z}"}, {"DELETE", "", "/caf%C3%A9/a%2Fb"},
}

// FuzzRequest: ServeHTTP and RouteInfo agree on any URL, and both with http.ServeMux on those that it does not redirect.
func FuzzRequest(f *testing.F) {
	for _, target := range []string{
		"/", "/users/7", "/users/new/", "//a//b//c", "/a/%2F/c", "/caf%C3%A9/a%2Fb", "/caf%C3%A9/a/b", "/users/%2e%2e", "/users/.", "/%zz", "/any/%25%20?x=1", "/a/b/c/..",
		"*", "", "/users/a%00b", "/users/%ff", "http://[::1]:80/users/7", "/any//x/y", "/" + strings.Repeat("a/", 20),
	} {
		for _, method := range []string{"GET", "POST", "HEAD", "BREW"} {
			f.Add(method, target)
		}
	}
	rt, ok := build(f, fuzzTable)
	if !ok || len(rt.Warnings()) > 0 {
		f.Fatalf("the table has warnings: %v", rt.Warnings())
	}
	mux, ok := newMux(fuzzTable)
	if !ok {
		f.Fatal("ServeMux refuses the table")
	}
	f.Fuzz(func(t *testing.T, method, target string) {
		if method == "" || method == "CONNECT" {
			return // ServeMux has rules of its own for these
		}
		u, err := url.ParseRequestURI(target)
		if err != nil {
			return
		}
		request := func() (*http.Request, *httptest.ResponseRecorder) {
			c := *u
			return &http.Request{Method: method, URL: &c, Host: "example.com", Header: http.Header{}}, httptest.NewRecorder()
		}
		r, w := request()
		rt.ServeHTTP(w, r)
		m, err := rt.RouteInfo(method, "example.com", u.EscapedPath())
		pattern := m.Path
		if m.Method != "*" {
			pattern = m.Method + " " + pattern
		}
		if (err == nil) != (r.Pattern != "") || err == nil && r.Pattern != pattern {
			t.Fatalf("%s %q: served as %q, RouteInfo says %q (%v)", method, target, r.Pattern, pattern, err)
		}
		for name, v := range m.Params {
			if r.PathValue(name) != v {
				t.Fatalf("%s %q: {%s} is %q, RouteInfo says %q", method, target, name, r.PathValue(name), v)
			}
		}
		if p := u.Path; p == "" || p[0] != '/' || p != "/" && (path.Clean(p) != p || strings.HasSuffix(u.EscapedPath(), "/")) {
			return // ServeMux redirects to another path
		}
		if strings.Contains(u.EscapedPath(), "//") {
			return
		}
		r2, w2 := request()
		mux.ServeHTTP(w2, r2)
		mine := ""
		if err == nil {
			mine = muxPattern(fuzzTable[m.Meta["i"].(int)])
		}
		if mine != r2.Pattern {
			t.Fatalf("%s %q: got %q, ServeMux says %q", method, target, mine, r2.Pattern)
		}
		for name := range m.Params {
			if r.PathValue(name) != r2.PathValue(name) {
				t.Fatalf("%s %q: {%s} is %q, ServeMux says %q", method, target, name, r.PathValue(name), r2.PathValue(name))
			}
		}
		if method != "OPTIONS" && w.Code != w2.Code {
			t.Fatalf("%s %q: got %d, ServeMux says %d", method, target, w.Code, w2.Code)
		}
	})
}

// FuzzTypedPath: what goes into a typed path comes out of the path values.
func FuzzTypedPath(f *testing.F) {
	for _, v := range []string{"a", "a/b", "%2F", "..a", "é ?#&=+", "\x00", "\xff", "//evil.org", "{id}", ".", ".."} {
		f.Add(v)
	}
	rt := router.New(func(r *router.Scope) {
		r.Get("/users/{id}/x-{x}/{rest...}", say("", "id", "x", "rest"))
	})
	f.Fuzz(func(t *testing.T, v string) {
		if v == "" || v == "." || v == ".." {
			return // browsers resolve dots; what is empty panics
		}
		if glob := strings.Split(v, "/"); strings.Contains("/"+v+"/", "/./") || strings.Contains("/"+v+"/", "/../") || len(glob) > 100 {
			return
		}
		target := "/users/" + router.Segment(v) + "/x-" + router.Segment(v) + "/" + router.Glob([]string{v, v}) + router.QueryString(router.Query{"q": strings.ToValidUTF8(v, "")})
		u, err := url.ParseRequestURI(target)
		if err != nil {
			t.Fatal(err)
		}
		r := &http.Request{Method: "GET", URL: u}
		w := httptest.NewRecorder()
		rt.ServeHTTP(w, r)
		if r.PathValue("id") != v || r.PathValue("x") != v || r.PathValue("rest") != v+"/"+v || u.Query().Get("q") != strings.ToValidUTF8(v, "") {
			t.Errorf("%q: %q gave %q %q %q %q", v, target, r.PathValue("id"), r.PathValue("x"), r.PathValue("rest"), u.Query().Get("q"))
		}
		if !utf8.ValidString(target) || strings.ContainsAny(target, " \t\n\"<>\\") {
			t.Errorf("%q: %q is no URL", v, target)
		}
	})
}

// FuzzAccept: an error has an answer whatever the request's headers are.
func FuzzAccept(f *testing.F) {
	f.Add("application/json;q=0.5, text/html", "application/json")
	f.Add(`a/b;c="d,e";q=x,;,,*/*`, "+json")
	f.Fuzz(func(t *testing.T, accept, content string) {
		r := httptest.NewRequest("POST", "/", nil)
		r.Header["Accept"], r.Header["Content-Type"] = []string{accept}, []string{content}
		w := httptest.NewRecorder()
		router.WriteError(w, r, status(409))
		body := w.Body.String()
		if w.Code != 409 || body != "Conflict\n" && body != `{"errors":{"detail":"Conflict"}}` {
			t.Errorf("%q, %q: got %d %q", accept, content, w.Code, body)
		}
	})
}
