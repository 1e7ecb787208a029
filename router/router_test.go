package router_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/bennu-go/bennu/router"
	"github.com/google/go-cmp/cmp"
)

// say answers with its text and the path values it is asked to show.
func say(text string, values ...string) router.Action {
	return func(w http.ResponseWriter, r *http.Request) error {
		fmt.Fprint(w, text)
		for _, name := range values {
			fmt.Fprintf(w, " %s=%s", name, r.PathValue(name))
		}
		return nil
	}
}

// fail answers with an error.
func fail(err error) router.Action {
	return func(http.ResponseWriter, *http.Request) error { return err }
}

// mark is a plug that leaves its name in the answer.
func mark(name string) router.Plug {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Add("Passed", name)
			next.ServeHTTP(w, r)
		})
	}
}

// halt is a plug that answers itself.
func halt(status int) router.Plug {
	return func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(status) })
	}
}

func pipe(name string) router.Pipeline {
	return router.Pipeline{Name: name, Plugs: []router.Plug{mark(name)}}
}

// serve makes a request; the target may be a whole URL.
func serve(h http.Handler, method, target string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// want checks what is answered: "200 text".
func want(t *testing.T, h http.Handler, method, target, answer string) *httptest.ResponseRecorder {
	t.Helper()
	w := serve(h, method, target)
	if got := strings.TrimSpace(fmt.Sprintf("%d %s", w.Code, w.Body)); got != answer {
		t.Errorf("%s %s: got %q, want %q", method, target, got, answer)
	}
	return w
}

func wantPassed(t *testing.T, w *httptest.ResponseRecorder, plugs ...string) {
	t.Helper()
	if diff := cmp.Diff(plugs, w.Header().Values("Passed")); diff != "" {
		t.Errorf("plugs passed (-want +got):\n%s", diff)
	}
}

// mistakes returns what New panics with, without the folders of places.
func mistakes(t *testing.T, block func(*router.Scope)) string {
	t.Helper()
	var got string
	func() {
		defer func() {
			if v := recover(); v != nil {
				got = shortPlaces(fmt.Sprint(v))
			}
		}()
		router.New(block)
	}()
	return got
}

func wantMistake(t *testing.T, part string, block func(*router.Scope)) {
	t.Helper()
	got := mistakes(t, block)
	if !strings.HasPrefix(got, "router: ") || !strings.Contains(got, "_test.go:") {
		t.Errorf("got %q, want an error of the router with a place", got)
	}
	if !strings.Contains(got, part) {
		t.Errorf("got %q\nwant it to have %q", got, part)
	}
}

var anyLine = regexp.MustCompile(`\w+_test\.go:\d+`)

// shortPlaces takes the folders from file:line, which differ from machine to machine.
func shortPlaces(s string) string {
	words := strings.FieldsFunc(s, func(c rune) bool { return c == ' ' || c == '\n' || c == '"' })
	for _, word := range words {
		if i := strings.LastIndexByte(word, '/'); i >= 0 && strings.Contains(word[i:], ".go:") {
			s = strings.ReplaceAll(s, word, word[i+1:])
		}
	}
	return s
}

func TestErrorNamesEveryMistakeWithItsPlace(t *testing.T) {
	var line int
	got := mistakes(t, func(r *router.Scope) {
		_, _, line, _ = runtime.Caller(0)
		r.Get("/a/{b", say("a"))
		r.Scope("/x", func(r *router.Scope) {
			r.Post("y", say("y"))
		})
		r.Get("/ok", say("ok"))
	})
	want := fmt.Sprintf(`router: router_test.go:%d: GET "/a/{b": path "/a/{b": segment "{b": missing }; write %%7B for a brace
router_test.go:%d: POST "y": path "y" must begin with a slash: "/y"`, line+1, line+3)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("panic (-want +got):\n%s", diff)
	}
}

func TestRouterIsFrozen(t *testing.T) {
	var kept *router.Scope
	router.New(func(r *router.Scope) {
		kept = r
		r.Get("/", say("home"))
	})
	defer func() {
		if got := fmt.Sprint(recover()); !strings.Contains(got, "does not change any more") || !strings.Contains(got, "router_test.go:") {
			t.Errorf("got panic %q, want one that says the router is made", got)
		}
	}()
	kept.Get("/late", say("late"))
}

func TestEmptyRouter(t *testing.T) {
	rt := router.New(func(*router.Scope) {})
	want(t, rt, "GET", "/", "404 Not Found")
	if got := rt.Routes(); got == nil || len(got) != 0 {
		t.Errorf("got routes %v, want an empty list", got)
	}
	wantMistake(t, "the block is nil", nil)
}
