package router

import (
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
	"slices"

	"github.com/bennu-go/bennu/telemetry"
)

// Scope is where routes are defined: within the block that it is given to, and nowhere else. Settings (Host, Name, Value,
// Fallback, Log, Logger, Telemetry) come before the first route and the first scope in it.
type Scope struct {
	b        *builder
	place    string
	path     pattern
	settings settings
	began    string // place of the first definition; empty before it

	// Set when the router is compiled.
	handler     http.Handler // for requests without a route
	ownFallback bool         // there is a fallback, here or around
}

// settings is what inner scopes start with.
type settings struct {
	hosts     []host
	pipelines []Pipeline
	names     []string
	values    []value
	fallback  Fallback
	log       telemetry.LogLevel
	logger    *slog.Logger
	telemetry *telemetry.Telemetry
}

// value is a value of the request's context.
type value struct{ key, value any }

// Fallback answers for an action that returned an error, and for requests that no route matches, which bring a [*NoRouteError] or a
// [*MethodNotAllowedError].
type Fallback = func(w http.ResponseWriter, r *http.Request, err error)

// Scope defines a scope below this one. Its arguments are any number of pipelines, each a [Pipeline], a [Plug] or a slice of plugs, and
// last the block, a func(*Scope):
//
//	r.Scope("/admin", browser, auth.RequireAdmin, func(r *router.Scope) { … })
//
// The path may have parameters, but no glob.
func (s *Scope) Scope(path string, args ...any) {
	place, ok := s.define()
	if !ok {
		return
	}
	var block func(*Scope)
	if len(args) > 0 {
		block, _ = args[len(args)-1].(func(*Scope))
	}
	if block == nil {
		s.b.fail(place, "Scope(%q): the last argument must be the block, a func(*router.Scope)", path)
		return
	}
	p, err := parsePattern(path)
	if err == nil {
		p, err = s.path.join(p)
	}
	if err == nil && p.glob {
		err = fmt.Errorf("path %q: a scope cannot have a glob in its path; put it in the routes", path)
	}
	if err != nil {
		s.b.fail(place, "Scope: %w", err)
		return
	}
	inner := s.open(place, p)
	inner.through("Scope", place, args[:len(args)-1])
	inner.run(block)
}

// open makes a scope below s.
func (s *Scope) open(place string, path pattern) *Scope {
	inner := &Scope{b: s.b, place: place, path: path, settings: s.settings}
	// Clipped, so that neither of two inner scopes appends into what the other has.
	inner.settings.pipelines = slices.Clip(s.settings.pipelines)
	inner.settings.names = slices.Clip(s.settings.names)
	inner.settings.values = slices.Clip(s.settings.values)
	s.b.scopes = append(s.b.scopes, inner)
	return inner
}

func (s *Scope) run(block func(*Scope)) {
	outer := s.b.current
	s.b.current = s
	block(s)
	s.b.current = outer
}

// Through adds pipelines to those of the scope, for what is defined after it. A pipeline with a name can be in a
// chain of scopes once.
func (s *Scope) Through(pipelines ...any) {
	if place, ok := s.usable(); ok {
		s.through("Through", place, pipelines)
	}
}

func (s *Scope) through(call, place string, args []any) {
	for _, arg := range args {
		p, err := asPipeline(arg)
		if err == nil && p.Name != "" && slices.ContainsFunc(s.settings.pipelines, func(q Pipeline) bool { return q.Name == p.Name }) {
			err = fmt.Errorf("requests go through the pipeline %q already, here or in a scope around; name it once", p.Name)
		}
		if err != nil {
			s.b.fail(place, "%s: %w", call, err)
			continue
		}
		s.settings.pipelines = append(s.settings.pipelines, p)
	}
}

// Host limits the scope to hosts: exact names, beginnings that end in a dot ("admin." matches admin.example.com), or names with parameters, each a label
// or the end of one: "{tenant}.example.com", "eu-{shop}.". Actions read these with [http.Request.PathValue], in small letters. Ports are not compared. The
// hosts of a scope replace those of the scopes around.
func (s *Scope) Host(names ...string) {
	place, ok := s.setting("Host")
	if !ok {
		return
	}
	if len(names) == 0 {
		s.b.fail(place, "Host: name at least one host")
		return
	}
	var hosts []host
	for _, name := range names {
		h, err := parseHost(name)
		if err != nil {
			s.b.fail(place, "Host: %w", err)
			return
		}
		hosts = append(hosts, h)
	}
	s.settings.hosts = hosts
}

// Name puts a name before those of the routes in the scope: "v1" makes V1User of "user". Names of scopes add up; an empty one
// takes those of the scopes around away.
func (s *Scope) Name(name string) {
	place, ok := s.setting("Name")
	if !ok {
		return
	}
	if name == "" {
		s.settings.names = nil
		return
	}
	if err := checkName(name); err != nil {
		s.b.fail(place, "Name: %w", err)
		return
	}
	s.settings.names = append(s.settings.names, name)
}

// Value puts a value in the context of the requests that the scope's routes match, for pipelines and actions. The key is of the
// caller's own type, as for [context.WithValue]; an inner value replaces an outer one.
func (s *Scope) Value(key, val any) {
	place, ok := s.setting("Value")
	if !ok {
		return
	}
	if err := checkKey(key); err != nil {
		s.b.fail(place, "Value: %w", err)
		return
	}
	s.settings.values = withValue(s.settings.values, key, val)
}

func checkKey(key any) error {
	if key == nil || !reflect.TypeOf(key).Comparable() {
		return fmt.Errorf("key %v of type %T cannot be one; use a value of a type of your own, such as an empty struct", key, key)
	}
	return nil
}

// withValue returns values with val under key, which leaves values as they are.
func withValue(values []value, key, val any) []value {
	rest := slices.DeleteFunc(slices.Clone(values), func(v value) bool { return v.key == key })
	return append(rest, value{key, val})
}

// Fallback sets what answers for actions that return an error, in place of the fallback of the scope around. Without any, the
// nearest error writer of [plug.Refuse] does, and errors of status 500 and above are logged. A fallback reports what it answers itself.
func (s *Scope) Fallback(f Fallback) {
	place, ok := s.setting("Fallback")
	if !ok {
		return
	}
	if f == nil {
		s.b.fail(place, "Fallback: the function is nil")
		return
	}
	s.settings.fallback = f
}

// Log sets the level at which telemetry logs that a route matched. LogDefault is debug.
func (s *Scope) Log(level telemetry.LogLevel) {
	if _, ok := s.setting("Log"); ok {
		s.settings.log = level
	}
}

// Logger sets where errors are logged that no fallback takes. Nil, as without it, means slog.Default(), taken in [New].
func (s *Scope) Logger(l *slog.Logger) {
	if _, ok := s.setting("Logger"); ok {
		s.settings.logger = l
	}
}

// Telemetry sets who is told of the requests that routes match: [telemetry.RouteStart] before the pipelines run, then
// [telemetry.RouteStop] or, after a panic, [telemetry.RouteException]. Nil, as without it, is off.
func (s *Scope) Telemetry(t *telemetry.Telemetry) {
	if _, ok := s.setting("Telemetry"); ok {
		s.settings.telemetry = t
	}
}

// Path returns the whole path of the scope.
func (s *Scope) Path() string { return s.path.String() }

// Helper makes the function that calls it pass for part of this package: definitions made in it are said to stand where it was called.
// Functions that define routes for others call it first.
func (s *Scope) Helper() { s.b.helpers[callerName()] = true }

// usable returns the place of the call; ok is false, and the mistake noted, if s must not be used there.
func (s *Scope) usable() (place string, ok bool) {
	place = s.b.caller()
	switch {
	case s.b.current == nil:
		panic(fmt.Sprintf("router: %s: the router is made and does not change any more; define routes in the block that New is given", place))
	case s.b.current != s:
		s.b.fail(place, "the scope of %s is used while that of %s is being defined; in a block use the scope that it is given",
			s.place, s.b.current.place)
		return place, false
	}
	return place, true
}

func (s *Scope) setting(what string) (place string, ok bool) {
	place, ok = s.usable()
	if ok && s.began != "" {
		s.b.fail(place, "%s comes after the definition at %s, which would not have it; put it before that", what, s.began)
		return place, false
	}
	return place, ok
}

func (s *Scope) define() (place string, ok bool) {
	place, ok = s.usable()
	if ok && s.began == "" {
		s.began = place
	}
	return place, ok
}
