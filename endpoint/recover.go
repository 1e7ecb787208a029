package endpoint

import (
	"fmt"
	"net/http"
	"runtime/debug"

	"github.com/bennu-go/bennu/internal/exchange"
	"github.com/bennu-go/bennu/plug"
)

// A PanicError is a panic on the way of a request, as [Config].Errors gets it. Its status is that of the value if that is an error with one, else 500.
type PanicError struct {
	Value any
	Stack []byte // of the goroutine, as debug.Stack has it
}

// Error shows the value.
func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v", e.Value) }

// Unwrap returns the value if it is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// rescue is the border at which a request's panic ends: one report, and an answer if none has begun. It is deferred.
func (e *Endpoint) rescue(x *exchange.Exchange, w http.ResponseWriter, r *http.Request) {
	v := recover()
	if v == nil {
		return
	}
	if v == http.ErrAbortHandler {
		panic(v)
	}
	err := &PanicError{Value: v, Stack: debug.Stack()}
	if plug.Status(err) >= 500 || x.Writer().Began() {
		e.cfg.Logger.ErrorContext(x, "endpoint: panic in a handler", "method", r.Method, "path", r.URL.Path, "panic", fmt.Sprint(v), "stack", string(err.Stack))
	}
	if x.Writer().Began() {
		panic(http.ErrAbortHandler) // the answer is cut off, so that nobody takes it for whole
	}
	e.render(w, r, err)
}

// render answers with an error. The page for it may fail too: then the answer is the plain one, or cut off.
func (e *Endpoint) render(w http.ResponseWriter, r *http.Request, err error) {
	defer func() {
		v := recover()
		if v == nil {
			return
		}
		if v == http.ErrAbortHandler {
			panic(v)
		}
		e.cfg.Logger.ErrorContext(r.Context(), "endpoint: panic while an error was being answered", "error", err.Error(), "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
		if x := exchange.Of(r); x != nil && x.Writer().Began() {
			panic(http.ErrAbortHandler)
		}
		plug.WriteError(w, r, err)
	}()
	e.renderError(w, r, err)
}

// renderError answers with an error by Config.Errors.
func (e *Endpoint) renderError(w http.ResponseWriter, r *http.Request, err error) {
	if e.cfg.Errors != nil {
		e.cfg.Errors(w, r, err)
		return
	}
	plug.WriteError(w, r, err)
}
