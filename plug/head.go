package plug

import "net/http"

// Head makes a GET of every HEAD, for handlers that know no HEAD. The server drops the body. Bennu's router does not need it, as its GET routes take HEAD.
// It is Plug.Head.
func Head() Plug {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodHead {
				r = withMethod(r, http.MethodGet)
			}
			next.ServeHTTP(w, r)
		})
	}
}
