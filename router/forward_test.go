package router_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/fstest"

	"github.com/bennu-go/bennu/router"
	"github.com/google/go-cmp/cmp"
)

// showURL answers with what a forwarded handler sees.
var showURL = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintf(w, "%s path=%s raw=%s mount=%s", r.Method, r.URL.Path, r.URL.RawPath, router.MountPath(r))
})

func TestForwardTakesThePrefixOff(t *testing.T) {
	rt := router.New(func(r *router.Scope) {
		r.Scope("/ext", mark("scope"), func(r *router.Scope) {
			r.Forward("/a%20b/c%2Fd/", showURL)
			r.Forward("/plain", showURL)
		})
	})
	for _, c := range []struct{ target, answer string }{
		{"/ext/plain", "200 GET path=/ raw= mount=/ext/plain"},
		{"/ext/plain/", "200 GET path=/ raw= mount=/ext/plain"},
		{"//ext///plain//x//y/", "200 GET path=/x//y/ raw= mount=/ext/plain"},
		{"/ext/plain//evil.org/..a", "200 GET path=/evil.org/..a raw= mount=/ext/plain"},
		{"/ext/plain/x%2Fy", "200 GET path=/x/y raw=/x%2Fy mount=/ext/plain"},
		{"/ext/%70lain/x%20y", "200 GET path=/x y raw= mount=/ext/plain"},
		{"/ext/a%20b/c%2Fd/x", "200 GET path=/x raw= mount=/ext/a%20b/c%2Fd"},
		{"/ext/a%20b/c/d/x", "404 Not Found"},
		{"/ext/plainer", "404 Not Found"},
		{"/ext/plain/../x", "404 Not Found"},
	} {
		w := want(t, rt, "GET", c.target, c.answer)
		if c.answer != "404 Not Found" {
			wantPassed(t, w, "scope")
		}
	}
	want(t, rt, "BREW", "/ext/plain/x", "200 BREW path=/x raw= mount=/ext/plain")
}

func TestForwardRestoresTheRequest(t *testing.T) {
	rt := router.New(func(r *router.Scope) { r.Forward("/a", showURL) })
	r := httptest.NewRequest("GET", "/a/b%2Fc?q=1", nil)
	before := *r.URL
	rt.ServeHTTP(httptest.NewRecorder(), r)
	if diff := cmp.Diff(before, *r.URL); diff != "" || router.MountPath(r) != "" {
		t.Errorf("the outer request has changed (-before +after):\n%s", diff)
	}
}

func TestForwardNestsRouters(t *testing.T) {
	inner := router.New(func(r *router.Scope) {
		r.Get("/users/{id}", say("inner user", "id"), router.Options{Name: "inner_user"})
		r.Get("/", say("inner home"))
		r.Forward("/deep", showURL)
	})
	rt := wantTable(t, func(r *router.Scope) {
		r.Forward("/admin", inner, router.Options{Name: "admin"})
		r.Forward("/static", http.FileServerFS(fstest.MapFS{"a/b.txt": {Data: []byte("file")}}))
		r.Forward("/", inner)
	}, `
* /admin Admin
GET /admin/users/{id} InnerUser
GET /admin 
* /admin/deep 
* /static 
* / 
GET /users/{id} InnerUser
GET / 
* /deep`)
	want(t, rt, "GET", "/admin/users/7", "200 inner user id=7")
	want(t, rt, "GET", "/admin", "200 inner home")
	want(t, rt, "GET", "/admin/none", "404 Not Found")
	want(t, rt, "POST", "/admin", "405 Method Not Allowed")
	want(t, rt, "GET", "/admin/deep/x", "200 GET path=/x raw= mount=/admin/deep")
	want(t, rt, "GET", "/users/8", "200 inner user id=8")
	want(t, rt, "GET", "/static/a/b.txt", "200 file")
}

func TestForwardPrefixIsStatic(t *testing.T) {
	wantMistake(t, "a prefix has no parameters, and here is {id}", func(r *router.Scope) { r.Forward("/a/{id}", showURL) })
	wantMistake(t, "a prefix has no parameters, and here is {id}", func(r *router.Scope) {
		r.Scope("/{id}", func(r *router.Scope) { r.Forward("/a", showURL) })
	})
	wantMistake(t, "a prefix has no parameters, and here is {rest}", func(r *router.Scope) { r.Forward("/{rest...}", showURL) })
	wantMistake(t, "the handler is nil", func(r *router.Scope) { r.Forward("/a", nil) })
	wantMistake(t, `path "a" must begin`, func(r *router.Scope) { r.Forward("a", showURL) })
}
