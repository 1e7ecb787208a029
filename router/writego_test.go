package router_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bennu-go/bennu/router"
)

func TestWriteGo(t *testing.T) {
	var b bytes.Buffer
	if err := router.WriteGo(&b, "paths", router.New(shop).Routes()); err != nil {
		t.Fatal(err)
	}
	golden(t, "paths.go.txt", b.Bytes())
}

// What is written compiles, and the paths that it makes reach the routes that they are named after.
func TestWriteGoCompiles(t *testing.T) {
	dir := t.TempDir()
	var b bytes.Buffer
	if err := router.WriteGo(&b, "main", router.New(shop).Routes()); err != nil {
		t.Fatal(err)
	}
	const program = `package main

import (
	"fmt"

	"github.com/bennu-go/bennu/router"
)

func main() {
	fmt.Println(Home())
	fmt.Println(Home(router.Query{"page": 2, "q": "a b&c"}))
	fmt.Println(HomeURL("https://example.com"))
	fmt.Println(V1Users(router.Query{}))
	fmt.Println(V1User("a/b ?#é"))
	fmt.Println(V1UserPostURL("https://example.com/shop/", 7, uint8(8), router.Query{"tags": []string{"x", "y"}}))
	fmt.Println(Files("a b/c"))
	fmt.Println(Files([]string{"a/b", "c"}))
	fmt.Println(Files(""))
	fmt.Println(Rest("x/y"))
	fmt.Println(Rest(""))
	fmt.Println(Odd("t", 1, 2, true))
	fmt.Println(JobURL("http://localhost", 3))
}
`
	paths, main := filepath.Join(dir, "paths.go"), filepath.Join(dir, "main.go")
	for name, content := range map[string]string{paths: b.String(), main: program} {
		if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.Command("go", "run", main, paths).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	want := `/
/?page=2&q=a+b%26c
https://example.com/
/api/v1/users
/api/v1/users/a%2Fb%20%3F%23%C3%A9
https://example.com/shop/api/v1/users/7/posts/8?tags[]=x&tags[]=y
/files/a%20b/c
/files/a%2Fb/c
/files/
/x/y
/
/type-t/caf%C3%A9/1/2/true
http://localhost/dash/jobs/3
`
	if string(out) != want {
		t.Errorf("got\n%s\nwant\n%s", out, want)
	}
}

func TestWriteGoRefuses(t *testing.T) {
	var b bytes.Buffer
	for _, pkg := range []string{"", "_", "a b", "func", "a.b"} {
		if err := router.WriteGo(&b, pkg, router.New(shop).Routes()); err == nil || !strings.Contains(err.Error(), "no name of a package") {
			t.Errorf("package %q: got %v", pkg, err)
		}
	}
	inner := router.New(func(r *router.Scope) { r.Get("/a", home, router.Options{Name: "a"}) })
	err := router.WriteGo(&b, "paths", router.New(func(r *router.Scope) {
		r.Forward("/x", inner)
		r.Forward("/y", inner)
	}).Routes())
	if err == nil || !strings.Contains(err.Error(), "the typed path A of /y/a is that of /x/a at ") {
		t.Errorf("got %v of two mounts, want an error that names both", err)
	}
	broken := errors.New("disk full")
	if err := router.WriteGo(failingWriter{broken}, "paths", router.New(shop).Routes()); !errors.Is(err, broken) {
		t.Errorf("got %v, want %v", err, broken)
	}
	if err := router.Format(failingWriter{broken}, router.New(shop).Routes()); !errors.Is(err, broken) {
		t.Errorf("got %v of Format, want %v", err, broken)
	}
	b.Reset()
	if err := router.WriteGo(&b, "paths", nil); err != nil || !strings.HasSuffix(b.String(), "package paths\n") {
		t.Errorf("got %q (%v) of an empty table", b.String(), err)
	}
}

type failingWriter struct{ err error }

func (w failingWriter) Write([]byte) (int, error) { return 0, w.err }

func TestNamesTwiceAreRefused(t *testing.T) {
	named := func(path, name string) func(*router.Scope) {
		return func(r *router.Scope) { r.Get(path, home, router.Options{Name: name}) }
	}
	for _, c := range [][2]func(*router.Scope){
		{named("/a", "x"), named("/b", "x")},
		{named("/a", "a_b"), named("/b", "AB")},
		{named("/a", "x"), named("/b", "x_url")},
		{named("/a", "x_url"), named("/b", "x")},
		{named("/{a}", "x"), func(r *router.Scope) { r.Post("/{b}", home, router.Options{Name: "x"}) }},
	} {
		wantMistake(t, "would give the typed path", func(r *router.Scope) {
			c[0](r)
			c[1](r)
		})
	}
	wantTable(t, func(r *router.Scope) {
		named("/a", "x")(r)
		r.Post("/a", home, router.Options{Name: "x"})
		r.Scope("/b", func(r *router.Scope) {
			r.Name("b")
			named("/a", "x")(r)
			r.Scope("/c", func(r *router.Scope) {
				r.Name("")
				named("/a", "c")(r)
			})
		})
	}, `
GET /a X
POST /a X
GET /b/a BX
GET /b/c/a C`)
}

type slug string

type account struct{ n int }

func (a account) PathParam() string { return fmt.Sprintf("acct %d", a.n) }
func (a account) String() string    { return "not this" }

func TestSegment(t *testing.T) {
	for _, c := range []struct {
		value any
		want  string
	}{
		{"a", "a"}, {"-._~", "-._~"}, {"$&+=:@!*'(),;", "%24%26%2B%3D%3A%40%21%2A%27%28%29%2C%3B"}, {" ", "%20"}, {"é", "%C3%A9"}, {"100%", "100%25"},
		{slug("s/t"), "s%2Ft"}, {7, "7"}, {int64(-7), "-7"}, {uint8(7), "7"}, {1.5, "1.5"}, {float32(0.1), "0.1"}, {true, "true"},
		{account{7}, "acct%207"}, {time.UTC, "UTC"}, {time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), "2026-01-02T03%3A04%3A05Z"},
	} {
		if got := router.Segment(c.value); got != c.want {
			t.Errorf("%#v: got %q, want %q", c.value, got, c.want)
		}
	}
	for part, f := range map[string]func() string{
		"is nil (<nil>)":             func() string { return router.Segment(nil) },
		"is nil (*time.Location)":    func() string { return router.Segment((*time.Location)(nil)) },
		"is empty (string)":          func() string { return router.Segment("") },
		"a map[string]int cannot be": func() string { return router.Segment(map[string]int{}) },
		"a struct {} cannot be":      func() string { return router.Segment(struct{}{}) },
		"year outside of range":      func() string { return router.Segment(time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC)) },
		"a []int cannot be":          func() string { return router.Glob([]int{1}) },
		"router: param: ":            func() string { return router.QueryString(router.Query{"a": func() {}}) },
	} {
		func() {
			defer func() {
				if got := fmt.Sprint(recover()); !strings.Contains(got, part) || !strings.HasPrefix(got, "router: ") {
					t.Errorf("got panic %q, want %q", got, part)
				}
			}()
			f()
		}()
	}
	if got := router.QueryString(router.Query{"a": 1, "b": 1}, router.Query{"b": nil, "c": []string{}}); got != "?a=1&b=" {
		t.Errorf("got query %q, want ?a=1&b=", got)
	}
	if got := router.Glob(slug("a/b")); got != "a%2Fb" {
		t.Errorf("got glob %q of one segment", got)
	}
}
