package exchange

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestOverTLS(t *testing.T) {
	request := func(change func(*http.Request)) *http.Request {
		r := httptest.NewRequest("GET", "/", nil)
		change(r)
		return r
	}
	said := func(scheme string, r *http.Request) *http.Request {
		x, _, r := Begin(httptest.NewRecorder(), r)
		Scheme.Set(x, &scheme)
		return r
	}
	for name, tc := range map[string]struct {
		r    *http.Request
		want bool
	}{
		"plain":                          {request(func(*http.Request) {}), false},
		"TLS":                            {request(func(r *http.Request) { r.TLS = &tls.ConnectionState{} }), true},
		"some plug":                      {request(func(r *http.Request) { r.URL.Scheme = "https" }), true},
		"a whole URL in the line":        {request(func(r *http.Request) { r.URL.Scheme, r.URL.Host = "https", "example.com" }), false},
		"a proxy":                        {said("https", request(func(*http.Request) {})), true},
		"a proxy without TLS behind one": {said("http", request(func(r *http.Request) { r.TLS = &tls.ConnectionState{} })), false},
	} {
		if got := OverTLS(tc.r); got != tc.want {
			t.Errorf("%s: got %v", name, got)
		}
	}
}
