package plug

import (
	"net/http"

	"github.com/bennu-go/bennu/internal/exchange"
)

// replaceAnswer answers err in place of the answer whose header is about to be sent: it is for hooks.
func replaceAnswer(w *exchange.Writer, r *http.Request, err error) {
	write, _ := errorsKey.Get(exchange.Of(r))
	if write == nil {
		write = WriteError
	}
	w.Replace(func(inner http.ResponseWriter, _ int) { write(inner, r, err) })
	w.SetStatus(Status(err))
}
