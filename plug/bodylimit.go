package plug

import (
	"fmt"
	"net/http"
)

// BodyLimit refuses requests whose body says that it has more than n bytes with 413, and makes reading more fail with a [http.MaxBytesError], for which [Status] is 413
// too. It is for handlers that read bodies themselves; [Parsers] has limits of its own, and obeys this one if it comes first. A larger limit further in does not lift it.
func BodyLimit(n int64) Plug {
	if n < 0 {
		panic(fmt.Sprintf("plug: BodyLimit(%d): give the number of bytes allowed", n))
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.ContentLength > n {
				Refuse(w, r, &http.MaxBytesError{Limit: n})
				return
			}
			if r.Body != nil && r.Body != http.NoBody {
				r.Body = http.MaxBytesReader(w, r.Body, n)
			}
			next.ServeHTTP(w, r)
		})
	}
}
