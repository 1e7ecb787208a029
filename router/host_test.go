package router_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/bennu-go/bennu/param"
	"github.com/bennu-go/bennu/router"
)

func TestHostParameters(t *testing.T) {
	show := func(w http.ResponseWriter, r *http.Request) error {
		m := param.Of(r)
		keys := slices.Sorted(maps.Keys(m))
		fmt.Fprint(w, r.Pattern)
		for _, k := range keys {
			fmt.Fprintf(w, " %s=%v", k, m[k])
		}
		return nil
	}
	rt := router.New(func(r *router.Scope) {
		r.Scope("/", func(r *router.Scope) {
			r.Host("www.example.com", "Eu-{shop}.example.com", "{tenant}.example.com")
			r.Get("/users/{id}", show)
		})
		r.Scope("/", func(r *router.Scope) {
			r.Host("{tenant}.admin.")
			r.Get("/", show)
		})
	})
	for _, c := range []struct{ target, answer string }{
		{"http://ACME.example.com:4000/users/7?q=1&id=8", "200 GET {tenant}.example.com/users/{id} id=7 q=1 tenant=acme"},
		{"http://eu-Acme.Example.com/users/7", "200 GET eu-{shop}.example.com/users/{id} id=7 shop=acme"},
		{"http://eu-.example.com/users/7", "200 GET {tenant}.example.com/users/{id} id=7 tenant=eu-"},
		{"http://www.example.com/users/7", "200 GET /users/{id} id=7"},
		{"http://a.b.example.com/users/7", "404 Not Found"},
		{"http://.example.com/users/7", "404 Not Found"},
		{"http://example.com/users/7", "404 Not Found"},
		{"http://acme.example.com.evil.org/users/7", "404 Not Found"},
		{"http://acme.admin.localhost/", "200 GET {tenant}.admin.*/ tenant=acme"},
		{"http://acme.admin/", "404 Not Found"},
	} {
		want(t, rt, "GET", c.target, c.answer)
	}
	m, err := rt.RouteInfo("GET", "Acme.example.com:80", "/users/7")
	if err != nil || m.Params["tenant"] != "acme" || m.Params["id"] != "7" || len(m.Params) != 2 {
		t.Errorf("got %v, %v", m.Params, err)
	}
	for part, host := range map[string]string{
		"nothing can follow the parameter": "{a}x.example.com",
		"a brace is missing":               "{a.example.com",
		"parameter name":                   "{A}.example.com",
		"two parameters {a}":               "{a}.{a}.example.com",
		"two dots in a row":                "{a}..com",
		"write {name} for one label":       "*.example.com",
		"both have a parameter {id}":       "{id}.example.com",
	} {
		wantMistake(t, part, func(r *router.Scope) {
			r.Host(host)
			r.Get("/{id}", nobody)
		})
	}
}

// Every pair of small host patterns against the names that they match.
func TestHostsAgainstBruteForce(t *testing.T) {
	labels := []string{"a", "b", "ab", "{x}", "a{x}"}
	var patterns []string
	for i, one := range labels {
		patterns = append(patterns, one, one+".")
		for j, two := range labels {
			if j >= 3 {
				two = strings.Replace(two, "x", "y", 1)
			}
			if i < 3 || j < 3 || i == j {
				patterns = append(patterns, one+"."+two, one+"."+two+".")
			}
		}
	}
	var names []string
	atoms := []string{"a", "b", "ab", "abb", "z"}
	for _, one := range atoms {
		names = append(names, one, one+".")
		for _, two := range atoms {
			names = append(names, one+"."+two, one+"."+two+".a", one+"."+two+".z.b")
		}
	}
	matched := func(pattern string) map[string]bool {
		set := map[string]bool{}
		for _, name := range names {
			if naiveHost(pattern, name) {
				set[name] = true
			}
		}
		return set
	}
	for _, p := range patterns {
		for _, q := range patterns {
			a, b := matched(p), matched(q)
			overlap, aInB, bInA := false, true, true
			for name := range a {
				overlap, aInB = overlap || b[name], aInB && b[name]
			}
			for name := range b {
				bInA = bInA && a[name]
			}
			rt, mistake := tryHosts(p, q)
			if refused := mistake != ""; refused != (aInB && bInA) {
				t.Fatalf("%s and %s: refused is %v (%s), they match %v and %v", p, q, refused, mistake, a, b)
			}
			if mistake != "" {
				continue
			}
			warnings := rt.Warnings()
			if warned := len(warnings) > 0; warned != (overlap && !aInB) {
				t.Fatalf("%s before %s: got warnings %v; they match %v and %v", p, q, warnings, a, b)
			}
			if len(warnings) > 0 && warnings[0].Unreachable != bInA {
				t.Fatalf("%s before %s: got unreachable %v; they match %v and %v", p, q, warnings[0].Unreachable, a, b)
			}
			for _, name := range names {
				m, err := rt.RouteInfo("GET", name, "/")
				got := ""
				if err == nil {
					got = m.Action
				}
				want := ""
				switch {
				case a[name]:
					want = "first"
				case b[name]:
					want = "second"
				}
				if got != want {
					t.Fatalf("%s before %s: %s reaches %q, want %q", p, q, name, got, want)
				}
			}
		}
	}
}

func tryHosts(p, q string) (rt *router.Router, mistake string) {
	defer func() {
		if v := recover(); v != nil {
			mistake = fmt.Sprint(v)
		}
	}()
	return router.New(func(r *router.Scope) {
		r.Scope("/", func(r *router.Scope) { r.Host(p); r.Get("/", nobody, router.Options{Action: "first"}) })
		r.Scope("/", func(r *router.Scope) { r.Host(q); r.Get("/", nobody, router.Options{Action: "second"}) })
	}), ""
}

// naiveHost compares label by label.
func naiveHost(pattern, name string) bool {
	p, n := strings.Split(pattern, "."), strings.Split(name, ".")
	if rest := p[len(p)-1] == ""; rest {
		if p = p[:len(p)-1]; len(n) <= len(p) {
			return false
		}
		n = n[:len(p)]
	}
	return slices.EqualFunc(p, n, func(p, n string) bool {
		lit, _, param := strings.Cut(p, "{")
		return !param && p == n || param && len(n) > len(lit) && strings.HasPrefix(n, lit)
	})
}

func FuzzHost(f *testing.F) {
	for _, name := range []string{"acme.example.com", "", "[::1]:80", "a..b", ".example.com", "eu-ACME.admin.x:1", "{tenant}.example.com", "\x00.example.com"} {
		f.Add(name)
	}
	rt := router.New(func(r *router.Scope) {
		r.Scope("/", func(r *router.Scope) {
			r.Host("{tenant}.example.com", "eu-{tenant}.admin.")
			r.Get("/", func(w http.ResponseWriter, r *http.Request) error {
				fmt.Fprint(w, r.PathValue("tenant"))
				return nil
			})
		})
	})
	f.Fuzz(func(t *testing.T, name string) {
		r := httptest.NewRequest("GET", "/", nil)
		r.Host = name
		w := httptest.NewRecorder()
		rt.ServeHTTP(w, r)
		m, err := rt.RouteInfo("GET", name, "/")
		if (err == nil) != (w.Code == 200) {
			t.Fatalf("%q: served with %d, RouteInfo says %v", name, w.Code, err)
		}
		if tenant := w.Body.String(); err == nil && (tenant != m.Params["tenant"] || tenant == "" || strings.Contains(tenant, ".")) {
			t.Fatalf("%q: got tenant %q, RouteInfo says %q", name, tenant, m.Params["tenant"])
		}
	})
}
