package plug

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestNegotiate(t *testing.T) {
	for _, c := range []struct {
		target, accept, format string
		ok                     bool
	}{
		{"/", "", "html", true},
		{"/", "application/json", "json", true},
		{"/", "image/png", "", false},
		{"/?_format=json", "text/html", "json", true},
		{"/?_format=png", "text/html", "png", false},
	} {
		r := httptest.NewRequest(http.MethodGet, c.target, nil)
		if c.accept != "" {
			r.Header.Set("Accept", c.accept)
		}
		if format, ok := Negotiate(r, "html", "json"); ok != c.ok || ok && format != c.format {
			t.Errorf("%s %s: got %q, %v", c.target, c.accept, format, ok)
		}
	}
}
