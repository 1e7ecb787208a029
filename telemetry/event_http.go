package telemetry

import "time"

// EndpointStarted is emitted when an endpoint accepts connections.
type EndpointStarted struct {
	Endpoint string // its name; may be empty
	URL      string // address to open in a browser
}

// EventName returns "bennu.endpoint.started".
func (EndpointStarted) EventName() string { return "bennu.endpoint.started" }

// RequestStart is emitted when a request reaches plug.Telemetry.
type RequestStart struct {
	RequestID string // empty without plug.RequestID
	Method    string
	Path      string   // without the query
	Log       LogLevel // level of the log line; zero means info
}

// EventName returns "bennu.request.start".
func (RequestStart) EventName() string { return "bennu.request.start" }

// RequestStop is emitted when the handler behind plug.Telemetry has returned.
type RequestStop struct {
	RequestID string
	Method    string
	Path      string        // without the query
	Route     string        // pattern that matched; empty if none did
	Status    int           // status sent
	Bytes     int64         // bytes of the body
	Chunked   bool          // true if the body was streamed
	Duration  time.Duration // since the RequestStart
	Log       LogLevel      // level of the log line; zero means info
}

// EventName returns "bennu.request.stop".
func (RequestStop) EventName() string { return "bennu.request.stop" }

// RouteStart is emitted when a route has matched, before its pipelines run.
type RouteStart struct {
	Method    string
	Route     string         // pattern that matched
	Action    string         // name of the action or of the mounted handler
	Params    map[string]any // parameters parsed so far: Filter them before showing them; nil if none are
	Pipelines []string       // names of the pipelines, in order
	Log       LogLevel       // level of the log line; zero means debug
}

// EventName returns "bennu.route.start".
func (RouteStart) EventName() string { return "bennu.route.start" }

// RouteStop is emitted when the action has returned or a pipeline has halted.
type RouteStop struct {
	Method   string
	Route    string
	Action   string
	Duration time.Duration // since the RouteStart
	Err      error         // what the action returned
}

// EventName returns "bennu.route.stop".
func (RouteStop) EventName() string { return "bennu.route.stop" }

// RouteException is emitted instead of [RouteStop] when the action panicked.
type RouteException struct {
	Method   string
	Route    string
	Action   string
	Duration time.Duration // since the RouteStart
	Reason   error         // the panic as an error
	Stack    []byte        // borrowed
}

// EventName returns "bennu.route.exception".
func (RouteException) EventName() string { return "bennu.route.exception" }

// RenderStop is emitted when a template has been rendered, layouts included, or
// has failed.
type RenderStop struct {
	View     string
	Template string
	Format   string        // "html", "json", …
	Duration time.Duration // time spent rendering
	Err      error         // nil if all was rendered
}

// EventName returns "bennu.render.stop".
func (RenderStop) EventName() string { return "bennu.render.stop" }

// ErrorRendered is emitted when an error page or error body has been sent.
type ErrorRendered struct {
	Method string
	Path   string   // without the query
	Status int      // status sent
	Reason error    // what was turned into the page
	Stack  []byte   // stack of the panic, borrowed; nil for an error
	Log    LogLevel // level of the log line; zero means debug below status 500, error from there on
}

// EventName returns "bennu.error_rendered".
func (ErrorRendered) EventName() string { return "bennu.error_rendered" }
