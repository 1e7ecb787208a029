package plug

import (
	"net/http"

	"github.com/bennu-go/bennu/internal/exchange"
)

var formatKey = exchange.NewKey[*string]("format")

// Format is what the answer to r should be, "html" or "json" for example, as [Accepts] found out or [SetFormat] said. It is empty if neither has.
func Format(r *http.Request) string {
	if format, ok := formatKey.Get(exchange.Of(r)); ok {
		return *format
	}
	return ""
}

// SetFormat says what the answer to r should be. It returns the writer and request to go on with.
func SetFormat(w http.ResponseWriter, r *http.Request, format string) (http.ResponseWriter, *http.Request) {
	x, w, r := exchange.Begin(w, r)
	formatKey.Set(x, &format)
	return w, r
}
