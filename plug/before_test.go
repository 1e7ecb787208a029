package plug_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bennu-go/bennu/plug"
)

func TestBefore(t *testing.T) {
	var order []string
	note := func(name string) plug.Plug {
		return func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w, r = plug.Before(w, r, func(h http.Header, status int) {
					order = append(order, name)
					h.Add("X-Seen", http.StatusText(status))
				})
				next.ServeHTTP(w, r)
			})
		}
	}
	h := plug.Pipeline(note("outer"), note("inner"))(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusTeapot)
		plug.Before(w, r, func(http.Header, int) { t.Error("called though the answer has begun") })
	}))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if diff := cmp.Diff([]string{"inner", "outer"}, order); diff != "" {
		t.Error(diff)
	}
	if got := w.Result().Header.Values("X-Seen"); len(got) != 2 || got[0] != "I'm a teapot" {
		t.Errorf("got %q", got)
	}
}
