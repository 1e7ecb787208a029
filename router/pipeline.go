package router

import (
	"fmt"
	"net/http"
	"reflect"
	"slices"

	"github.com/bennu-go/bennu/plug"
)

// Plug is what stands in front of actions: any middleware of net/http.
type Plug = plug.Plug

// Pipeline is plugs in order, the first one outermost, with a name for tables and log lines.
type Pipeline struct {
	// Name in [Route.Pipelines]. Empty: the plugs are listed one by one, under the names of the functions that made
	// them, as far as the compiler tells.
	Name string
	// Plugs in the order in which requests pass them. A plug is called once for each route.
	Plugs []Plug
	// Always makes the plugs run in front of automatic answers as well (OPTIONS, 404, 405), so that CORS headers are on them. Plugs that
	// refuse, parse or count requests do not belong there.
	Always bool
}

// Always makes a pipeline without a name whose plugs run for automatic answers too: router.Always(plug.CORS(cfg)).
func Always(plugs ...Plug) Pipeline { return Pipeline{Plugs: plugs, Always: true} }

// names returns what the pipeline adds to [Route.Pipelines].
func (p Pipeline) names() []string {
	if p.Name != "" {
		return []string{p.Name}
	}
	names := make([]string, len(p.Plugs))
	for i, each := range p.Plugs {
		names[i] = constructorName(each)
	}
	return names
}

var plugType = reflect.TypeFor[Plug]()

// asPipeline takes what Scope and Through accept.
func asPipeline(arg any) (Pipeline, error) {
	var p Pipeline
	switch arg := arg.(type) {
	case Pipeline:
		p = arg
		p.Plugs = slices.Clone(p.Plugs)
	case Plug:
		p.Plugs = []Plug{arg}
	case []Plug:
		p.Plugs = slices.Clone(arg)
	case nil:
		return p, fmt.Errorf("a pipeline is nil; leave it out")
	default:
		v := reflect.ValueOf(arg)
		if !v.CanConvert(plugType) { // a named type of some other package
			return p, fmt.Errorf("%T is no pipeline; give a router.Pipeline, a func(http.Handler) http.Handler or a slice of these", arg)
		}
		p.Plugs = []Plug{v.Convert(plugType).Interface().(Plug)}
	}
	if i := slices.IndexFunc(p.Plugs, func(each Plug) bool { return each == nil }); i >= 0 {
		return p, fmt.Errorf("plug %d of a pipeline is nil", i+1)
	}
	return p, nil
}

// through puts h behind the plugs of pipelines, or of those of them that always run.
func through(pipelines []Pipeline, onlyAlways bool, h http.Handler) (http.Handler, error) {
	for _, p := range slices.Backward(pipelines) {
		if onlyAlways && !p.Always {
			continue
		}
		for _, each := range slices.Backward(p.Plugs) {
			if h = each(h); h == nil {
				return nil, fmt.Errorf("the plug %s returned no handler", constructorName(each))
			}
		}
	}
	return h, nil
}

func hasAlways(pipelines []Pipeline) bool {
	return slices.ContainsFunc(pipelines, func(p Pipeline) bool { return p.Always })
}
