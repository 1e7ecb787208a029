package plug

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/bennu-go/bennu/internal/exchange"
	"github.com/bennu-go/bennu/token"
)

// ErrUnauthorized says that nobody knows who makes the request: 401.
var ErrUnauthorized error = &Error{Status: http.StatusUnauthorized, Reason: "not logged in"}

// BearerAuth finds out by the token in the header Authorization: Bearer who makes the request: [CurrentUser] has it then. Where there is no token, or more than one, the answer is 401. So
// it is where verify returns [ErrUnauthorized] or one of the errors of package token; other errors are answered with their status, 500 if they have none, so that a
// database that is down logs nobody out.
func BearerAuth[U any](verify func(ctx context.Context, token string) (U, error)) Plug {
	return bearer("BearerAuth", verify, false)
}

// MaybeBearerAuth is [BearerAuth] that lets requests without the header Authorization pass, as of nobody.
func MaybeBearerAuth[U any](verify func(ctx context.Context, token string) (U, error)) Plug {
	return bearer("MaybeBearerAuth", verify, true)
}

// VerifyToken makes the function that BearerAuth takes of the application's tokens: the salt is that with which they were signed, T the type of what is in them, and maxAge
// that of token.Tokens.Verify; find gets the user, for example by an id, who may have been deleted since.
func VerifyToken[T, U any](tokens *token.Tokens, salt string, maxAge time.Duration, find func(ctx context.Context, data T) (U, error)) func(context.Context, string) (U, error) {
	return func(ctx context.Context, t string) (u U, err error) {
		data, err := token.Verify[T](tokens, salt, t, maxAge)
		if err != nil {
			return u, err
		}
		return find(ctx, data)
	}
}

func bearer[U any](name string, verify func(ctx context.Context, token string) (U, error), optional bool) Plug {
	if verify == nil {
		panic("plug: " + name + ": give it the function that verifies tokens, plug.VerifyToken(tokens, ...) for example")
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			x, w, r := exchange.Begin(w, r)
			headers := r.Header["Authorization"]
			if optional && len(headers) == 0 {
				next.ServeHTTP(w, r)
				return
			}
			t := ""
			if len(headers) == 1 {
				t = bearerToken(headers[0])
			}
			if t == "" {
				w.Header().Set("WWW-Authenticate", "Bearer")
				Refuse(w, r, ErrUnauthorized)
				return
			}
			u, err := verify(r.Context(), t)
			switch {
			case err == nil:
				userKey.Set(x, u)
				next.ServeHTTP(w, r)
				return
			case errors.Is(err, token.ErrInvalid), errors.Is(err, token.ErrExpired), errors.Is(err, token.ErrMissing):
				err = &Error{Status: http.StatusUnauthorized, Reason: "token not accepted", Err: err}
			}
			if Status(err) == http.StatusUnauthorized {
				w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
			}
			Refuse(w, r, err)
		})
	}
}

// bearerToken returns the token of a header's value, or "" if it holds none as RFC 6750 wants it.
func bearerToken(header string) string {
	scheme, t, ok := strings.Cut(header, " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	t = strings.TrimLeft(t, " ")
	for _, c := range []byte(t) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-._~+/=", c) >= 0:
		default:
			return ""
		}
	}
	return t
}
