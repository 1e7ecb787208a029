package router_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/bennu-go/bennu/router"
	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares with testdata/name.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

// users has methods for actions, as applications do.
type users struct{}

func (users) Index(w http.ResponseWriter, r *http.Request) error { return nil }
func (*users) Show(w http.ResponseWriter, r *http.Request) error { return nil }

func home(w http.ResponseWriter, r *http.Request) error { return nil }

func maker() router.Plug { return func(next http.Handler) http.Handler { return next } }

func shop(r *router.Scope) {
	r.Get("/", home, router.Options{Name: "home"})
	r.Scope("/api/v1", pipe("api"), maker(), func(r *router.Scope) {
		r.Name("v1")
		r.Resources("/users", router.Resource{Index: users{}.Index, Show: (&users{}).Show, Create: home}, func(r *router.Scope) {
			r.Resources("/posts", router.Resource{Index: home, Show: home})
		})
	})
	r.Scope("/", func(r *router.Scope) {
		r.Host("admin.", "localhost")
		r.Forward("/dash", router.New(func(r *router.Scope) {
			r.Get("/", home)
			r.Delete("/jobs/{id}", home, router.Options{Name: "job"})
		}), router.Options{Name: "dash"})
	})
	r.Handle("GET", "/files/{rest...}", http.FileServer(http.Dir("")), router.Options{Name: "files"})
	r.Handle("GET", "/func", http.HandlerFunc(http.NotFound))
	r.Get("/type-{type}/caf%C3%A9/{user_id}/{userID}/{query}", home, router.Options{Name: "odd"})
	r.Get("/{rest...}", home, router.Options{Name: "rest", Meta: map[string]any{"summary": "<all>"}})
}

func TestFormat(t *testing.T) {
	var b bytes.Buffer
	if err := router.Format(&b, append(router.New(shop).Routes(), router.Route{Method: "WS", Path: "/socket/websocket", Action: "web.UserSocket"})); err != nil {
		t.Fatal(err)
	}
	golden(t, "routes.txt", b.Bytes())

	b.Reset()
	if err := router.Format(&b, router.New(func(r *router.Scope) { r.Get("/é", home); r.Delete("/longer", home) }).Routes()); err != nil {
		t.Fatal(err)
	}
	if got, want := b.String(), "  GET     /é       router_test.home\n  DELETE  /longer  router_test.home\n"; got != want {
		t.Errorf("without names: got\n%s\nwant\n%s", got, want)
	}
}

func TestFormatJSON(t *testing.T) {
	var b bytes.Buffer
	rt := router.New(shop)
	if err := router.FormatJSON(&b, append(rt.Routes(), router.Route{Method: "WS", Path: "/socket/websocket"})); err != nil {
		t.Fatal(err)
	}
	var routes []router.Route
	if err := json.Unmarshal(b.Bytes(), &routes); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(rt.Routes(), routes[:len(routes)-1]); diff != "" {
		t.Errorf("routes read back (-want +got):\n%s", diff)
	}
	short := []byte(anyLine.ReplaceAllString(shortPlaces(b.String()), "format_test.go:0"))
	golden(t, "routes.json", short)

	b.Reset()
	if err := router.FormatJSON(&b, nil); err != nil || b.String() != "[]\n" {
		t.Errorf("got %q (%v) of an empty table, want []", b.String(), err)
	}
}

func TestRoutesBelongToTheCaller(t *testing.T) {
	rt := router.New(shop)
	a := rt.Routes()
	for i := range a {
		a[i].Path = "changed"
		for j := range a[i].Pipelines {
			a[i].Pipelines[j] = "changed"
		}
		for j := range a[i].Hosts {
			a[i].Hosts[j] = "changed"
		}
	}
	for _, r := range rt.Routes() {
		for _, s := range append(append(r.Hosts, r.Pipelines...), r.Path) {
			if s == "changed" {
				t.Errorf("%s was changed through what Routes returned", r)
			}
		}
	}
}
