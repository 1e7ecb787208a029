package exchange

import "net/http"

// Replace has answer write in place of what the handler is about to, or goes on to write, which is swallowed. What the handler has said about its
// own body is taken off the header. It is for hooks, and for who comes before the header; answer is given the status that the header was to have.
func (w *Writer) Replace(answer func(w http.ResponseWriter, status int)) {
	w.DropEncoding()
	w.ResponseWriter = &replaced{ResponseWriter: w.ResponseWriter, answer: answer}
}

type replaced struct {
	http.ResponseWriter
	answer func(w http.ResponseWriter, status int)
}

// WriteHeader implements http.ResponseWriter.
func (w *replaced) WriteHeader(status int) {
	for _, name := range []string{"Content-Type", "Content-Length", "Content-Disposition", "Cache-Control", "Etag", "Last-Modified", "Location"} {
		w.Header().Del(name)
	}
	w.answer(w.ResponseWriter, status)
}

// Write implements http.ResponseWriter.
func (w *replaced) Write(p []byte) (int, error) { return len(p), nil }

// Unwrap is for http.ResponseController.
func (w *replaced) Unwrap() http.ResponseWriter { return w.ResponseWriter }
