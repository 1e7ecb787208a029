package session

import (
	"context"
	"fmt"
	"net/http"

	"github.com/bennu-go/bennu/internal/exchange"
)

// Store keeps sessions. Its methods may be called from any goroutine.
type Store interface {
	// Cookie returns the cookie that carries value back to the browser that made r: its name and every attribute as
	// the store is configured. Its name does not depend on r or value.
	Cookie(r *http.Request, value string) *http.Cookie

	// Get returns the session for which the value of a cookie stands, and the id by which Put and Delete know it, empty
	// where the cookie is all there is. A nil map means that there is none: the value is empty, forged, expired or
	// forgotten. An error means that the store could not tell.
	Get(ctx context.Context, value string) (id string, data map[string]any, err error)

	// Put stores the session under id, under a new one if it is empty, and returns the value for the cookie. The error is [ErrGone] if the store
	// no longer has a session with that id: it must not come to life again.
	Put(ctx context.Context, id string, data map[string]any) (value string, err error)

	// Delete forgets the session with that id. There may be none.
	Delete(ctx context.Context, id string) error
}

// Read returns the session of a request: an empty map, not nil, if it has none. Where the browser sends several
// cookies of the name, left behind for other paths or domains, the first that stands for a session counts.
func Read(r *http.Request, s Store) (map[string]any, error) {
	_, data, _, err := find(r, s)
	if err != nil {
		return nil, err
	}
	if data == nil {
		data = map[string]any{}
	}
	return data, nil
}

// find is Read with the id, nil for no session, and whether there was any cookie of the name.
func find(r *http.Request, s Store) (id string, data map[string]any, sent bool, err error) {
	for _, c := range r.CookiesNamed(s.Cookie(r, "").Name) {
		sent = true
		id, data, err = s.Get(r.Context(), c.Value)
		if err != nil {
			return "", nil, sent, fmt.Errorf("session: reading: %w", err)
		}
		if data != nil {
			return id, data, sent, nil
		}
	}
	return "", nil, sent, nil
}

func overTLS(r *http.Request) bool { return exchange.OverTLS(r) }
