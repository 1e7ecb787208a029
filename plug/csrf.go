package plug

import (
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/bennu-go/bennu/csrf"
	"github.com/bennu-go/bennu/internal/exchange"
	"github.com/bennu-go/bennu/param"
	"github.com/bennu-go/bennu/session"
	"github.com/bennu-go/bennu/token"
)

// What [ProtectFromForgery] refuses with; both are 403.
var (
	// ErrInvalidCSRFToken says that a request presented no valid token, or came from another site.
	ErrInvalidCSRFToken error = &Error{Status: http.StatusForbidden, Reason: "invalid CSRF token: put plug.CSRFToken(r) into the form's hidden field " +
		csrf.Param + " or the header " + csrf.Header + ", and see that the browser keeps the session's cookie"}
	// ErrCrossOriginScript says that the answer would be JavaScript that a page of another site can run, with what it tells of the user.
	ErrCrossOriginScript error = &Error{Status: http.StatusForbidden, Reason: "JavaScript requested by a script tag: " +
		"request it with the header X-Requested-With: XMLHttpRequest, serve it from in front of this plug, or let it pass by plug.SkipCSRF()"}
)

// CSRFConfig says how [ProtectFromForgery] checks. The zero CSRFConfig works.
type CSRFConfig struct {
	// SessionKey under which the session holds the token. Empty means csrf.SessionKey.
	SessionKey string
	// Tokens check tokens that are bound to a host (CSRFTokenFor). Nil: these are not valid.
	Tokens *token.Tokens
	// AllowHosts whose tokens are valid beside those of the request's own. One that begins with a dot stands for everything below it. Nil means none.
	AllowHosts []string
	// TrustedOrigins from which pages may post, "https://shop.example.com" for example, if they know the token. Nil means the request's own.
	TrustedOrigins []string
	// ClearSession lets refused requests pass with a session that is empty for them, and stays as it is for others, instead of answering 403.
	ClearSession bool
	// SkipOriginCheck leaves it at the tokens, as Phoenix does. Off by default.
	SkipOriginCheck bool
}

type protection struct {
	cfg    CSRFConfig
	origin *http.CrossOriginProtection
}

var (
	protectionKey = exchange.NewKey[*protection]("csrf protection")
	skipCSRFKey   = exchange.NewKey[bool]("skip csrf")
)

// ProtectFromForgery refuses requests that other sites make with the user's session, as Plug.CSRFProtection does. Requests other than GET, HEAD and OPTIONS must
// present the token of their session ([CSRFToken]) in the body's parameter _csrf_token or in the header x-csrf-token, never in the query; and where
// the browser says that they come from another origin, by Sec-Fetch-Site or Origin, the token must be one for this host ([CSRFTokenFor]). Otherwise
// the answer is 403, [ErrInvalidCSRFToken]. A GET whose answer is JavaScript and that was not made by XMLHttpRequest or fetch with
// X-Requested-With is 403 too, [ErrCrossOriginScript]: any site can put it into a script tag.
//
// It stands behind session.Load and Parsers. Where nothing has read the body before it, it reads forms up to 8 MB with net/http, and the handler finds
// them in r.PostForm; a Parsers behind it would find nothing.
func ProtectFromForgery(cfg CSRFConfig) Plug {
	if cfg.SessionKey == "" {
		cfg.SessionKey = csrf.SessionKey
	}
	p := &protection{cfg, http.NewCrossOriginProtection()}
	for _, origin := range cfg.TrustedOrigins {
		if err := p.origin.AddTrustedOrigin(origin); err != nil {
			panic(fmt.Sprintf("plug: ProtectFromForgery: TrustedOrigins: %q: write scheme and host, like https://shop.example.com: %v", origin, err))
		}
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			x, w, r := exchange.Begin(w, r)
			protectionKey.Set(x, p)
			if skip, _ := skipCSRFKey.Get(x); skip {
				next.ServeHTTP(w, r)
				return
			}
			s := session.Of(r)
			if s == nil {
				panic("plug: ProtectFromForgery: the request has no session; put session.Load(store) in front of it")
			}
			switch r.Method {
			case http.MethodGet:
				if r.Header.Get("X-Requested-With") != "XMLHttpRequest" {
					x.Writer().Before(func(w *exchange.Writer) {
						if isJavaScript(w.Header().Get("Content-Type")) {
							replaceAnswer(w, r, ErrCrossOriginScript)
						}
					})
				}
			case http.MethodHead, http.MethodOptions:
			default:
				if p.verify(w, r, s.String(p.cfg.SessionKey)) {
					break
				}
				if !p.cfg.ClearSession {
					Refuse(w, r, ErrInvalidCSRFToken)
					return
				}
				s.Ignore()
				s.Clear()
			}
			next.ServeHTTP(w, r)
		})
	}
}

// SkipCSRF lets requests pass [ProtectFromForgery], which stands behind it: those of webhooks for example, that prove in another way who they are.
func SkipCSRF() Plug {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			x, w, r := exchange.Begin(w, r)
			skipCSRFKey.Set(x, true)
			next.ServeHTTP(w, r)
		})
	}
}

// verify reports whether the request proves that it comes from a page of this session.
func (p *protection) verify(w http.ResponseWriter, r *http.Request, state string) bool {
	if state == "" {
		return false
	}
	if p.valid(r, state, r.Header.Get(csrf.Header)) {
		return true
	}
	return p.valid(r, state, bodyToken(w, r))
}

func (p *protection) valid(r *http.Request, state, presented string) bool {
	if csrf.Valid(state, presented) {
		return p.cfg.SkipOriginCheck || p.origin.Check(r) == nil
	}
	if presented == "" || p.cfg.Tokens == nil {
		return false
	}
	return csrf.ValidFor(p.cfg.Tokens, state, presented, append([]string{hostname(r.Host)}, p.cfg.AllowHosts...)...)
}

const maxFormWithoutParsers = 8_000_000

// bodyToken is the token in the body, as Parsers or net/http has read it.
func bodyToken(w http.ResponseWriter, r *http.Request) string {
	if body := param.Body(r); body != nil {
		text, _ := body[csrf.Param].(string)
		return text
	}
	if r.PostForm == nil {
		typ, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
		switch typ {
		case "application/x-www-form-urlencoded", "multipart/form-data":
		default:
			return ""
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxFormWithoutParsers)
		if err := r.ParseMultipartForm(1 << 20); err != nil && err != http.ErrNotMultipart {
			return ""
		}
	}
	return r.PostForm.Get(csrf.Param)
}

// CSRFToken returns the token that pages of this request's session present, in a form's hidden field _csrf_token or the header x-csrf-token. Each call
// masks it anew. The session gets one if it has none, so call it before the answer begins. It panics where there is no session.
func CSRFToken(r *http.Request) string { return csrf.Mask(csrfState(r)) }

// CSRFTokenFor returns the token for a form that posts to url: that of [CSRFToken] for a path or this host, and one that is good for its host only for
// another one of this application. That takes [CSRFConfig.Tokens].
func CSRFTokenFor(r *http.Request, to string) (string, error) {
	u, err := url.Parse(to)
	if err != nil {
		return "", fmt.Errorf("plug: CSRFTokenFor: %w", err)
	}
	if u.Host == "" || strings.EqualFold(u.Hostname(), hostname(r.Host)) {
		return CSRFToken(r), nil
	}
	p, _ := protectionKey.Get(exchange.Of(r))
	if p == nil || p.cfg.Tokens == nil {
		return "", fmt.Errorf("plug: CSRFTokenFor: a token for %s must be signed: set Tokens in the CSRFConfig", u.Hostname())
	}
	return csrf.SignHost(p.cfg.Tokens, csrfState(r), u.Hostname())
}

// DeleteCSRFToken takes the token out of the session: no page served before can post any more. Session.Renew and Drop do it too.
func DeleteCSRFToken(r *http.Request) { session.Of(r).Delete(csrfSessionKey(r)) }

func csrfState(r *http.Request) string {
	s, key := session.Of(r), csrfSessionKey(r)
	state := s.String(key)
	if csrf.Mask(state) == "" {
		state = csrf.New()
		s.Put(key, state)
	}
	return state
}

func csrfSessionKey(r *http.Request) string {
	if p, _ := protectionKey.Get(exchange.Of(r)); p != nil {
		return p.cfg.SessionKey
	}
	return csrf.SessionKey
}

func isJavaScript(contentType string) bool {
	typ, _, _ := strings.Cut(contentType, ";")
	switch strings.ToLower(strings.TrimSpace(typ)) {
	case "text/javascript", "application/javascript", "application/x-javascript", "text/ecmascript", "application/ecmascript":
		return true
	}
	return false
}

// hostname is host without its port and without the brackets of an IPv6 address.
func hostname(host string) string { return (&url.URL{Host: host}).Hostname() }
