package router

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/bennu-go/bennu/internal/exchange"
	"github.com/bennu-go/bennu/plug"
)

// Forward gives everything at and below a path, whatever the method, to a handler: another router, a file server, a dashboard. The handler
// sees a request whose path begins after the prefix; [MountPath] tells it the prefix. The prefix has no parameters, nor have the scopes around.
func (s *Scope) Forward(prefix string, h http.Handler, opts ...Options) {
	place, ok := s.define()
	if !ok {
		return
	}
	if h == nil {
		s.b.fail(place, "Forward(%q): the handler is nil", prefix)
		return
	}
	p, err := parsePattern(prefix)
	if err == nil {
		p, err = s.path.join(p)
	}
	if names := p.names(); err == nil && len(names) > 0 {
		err = fmt.Errorf("path %q: a prefix has no parameters, and here is {%s}; use Handle with a glob at the end, and its value in the handler", p, names[0])
	}
	if err != nil {
		s.b.fail(place, "Forward(%q): %w", prefix, err)
		return
	}
	s.add(definition{place: place, method: anyMethod, path: prefix, handler: h, action: handlerName(h), opts: opts, forward: true})
}

// forwarder takes the prefix off.
type forwarder struct {
	h      http.Handler
	prefix string // escaped; empty for the root
	n      int    // segments of it
}

func forward(h http.Handler, p pattern) http.Handler {
	f := &forwarder{h: h, n: len(p.segs)}
	for _, seg := range p.segs {
		f.prefix += "/" + url.PathEscape(seg.lit)
	}
	return f
}

func (f *forwarder) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r2, u := *r, *r.URL
	r2.URL = &u
	if r.URL.RawPath == "" {
		r2.URL.Path = below(r.URL.Path, f.n)
	} else {
		raw := below(r.URL.EscapedPath(), f.n)
		path, err := url.PathUnescape(raw)
		if err != nil {
			plug.Refuse(w, r, &NoRouteError{Method: methodOf(r), Host: r.Host, Path: r.URL.Path})
			return
		}
		r2.URL.Path, r2.URL.RawPath = path, ""
		if r2.URL.EscapedPath() != raw {
			r2.URL.RawPath = raw // what Path alone does not say
		}
	}
	// The outer prefix is back when plugs in front, which see the path whole, go on.
	x, outer := exchange.Of(r), MountPath(r)
	mountKey.Set(x, outer+f.prefix)
	defer mountKey.Set(x, outer)
	f.h.ServeHTTP(w, &r2)
}

var mountKey = exchange.NewKey[string]("mount_path")

// MountPath returns the prefix, escaped, that [Scope.Forward] took off the path of r, or those that several did, one within the other. It is
// empty where nothing was taken off. Links to what is served below begin with it.
func MountPath(r *http.Request) string {
	prefix, _ := mountKey.Get(exchange.Of(r))
	return prefix
}

// lister is a handler that can say what it serves.
type lister interface{ Routes() []Route }

func (e *entry) lister() (lister, bool) {
	l, ok := e.mounted.(lister)
	return l, ok && e.forward
}

// joinPath puts a listed path below a prefix.
func joinPath(prefix, path string) string {
	if joined := strings.TrimSuffix(prefix, "/") + path; joined != "/" {
		return strings.TrimSuffix(joined, "/")
	}
	return "/"
}
