package plug

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestCORS(t *testing.T) {
	api := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/401":
			Refuse(w, r, ErrUnauthorized)
		case "/500":
			Refuse(w, r, &Error{Status: 500})
		}
	})
	app := CORSConfig{Origins: []string{"https://app.example.com", "https://*.preview.example.com"}, Credentials: true, MaxAge: time.Hour, Expose: []string{"X-Total"}}
	for _, tt := range []struct {
		name                        string
		cfg                         CORSConfig
		method, path, origin, asked string
		status                      int
		want                        map[string]string // header to value; "" means absent
	}{
		{"preflight", app, "OPTIONS", "/x", "https://app.example.com", "PUT", 204, map[string]string{
			"Access-Control-Allow-Origin": "https://app.example.com", "Access-Control-Allow-Methods": "PUT", "Access-Control-Allow-Credentials": "true",
			"Access-Control-Max-Age": "3600", "Access-Control-Allow-Headers": "authorization,content-type"}},
		{"preflight from below", app, "OPTIONS", "/x", "https://pr-7.preview.example.com", "GET", 204, map[string]string{"Access-Control-Allow-Origin": "https://pr-7.preview.example.com"}},
		{"preflight of another", app, "OPTIONS", "/x", "https://evil.example", "PUT", 204, map[string]string{"Access-Control-Allow-Origin": "", "Access-Control-Allow-Credentials": ""}},
		{"preflight of a name that ends alike", app, "OPTIONS", "/x", "https://evilapp.example.com", "PUT", 204, map[string]string{"Access-Control-Allow-Origin": ""}},
		{"preflight for another method", app, "OPTIONS", "/x", "https://app.example.com", "TRACE", 204, map[string]string{"Access-Control-Allow-Methods": ""}},
		{"request", app, "GET", "/x", "https://app.example.com", "", 200, map[string]string{
			"Access-Control-Allow-Origin": "https://app.example.com", "Access-Control-Allow-Credentials": "true", "Access-Control-Expose-Headers": "X-Total"}},
		{"request of another", app, "GET", "/x", "https://evil.example", "", 200, map[string]string{"Access-Control-Allow-Origin": ""}},
		{"401", app, "GET", "/401", "https://app.example.com", "", 401, map[string]string{"Access-Control-Allow-Origin": "https://app.example.com"}},
		{"500", app, "GET", "/500", "https://app.example.com", "", 500, map[string]string{"Access-Control-Allow-Origin": "https://app.example.com"}},
		{"no origin", app, "GET", "/x", "", "", 200, map[string]string{"Access-Control-Allow-Origin": ""}},
		{"plain OPTIONS passes", app, "OPTIONS", "/401", "https://app.example.com", "", 401, nil},
		{"everybody", CORSConfig{Origins: []string{"*"}}, "GET", "/x", "https://any.example", "", 200, map[string]string{"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Credentials": ""}},
		{"by a function", CORSConfig{OriginFunc: func(r *http.Request, o string) bool { return r.URL.Path == "/x" && o == "https://a.example" }}, "GET", "/x", "https://a.example", "", 200,
			map[string]string{"Access-Control-Allow-Origin": "https://a.example"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest(tt.method, tt.path, nil)
			if tt.origin != "" {
				r.Header.Set("Origin", tt.origin)
			}
			if tt.asked != "" {
				r.Header.Set("Access-Control-Request-Method", tt.asked)
				r.Header.Set("Access-Control-Request-Headers", "authorization,content-type")
			}
			rec := serve(CORS(tt.cfg)(api), r)
			if rec.Code != tt.status {
				t.Errorf("got %d, want %d", rec.Code, tt.status)
			}
			for name, want := range tt.want {
				if got := rec.Header().Get(name); got != want {
					t.Errorf("%s: got %q, want %q", name, got, want)
				}
			}
			if len(tt.cfg.Origins) != 1 && !strings.Contains(strings.Join(rec.Header().Values("Vary"), ","), "Origin") {
				t.Errorf("caches are not told: Vary %v", rec.Header().Values("Vary"))
			}
		})
	}
	for want, cfg := range map[string]CORSConfig{
		"set Origins":            {},
		"either":                 {Origins: []string{"*"}, OriginFunc: func(*http.Request, string) bool { return true }},
		"act as the user":        {Origins: []string{"*"}, Credentials: true},
		"scheme and host":        {Origins: []string{"app.example.com"}},
		"nothing behind them":    {Origins: []string{"https://app.example.com/"}},
		"one *":                  {Origins: []string{"https://*.*.example.com"}},
		"whole seconds":          {Origins: []string{"*"}, MaxAge: time.Millisecond},
		`"https://a b"`:          {Origins: []string{"https://a b"}},
		`origin "https://a/?b"`:  {Origins: []string{"https://a/?b"}},
		`origin "//example.com"`: {Origins: []string{"//example.com"}},
	} {
		mustPanic(t, want, func() { CORS(cfg) })
	}
}
