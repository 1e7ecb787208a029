package plug

import (
	"net/http"

	"github.com/bennu-go/bennu/internal/exchange"
)

// Before has f called just before the header of the answer is sent, when headers and cookies can still be set; those that were added later, further inside,
// are called first. It returns the writer and request to go on with, and f is not called if the answer has begun already. f must not write.
//
// It is Plug.Conn's register_before_send/2.
func Before(w http.ResponseWriter, r *http.Request, f func(h http.Header, status int)) (http.ResponseWriter, *http.Request) {
	x, w, r := exchange.Begin(w, r)
	x.Writer().Before(func(w *exchange.Writer) { f(w.Header(), w.Status()) })
	return w, r
}
