package plug

import "net/http"

// A Plug is what stands in front of a handler: any middleware of net/http.
type Plug = func(http.Handler) http.Handler

// Pipeline makes one plug of several. Requests pass them in the order given. A nil among them panics.
func Pipeline(plugs ...Plug) Plug {
	for _, p := range plugs {
		if p == nil {
			panic("plug: Pipeline has a nil plug: take it out, or call the function that makes it")
		}
	}
	plugs = append([]Plug(nil), plugs...)
	return func(next http.Handler) http.Handler {
		for i := len(plugs) - 1; i >= 0; i-- {
			next = plugs[i](next)
		}
		return next
	}
}
