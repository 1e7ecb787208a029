package router

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/bennu-go/bennu/telemetry"
)

// Action answers a request, or returns an error for the scope's fallback to answer.
type Action = func(w http.ResponseWriter, r *http.Request) error

// anyMethod is the method of routes that match every one.
const anyMethod = "*"

// Options of a route. At most one is given.
type Options struct {
	// Name of the route among the typed paths, after those of the scopes: "about" in a scope named "v1" is V1About. Empty: none. Routes
	// of one path may share a name.
	Name string
	// Action is the name of the action in tables and log lines. Empty means the name of the function, or the type of the handler.
	Action string
	// Log replaces the level of the scope. LogDefault leaves it.
	Log telemetry.LogLevel
	// Values are added to those of the scope, and replace those with the same key.
	Values map[any]any
	// Deprecated has the typed path marked so, with this text: what to use instead. Linters then point to every use of it.
	Deprecated string
	// Meta is carried as it is to [Route.Meta], for tools.
	Meta map[string]any
}

// Get defines a route for GET, and for HEAD.
func (s *Scope) Get(path string, action Action, opts ...Options) { s.action("GET", path, action, opts) }

// Post defines a route for POST.
func (s *Scope) Post(path string, action Action, opts ...Options) {
	s.action("POST", path, action, opts)
}

// Put defines a route for PUT.
func (s *Scope) Put(path string, action Action, opts ...Options) { s.action("PUT", path, action, opts) }

// Patch defines a route for PATCH.
func (s *Scope) Patch(path string, action Action, opts ...Options) {
	s.action("PATCH", path, action, opts)
}

// Delete defines a route for DELETE.
func (s *Scope) Delete(path string, action Action, opts ...Options) {
	s.action("DELETE", path, action, opts)
}

// Options defines a route for OPTIONS, in place of the automatic answer.
func (s *Scope) Options(path string, action Action, opts ...Options) {
	s.action("OPTIONS", path, action, opts)
}

// Head defines a route for HEAD. It must come before the GET route of that path, which matches HEAD too.
func (s *Scope) Head(path string, action Action, opts ...Options) {
	s.action("HEAD", path, action, opts)
}

// Any defines a route for every method.
func (s *Scope) Any(path string, action Action, opts ...Options) {
	s.action(anyMethod, path, action, opts)
}

// Match defines a route for each of methods, in capitals; "*" is every one.
func (s *Scope) Match(methods []string, path string, action Action, opts ...Options) {
	place, ok := s.define()
	switch {
	case !ok:
		return
	case len(methods) == 0:
		s.b.fail(place, "Match %q: name at least one method", path)
	}
	for i, method := range methods {
		if method == "HEAD" && slices.Contains(methods, "GET") || slices.Contains(methods[:i], method) {
			continue
		}
		s.action(method, path, action, opts)
	}
}

// Handle defines a route to a handler of net/http. Method is in capitals; "*" is every one.
func (s *Scope) Handle(method, path string, h http.Handler, opts ...Options) {
	place, ok := s.define()
	if !ok {
		return
	}
	d := definition{place: place, method: method, path: path, opts: opts}
	if h != nil {
		d.handler, d.action = h, handlerName(h)
	}
	s.add(d)
}

func (s *Scope) action(method, path string, action Action, opts []Options) {
	place, ok := s.define()
	if !ok {
		return
	}
	d := definition{place: place, method: method, path: path, opts: opts}
	if action != nil {
		d.handler, d.action = &actionHandler{action: action, scope: s}, funcName(action)
	}
	s.add(d)
}

// definition is what all the ways to define a route come down to.
type definition struct {
	place, method, path string
	handler             http.Handler
	action              string
	opts                []Options
	forward             bool
}

func (s *Scope) add(d definition) {
	e, err := s.entry(d)
	if err != nil {
		s.b.fail(d.place, "%s %q: %w", d.method, d.path, err)
		return
	}
	e.index = len(s.b.entries)
	s.b.entries = append(s.b.entries, e)
}

func (s *Scope) entry(d definition) (*entry, error) {
	if err := checkMethod(d.method); err != nil {
		return nil, err
	}
	if d.handler == nil {
		return nil, fmt.Errorf("the action is nil; leave the route out")
	}
	p, err := parsePattern(d.path)
	if err == nil {
		p, err = s.path.join(p)
	}
	if err != nil {
		return nil, err
	}
	if len(d.opts) > 1 {
		return nil, fmt.Errorf("%d Options are given; put all in one", len(d.opts))
	}
	var o Options
	if len(d.opts) == 1 {
		o = d.opts[0]
	}
	for _, h := range s.settings.hosts {
		for _, name := range h.params() {
			if slices.Contains(p.names(), name) {
				return nil, fmt.Errorf("the host %s and the path %s both have a parameter {%s}; give each its own name", h, p, name)
			}
		}
	}
	p.glob = p.glob || d.forward
	if strings.ContainsAny(o.Deprecated, "\r\n") {
		return nil, fmt.Errorf("Deprecated has several lines; write one")
	}
	e := &entry{
		scope: s, method: d.method, path: p, hosts: s.settings.hosts, handler: d.handler, forward: d.forward,
		pipelines: s.settings.pipelines, values: s.settings.values,
		info: Route{
			Method: d.method, Path: p.String(), Action: d.action, Hosts: []string{}, Pipelines: []string{}, Place: d.place,
			Log: s.settings.log, Meta: maps.Clone(o.Meta), Forward: d.forward, Deprecated: o.Deprecated,
		},
	}
	if e.info.Name, err = s.fullName(o.Name); err != nil {
		return nil, err
	}
	if o.Action != "" {
		e.info.Action = o.Action
	}
	if o.Log != telemetry.LogDefault {
		e.info.Log = o.Log
	}
	for key, val := range o.Values {
		if err := checkKey(key); err != nil {
			return nil, err
		}
		e.values = withValue(e.values, key, val)
	}
	e.finish()
	return e, nil
}

func (s *Scope) fullName(name string) (string, error) {
	if name == "" {
		return "", nil
	}
	if err := checkName(name); err != nil {
		return "", err
	}
	return goName(strings.Join(append(slices.Clip(s.settings.names), name), "_")), nil
}

// checkMethod refuses what is no method, and the small letters that no client sends.
func checkMethod(m string) error {
	if m == anyMethod {
		return nil
	}
	for i := range len(m) {
		switch c := m[i]; {
		case 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_':
		case 'a' <= c && c <= 'z':
			return fmt.Errorf("method %q: methods are written in capitals, and their case counts: %q", m, strings.ToUpper(m))
		default:
			return fmt.Errorf("method %q is none; %q stands for every one", m, anyMethod)
		}
	}
	if m == "" {
		return fmt.Errorf("the method is empty; %q stands for every one", anyMethod)
	}
	return nil
}
