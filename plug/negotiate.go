package plug

import (
	"net/http"
	"slices"

	"github.com/bennu-go/bennu/param"
)

// Negotiate returns which of formats r asks for, by the rules of [Accepts]; ok is false where that refuses. It is for answers that must come in some format, such
// as errors, and sets nothing.
func Negotiate(r *http.Request, formats ...string) (format string, ok bool) {
	if v, there := param.Lookup(r, "_format"); there {
		name, _ := v.(string)
		return name, slices.Contains(formats, name)
	}
	i := newNegotiator(nil, formats).choose(r.Header.Values("Accept"))
	if i < 0 {
		return "", false
	}
	return formats[i], true
}
