package session

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/bennu-go/bennu/internal/codec"
	"github.com/bennu-go/bennu/internal/exchange"
)

var key = exchange.NewKey[*Session]("session")

// Of returns the session of a request that has passed [Load], and otherwise nil. It is called on the goroutine that serves the request.
func Of(r *http.Request) *Session {
	s, _ := key.Get(exchange.Of(r))
	return s
}

// Load gives requests their session. The store is asked when the session is first used, and written to just before the answer begins, only if
// the session was changed, renewed or dropped. Where it cannot be read the answer is 503, where it cannot be written 500, whatever the handler answers;
// why is logged with slog.Default(), for a session that is too large with the size of each key. Where the answer sets a cookie and says nothing about
// caches, it gets the header Cache-Control: max-age=0, private, must-revalidate.
func Load(store Store) func(http.Handler) http.Handler {
	if store == nil {
		panic("session: Load(nil): give it a store, of session.NewCookieStore for example")
	}
	logger := slog.Default()
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			x, w, r := exchange.Begin(w, r)
			s := &Session{store: store, r: r, logger: logger}
			key.Set(x, s)
			x.Writer().Before(s.before)
			next.ServeHTTP(w, r)
			if !x.Writer().Began() { // a handler that writes nothing answers 200 with nothing in it
				s.finish(x.Writer(), w)
			}
		})
	}
}

// before is the hook of the answer's header.
func (s *Session) before(w *exchange.Writer) {
	status, err := s.write(w, w.Status())
	if err == nil {
		return
	}
	json := isJSON(w.Header().Get("Content-Type"))
	w.Replace(func(w http.ResponseWriter, status int) { refuse(w, status, json) })
	w.SetStatus(status)
}

// finish is before for an answer that has not begun and may still be somebody else's.
func (s *Session) finish(x *exchange.Writer, w http.ResponseWriter) {
	if status, err := s.write(x, http.StatusOK); err != nil {
		x.Replace(func(w http.ResponseWriter, status int) { refuse(w, status, false) })
		w.WriteHeader(status)
	}
}

// write ends the session. The status is that of the answer to give if there is an error.
func (s *Session) write(w *exchange.Writer, status int) (int, error) {
	cookie, err := s.end(status)
	switch {
	case err != nil && err == s.err:
		return http.StatusServiceUnavailable, err // logged when it was read
	case err != nil:
		s.logger.ErrorContext(s.r.Context(), "session not written: the request is answered with 500", "path", s.r.URL.Path, "error", err.Error(), "sizes", s.sizes(err))
		return http.StatusInternalServerError, err
	case cookie != nil:
		http.SetCookie(w, cookie)
		if h := w.Header(); h.Get("Cache-Control") == "" {
			h.Set("Cache-Control", "max-age=0, private, must-revalidate")
		}
	}
	return 0, nil
}

// sizes lists the keys of a session that is too large, the largest first, with their bytes.
func (s *Session) sizes(err error) string {
	if !errors.Is(err, ErrTooLarge) {
		return ""
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	size := make(map[string]int, len(s.data))
	for k, v := range s.data {
		b, _ := codec.Marshal(v)
		size[k] = len(k) + len(b)
	}
	var out strings.Builder
	for _, k := range slices.SortedFunc(maps.Keys(size), func(a, b string) int { return size[b] - size[a] }) {
		fmt.Fprintf(&out, "%s=%d ", k, size[k])
	}
	return strings.TrimSuffix(out.String(), " ")
}

// expired turns a cookie into one that makes the browser forget it.
func expired(c *http.Cookie) *http.Cookie {
	c.Value, c.MaxAge, c.Expires = "", -1, time.Unix(1, 0)
	return c
}

// refuse answers with a status alone.
func refuse(w http.ResponseWriter, status int, json bool) {
	h := w.Header()
	text, body := http.StatusText(status), ""
	if json {
		h.Set("Content-Type", "application/json; charset=utf-8")
		body = `{"errors":{"detail":"` + text + `"}}`
	} else {
		h.Set("Content-Type", "text/plain; charset=utf-8")
		body = text + "\n"
	}
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	io.WriteString(w, body)
}

func isJSON(contentType string) bool {
	typ, _, _ := mime.ParseMediaType(contentType)
	return typ == "application/json" || strings.HasSuffix(typ, "+json")
}
