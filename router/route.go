package router

import (
	"net/http"
	"slices"
	"strings"

	"github.com/bennu-go/bennu/telemetry"
)

// Route is one line of the table, as data.
type Route struct {
	// Method in capitals; "*" is every one.
	Method string `json:"method"`
	// Path as it was defined, that of the scopes included; of a Forward the prefix.
	Path string `json:"path"`
	// Hosts that it is for, beginnings as "admin.*". Empty: all.
	Hosts []string `json:"hosts"`
	// Name of the function among the typed paths; empty if there is none.
	Name string `json:"name"`
	// Action is the name of the function or the type of the handler.
	Action string `json:"action"`
	// Pipelines are the names of those that requests pass, in order.
	Pipelines []string `json:"pipelines"`
	// Place of the definition, file:line.
	Place string `json:"place"`
	// Forward is true if everything below Path belongs to the route.
	Forward bool `json:"forward"`
	// Log is the level of the log line of a match.
	Log telemetry.LogLevel `json:"-"`
	// Deprecated says what to use instead; empty for all others. The typed path says so too.
	Deprecated string `json:"deprecated,omitempty"`
	// Meta is that of the [Options]; shared, not to be changed.
	Meta map[string]any `json:"meta,omitempty"`
}

// String names the route in messages: GET admin.*/users.
func (r Route) String() string { return r.Method + " " + strings.Join(r.Hosts, "|") + r.Path }

// entry is a route as the router works with it.
type entry struct {
	index     int
	scope     *Scope
	method    string
	path      pattern
	hosts     []host
	pipelines []Pipeline
	values    []value
	forward   bool
	mounted   http.Handler // what Forward was given
	handler   http.Handler // behind the pipelines, once compiled

	params       []capture
	paramNames   []string // of the hosts and the path
	pattern      string   // for http.Request.Pattern
	hostParams   bool     // some host has parameters
	hostPatterns []string // then: the pattern for each of hosts
	info         Route
}

// capture says where in the segments of a request a value is.
type capture struct {
	name string
	seg  int
	cut  int // length of the literal before it
	glob bool
}

// finish sets what follows from the other fields.
func (e *entry) finish() {
	for i, seg := range e.path.segs {
		if seg.name != "" {
			e.params = append(e.params, capture{name: seg.name, seg: i, cut: len(seg.lit)})
		}
	}
	if e.path.globName != "" {
		e.params = append(e.params, capture{name: e.path.globName, seg: len(e.path.segs), glob: true})
	}
	e.pattern = e.info.Path
	method := ""
	if e.method != anyMethod {
		method = e.method + " "
	}
	for _, h := range e.hosts {
		e.info.Hosts = append(e.info.Hosts, h.String())
		e.hostParams = e.hostParams || h.labels != nil
		for _, name := range h.params() {
			if !slices.Contains(e.paramNames, name) {
				e.paramNames = append(e.paramNames, name)
			}
		}
	}
	e.paramNames = append(e.paramNames, e.path.names()...)
	for _, h := range e.hosts {
		if h.labels == nil {
			e.hostPatterns = append(e.hostPatterns, method+e.pattern)
		} else {
			e.hostPatterns = append(e.hostPatterns, method+h.String()+e.pattern)
		}
	}
	for _, p := range e.pipelines {
		e.info.Pipelines = append(e.info.Pipelines, p.names()...)
	}
	e.pattern = method + e.pattern
}

func (p capture) value(segs []string) string {
	if p.glob {
		return strings.Join(segs[p.seg:], "/")
	}
	return segs[p.seg][p.cut:]
}
