package router

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/bennu-go/bennu/internal/exchange"
)

// unmatched answers what no route matches: OPTIONS, 405, 404.
func (rt *Router) unmatched(w http.ResponseWriter, r *http.Request) {
	x, w, r := exchange.Begin(w, r)
	segs, ok := split(nil, r.URL)
	scope, allow := rt.scopes[0], []string(nil)
	if ok {
		if allow, scope = rt.allowed(hostname(r.Host), segs); scope == nil {
			scope = rt.scopeOf(hostname(r.Host), segs)
		}
	}
	if hasAlways(scope.settings.pipelines) {
		allowKey.Set(x, allow)
		scope.handler.ServeHTTP(w, r)
		return
	}
	scope.answerWith(w, r, allow)
}

// allowKey is of what unmatched found, for the end of the Always pipelines.
var allowKey = exchange.NewKey[[]string]("allow")

func (s *Scope) answer(w http.ResponseWriter, r *http.Request) {
	allow, _ := allowKey.Get(exchange.Of(r))
	s.answerWith(w, r, allow)
}

// answerWith answers a request whose path has routes for the methods in allow, but for no other.
func (s *Scope) answerWith(w http.ResponseWriter, r *http.Request, allow []string) {
	if len(allow) == 0 {
		s.settings.fallback(w, r, &NoRouteError{Method: methodOf(r), Host: r.Host, Path: r.URL.Path})
		return
	}
	w.Header().Set("Allow", strings.Join(allow, ", "))
	if r.Method == http.MethodOptions {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	s.settings.fallback(w, r, &MethodNotAllowedError{Method: methodOf(r), Host: r.Host, Path: r.URL.Path, Allow: allow})
}

// allowed returns the methods that the path has routes for, in order of the alphabet, with the automatic ones, and the scope
// of the first of these routes. Both are nil if there is none.
func (rt *Router) allowed(host string, segs []string) ([]string, *Scope) {
	methods := make(map[string]bool)
	var first *entry
	rt.root.each(segs, func(e *entry) {
		if !matchHost(e.hosts, host) {
			return
		}
		if methods[e.method] = true; e.method == http.MethodGet {
			methods[http.MethodHead] = true
		}
		if first == nil || e.index < first.index {
			first = e
		}
	})
	if first == nil {
		return nil, nil
	}
	methods[http.MethodOptions] = true
	return slices.Sorted(maps.Keys(methods)), first.scope
}

// scopeOf returns the scope that a path without a route belongs to.
func (rt *Router) scopeOf(host string, segs []string) *Scope {
	best := rt.scopes[0]
	for _, s := range rt.scopes[1:] {
		below := s.path
		below.glob = true
		switch {
		case !matchHost(s.settings.hosts, host) || !below.matches(segs):
		case len(s.path.segs) > len(best.path.segs), len(s.path.segs) == len(best.path.segs) && s.weight() > best.weight():
			best = s
		}
	}
	return best
}

// weight orders scopes with the same path by what they have for requests without a route.
func (s *Scope) weight() int {
	switch {
	case hasAlways(s.settings.pipelines):
		return 2
	case s.ownFallback:
		return 1
	default:
		return 0
	}
}

func (p pattern) matches(segs []string) bool {
	if len(segs) < len(p.segs) || !p.glob && len(segs) > len(p.segs) {
		return false
	}
	for i, seg := range p.segs {
		if !seg.matches(segs[i]) {
			return false
		}
	}
	return true
}
