package controller

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

// clientPatience is how long a client may take for what was written to a stream.
const clientPatience = 10 * time.Second

// Stream answers with what f writes, as it comes: each Write is sent at once. Writing fails when the client has left, and f then returns; that is no error of the action.
// If f returns another error, the connection is cut, so that the client does not take what it has for the whole, and the error is logged as that of any action.
func Stream(w http.ResponseWriter, r *http.Request, status int, contentType string, f func(w io.Writer) error) error {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("X-Accel-Buffering", "no") // nginx would collect it
	w.WriteHeader(status)
	if r.Method == http.MethodHead {
		return nil
	}
	s := &stream{w: w, control: http.NewResponseController(w), ctx: r.Context()}
	if err := s.control.Flush(); err != nil && r.Context().Err() == nil {
		return &lateError{fmt.Errorf("controller: streaming: the writer cannot flush: %w", err)}
	}
	err := f(s)
	if err == nil || s.lost != nil || r.Context().Err() != nil {
		return nil
	}
	return &lateError{err}
}

// copyOut copies a reader that cannot seek behind a header that is sent.
func copyOut(w io.Writer, r *http.Request, from io.Reader) error {
	out := &noticing{w: w}
	if _, err := io.Copy(out, from); err != nil && out.err == nil && r.Context().Err() == nil {
		return &lateError{fmt.Errorf("controller: download: %w", err)}
	}
	return nil
}

// noticing tells errors of writing from those of reading.
type noticing struct {
	w   io.Writer
	err error
}

func (n *noticing) Write(p []byte) (int, error) {
	k, err := n.w.Write(p)
	n.err = err
	return k, err
}

// stream writes and flushes.
type stream struct {
	w       http.ResponseWriter
	control *http.ResponseController
	ctx     context.Context
	lost    error // the client
}

// Write implements io.Writer.
func (s *stream) Write(p []byte) (int, error) {
	if s.lost == nil && s.ctx.Err() != nil {
		s.lost = context.Cause(s.ctx)
	}
	if s.lost != nil {
		return 0, s.lost
	}
	s.control.SetWriteDeadline(time.Now().Add(clientPatience)) // where the server cannot, its own limits hold
	n, err := s.w.Write(p)
	if err == nil {
		err = s.control.Flush()
	}
	s.control.SetWriteDeadline(time.Time{}) // HTTP/2 ends a stream whose deadline passes, even if nothing is written
	s.lost = err
	return n, err
}

// lateError came after the header was sent.
type lateError struct{ error }

func (e *lateError) Unwrap() error { return e.error }
