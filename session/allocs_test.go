package session

import (
	"net/http"
	"testing"

	"github.com/bennu-go/bennu/internal/race"
	"github.com/bennu-go/bennu/token"
)

// A session that nobody uses costs the exchange (3), itself, its hook (2), and nothing of the store.
func TestAllocsOfAnUnusedSession(t *testing.T) {
	h := Load(NewCookieStore(Config{Secrets: token.Secrets{secretA}}))(handle(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }))
	w, r := &noWriter{h: http.Header{}}, request("x")
	if got := testing.AllocsPerRun(100, func() { h.ServeHTTP(w, r) }); got > 6 && !race.Enabled {
		t.Errorf("got %v allocations, want at most 6", got)
	}
}
