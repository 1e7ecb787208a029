package param

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bennu-go/bennu/internal/exchange"
)

func TestOfMerges(t *testing.T) {
	for _, begun := range []bool{true, false} {
		var got, query Map
		mux := http.NewServeMux()
		mux.HandleFunc("GET /users/{id}/{rest...}", func(w http.ResponseWriter, r *http.Request) { got, query = Of(r), Query(r) })
		w, r := http.ResponseWriter(httptest.NewRecorder()), httptest.NewRequest("GET", "/users/7/a/b?id=1&a=query&b=query&c[d]=e", nil)
		want := Map{"id": "7", "rest": "a/b", "a": "query", "b": "query", "c": m{"d": "e"}}
		if begun {
			w, r = SetBody(w, r, Map{"id": "2", "b": "body"})
			want["b"] = "body"
			if diff := cmp.Diff(Map{"id": "2", "a": "query", "b": "body", "c": m{"d": "e"}}, Of(r)); diff != "" {
				t.Errorf("before the router: %s", diff)
			}
		}
		mux.ServeHTTP(w, r)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("begun %v: %s", begun, diff)
		}
		if diff := cmp.Diff(Map{"id": "1", "a": "query", "b": "query", "c": m{"d": "e"}}, query); diff != "" {
			t.Errorf("begun %v: query: %s", begun, diff)
		}
	}
}

func TestOfWithoutAnything(t *testing.T) {
	r := httptest.NewRequest("GET", "/", nil)
	if got := Of(r); got == nil || len(got) != 0 || Body(r) != nil || len(Get(r, "user")) != 0 || CheckQuery(r) != nil {
		t.Errorf("got %v", got)
	}
	r = httptest.NewRequest("GET", "/?user[name]=ada&bad=%zz", nil)
	if len(Of(r)) != 0 || !errors.Is(CheckQuery(r), ErrInvalid) {
		t.Error("a query that does not decode is not empty")
	}
}

func TestLookup(t *testing.T) {
	w, r := SetBody(httptest.NewRecorder(), httptest.NewRequest("GET", "/7?id=1&a=query&b=query", nil), Map{"id": "2", "b": "body"})
	mux := http.NewServeMux()
	mux.HandleFunc("/{id}", func(w http.ResponseWriter, r *http.Request) {
		for _, name := range []string{"id", "a", "b", "c"} {
			got, ok := Lookup(r, name)
			if want, has := Of(r)[name]; got != want || ok != has {
				t.Errorf("Lookup(%q): got %v, %v, want %v, %v", name, got, ok, want, has)
			}
		}
	})
	mux.ServeHTTP(w, r)
	if v, ok := Lookup(httptest.NewRequest("GET", "/", nil), "a"); ok {
		t.Errorf("got %v of nothing", v)
	}
}

func TestSetQuery(t *testing.T) {
	w, r := SetQuery(httptest.NewRecorder(), httptest.NewRequest("GET", "/?a=1", nil), Map{"b": nil})
	if diff := cmp.Diff(Map{"b": nil}, Of(r)); diff != "" {
		t.Error(diff)
	}
	_, r = SetQuery(w, r, nil)
	if got := Query(r); got == nil || len(got) != 0 {
		t.Errorf("got %v", got)
	}
	r.URL.RawQuery = "c=2"
	if diff := cmp.Diff(Map{"c": "2"}, Of(r)); diff != "" {
		t.Error("another query: " + diff)
	}
}

func TestOfKeepsWhatItDecoded(t *testing.T) {
	_, w, r := exchange.Begin(httptest.NewRecorder(), httptest.NewRequest("GET", "/?a=1&user[name]=ada", nil))
	_, r = SetBody(w, r, Map{"b": "2"})
	Of(r)
	if n := testing.AllocsPerRun(100, func() { Of(r) }); n > 0 {
		t.Errorf("got %v allocations the second time", n)
	}
	if diff := cmp.Diff(Map{"name": "ada"}, Get(r, "user")); diff != "" {
		t.Error(diff)
	}
}

func TestPathNames(t *testing.T) {
	for pattern, want := range map[string][]string{
		"":                             nil,
		"GET /":                        nil,
		"/{$}":                         nil,
		"GET example.com/a/{id}":       {"id"},
		"/a/{id}/{rest...}":            {"id", "rest"},
		"/post-{id}":                   {"id"},
		"/{id:[0-9]+}/x":               {"id"},
		"/{open":                       nil,
		strings.Repeat("{", 50) + "}/": {strings.Repeat("{", 49)},
	} {
		if diff := cmp.Diff(want, pathNames(pattern)); diff != "" {
			t.Errorf("%q: %s", pattern, diff)
		}
	}
}

func TestStatuses(t *testing.T) {
	for err, want := range map[error]int{
		ErrTooLong:                   414,
		ErrInvalid:                   400,
		&Error{"a", "b"}:             400,
		errors.Join(ErrTooLong, nil): 414,
	} {
		var status interface{ HTTPStatus() int }
		if !errors.As(err, &status) || status.HTTPStatus() != want {
			t.Errorf("%v: want status %d", err, want)
		}
	}
	if (Errors{}).HTTPStatus() != 422 {
		t.Error("status of Errors")
	}
}
