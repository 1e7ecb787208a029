package controller

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/bennu-go/bennu/plug"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// run serves one request through plugs.
func run(r *http.Request, action func(w http.ResponseWriter, r *http.Request) error, plugs ...plug.Plug) (*httptest.ResponseRecorder, error) {
	w := httptest.NewRecorder()
	var err error
	plug.Pipeline(plugs...)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { err = action(w, r) })).ServeHTTP(w, r)
	return w, err
}

func get(target string, headers ...string) *http.Request {
	r := httptest.NewRequest("GET", target, nil)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	return r
}

func want(t *testing.T, w *httptest.ResponseRecorder, status int, contentType, body string) {
	t.Helper()
	if w.Code != status || w.Header().Get("Content-Type") != contentType || w.Body.String() != body {
		t.Errorf("got %d %q %q, want %d %q %q", w.Code, w.Header().Get("Content-Type"), w.Body, status, contentType, body)
	}
}

func silent() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

func logTo(b *strings.Builder) *slog.Logger { return slog.New(slog.NewTextHandler(b, nil)) }
