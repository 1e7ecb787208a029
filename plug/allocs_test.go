package plug

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/bennu-go/bennu/internal/exchange"
	"github.com/bennu-go/bennu/internal/race"
)

// sink is a writer that costs nothing, so that what is counted is the plugs'.
type sink struct{ h http.Header }

func (s *sink) Header() http.Header         { return s.h }
func (s *sink) Write(p []byte) (int, error) { return len(p), nil }
func (s *sink) WriteHeader(int)             {}

func TestAllocsOfSecurityPlugs(t *testing.T) {
	if race.Enabled {
		t.Log("counts are of a build without the race detector")
	}
	end := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {})
	for _, tt := range []struct {
		name string
		plug Plug
		most float64
	}{
		{"SecureHeaders", SecureHeaders(SecureHeadersConfig{}), 1},
		{"SecureHeaders with a nonce", SecureHeaders(SecureHeadersConfig{CSP: "{nonce}"}), 8}, // and the nonce, its text, its place
		{"SSL", SSL(SSLConfig{ExcludeHosts: []string{"example.com"}}), 0},
		{"CORS, no origin", CORS(CORSConfig{Origins: []string{"https://a.example"}}), 0},
		{"RateLimit", RateLimit(RateLimitConfig{Limit: 1 << 20, Per: time.Hour}), 8}, // two keys, numbers and their slices
		{"RequireAuth", RequireAuth(RequireAuthConfig{}), 0},
	} {
		w, r := &sink{http.Header{}}, httptest.NewRequest("GET", "http://example.com/", nil)
		x, _, r := exchange.Begin(w, r)
		userKey.Set(x, "ada")
		h := tt.plug(end)
		got := testing.AllocsPerRun(100, func() {
			clear(w.h)
			h.ServeHTTP(w, r)
		})
		t.Logf("%s: %v allocations", tt.name, got)
		if got > tt.most && !race.Enabled {
			t.Errorf("%s: got %v allocations, want at most %v", tt.name, got, tt.most)
		}
	}
}
