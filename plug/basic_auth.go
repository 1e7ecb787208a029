package plug

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net/http"
	"strings"
)

// BasicAuthConfig says who may pass [BasicAuth]. Username and Password, or Check, must be set.
type BasicAuthConfig struct {
	// Username and Password of the only one who may pass.
	Username, Password string
	// Check decides instead of these. It compares in constant time, or looks up and compares hashes.
	Check func(ctx context.Context, username, password string) bool
	// Realm that the browser shows. Empty means "Application".
	Realm string
}

// BasicAuth asks for a name and a password in the browser's own form, as Plug.BasicAuth does. Without the right ones the answer is 401 with the header
// WWW-Authenticate. It is for pages behind TLS that few people see: browsers send the password with each request and have no log-out.
func BasicAuth(cfg BasicAuthConfig) Plug {
	if cfg.Realm == "" {
		cfg.Realm = "Application"
	}
	for _, c := range cfg.Realm {
		if c < ' ' || c > '~' || c == '"' || c == '\\' {
			panic(fmt.Sprintf("plug: BasicAuth: Realm %q: ASCII without quotes and backslashes", cfg.Realm))
		}
	}
	switch {
	case cfg.Check == nil && (cfg.Username == "" || cfg.Password == ""):
		panic("plug: BasicAuth: set Username and Password, or Check; empty ones would let everybody in")
	case cfg.Check != nil && cfg.Username+cfg.Password != "":
		panic("plug: BasicAuth: set either Username and Password or Check")
	case strings.Contains(cfg.Username, ":"):
		panic(fmt.Sprintf("plug: BasicAuth: Username %q: browsers take a colon for the beginning of the password", cfg.Username))
	}
	check := cfg.Check
	if check == nil {
		user, password := sha256.Sum256([]byte(cfg.Username)), sha256.Sum256([]byte(cfg.Password))
		check = func(_ context.Context, u, p string) bool {
			gotUser, gotPassword := sha256.Sum256([]byte(u)), sha256.Sum256([]byte(p))
			return subtle.ConstantTimeCompare(user[:], gotUser[:])&subtle.ConstantTimeCompare(password[:], gotPassword[:]) == 1
		}
	}
	challenge := `Basic realm="` + cfg.Realm + `", charset="UTF-8"`
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			user, password, ok := r.BasicAuth()
			if !ok || len(r.Header["Authorization"]) != 1 || !check(r.Context(), user, password) {
				w.Header().Set("WWW-Authenticate", challenge)
				Refuse(w, r, ErrUnauthorized)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}
