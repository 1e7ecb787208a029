package plug

import (
	"net/http"
	"strings"

	"github.com/bennu-go/bennu/param"
)

// ScrubParams makes nil of every string of nothing but spaces in the parameter name, at any depth, so that fields of a form that were left empty are not taken
// for values. Uploads stay. A request whose parameter is missing, nil or blank is refused with 400. It is Phoenix's scrub_params.
func ScrubParams(name string) Plug {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			v, _ := param.Lookup(r, name)
			if v = scrub(v); v == nil {
				Refuse(w, r, &param.Error{Field: name, Reason: "is required"})
				return
			}
			if body := param.Body(r); body[name] != nil {
				w, r = param.SetBody(w, r, scrubbed(body, name))
			}
			if query := param.Query(r); query[name] != nil {
				w, r = param.SetQuery(w, r, scrubbed(query, name))
			}
			next.ServeHTTP(w, r)
		})
	}
}

func scrubbed(m param.Map, name string) param.Map {
	c := make(param.Map, len(m))
	for k, v := range m {
		c[k] = v
	}
	c[name] = scrub(c[name])
	return c
}

// scrub returns a copy of v with nil in place of blank strings.
func scrub(v any) any {
	switch v := v.(type) {
	case string:
		if strings.TrimSpace(v) == "" {
			return nil
		}
	case param.Map:
		return scrubMap(v)
	case map[string]any:
		return scrubMap(v)
	case []any:
		c := make([]any, len(v))
		for i := range v {
			c[i] = scrub(v[i])
		}
		return c
	}
	return v
}

func scrubMap(m map[string]any) map[string]any {
	c := make(map[string]any, len(m))
	for k, v := range m {
		c[k] = scrub(v)
	}
	return c
}
