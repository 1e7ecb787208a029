package router

import "slices"

// Match is what [Router.RouteInfo] finds.
type Match struct {
	Route
	// Params are the values of the parameters, of the host and of the path; never nil.
	Params map[string]string

	values []value
}

// Value returns what [Scope.Value] or [Options] put under key, or nil.
func (m Match) Value(key any) any {
	for _, v := range m.values {
		if v.key == key {
			return v.value
		}
	}
	return nil
}

// RouteInfo says which route a request would reach, without making one. The path is as URLs have it, percent-encoded and without a query; an
// empty method is GET; the host may have a port. The error is a [*NoRouteError] or a [*MethodNotAllowedError].
func (rt *Router) RouteInfo(method, host, path string) (Match, error) {
	if method == "" {
		method = "GET"
	}
	segs, ok := splitPath(nil, path, true)
	if !ok {
		return Match{}, &NoRouteError{Method: method, Host: host, Path: path}
	}
	if e := rt.lookup(method, host, segs); e != nil {
		m := Match{Route: e.clone(), Params: make(map[string]string, len(e.params)), values: e.values}
		for _, h := range e.hosts {
			if e.hostParams && h.matches(hostname(host)) {
				h.values(hostname(host), func(param, value string) { m.Params[param] = value })
				break
			}
		}
		for _, p := range e.params {
			m.Params[p.name] = p.value(segs)
		}
		return m, nil
	}
	if allow, _ := rt.allowed(hostname(host), segs); allow != nil {
		return Match{}, &MethodNotAllowedError{Method: method, Host: host, Path: path, Allow: allow}
	}
	return Match{}, &NoRouteError{Method: method, Host: host, Path: path}
}

// clone returns the data of the route for a caller to keep.
func (e *entry) clone() Route {
	r := e.info
	r.Hosts, r.Pipelines = slices.Clone(r.Hosts), slices.Clone(r.Pipelines)
	return r
}
