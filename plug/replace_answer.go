package plug

import (
	"net/http"

	"github.com/bennu-go/bennu/internal/exchange"
)

// replaceAnswer answers err in place of the answer whose header is about to be sent: it is for hooks. What the handler writes is swallowed.
func replaceAnswer(w *exchange.Writer, r *http.Request, err error) {
	write, _ := errorsKey.Get(exchange.Of(r))
	if write == nil {
		write = WriteError
	}
	w.DropEncoding()
	w.ResponseWriter = &replaced{ResponseWriter: w.ResponseWriter, answer: func(inner http.ResponseWriter) { write(inner, r, err) }}
	w.SetStatus(Status(err))
}

type replaced struct {
	http.ResponseWriter
	answer func(http.ResponseWriter)
}

// WriteHeader implements http.ResponseWriter.
func (w *replaced) WriteHeader(int) {
	for _, name := range []string{"Content-Type", "Content-Length", "Content-Disposition", "Cache-Control", "Etag", "Last-Modified", "Location"} {
		w.Header().Del(name)
	}
	w.answer(w.ResponseWriter)
}

// Write implements http.ResponseWriter.
func (w *replaced) Write(p []byte) (int, error) { return len(p), nil }

// Unwrap is for http.ResponseController.
func (w *replaced) Unwrap() http.ResponseWriter { return w.ResponseWriter }
