package router_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/bennu-go/bennu/router"
)

// route is a definition in a small table.
type route struct{ method, host, path string }

func (d route) String() string { return d.method + " " + d.host + d.path }

// build makes a router of a table. ok is false if it was refused as having two identical routes.
func build(t testing.TB, table []route) (rt *router.Router, ok bool) {
	t.Helper()
	defer func() {
		if v := recover(); v != nil {
			if !strings.Contains(fmt.Sprint(v), "matches the same requests as") {
				t.Fatalf("%v: %v", table, v)
			}
			rt, ok = nil, false
		}
	}()
	return router.New(func(r *router.Scope) {
		for i, d := range table {
			// The meta value says which one was found.
			o := router.Options{Meta: map[string]any{"i": i}}
			if d.host == "" {
				r.Match([]string{d.method}, d.path, nobody, o)
				continue
			}
			r.Scope("/", func(r *router.Scope) {
				r.Host(d.host)
				r.Match([]string{d.method}, d.path, nobody, o)
			})
		}
	}), true
}

func nobody(http.ResponseWriter, *http.Request) error { return nil }

// naive matches one route after the other, with a regular expression each.
type naive struct {
	routes []route
	exprs  []*regexp.Regexp
}

var paramSyntax = regexp.MustCompile(`\\{(\w+)\\}`)

func newNaive(table []route) *naive {
	n := &naive{routes: table}
	for _, d := range table {
		path, glob := strings.CutSuffix(d.path, "/{rest...}")
		expr := ""
		for seg := range strings.SplitSeq(path, "/") {
			if seg != "" {
				expr += "/+" + paramSyntax.ReplaceAllString(regexp.QuoteMeta(seg), `(?P<$1>[^/]+)`)
			}
		}
		if glob {
			expr += `(?P<rest>(?:/.*)?)`
		} else {
			expr += "/*"
		}
		n.exprs = append(n.exprs, regexp.MustCompile("^"+expr+"$"))
	}
	return n
}

// find returns the index of the route, or -1, and the values.
func (n *naive) find(method, host, path string) (int, map[string]string) {
	for i, d := range n.routes {
		if d.method != "*" && d.method != method && (d.method != "GET" || method != "HEAD") || d.host != "" && d.host != host {
			continue
		}
		m := n.exprs[i].FindStringSubmatch(path)
		if m == nil {
			continue
		}
		values := map[string]string{}
		for j, name := range n.exprs[i].SubexpNames() {
			if name != "" {
				values[name] = m[j]
			}
			if name == "rest" {
				values[name] = strings.Join(strings.FieldsFunc(m[j], func(c rune) bool { return c == '/' }), "/")
			}
		}
		return i, values
	}
	return -1, nil
}

// paths are all the sequences of up to n of segs, and the same with end behind it.
func paths(n int, segs []string, ends ...string) []string {
	all := []string{""}
	for from := 0; n > 0; n-- {
		to := len(all)
		for _, p := range all[from:to] {
			for i, seg := range segs {
				all = append(all, p+"/"+strings.ReplaceAll(seg, "{x", fmt.Sprintf("{x%d%c", strings.Count(p, "/"), 'a'+i)))
			}
		}
		from = to
	}
	var out []string
	for _, p := range all {
		out = append(out, max(p, "/"))
		for _, end := range ends {
			out = append(out, p+end)
		}
	}
	return out
}

func check(t *testing.T, rt *router.Router, n *naive, method, host, path string) {
	t.Helper()
	i, values := n.find(method, host, path)
	m, err := rt.RouteInfo(method, host, path)
	got := -1
	if err == nil {
		got = m.Meta["i"].(int)
	}
	if got != i {
		t.Fatalf("%v: %s %s%s: got route %d (%v), want %d", n.routes, method, host, path, got, err, i)
	}
	if i < 0 {
		return
	}
	if len(m.Params) != len(values) {
		t.Fatalf("%v: %s %s: got values %v, want %v", n.routes, method, path, m.Params, values)
	}
	for name, v := range values {
		if m.Params[name] != v {
			t.Fatalf("%v: %s %s: got values %v, want %v", n.routes, method, path, m.Params, values)
		}
	}
}

// few reports whether a part of all cases must do.
func few() bool { return testing.Short() || raceEnabled }

// Every table of three small patterns answers every small request as the naive matcher does.
func TestEverySmallTable(t *testing.T) {
	patterns := paths(2, []string{"a", "a{x}", "{x}"}, "/{rest...}")
	requests := paths(3, []string{"a", "ab", "c"}, "/")
	requests = append(requests, "//", "//a", "/a//ab", "///ab//c//")
	tables, refused := 0, 0
	for i, a := range patterns {
		for j, b := range patterns {
			for k, c := range patterns {
				if few() && (i+j*3+k*7)%5 != 0 {
					continue
				}
				table := []route{{"GET", "", a}, {"GET", "", b}, {"GET", "", c}}
				rt, ok := build(t, table)
				if same := i == j || j == k || i == k; ok == same {
					t.Fatalf("%v: accepted is %t, want %t", table, ok, !same)
				}
				if !ok {
					refused++
					continue
				}
				tables++
				n := newNaive(table)
				for _, path := range requests {
					check(t, rt, n, "GET", "", path)
				}
			}
		}
	}
	if tables < 3000 || refused < 300 {
		t.Errorf("got %d tables and %d refused, want more", tables, refused)
	}
}

// The same with methods and hosts.
func TestEverySmallPair(t *testing.T) {
	var routes []route
	for _, path := range []string{"/", "/a", "/{x}", "/a{x}", "/{x}/a", "/{rest...}", "/a/{rest...}"} {
		for _, method := range []string{"GET", "HEAD", "POST", "*"} {
			for _, host := range []string{"", "h", "i"} {
				routes = append(routes, route{method, host, path})
			}
		}
	}
	for i, a := range routes {
		for j, b := range routes {
			if few() && (i+j*3)%5 != 0 {
				continue
			}
			rt, ok := build(t, []route{a, b})
			if ok != (i != j) {
				t.Fatalf("%v, %v: accepted is %t", a, b, ok)
			}
			if !ok {
				continue
			}
			n := newNaive([]route{a, b})
			for _, path := range []string{"/", "/a", "/b", "/ab", "/a/a", "/b/a", "/a/b/c"} {
				for _, host := range []string{"", "h", "x"} {
					allow := map[string]bool{}
					for _, method := range []string{"GET", "HEAD", "POST", "PUT", "OPTIONS"} {
						check(t, rt, n, method, host, path)
						if i, _ := n.find(method, host, path); i >= 0 {
							allow[method] = true
						}
					}
					if !allow["PUT"] { // by none for every method
						checkAllow(t, rt, allow, host, path)
					}
				}
			}
		}
	}
}

func checkAllow(t *testing.T, rt *router.Router, allow map[string]bool, host, path string) {
	t.Helper()
	r := httptest.NewRequest("PUT", path, nil)
	r.Host = host
	w := httptest.NewRecorder()
	rt.ServeHTTP(w, r)
	if len(allow) == 0 {
		if w.Code != 404 || w.Header().Get("Allow") != "" {
			t.Fatalf("%v: PUT %s%s: got %d with Allow %q, want 404", rt.Routes(), host, path, w.Code, w.Header().Get("Allow"))
		}
		return
	}
	allow["OPTIONS"] = true
	got := strings.Split(w.Header().Get("Allow"), ", ")
	if w.Code != 405 || !slices.IsSorted(got) || len(got) != len(allow) {
		t.Fatalf("%v: PUT %s%s: got %d with Allow %q, want 405 with %v", rt.Routes(), host, path, w.Code, got, allow)
	}
	for _, method := range got {
		if !allow[method] {
			t.Fatalf("%v: PUT %s%s: got Allow %q, want %v", rt.Routes(), host, path, got, allow)
		}
	}
}

// What the patterns say of each other is what requests show.
func TestWarningsAgainstRequests(t *testing.T) {
	patterns := paths(2, []string{"a", "ab", "a{x}", "ab{x}", "{x}"}, "/{rest...}")
	requests := paths(4, []string{"a", "ab", "abc", "ac", "c"})
	// Which requests each pattern matches on its own.
	matched := make(map[string][]bool)
	for _, p := range patterns {
		n := newNaive([]route{{"GET", "", p}})
		for _, path := range requests {
			i, _ := n.find("GET", "", path)
			matched[p] = append(matched[p], i == 0)
		}
	}
	for _, a := range patterns {
		for _, b := range patterns {
			if a == b {
				continue
			}
			both, onlyA, onlyB := false, false, false
			for i := range requests {
				ma, mb := matched[a][i], matched[b][i]
				both, onlyA, onlyB = both || ma && mb, onlyA || ma && !mb, onlyB || mb && !ma
			}
			rt, ok := build(t, []route{{"GET", "", a}, {"GET", "", b}})
			if !ok {
				t.Fatalf("%s and %s are refused", a, b)
			}
			want := ""
			switch {
			case both && !onlyB:
				want = "unreachable"
			case both && onlyA:
				want = "overlap"
			}
			got := ""
			for _, w := range rt.Warnings() {
				if got = "overlap"; w.Unreachable {
					got = "unreachable"
				}
				n := newNaive([]route{{"GET", "", a}, {"GET", "", b}})
				i, _ := n.find("GET", "", w.Path)
				n.routes, n.exprs = n.routes[1:], n.exprs[1:]
				if j, _ := n.find("GET", "", w.Path); i != 0 || j != 0 {
					t.Errorf("%s, %s: %q is not matched by both", a, b, w.Path)
				}
			}
			if got != want {
				t.Errorf("%s, %s: got %q, want %q", a, b, got, want)
			}
		}
	}
}

// newMux puts a table into the router of net/http; ok is false if it refuses a conflict.
func newMux(table []route) (mux *http.ServeMux, ok bool) {
	defer func() {
		if recover() != nil {
			mux, ok = nil, false
		}
	}()
	mux = http.NewServeMux()
	for _, d := range table {
		mux.HandleFunc(muxPattern(d), func(http.ResponseWriter, *http.Request) {})
	}
	return mux, true
}

// muxPattern writes d as net/http does.
func muxPattern(d route) string {
	path := d.path
	if path == "/" {
		path = "/{$}"
	}
	if d.method == "*" {
		return d.host + path
	}
	return d.method + " " + d.host + path
}

// A table without warnings that http.ServeMux accepts means the same to both; one with a warning it refuses, or decides otherwise.
func TestEverySmallPairAgainstServeMux(t *testing.T) {
	var routes []route
	for _, path := range paths(2, []string{"a", "{x}"}) {
		for _, method := range []string{"GET", "HEAD", "POST", "*"} {
			for _, host := range []string{"", "h"} {
				routes = append(routes, route{method, host, path})
			}
		}
	}
	agreed := 0
	for i, a := range routes {
		for j, b := range routes {
			if few() && (i+j*3)%5 != 0 {
				continue
			}
			table := []route{a, b}
			mux, accepted := newMux(table)
			rt, ok := build(t, table)
			if !ok {
				if accepted {
					t.Errorf("%v are refused as identical, but not by ServeMux", table)
				}
				continue
			}
			if w := rt.Warnings(); len(w) > 0 {
				if a.host == b.host && !w[0].Unreachable && accepted {
					t.Errorf("%v: got %v, but ServeMux accepts them", table, w[0])
				}
				continue
			}
			if !accepted {
				continue // a narrow path for all methods before a wide one for some
			}
			agreed++
			for _, path := range paths(2, []string{"a", "b"}) {
				for _, method := range []string{"GET", "HEAD", "POST", "PUT"} {
					for _, host := range []string{"h", "x"} {
						compare(t, rt, mux, table, method, host, path)
					}
				}
			}
		}
	}
	if agreed < 200 {
		t.Errorf("got %d tables that both accept, want more", agreed)
	}
}

// compare asks both for a path that ServeMux does not redirect.
func compare(t *testing.T, rt *router.Router, mux *http.ServeMux, table []route, method, host, path string) {
	t.Helper()
	r := httptest.NewRequest(method, path, nil)
	r.Host = host
	_, want := mux.Handler(r)
	m, err := rt.RouteInfo(method, host, path)
	got := ""
	if err == nil {
		got = muxPattern(table[m.Meta["i"].(int)])
	}
	if got != want {
		t.Errorf("%v: %s %s%s: got %q (%v), ServeMux says %q", table, method, host, path, got, err, want)
		return
	}
	wm, wr := httptest.NewRecorder(), httptest.NewRecorder()
	mux.ServeHTTP(wm, r)
	r2 := httptest.NewRequest(method, path, nil)
	r2.Host = host
	rt.ServeHTTP(wr, r2)
	if wm.Code != wr.Code {
		t.Errorf("%v: %s %s%s: got status %d, ServeMux says %d", table, method, host, path, wr.Code, wm.Code)
	}
	for name := range m.Params {
		if got, want := r2.PathValue(name), r.PathValue(name); got != want {
			t.Errorf("%v: %s %s%s: got {%s} %q, ServeMux says %q", table, method, host, path, name, got, want)
		}
	}
	if allow := strings.TrimSuffix(strings.Replace(wr.Header().Get("Allow"), "OPTIONS, ", "", 1), ", OPTIONS"); allow != wm.Header().Get("Allow") && allow != "OPTIONS" {
		t.Errorf("%v: %s %s%s: got Allow %q, ServeMux says %q", table, method, host, path, allow, wm.Header().Get("Allow"))
	}
}
