package exchange

import "net/http"

// Scheme is "https" or "http", as a proxy that is trusted has told. plug.RewriteOn sets it.
var Scheme = NewKey[*string]("scheme")

// OverTLS reports whether the browser's connection has TLS: that of the server's own, or of a proxy's as [Scheme] tells, or as some other plug has told by
// r.URL.Scheme. In a request line that names the whole URL the scheme is what the client likes, and does not count.
func OverTLS(r *http.Request) bool {
	if s, ok := Scheme.Get(Of(r)); ok {
		return *s == "https"
	}
	return r.TLS != nil || r.URL.Scheme == "https" && r.URL.Host == ""
}
