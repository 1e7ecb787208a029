package plug

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bennu-go/bennu/internal/exchange"
)

func TestPipelineOrder(t *testing.T) {
	var order []string
	named := func(name string) Plug {
		return func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				order = append(order, name)
				next.ServeHTTP(w, r)
			})
		}
	}
	h := Pipeline(named("a"), Pipeline(named("b"), named("c")), Pipeline())(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { order = append(order, "end") }))
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	if diff := cmp.Diff([]string{"a", "b", "c", "end"}, order); diff != "" {
		t.Error(diff)
	}
	mustPanic(t, "nil plug", func() { Pipeline(named("a"), nil) })
}

func mustPanic(t *testing.T, with string, f func()) {
	t.Helper()
	defer func() {
		t.Helper()
		if v := recover(); v == nil || !strings.Contains(fmt.Sprint(v), with) {
			t.Errorf("got panic %v, want one with %q", v, with)
		}
	}()
	f()
}

func TestRefuse(t *testing.T) {
	refuse := func(err error) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { Refuse(w, r, err) })
	}
	teapot := &Error{Status: http.StatusTeapot, Reason: "short and stout"}
	own := Errors(func(w http.ResponseWriter, r *http.Request, err error) {
		w.WriteHeader(Status(err))
		fmt.Fprintf(w, "own: %v", err)
	})
	json := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w, r = SetFormat(w, r, "json")
			next.ServeHTTP(w, r)
		})
	}
	for _, tt := range []struct {
		name       string
		h          http.Handler
		accept     string
		wantStatus int
		wantBody   string
	}{
		{"text", refuse(teapot), "", 418, "I'm a teapot\n"},
		{"JSON by Accept", refuse(teapot), "application/json", 418, `{"errors":{"detail":"I'm a teapot"}}`},
		{"JSON by format", json(refuse(teapot)), "text/html", 418, `{"errors":{"detail":"I'm a teapot"}}`},
		{"a status without text", refuse(&Error{Status: 499}), "", 499, "Error 499\n"},
		{"nothing of a fault of ours is told", refuse(errors.New("secret")), "", 500, "Internal Server Error\n"},
		{"a writer of one's own", own(refuse(teapot)), "", 418, "own: plug: short and stout"},
		{"the nearest writer", Errors(WriteError)(own(refuse(teapot))), "", 418, "own: plug: short and stout"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rec, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
			r.Header.Set("Accept", tt.accept)
			tt.h.ServeHTTP(rec, r)
			if rec.Code != tt.wantStatus || rec.Body.String() != tt.wantBody {
				t.Errorf("got %d %q, want %d %q", rec.Code, rec.Body, tt.wantStatus, tt.wantBody)
			}
		})
	}
	mustPanic(t, "WriteError", func() { Errors(nil) })
}

func TestRefuseTooLate(t *testing.T) {
	rec := httptest.NewRecorder()
	_, w, r := exchange.Begin(rec, httptest.NewRequest("GET", "/", nil))
	io.WriteString(w, "begun")
	Refuse(w, r, &Error{Status: 400})
	if rec.Code != 200 || rec.Body.String() != "begun" {
		t.Errorf("got %d %q", rec.Code, rec.Body)
	}
}

func TestStatus(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want int
	}{
		{errors.New("x"), 500},
		{&Error{Status: 404}, 404},
		{fmt.Errorf("doing: %w", &Error{Status: 403}), 403},
		{&Error{Status: 200}, 500},
		{&Error{}, 500},
		{fmt.Errorf("reading: %w", &http.MaxBytesError{}), 413},
	} {
		if got := Status(tt.err); got != tt.want {
			t.Errorf("Status(%v) = %d, want %d", tt.err, got, tt.want)
		}
	}
	cause := errors.New("cause")
	if err := (&Error{Status: 400, Reason: "bad", Err: cause}); err.Error() != "plug: bad: cause" || !errors.Is(err, cause) {
		t.Errorf("got %q", err)
	}
}
