package router_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"testing"

	"github.com/bennu-go/bennu/router"
	"github.com/bennu-go/bennu/telemetry"
	"github.com/google/go-cmp/cmp"
)

func TestScopePathsAndPipelinesAddUp(t *testing.T) {
	rt := router.New(func(r *router.Scope) {
		r.Through(pipe("root"))
		r.Get("/", say("home"))
		r.Scope("/api", pipe("api"), mark("count"), func(r *router.Scope) {
			if got := r.Path(); got != "/api" {
				t.Errorf("got path %q of the scope, want /api", got)
			}
			r.Get("/", say("index"))
			r.Scope("/v1", pipe("v1"), func(r *router.Scope) {
				r.Get("/users/{id}", say("user", "id"))
			})
			r.Get("/end", say("end"))
		})
	})
	wantPassed(t, want(t, rt, "GET", "/", "200 home"), "root")
	wantPassed(t, want(t, rt, "GET", "/api", "200 index"), "root", "api", "count")
	wantPassed(t, want(t, rt, "GET", "/api/v1/users/7", "200 user id=7"), "root", "api", "count", "v1")
	wantPassed(t, want(t, rt, "GET", "/api/end", "200 end"), "root", "api", "count")
}

func TestThroughAppliesToWhatFollows(t *testing.T) {
	rt := router.New(func(r *router.Scope) {
		r.Get("/before", say("before"))
		r.Through(pipe("a"))
		r.Get("/between", say("between"))
		r.Through(pipe("b"), pipe("c"))
		r.Get("/after", say("after"))
	})
	wantPassed(t, want(t, rt, "GET", "/before", "200 before"))
	wantPassed(t, want(t, rt, "GET", "/between", "200 between"), "a")
	wantPassed(t, want(t, rt, "GET", "/after", "200 after"), "a", "b", "c")
}

func TestPipelinesOfSiblingsAreApart(t *testing.T) {
	rt := router.New(func(r *router.Scope) {
		r.Through(pipe("1"), pipe("2"), pipe("3"))
		r.Scope("/a", pipe("a"), func(r *router.Scope) { r.Get("/", say("a")) })
		r.Scope("/b", pipe("b"), func(r *router.Scope) { r.Get("/", say("b")) })
	})
	wantPassed(t, want(t, rt, "GET", "/a", "200 a"), "1", "2", "3", "a")
	wantPassed(t, want(t, rt, "GET", "/b", "200 b"), "1", "2", "3", "b")
}

func TestPipelineTwiceIsRefused(t *testing.T) {
	wantMistake(t, `through the pipeline "browser" already`, func(r *router.Scope) {
		r.Scope("/", pipe("browser"), func(r *router.Scope) {
			r.Scope("/in", pipe("browser"), func(r *router.Scope) {})
		})
	})
	wantMistake(t, `through the pipeline "browser" already`, func(r *router.Scope) {
		r.Through(pipe("browser"), pipe("browser"))
	})
}

// middleware is a type of its own, as other packages have them.
type middleware func(http.Handler) http.Handler

func TestKindsOfPipelines(t *testing.T) {
	rt := router.New(func(r *router.Scope) {
		r.Scope("/", mark("a"), middleware(mark("b")), []router.Plug{mark("c"), mark("d")}, router.Pipeline{}, func(r *router.Scope) {
			r.Get("/", say("home"))
		})
	})
	wantPassed(t, want(t, rt, "GET", "/", "200 home"), "a", "b", "c", "d")

	for part, arg := range map[string]any{
		"a pipeline is nil":                           nil,
		"int is no pipeline":                          1,
		"plug 2 of a pipeline is nil":                 router.Pipeline{Plugs: []router.Plug{mark("a"), nil}},
		"the plug router_test.nothing returned no ha": router.Plug(nothing),
	} {
		wantMistake(t, part, func(r *router.Scope) {
			r.Scope("/", arg, func(r *router.Scope) { r.Get("/", say("home")) })
		})
	}
	wantMistake(t, "last argument must be the block", func(r *router.Scope) { r.Scope("/", mark("a")) })
	wantMistake(t, "last argument must be the block", func(r *router.Scope) { r.Scope("/") })
}

func nothing(http.Handler) http.Handler { return nil }

func TestPlugsAreCalledOncePerRoute(t *testing.T) {
	calls := 0
	plug := func(next http.Handler) http.Handler { calls++; return next }
	rt := router.New(func(r *router.Scope) {
		r.Scope("/", plug, func(r *router.Scope) {
			r.Get("/a", say("a"))
			r.Get("/b", say("b"))
		})
	})
	want(t, rt, "GET", "/a", "200 a")
	want(t, rt, "GET", "/a", "200 a")
	if calls != 2 {
		t.Errorf("got %d calls of the plug, want one for each of 2 routes", calls)
	}
}

func TestPipelinesRunOnlyAfterAMatch(t *testing.T) {
	rt := router.New(func(r *router.Scope) {
		r.Through(mark("ran"), halt(401))
		r.Get("/in", say("in"))
	})
	wantPassed(t, want(t, rt, "GET", "/in", "401"), "ran")
	wantPassed(t, want(t, rt, "GET", "/out", "404 Not Found"))
	wantPassed(t, want(t, rt, "POST", "/in", "405 Method Not Allowed"))
}

func TestHaltSkipsTheRest(t *testing.T) {
	rt := router.New(func(r *router.Scope) {
		r.Through(mark("first"), halt(403), mark("second"))
		r.Get("/", say("home"))
	})
	wantPassed(t, want(t, rt, "GET", "/", "403"), "first")
}

func TestHosts(t *testing.T) {
	rt := router.New(func(r *router.Scope) {
		r.Scope("/", func(r *router.Scope) {
			r.Host("Example.com", "www.example.com")
			r.Get("/", say("site"))
			r.Scope("/inner", func(r *router.Scope) {
				r.Host("inner.example.com") // replaces, does not combine
				r.Get("/", say("inner"))
			})
			r.Get("/same", say("same"))
		})
		r.Scope("/", func(r *router.Scope) {
			r.Host("admin.")
			r.Get("/", say("admin"))
		})
		r.Scope("/", func(r *router.Scope) {
			r.Host("[::1]")
			r.Get("/", say("six"))
		})
		r.Get("/any", say("any"))
	})
	for _, c := range []struct{ target, answer string }{
		{"http://example.com/", "200 site"},
		{"http://EXAMPLE.com:4000/", "200 site"},
		{"http://www.example.com/", "200 site"},
		{"http://example.com.evil.org/", "404 Not Found"},
		{"http://admin.example.com/", "200 admin"},
		{"http://Admin.localhost:8080/", "200 admin"},
		{"http://administration.org/", "404 Not Found"},
		{"http://[::1]:4000/", "200 six"},
		{"http://inner.example.com/inner", "200 inner"},
		{"http://example.com/inner", "404 Not Found"},
		{"http://example.com/same", "200 same"},
		{"http://whatever/any", "200 any"},
		{"http://whatever/", "404 Not Found"},
	} {
		want(t, rt, "GET", c.target, c.answer)
	}
	for part, host := range map[string]string{
		"the host is empty":       "",
		`write "example.com"`:     "example.com:80",
		"without scheme and path": "https://example.com",
		"there are no wildcards":  "*.example.com",
		"write it in ASCII":       "bücher.example",
		"name at least one host":  "-none-",
	} {
		wantMistake(t, part, func(r *router.Scope) {
			if host == "-none-" {
				r.Host()
			} else {
				r.Host(host)
			}
		})
	}
}

type ctxKey struct{ name string }

func TestValuesInnerWins(t *testing.T) {
	show := func(w http.ResponseWriter, r *http.Request) error {
		for _, name := range []string{"a", "b", "c"} {
			v, _ := r.Context().Value(ctxKey{name}).(string)
			w.Write([]byte(name + "=" + v + " "))
		}
		return nil
	}
	seen := ""
	look := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			seen, _ = r.Context().Value(ctxKey{"a"}).(string)
			next.ServeHTTP(w, r)
		})
	}
	rt := router.New(func(r *router.Scope) {
		r.Value(ctxKey{"a"}, "1")
		r.Value(ctxKey{"b"}, "1")
		r.Scope("/in", look, func(r *router.Scope) {
			r.Value(ctxKey{"b"}, "2")
			r.Get("/", show)
			r.Get("/own", show, router.Options{Values: map[any]any{ctxKey{"a"}: "3", ctxKey{"c"}: "3"}})
		})
		r.Get("/", show)
	})
	want(t, rt, "GET", "/", "200 a=1 b=1 c=")
	want(t, rt, "GET", "/in", "200 a=1 b=2 c=")
	if seen != "1" {
		t.Errorf("the pipeline saw a=%q, want 1", seen)
	}
	want(t, rt, "GET", "/in/own", "200 a=3 b=2 c=3")
	m, err := rt.RouteInfo("GET", "", "/in/own")
	if err != nil || m.Value(ctxKey{"b"}) != "2" || m.Value(ctxKey{"c"}) != "3" || m.Value("none") != nil {
		t.Errorf("got values b=%v c=%v none=%v (%v) of the match, want 2, 3 and nil", m.Value(ctxKey{"b"}), m.Value(ctxKey{"c"}), m.Value("none"), err)
	}
	wantMistake(t, "cannot be one", func(r *router.Scope) { r.Value(nil, 1) })
	wantMistake(t, "cannot be one", func(r *router.Scope) { r.Value([]int{1}, 1) })
	wantMistake(t, "cannot be one", func(r *router.Scope) {
		r.Get("/", show, router.Options{Values: map[any]any{nil: 1}})
	})
}

func TestSettingsComeFirst(t *testing.T) {
	for name, set := range map[string]func(*router.Scope){
		"Host":      func(r *router.Scope) { r.Host("a") },
		"Name":      func(r *router.Scope) { r.Name("a") },
		"Value":     func(r *router.Scope) { r.Value("a", 1) },
		"Fallback":  func(r *router.Scope) { r.Fallback(router.WriteError) },
		"Log":       func(r *router.Scope) { r.Log(telemetry.LogOff) },
		"Logger":    func(r *router.Scope) { r.Logger(nil) },
		"Telemetry": func(r *router.Scope) { r.Telemetry(nil) },
	} {
		wantMistake(t, name+" comes after the definition at scope_test.go:", func(r *router.Scope) {
			r.Get("/", say("home"))
			set(r)
		})
		wantMistake(t, name+" comes after the definition at scope_test.go:", func(r *router.Scope) {
			r.Scope("/", func(*router.Scope) {})
			set(r)
		})
	}
	wantMistake(t, "Fallback: the function is nil", func(r *router.Scope) { r.Fallback(nil) })
}

func TestOuterScopeInABlockIsRefused(t *testing.T) {
	wantMistake(t, "in a block use the scope that it is given", func(r *router.Scope) {
		r.Scope("/api", func(inner *router.Scope) {
			r.Get("/users", say("users"))
		})
	})
	wantMistake(t, "in a block use the scope that it is given", func(r *router.Scope) {
		var kept *router.Scope
		r.Scope("/api", func(inner *router.Scope) { kept = inner })
		kept.Get("/users", say("users"))
	})
}

func TestLogLevelIsData(t *testing.T) {
	rt := router.New(func(r *router.Scope) {
		r.Log(telemetry.LogInfo)
		r.Get("/a", say("a"))
		r.Scope("/", func(r *router.Scope) {
			r.Log(telemetry.LogOff)
			r.Get("/b", say("b"))
			r.Get("/c", say("c"), router.Options{Log: telemetry.LogWarn})
		})
	})
	var got []telemetry.LogLevel
	for _, r := range rt.Routes() {
		got = append(got, r.Log)
	}
	if diff := cmp.Diff([]telemetry.LogLevel{telemetry.LogInfo, telemetry.LogOff, telemetry.LogWarn}, got); diff != "" {
		t.Errorf("levels (-want +got):\n%s", diff)
	}
}

func TestVerbs(t *testing.T) {
	rt := router.New(func(r *router.Scope) {
		r.Get("/", say("get"))
		r.Post("/", say("post"))
		r.Put("/", say("put"))
		r.Patch("/", say("patch"))
		r.Delete("/", say("delete"))
		r.Options("/", say("options"))
		r.Head("/head", say("head"))
		r.Match([]string{"TRACE", "LINK", "GET", "HEAD", "GET"}, "/match", say("match"))
		r.Any("/any", say("any"))
		r.Handle("CONNECT", "/handle", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(204) }))
		r.Handle("*", "/all", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(202) }))
	})
	for _, c := range []struct{ method, path, answer string }{
		{"GET", "/", "200 get"}, {"POST", "/", "200 post"}, {"PUT", "/", "200 put"}, {"PATCH", "/", "200 patch"}, {"DELETE", "/", "200 delete"},
		{"OPTIONS", "/", "200 options"}, {"HEAD", "/head", "200 head"}, {"GET", "/head", "405 Method Not Allowed"},
		{"TRACE", "/match", "200 match"}, {"LINK", "/match", "200 match"}, {"HEAD", "/match", "200 match"}, {"POST", "/match", "405 Method Not Allowed"},
		{"OPTIONS", "/any", "200 any"}, {"BREW", "/any", "200 any"}, {"CONNECT", "/handle", "204"}, {"GET", "/all", "202"},
	} {
		want(t, rt, c.method, c.path, c.answer)
	}
	for part, block := range map[string]func(*router.Scope){
		"name at least one method":          func(r *router.Scope) { r.Match(nil, "/", say("a")) },
		`their case counts: "GET"`:          func(r *router.Scope) { r.Match([]string{"get"}, "/", say("a")) },
		`method "A B" is none`:              func(r *router.Scope) { r.Match([]string{"A B"}, "/", say("a")) },
		"the method is empty":               func(r *router.Scope) { r.Handle("", "/", http.NotFoundHandler()) },
		"the action is nil":                 func(r *router.Scope) { r.Get("/", nil) },
		`GET "/h": the action is nil`:       func(r *router.Scope) { r.Handle("GET", "/h", nil) },
		"2 Options are given; put all in o": func(r *router.Scope) { r.Get("/", say("a"), router.Options{}, router.Options{}) },
		`name "über": use letters`:          func(r *router.Scope) { r.Get("/", say("a"), router.Options{Name: "über"}) },
		`name "1st": use letters`:           func(r *router.Scope) { r.Name("1st") },
	} {
		wantMistake(t, part, block)
	}
}

// defineStatus defines routes for others, as packages above this one do.
func defineStatus(r *router.Scope) {
	r.Helper()
	r.Get("/status", say("status"))
}

func TestHelperIsNotThePlace(t *testing.T) {
	var file string
	var line int
	rt := router.New(func(r *router.Scope) {
		_, file, line, _ = runtime.Caller(0)
		defineStatus(r)
		r.Get("/next", say("next"))
	})
	for i, route := range rt.Routes() {
		if want := fmt.Sprintf("%s:%d", file, line+1+i); route.Place != want {
			t.Errorf("got place %s of %s, want %s", route.Place, route, want)
		}
	}
}

func TestFallbackInnermostWins(t *testing.T) {
	answer := func(name string) router.Fallback {
		return func(w http.ResponseWriter, r *http.Request, err error) {
			w.WriteHeader(router.Status(err))
			w.Write([]byte(name + ": " + err.Error()))
		}
	}
	teapot := status(418)
	rt := router.New(func(r *router.Scope) {
		r.Fallback(answer("outer"))
		r.Get("/", fail(teapot))
		r.Scope("/api", mark("cors"), func(r *router.Scope) {
			r.Get("/inherited", fail(teapot))
			r.Scope("/v2", func(r *router.Scope) {
				r.Fallback(answer("inner"))
				r.Get("/", fail(teapot))
			})
		})
	})
	want(t, rt, "GET", "/", "418 outer: I am 418")
	// The answer to the error passes the pipelines too.
	wantPassed(t, want(t, rt, "GET", "/api/inherited", "418 outer: I am 418"), "cors")
	wantPassed(t, want(t, rt, "GET", "/api/v2", "418 inner: I am 418"), "cors")
	want(t, rt, "GET", "/api/v2/none", `404 inner: router: no route for GET "/api/v2/none"`)
	want(t, rt, "PUT", "/api/v2", `405 inner: router: no route for PUT "/api/v2", only for GET, HEAD, OPTIONS`)
	want(t, rt, "GET", "/none", `404 outer: router: no route for GET "/none"`)
}

func TestDefaultFallbackLogsFaults(t *testing.T) {
	var log bytes.Buffer
	rt := router.New(func(r *router.Scope) {
		r.Logger(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		}})))
		r.Get("/fault/{id}", fail(status(1)))
		r.Get("/mistake", fail(status(422)))
	})
	want(t, rt, "GET", "/mistake", "422 Unprocessable Entity")
	want(t, rt, "GET", "/none", "404 Not Found")
	want(t, rt, "GET", "/fault/3", "500 Internal Server Error")
	line := `level=ERROR msg="action failed" method=GET route="GET /fault/{id}" status=500 error="I am 1"` + "\n"
	if diff := cmp.Diff(line, log.String()); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
}
