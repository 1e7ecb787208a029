package plug

import (
	"net/http"
	"strings"

	"github.com/bennu-go/bennu/param"
)

// MethodOverride lets forms, which can only POST, ask for PUT, PATCH and DELETE: with a parameter _method in the body, in any case. It belongs behind
// [Parsers]. Other values of it are ignored, and so is one in the query. It is Plug.MethodOverride.
func MethodOverride() Plug {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost {
				s, _ := param.Body(r)["_method"].(string)
				switch method := strings.ToUpper(s); method {
				case http.MethodPut, http.MethodPatch, http.MethodDelete:
					r = withMethod(r, method)
				}
			}
			next.ServeHTTP(w, r)
		})
	}
}

// withMethod returns a copy, because the server looks at the method of its own request.
func withMethod(r *http.Request, method string) *http.Request {
	copied := new(http.Request)
	*copied = *r
	copied.Method = method
	return copied
}
