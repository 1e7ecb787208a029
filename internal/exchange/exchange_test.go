package exchange

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bennu-go/bennu/internal/race"
)

var (
	number = NewKey[int]("number")
	text   = NewKey[string]("text")
)

func TestKeys(t *testing.T) {
	x, _, r := Begin(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	if _, ok := number.Get(Of(r)); ok {
		t.Error("a key is set at the beginning")
	}
	number.Set(x, 1)
	text.Set(x, "a")
	number.Set(x, 2)
	if n, ok := number.Get(Of(r)); n != 2 || !ok {
		t.Errorf("got %d, %v", n, ok)
	}
	names := map[string]any{}
	x.Each(func(name string, v any) { names[name] = v })
	if diff := cmp.Diff(map[string]any{"number": 2, "text": "a"}, names); diff != "" {
		t.Error(diff)
	}
	number.Delete(x)
	if _, ok := number.Get(x); ok {
		t.Error("a deleted key is set")
	}
	if s, _ := text.Get(x); s != "a" {
		t.Errorf("deleting one key changed another to %q", s)
	}
	if n, ok := number.Get(nil); n != 0 || ok {
		t.Error("no exchange has a value")
	}
	nothing := NewKey[error]("error")
	nothing.Set(x, nil)
	if err, ok := nothing.Get(x); err != nil || !ok {
		t.Errorf("a nil interface: got %v, %v", err, ok)
	}
}

func TestValues(t *testing.T) {
	type key struct{}
	base := context.WithValue(t.Context(), key{}, "outer")
	base, cancel := context.WithCancelCause(base)
	x, _, r := Begin(httptest.NewRecorder(), httptest.NewRequestWithContext(base, "GET", "/", nil))
	if v := r.Context().Value(key{}); v != "outer" {
		t.Errorf("got %v of the context around", v)
	}
	x.SetValue(key{}, "inner")
	if v := r.Context().Value(key{}); v != "inner" {
		t.Errorf("got %v", v)
	}
	before := runtime.NumGoroutine()
	derived, stop := context.WithCancel(r.Context())
	defer stop()
	if n := runtime.NumGoroutine(); n != before {
		t.Errorf("deriving from the context started %d goroutines", n-before)
	}
	cancel(io.EOF)
	<-derived.Done()
	if context.Cause(derived) != io.EOF {
		t.Errorf("got the cause %v", context.Cause(derived))
	}
}

type around struct{ http.ResponseWriter }

func (a around) Unwrap() http.ResponseWriter { return a.ResponseWriter }

func TestBeginOnce(t *testing.T) {
	w0, r0 := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
	x, w, r := Begin(w0, r0)
	number.Set(x, 3)
	x2, w2, r2 := Begin(around{w}, r)
	if x2 != x || w2 != http.ResponseWriter(around{w}) || r2 != r {
		t.Error("a second Begin made another exchange")
	}
	other := httptest.NewRecorder()
	x3, w3, _ := Begin(other, r)
	if x3 == x || w3.(*Writer).Unwrap() != http.ResponseWriter(other) {
		t.Error("Begin with another writer did not begin anew")
	}
	if n, _ := number.Get(x3); n != 3 {
		t.Error("Begin with another writer lost the values")
	}
}

func TestHooks(t *testing.T) {
	rec := httptest.NewRecorder()
	x, w, _ := Begin(rec, httptest.NewRequest("GET", "/", nil))
	var order []string
	x.Writer().Before(func(w *Writer) {
		order = append(order, "first")
		w.SetStatus(w.Status() + 1)
		w.Header().Set("X-Late", "yes")
	})
	x.Writer().Before(func(*Writer) { order = append(order, "second") })
	io.WriteString(w, "hello")
	if diff := cmp.Diff([]string{"second", "first"}, order); diff != "" {
		t.Error(diff)
	}
	if rec.Code != 201 || rec.Header().Get("X-Late") != "yes" || x.Writer().Status() != 201 || x.Writer().Size() != 5 {
		t.Errorf("got %d, %v, %d bytes", rec.Code, rec.Header(), x.Writer().Size())
	}
	if x.Writer().Before(func(*Writer) { t.Error("called too late") }) {
		t.Error("a hook was taken after the header")
	}
}

// TestServer looks at what only a real server's writer can do.
func TestServer(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x, w, _ := Begin(w, r)
		switch r.URL.Path {
		case "/file":
			io.Copy(w, io.LimitReader(strings.NewReader("0123456789"), 5))
		case "/flush":
			w.(http.Flusher).Flush()
			io.WriteString(w, "flushed")
		case "/hijack":
			c, rw, err := http.NewResponseController(w).Hijack()
			if err != nil || !x.Writer().Hijacked() || !x.Writer().Began() {
				t.Errorf("hijacked: %v", err)
			}
			rw.WriteString("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
			rw.Flush()
			c.Close()
		case "/hints":
			x.Writer().Before(func(w *Writer) { w.Header().Set("X-Late", "yes") })
			w.WriteHeader(http.StatusEarlyHints)
			if x.Writer().Began() || w.Header().Get("X-Late") != "" {
				t.Error("an interim answer ran the hooks")
			}
		case "/nothing":
		}
	}))
	defer s.Close()
	for path, want := range map[string]string{"/file": "01234", "/flush": "flushed", "/hijack": "ok", "/hints": "", "/nothing": ""} {
		res, err := http.Get(s.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if string(body) != want || err != nil || res.StatusCode != 200 {
			t.Errorf("%s: got %d %q, %v", path, res.StatusCode, body, err)
		}
	}
}

func TestAllocs(t *testing.T) {
	w0, r0 := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
	got := testing.AllocsPerRun(100, func() {
		x, _, r := Begin(w0, r0)
		number.Set(x, 7)
		number.Get(Of(r))
		text.Get(Of(r))
	})
	if got > 2 && !race.Enabled { // the exchange and the request
		t.Errorf("got %v allocations, want at most 2", got)
	}
}
