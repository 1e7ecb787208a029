package router_test

import (
	"testing"

	"github.com/bennu-go/bennu/router"
)

func TestPaths(t *testing.T) {
	rt := router.New(func(r *router.Scope) {
		r.Get("/", say("home"))
		r.Get("//doubled//slashes/", say("doubled"))
		r.Get("/users/{id}", say("user", "id"))
		r.Get("/posts/{_x9Y}/comments/{id}", say("comment", "_x9Y", "id"))
		r.Get("/foo-{id}", say("foo", "id"))
		r.Get("/foo-b{id}", say("never"))
		r.Get("/files/{rest...}", say("files", "rest"))
		r.Get("/caf%C3%A9/%7Bx%7D/a%2Fb/%3Ax", say("odd"))
		r.Get("/café2/a:b*", say("plain"))
	})
	for _, c := range []struct{ target, answer string }{
		{"/", "200 home"},
		{"//", "200 home"},
		{"/doubled/slashes", "200 doubled"},
		{"/doubled///slashes//", "200 doubled"},
		{"/users/7", "200 user id=7"},
		{"/users/7/", "200 user id=7"},
		{"//users//7", "200 user id=7"},
		{"/users", "404 Not Found"},
		{"/users/", "404 Not Found"}, // a value is never empty
		{"/users/7/8", "404 Not Found"},
		{"/Users/7", "404 Not Found"},
		{"/%75sers/7", "200 user id=7"},
		{"/users/a%2Fb", "200 user id=a/b"},
		{"/users/%2F", "200 user id=/"},
		{"/users/a%20b+c", "200 user id=a b+c"},
		{"/users/%25zz", "200 user id=%zz"},
		{"/users/a?id=8", "200 user id=a"},
		{"/users/...", "200 user id=..."},
		{"/users/.", "404 Not Found"},
		{"/users/..", "404 Not Found"},
		{"/users/%2e%2E", "404 Not Found"},
		{"/users/../users/7", "404 Not Found"},
		{"/users/..%2f..%2fetc", "200 user id=../../etc"},
		{"/posts/a/comments/b", "200 comment _x9Y=a id=b"},
		{"/foo-1", "200 foo id=1"},
		{"/foo-bar", "200 foo id=bar"},
		{"/foo-", "404 Not Found"},
		{"/foo", "404 Not Found"},
		{"/files", "200 files rest="},
		{"/files/", "200 files rest="},
		{"/files/a/b//c/", "200 files rest=a/b/c"},
		{"/files/a%2Fb/c", "200 files rest=a/b/c"},
		{"/files/a/../b", "404 Not Found"},
		{"/caf%C3%A9/%7Bx%7D/a%2Fb/:x", "200 odd"},
		{"/caf%C3%A9/%7Bx%7D/a/b/:x", "404 Not Found"},
		{"/café2/a:b*", "200 plain"},
	} {
		want(t, rt, "GET", c.target, c.answer)
	}
}

func TestLongPaths(t *testing.T) {
	path, deep := "", ""
	for range 40 {
		path += "/a"
		deep += "/{p}"
	}
	rt := router.New(func(r *router.Scope) {
		r.Get(path, say("deep"))
		r.Get("/a/{rest...}", say("rest"))
	})
	want(t, rt, "GET", path, "200 deep")
	want(t, rt, "GET", path+"/a", "200 rest")
	wantMistake(t, "two parameters {p}", func(r *router.Scope) { r.Get(deep, say("deep")) })
}

func TestManyLiterals(t *testing.T) {
	rt := router.New(func(r *router.Scope) {
		for c := 'a'; c <= 'z'; c++ {
			r.Get("/"+string(c), say(string(c)))
		}
	})
	for c := 'a'; c <= 'z'; c++ {
		want(t, rt, "GET", "/"+string(c), "200 "+string(c))
	}
	want(t, rt, "GET", "/A", "404 Not Found")
}

func TestWrongPathsTeach(t *testing.T) {
	for path, part := range map[string]string{
		"":                  `write "/" for the path of the scope itself`,
		"users":             `must begin with a slash: "/users"`,
		"/:id":              "parameters are written {id}",
		"/*rest":            "a glob is written {rest...}",
		"/a?b=1":            `leave out "?b=1", or write %3F`,
		"/a#b":              `leave out "#b", or write %23`,
		"/a b":              "write %20 for the character at offset 2",
		"/a\xff":            "is not UTF-8",
		"/a\x00":            "write %00",
		"/a/{b":             `segment "{b": missing }`,
		"/a}":               "has a } without its {",
		"/{a}b":             "nothing can follow a parameter in its segment",
		"/{a}{b}":           "nothing can follow a parameter in its segment",
		"/a/{$}":            "{$} is not needed",
		"/{}":               `parameter name ""`,
		"/{Id}":             "beginning with a small letter or _",
		"/{1}":              "use letters, digits and _",
		"/{a-b}":            `parameter name "a-b"`,
		"/a-{rest...}":      "a glob is a whole segment: {rest...}",
		"/{rest...}/a":      "nothing can follow it",
		"/{a...}/{b...}":    "nothing can follow it",
		"/{a}/{a}":          "two parameters {a}",
		"/{a}/{a...}":       "two parameters {a}",
		"/a/%zz":            "after a % come two hexadecimal digits",
		"/%zz-{a}":          "after a % come two hexadecimal digits",
		"/a/../b":           "is never asked for",
		"/a/%2e":            "is never asked for",
		"/../{a}":           "is never asked for",
		"/a/{b}/c/{rest...": "missing }",
	} {
		wantMistake(t, part, func(r *router.Scope) { r.Get(path, say("wrong")) })
	}
	wantMistake(t, "a scope cannot have a glob in its path", func(r *router.Scope) {
		r.Scope("/{rest...}", func(*router.Scope) {})
	})
	wantMistake(t, "two parameters {id}, one of them of the scope around", func(r *router.Scope) {
		r.Scope("/{id}", func(r *router.Scope) { r.Get("/posts/{id}", say("post")) })
	})
	wantMistake(t, `Scope: path "x" must begin`, func(r *router.Scope) { r.Scope("x", func(*router.Scope) {}) })
}

func TestIdenticalRoutesAreRefused(t *testing.T) {
	for _, c := range [][2]func(*router.Scope){
		{get("/users/{id}"), get("//users/{name}/")},
		{get("/a"), get("/%61")},
		{get("/a-{x}/{rest...}"), get("/a-{y}/{more...}")},
		{get("/"), func(r *router.Scope) { r.Scope("/", get("/")) }},
		{func(r *router.Scope) { r.Host("a.", "b"); get("/")(r) }, func(r *router.Scope) { r.Host("B", "a."); get("/")(r) }},
		{func(r *router.Scope) { r.Forward("/a", router.New(func(*router.Scope) {})) }, func(r *router.Scope) { r.Any("/a/{rest...}", say("a")) }},
	} {
		wantMistake(t, "matches the same requests as", func(r *router.Scope) {
			r.Scope("/", c[0])
			r.Scope("/", c[1])
		})
	}
}

func get(path string) func(*router.Scope) {
	return func(r *router.Scope) { r.Get(path, say("got")) }
}

func TestWarnings(t *testing.T) {
	for _, c := range []struct {
		name  string
		block func(*router.Scope)
		want  string
	}{
		{"specific first", func(r *router.Scope) {
			r.Get("/users/new", say("new"))
			r.Get("/users/me-{x}", say("me"))
			r.Get("/users/{id}", say("user"))
			r.Any("/users/{id}", say("any"))
			r.Get("/{rest...}", say("rest"))
		}, ""},
		{"disjoint", func(r *router.Scope) {
			r.Get("/{x}", say("x"))
			r.Post("/a", say("a"))
			r.Get("/a/b", say("ab"))
			r.Scope("/", func(r *router.Scope) { r.Host("a."); r.Put("/{x}", say("a")) })
			r.Scope("/", func(r *router.Scope) { r.Host("b.a.example"); r.Put("/a", say("b")) })
		}, ""},
		{"never reached", func(r *router.Scope) {
			r.Get("/users/{id}", say("user"))
			r.Get("/users/new", say("new"))
		}, "GET /users/new is never reached: GET /users/{id} at pattern_test.go:0 matches all that it does, as /users/new; define it before, or leave it out"},
		{"HEAD after GET", func(r *router.Scope) {
			r.Get("/a", say("a"))
			r.Head("/a", say("head"))
		}, "HEAD /a is never reached: GET /a at pattern_test.go:0 matches all that it does, as /a; define it before, or leave it out"},
		{"crossing", func(r *router.Scope) {
			r.Get("/{x}/b", say("b"))
			r.Get("/a/{x}", say("a"))
		}, "GET /a/{x} does not get /a/b: GET /{x}/b at pattern_test.go:0 matches that too and comes first"},
		{"crossing globs", func(r *router.Scope) {
			r.Get("/a-{x}/{rest...}", say("b"))
			r.Get("/{x}/b/{y}", say("a"))
		}, "GET /{x}/b/{y} does not get /a-x/b/x: GET /a-{x}/{rest...} at pattern_test.go:0 matches that too and comes first"},
		{"crossing methods", func(r *router.Scope) {
			r.Get("/{x}", say("x"))
			r.Any("/a", say("a"))
		}, "* /a does not get /a: GET /{x} at pattern_test.go:0 matches that too and comes first"},
		{"narrow path first, for every method", func(r *router.Scope) {
			r.Forward("/admin", router.New(func(*router.Scope) {}))
			r.Get("/{rest...}", say("rest"))
		}, ""},
		{"hosts", func(r *router.Scope) {
			r.Get("/a", say("a"))
			r.Scope("/", func(r *router.Scope) { r.Host("admin.", "x"); r.Get("/a", say("admin")) })
		}, "GET admin.*|x/a is never reached: GET /a at pattern_test.go:0 matches all that it does, as /a; define it before, or leave it out"},
		{"host beginnings", func(r *router.Scope) {
			r.Scope("/", func(r *router.Scope) { r.Host("a."); r.Get("/a", say("a")) })
			r.Scope("/", func(r *router.Scope) { r.Host("a.b"); r.Get("/{x}", say("b")) })
		}, "GET a.b/{x} does not get /a: GET a.*/a at pattern_test.go:0 matches that too and comes first"},
		{"forward", func(r *router.Scope) {
			r.Forward("/admin", router.New(func(*router.Scope) {}))
			r.Get("/admin/users", say("users"))
		}, "GET /admin/users is never reached: * /admin at pattern_test.go:0 matches all that it does, as /admin/users; define it before, or leave it out"},
		{"root forward", func(r *router.Scope) {
			r.Forward("/", router.New(func(*router.Scope) {}))
			r.Get("/", say("home"))
		}, "GET / is never reached: * / at pattern_test.go:0 matches all that it does, as /; define it before, or leave it out"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := ""
			for _, w := range router.New(c.block).Warnings() {
				got += anyLine.ReplaceAllString(shortPlaces(w.String()), "pattern_test.go:0")
			}
			if want := c.want; want != "" {
				want = "pattern_test.go:0: " + want
				if got != want {
					t.Errorf("got  %q\nwant %q", got, want)
				}
			} else if got != "" {
				t.Errorf("got warning %q, want none", got)
			}
		})
	}
}
