package plug

import (
	"context"
	"net/http"

	"github.com/bennu-go/bennu/internal/exchange"
	"github.com/bennu-go/bennu/session"
)

var userKey = exchange.NewKey[any]("current_user")

// CurrentUser returns who makes the request, as [SetCurrentUser], [FetchCurrentUser] or [BearerAuth] said. ok is false if nobody is known, or somebody of
// another type than U.
func CurrentUser[U any](r *http.Request) (u U, ok bool) {
	v, _ := userKey.Get(exchange.Of(r))
	u, ok = v.(U)
	return u, ok
}

// SetCurrentUser says who makes the request, in place of anybody said before. Plugs further out see it too. It panics where no plug of Bennu's has seen the
// request: there is no place to keep it then.
func SetCurrentUser[U any](r *http.Request, u U) {
	x := exchange.Of(r)
	if x == nil {
		panic("plug: SetCurrentUser: nothing of Bennu's stands in front of this handler; put session.Load(store), or another plug, there")
	}
	userKey.Set(x, u)
}

// FetchCurrentUser finds out by the session who makes the request. Of ok false nobody is known: the request passes, and [RequireAuth] stops it where that
// matters. An error is answered with its status, 500 if it has none. It stands behind session.Load.
func FetchCurrentUser[U any](find func(ctx context.Context, s *session.Session) (u U, ok bool, err error)) Plug {
	if find == nil {
		panic("plug: FetchCurrentUser: give it the function that finds the user by the session")
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			s := session.Of(r)
			if s == nil {
				panic("plug: FetchCurrentUser: the request has no session; put session.Load(store) in front of it")
			}
			x, w, r := exchange.Begin(w, r)
			u, ok, err := find(r.Context(), s)
			if err != nil {
				Refuse(w, r, err)
				return
			}
			if ok {
				userKey.Set(x, u)
			}
			next.ServeHTTP(w, r)
		})
	}
}
