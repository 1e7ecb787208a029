package plug

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/bennu-go/bennu/internal/exchange"
)

// An ErrorWriter answers a request with an error. It chooses the status by [Status].
type ErrorWriter = func(w http.ResponseWriter, r *http.Request, err error)

var errorsKey = exchange.NewKey[ErrorWriter]("errors")

// Refuse answers r with err by the nearest error writer, or by [WriteError] where none is set. It does nothing if the answer has begun.
// Headers that belong to the refusal, such as Retry-After, are set before.
func Refuse(w http.ResponseWriter, r *http.Request, err error) {
	x := exchange.Of(r)
	if x != nil && x.Writer().Began() {
		return
	}
	if write, ok := errorsKey.Get(x); ok && write != nil {
		write(w, r, err)
		return
	}
	WriteError(w, r, err)
}

// Errors makes write answer for plugs and actions behind this one that refuse, until another Errors further in.
func Errors(write ErrorWriter) Plug {
	if write == nil {
		panic("plug: Errors(nil): give it a function, plug.WriteError is the default")
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w, r = SetErrors(w, r, write)
			next.ServeHTTP(w, r)
		})
	}
}

// SetErrors is [Errors] for code that has a request in hand. It returns the writer and request to go on with.
func SetErrors(w http.ResponseWriter, r *http.Request, write ErrorWriter) (http.ResponseWriter, *http.Request) {
	x, w, r := exchange.Begin(w, r)
	errorsKey.Set(x, write)
	return w, r
}

// An Error is an error that knows its status. Those of plugs are of this type.
type Error struct {
	// Status is that of the answer, 400 to 599.
	Status int
	// Reason says what was wrong, for logs and for pages of statuses below 500.
	Reason string
	// Err is the cause; may be nil.
	Err error
}

// Error is the reason and the cause.
func (e *Error) Error() string {
	s := "plug: " + e.Reason
	if e.Reason == "" {
		s = "plug: " + http.StatusText(e.Status)
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// HTTPStatus returns the status.
func (e *Error) HTTPStatus() int { return e.Status }

// Status returns the status that err is answered with: what its method HTTPStatus() int says (its own, or that of an error it wraps), if
// that is from 400 to 599; 413 for a [http.MaxBytesError], 503 for [context.DeadlineExceeded]; otherwise 500.
func Status(err error) int {
	var own interface{ HTTPStatus() int }
	if errors.As(err, &own) {
		if status := own.HTTPStatus(); 400 <= status && status <= 599 {
			return status
		}
		return http.StatusInternalServerError
	}
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return http.StatusRequestEntityTooLarge
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// WriteError answers with the status of err and that status's text, which tells nothing else about err: as {"errors":{"detail":"Not Found"}}
// where the format is JSON, or where there is none and the client prefers JSON, or sent JSON and does not say; otherwise as a line of text.
func WriteError(w http.ResponseWriter, r *http.Request, err error) {
	status := Status(err)
	text := http.StatusText(status)
	if text == "" {
		text = "Error " + strconv.Itoa(status)
	}
	h := w.Header()
	// What was set for the answer that did not come.
	for _, name := range []string{"Content-Length", "Etag", "Last-Modified"} {
		h.Del(name)
	}
	exchange.DropEncoding(w, r)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Add("Vary", "Accept")
	if wantsJSON(r) {
		h.Set("Content-Type", "application/json; charset=utf-8")
		w.WriteHeader(status)
		body, _ := json.Marshal(map[string]any{"errors": map[string]any{"detail": text}})
		w.Write(body)
		return
	}
	h.Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	io.WriteString(w, text+"\n")
}

func wantsJSON(r *http.Request) bool {
	if format := Format(r); format != "" {
		return strings.Contains(format, "json")
	}
	accept := strings.Join(r.Header.Values("Accept"), ",")
	var text, js float64
	var explicit bool
	for item := range strings.SplitSeq(accept, ",") {
		typ, params, err := mime.ParseMediaType(item)
		if err != nil {
			continue
		}
		q := 1.0
		if s, ok := params["q"]; ok {
			if q, err = strconv.ParseFloat(s, 64); err != nil {
				continue
			}
		}
		switch {
		case isJSON(typ):
			js, explicit = max(js, q), true
		case strings.HasPrefix(typ, "text/"), strings.HasPrefix(typ, "application/xhtml"):
			text, explicit = max(text, q), true
		}
	}
	if explicit {
		return js > text
	}
	typ, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return isJSON(typ)
}

func isJSON(mediaType string) bool {
	return mediaType == "application/json" || strings.HasSuffix(mediaType, "+json")
}
