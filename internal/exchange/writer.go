package exchange

import (
	"bufio"
	"io"
	"net"
	"net/http"
)

// A Writer is the exchange's http.ResponseWriter. http.ResponseController finds what else the server's can do by Unwrap; Flush, Hijack and ReadFrom are
// there for who asks by type, and fail or copy where the server's cannot.
type Writer struct {
	http.ResponseWriter
	hooks    []func(*Writer)
	status   int
	size     int64
	hijacked bool
	encoded  bool // who called Begin compresses what comes
	flushed  bool
}

// Before has f called just before the header is sent: see the package comment. It is false, and f is not called, if that has happened.
func (w *Writer) Before(f func(w *Writer)) bool {
	if w.status != 0 {
		return false
	}
	w.hooks = append(w.hooks, f)
	return true
}

// Began says that the header has been sent, or the connection hijacked: the answer is no longer ours to choose.
func (w *Writer) Began() bool { return w.status != 0 || w.hijacked }

// Status is what was sent; zero before that.
func (w *Writer) Status() int { return w.status }

// Size is the number of bytes of the body so far, before any transfer encoding.
func (w *Writer) Size() int64 { return w.size }

// Hijacked says that the connection was taken over.
func (w *Writer) Hijacked() bool { return w.hijacked }

// Flushed says that the answer was sent in parts.
func (w *Writer) Flushed() bool { return w.flushed }

// SetStatus changes the status from within a hook.
func (w *Writer) SetStatus(status int) { w.status = status }

// WriteHeader implements http.ResponseWriter.
func (w *Writer) WriteHeader(status int) {
	if status >= 100 && status < 200 && status != http.StatusSwitchingProtocols {
		w.ResponseWriter.WriteHeader(status)
		return
	}
	if w.status != 0 {
		w.ResponseWriter.WriteHeader(status) // net/http logs the second one with its caller
		return
	}
	w.status = status
	for i := len(w.hooks) - 1; i >= 0; i-- {
		w.hooks[i](w)
	}
	w.hooks = nil
	w.ResponseWriter.WriteHeader(w.status)
}

// Write implements http.ResponseWriter.
func (w *Writer) Write(p []byte) (int, error) {
	w.begin()
	n, err := w.ResponseWriter.Write(p)
	w.size += int64(n)
	return n, err
}

// WriteString implements io.StringWriter.
func (w *Writer) WriteString(s string) (int, error) {
	w.begin()
	n, err := io.WriteString(w.ResponseWriter, s)
	w.size += int64(n)
	return n, err
}

// ReadFrom implements io.ReaderFrom, so that files go out by sendfile.
func (w *Writer) ReadFrom(r io.Reader) (int64, error) {
	w.begin()
	n, err := io.Copy(w.ResponseWriter, r)
	w.size += n
	return n, err
}

func (w *Writer) begin() {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
}

// Flush implements http.Flusher; it does nothing where the server's writer cannot.
func (w *Writer) Flush() { _ = w.FlushError() }

// FlushError is what http.ResponseController calls.
func (w *Writer) FlushError() error {
	w.begin()
	w.flushed = true
	return http.NewResponseController(w.ResponseWriter).Flush()
}

// Hijack implements http.Hijacker.
func (w *Writer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	c, rw, err := http.NewResponseController(w.ResponseWriter).Hijack()
	w.hijacked = w.hijacked || err == nil
	return c, rw, err
}

// Push implements http.Pusher.
func (w *Writer) Push(target string, opts *http.PushOptions) error {
	if p, ok := w.ResponseWriter.(http.Pusher); ok {
		return p.Push(target, opts)
	}
	return http.ErrNotSupported
}

// Unwrap is for http.ResponseController.
func (w *Writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// within reports whether writing to outer ends in w.
func (w *Writer) within(outer http.ResponseWriter) bool {
	for {
		if outer == http.ResponseWriter(w) {
			return true
		}
		u, ok := outer.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return false
		}
		outer = u.Unwrap()
	}
}
