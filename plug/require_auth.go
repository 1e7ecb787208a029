package plug

import (
	"mime"
	"net/http"
	"strings"

	"github.com/bennu-go/bennu/internal/exchange"
	"github.com/bennu-go/bennu/session"
)

// returnToKey is of the session, as phx.gen.auth names it.
const returnToKey = "user_return_to"

// maxReturnTo keeps long addresses out of cookies.
const maxReturnTo = 1024

// RequireAuthConfig says what [RequireAuth] does with people. The zero RequireAuthConfig answers 401 to everybody.
type RequireAuthConfig struct {
	// LogIn is the path of the page to log in at. Empty means that there is none.
	LogIn string
	// Message to show there. Empty means "You must log in to access this page.".
	Message string
}

// RequireAuth stops requests of nobody: those without a [CurrentUser]. A browser that wants HTML is sent to the log-in page, with a flash of kind error and, for a GET,
// with where it wanted to go in the session, for [ReturnTo]; all others get 401. It stands behind [FetchCurrentUser] or [BearerAuth].
func RequireAuth(cfg RequireAuthConfig) Plug {
	if cfg.Message == "" {
		cfg.Message = "You must log in to access this page."
	}
	if cfg.LogIn != "" && !isLocal(cfg.LogIn) {
		panic("plug: RequireAuth: LogIn " + cfg.LogIn + ": a path of this site, like /log-in")
	}
	logInPath, _, _ := strings.Cut(cfg.LogIn, "?")
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if isKnown(r) {
				next.ServeHTTP(w, r)
				return
			}
			if cfg.LogIn == "" || r.URL.Path == logInPath || !wantsHTML(r) {
				Refuse(w, r, ErrUnauthorized)
				return
			}
			if s := session.Of(r); s != nil {
				session.PutFlash(r, "error", cfg.Message)
				if to := r.URL.RequestURI(); r.Method == http.MethodGet && len(to) <= maxReturnTo && isLocal(to) {
					s.Put(returnToKey, to)
				}
			}
			redirectTo(w, cfg.LogIn)
		})
	}
}

// RedirectIfAuthenticated sends who is logged in away from pages that are for nobody, such as that to log in at, to a path of this site.
func RedirectIfAuthenticated(to string) Plug {
	if !isLocal(to) {
		panic("plug: RedirectIfAuthenticated: " + to + ": a path of this site, like /")
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if isKnown(r) {
				redirectTo(w, to)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// ReturnTo takes out of the session where somebody wanted to go when [RequireAuth] sent them to log in. It is a path of this site with its query, or else
// otherwise. Call it before the session is renewed or cleared.
func ReturnTo(r *http.Request, otherwise string) string {
	s := session.Of(r)
	if s == nil {
		return otherwise
	}
	if to, ok := s.Take(returnToKey).(string); ok && isLocal(to) {
		return to
	}
	return otherwise
}

func isKnown(r *http.Request) bool {
	u, _ := userKey.Get(exchange.Of(r))
	return u != nil
}

// redirectTo leads to a page that is fetched with GET whatever the request was.
func redirectTo(w http.ResponseWriter, path string) {
	w.Header().Set("Location", path)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusSeeOther)
}

func wantsHTML(r *http.Request) bool {
	if format := Format(r); format != "" {
		return format == "html"
	}
	if r.Header.Get("X-Requested-With") == "XMLHttpRequest" {
		return false
	}
	for item := range strings.SplitSeq(strings.Join(r.Header.Values("Accept"), ","), ",") {
		if typ, params, err := mime.ParseMediaType(item); err == nil && (typ == "text/html" || typ == "application/xhtml+xml") && params["q"] != "0" {
			return true
		}
	}
	return false
}

// isLocal reports whether browsers stay on this site when they are sent to a path: they take \ for /, and leave tabs and line ends out.
func isLocal(path string) bool {
	if len(path) == 0 || path[0] != '/' || len(path) > 1 && path[1] == '/' || strings.HasPrefix(path, "/%09") {
		return false
	}
	for i := range len(path) {
		if c := path[i]; c == '\\' || c < ' ' || c == 0x7f {
			return false
		}
	}
	return true
}
