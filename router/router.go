package router

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
)

// Router is a table of routes that does not change. It is an [http.Handler].
type Router struct {
	root     *node
	entries  []*entry
	scopes   []*Scope // in order of definition, so that the root scope is the first
	hosts    bool     // some route is for some hosts only
	warnings []Warning
}

// builder collects what a router is made of.
type builder struct {
	entries  []*entry
	scopes   []*Scope
	current  *Scope // whose block runs; nil when all is defined
	helpers  map[string]bool
	mistakes []error
}

func (b *builder) fail(place, format string, args ...any) {
	b.mistakes = append(b.mistakes, fmt.Errorf("%s: "+format, append([]any{place}, args...)...))
}

// New makes a router of what the block defines. It panics with an error that lists every wrong definition and its place.
func New(block func(*Scope)) *Router {
	b := &builder{helpers: make(map[string]bool)}
	root := &Scope{b: b, place: b.caller(), settings: settings{}}
	b.scopes = append(b.scopes, root)
	if block == nil {
		b.fail(root.place, "New: the block is nil")
	} else {
		root.run(block)
	}
	rt := b.compile()
	if len(b.mistakes) > 0 {
		panic(fmt.Errorf("router: %w", errors.Join(b.mistakes...)))
	}
	return rt
}

func (b *builder) compile() *Router {
	rt := &Router{root: &node{}, entries: b.entries, scopes: b.scopes}
	logger := slog.Default()
	for _, s := range b.scopes {
		if s.settings.logger == nil {
			s.settings.logger = logger
		}
		if s.ownFallback = s.settings.fallback != nil; !s.ownFallback {
			s.settings.fallback = defaultFallback(s.settings.logger)
		}
		var err error
		if s.handler, err = through(s.settings.pipelines, true, http.HandlerFunc(s.answer)); err != nil {
			b.fail(s.place, "%w", err)
		}
	}
	for _, e := range b.entries {
		if e.forward {
			e.mounted, e.handler = e.handler, forward(e.handler, e.path)
		}
		var err error
		if e.handler, err = through(e.pipelines, false, e.handler); err != nil {
			b.fail(e.info.Place, "%w", err)
		}
		rt.hosts = rt.hosts || len(e.hosts) > 0
		rt.root.insert(e)
	}
	b.relate(rt)
	b.checkNames()
	return rt
}

// Routes returns the table, in order of definition. Handlers of Forward that have a method Routes() []Route, as a Router has, are
// followed by what they list, under the prefix.
func (rt *Router) Routes() []Route {
	routes := make([]Route, 0, len(rt.entries))
	for _, e := range rt.entries {
		routes = append(routes, e.clone())
		if l, ok := e.lister(); ok {
			for _, r := range l.Routes() {
				r.Path = joinPath(e.info.Path, r.Path)
				r.Pipelines = append(slices.Clone(e.info.Pipelines), r.Pipelines...)
				if len(e.hosts) > 0 && len(r.Hosts) == 0 {
					r.Hosts = slices.Clone(e.info.Hosts)
				}
				routes = append(routes, r)
			}
		}
	}
	return routes
}

// lookup finds the route of a request, or nil.
func (rt *Router) lookup(method, host string, segs []string) *entry {
	q := query{method: method}
	if rt.hosts {
		q.host = hostname(host)
	}
	return rt.root.find(&q, segs, nil)
}
