package router

import (
	"context"
	"fmt"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/bennu-go/bennu/internal/exchange"
	"github.com/bennu-go/bennu/telemetry"
)

// ServeHTTP sends the request through the pipelines of the first route that matches to its action. It sets r's Pattern and path
// values, as http.ServeMux does.
func (rt *Router) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var inline [inlineSegments]string
	segs, ok := split(inline[:0], r.URL)
	var e *entry
	if ok {
		e = rt.lookup(methodOf(r), r.Host, segs)
	}
	if e == nil {
		rt.unmatched(w, r)
		return
	}
	pattern := e.tell(r, segs)
	x, w, r := exchange.Begin(w, r)
	exchange.Route.Set(x, pattern)
	for _, v := range e.values {
		x.SetValue(v.key, v.value)
	}
	if t := e.scope.settings.telemetry; t != nil {
		e.observe(t, x, w, r)
		return
	}
	e.handler.ServeHTTP(w, r)
}

func methodOf(r *http.Request) string {
	if r.Method == "" {
		return http.MethodGet // as in requests of clients
	}
	return r.Method
}

// tell tells the request what it has matched, before it may be exchanged for one with another context: who has passed it here reads that from it as well.
func (e *entry) tell(r *http.Request, segs []string) (pattern *string) {
	pattern = &e.pattern
	if e.hostParams {
		name := hostname(r.Host)
		for i, h := range e.hosts {
			if h.matches(name) {
				h.values(name, r.SetPathValue)
				pattern = &e.hostPatterns[i]
				break
			}
		}
	}
	r.Pattern = *pattern
	for _, p := range e.params {
		r.SetPathValue(p.name, p.value(segs))
	}
	return pattern
}

// actionHandler is the innermost handler of a route: behind the pipelines, so that they see the answer to an error too.
type actionHandler struct {
	action Action
	scope  *Scope
}

func (h *actionHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := h.action(w, r); err != nil {
		if out, ok := outcomeKey.Get(exchange.Of(r)); ok {
			out.err = err
		}
		h.scope.settings.fallback(w, r, err)
	}
}

// outcome carries the action's error past the pipelines to telemetry.
type outcome struct{ err error }

var outcomeKey = exchange.NewKey[*outcome]("outcome")

// observe serves the request and tells t of it.
func (e *entry) observe(t *telemetry.Telemetry, x *exchange.Exchange, w http.ResponseWriter, r *http.Request) {
	started, stopped := telemetry.Enabled[telemetry.RouteStart](t), telemetry.Enabled[telemetry.RouteStop](t)
	if !started && !stopped && !telemetry.Enabled[telemetry.RouteException](t) {
		e.handler.ServeHTTP(w, r)
		return
	}
	ctx, method := context.Context(x), methodOf(r)
	if started {
		telemetry.Emit(ctx, t, telemetry.RouteStart{
			Method: method, Route: e.info.Path, Action: e.info.Action, Params: e.paramMap(r), Pipelines: e.info.Pipelines, Log: e.info.Log,
		})
	}
	begin := time.Now()
	out := new(outcome)
	stop := func(err error) {
		telemetry.Emit(ctx, t, telemetry.RouteStop{
			Method: method, Route: e.info.Path, Action: e.info.Action, Duration: time.Since(begin), Err: err,
		})
	}
	defer func() {
		v := recover()
		switch v {
		case nil:
			stop(out.err)
			return
		case http.ErrAbortHandler: // the action's way to break the connection
			stop(http.ErrAbortHandler)
		default:
			reason, ok := v.(error)
			if !ok {
				reason = fmt.Errorf("%v", v)
			}
			telemetry.Emit(ctx, t, telemetry.RouteException{
				Method: method, Route: e.info.Path, Action: e.info.Action, Duration: time.Since(begin), Reason: reason, Stack: debug.Stack(),
			})
		}
		panic(v)
	}()
	outcomeKey.Set(x, out)
	e.handler.ServeHTTP(w, r)
}

func (e *entry) paramMap(r *http.Request) map[string]any {
	if len(e.paramNames) == 0 {
		return nil
	}
	m := make(map[string]any, len(e.paramNames))
	for _, name := range e.paramNames {
		if v := r.PathValue(name); v != "" || !e.hostParams {
			m[name] = v
		}
	}
	return m
}
