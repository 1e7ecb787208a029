package session

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strings"
	"time"

	"github.com/bennu-go/bennu/token"
)

// maxCookie is how many bytes of name and value browsers keep.
const maxCookie = 4096

// ErrTooLarge is what writing a session says that does not fit into a cookie.
var ErrTooLarge = errors.New("session: too large for a cookie")

// Config says how a [CookieStore] writes its cookies. Only Secrets must be set.
type Config struct {
	Secrets token.Secrets // the current one first, then older ones that are still accepted; each at least 20 bytes

	Key    string       // name of the cookie. Empty means "_bennu_session".
	Format token.Format // Zero means token.JSON. Both are read.

	// Salts say what a cookie is for. They are constants of a program and no secrets.
	SigningSalt    string // Empty means "bennu.session". Plug has no default.
	EncryptionSalt string // Empty means that cookies are signed and not encrypted.

	// Previous are salts of cookies that are still accepted, to change salts or begin to encrypt without logging
	// everybody out. Nil means none.
	Previous []Salts

	// MaxAge is how long the browser keeps the cookie after it was last written, and how long the cookie is accepted.
	// Zero means: until the browser is closed, and for ever. In the Phoenix format, which knows no times, only the
	// browser heeds it.
	MaxAge time.Duration

	Path     string        // Empty means "/".
	Domain   string        // Empty means the host that sets the cookie, and no host below it.
	SameSite http.SameSite // Zero means http.SameSiteLaxMode.
	Secure   bool          // always. False means: where the request came with TLS, to the server or to a proxy that plug.RewriteOn trusts.

	// How keys are derived, as in token.Config. Zero means 1000, 32 and SHA-256.
	KeyIterations int
	KeyLength     int
	KeyDigest     crypto.Hash
}

// Salts are the salts of cookies written under an earlier [Config].
type Salts struct {
	SigningSalt    string // Empty means "bennu.session".
	EncryptionSalt string // Empty means that the cookies were signed and not encrypted.
}

func (s Salts) withDefaults() Salts {
	if s.SigningSalt == "" {
		s.SigningSalt = "bennu.session" // no salt that somebody would sign other tokens with
	}
	return s
}

// salts returns those in use, the current ones first.
func (c Config) salts() []Salts {
	return append([]Salts{{c.SigningSalt, c.EncryptionSalt}}, c.Previous...)
}

func (c Config) withDefaults() Config {
	if c.Key == "" {
		c.Key = "_bennu_session"
	}
	if c.Path == "" {
		c.Path = "/"
	}
	if c.SameSite == 0 {
		c.SameSite = http.SameSiteLaxMode
	}
	return c
}

// Validate says what is wrong with c, for programs that would rather report a bad environment than panic in
// [NewCookieStore].
func (c Config) Validate() error {
	if err := c.withDefaults().validate(); err != nil {
		return fmt.Errorf("session: %w", err)
	}
	return nil
}

func (c Config) validate() error {
	if err := c.tokens(Salts{}).Validate(); err != nil {
		return errors.New(strings.TrimPrefix(err.Error(), "token: "))
	}
	if c.EncryptionSalt != "" && c.KeyLength != 0 && c.KeyLength != 32 {
		return fmt.Errorf("KeyLength %d: encrypting takes 32", c.KeyLength)
	}
	return c.validateCookie()
}

func (c Config) validateCookie() error {
	if err := (&http.Cookie{Name: c.Key, Path: c.Path, Domain: c.Domain}).Valid(); err != nil {
		return fmt.Errorf("cookie %q, path %q, domain %q: %w", c.Key, c.Path, c.Domain, err)
	}
	if c.MaxAge < 0 || c.MaxAge%time.Second != 0 {
		return fmt.Errorf("MaxAge %v: whole seconds, not negative", c.MaxAge)
	}
	if c.SameSite == http.SameSiteNoneMode && !c.Secure {
		return errors.New("SameSite none without Secure: browsers drop such cookies")
	}
	return nil
}

func (c Config) newCookie() http.Cookie {
	return http.Cookie{Name: c.Key, Path: c.Path, Domain: c.Domain, MaxAge: int(c.MaxAge / time.Second),
		Secure: c.Secure, HttpOnly: true, SameSite: c.SameSite}
}

func cookieFor(c http.Cookie, r *http.Request, value string) *http.Cookie {
	c.Value = value
	c.Secure = c.Secure || overTLS(r)
	return &c
}

func (c Config) tokens(s Salts) token.Config {
	return token.Config{Secrets: c.Secrets, Format: c.Format, LegacySigningSalt: s.SigningSalt,
		MaxSize:       math.MaxInt, // sizes are checked here, with the name of the cookie
		KeyIterations: c.KeyIterations, KeyLength: c.KeyLength, KeyDigest: c.KeyDigest}
}

// CookieStore is the [Store] whose sessions live in their cookies. Make one with [NewCookieStore].
type CookieStore struct {
	cookie  http.Cookie // without a value
	maxAge  time.Duration
	format  token.Format
	schemes []scheme // the first writes, all read
}

var _ Store = (*CookieStore)(nil)

// NewCookieStore returns a CookieStore. It panics where [Config.Validate] returns an error.
func NewCookieStore(cfg Config) *CookieStore {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		panic("session: NewCookieStore: " + err.Error())
	}
	s := &CookieStore{
		cookie: cfg.newCookie(),
		maxAge: cfg.MaxAge,
		format: cfg.Format,
	}
	for _, salts := range cfg.salts() {
		salts = salts.withDefaults()
		s.schemes = append(s.schemes, scheme{token.New(cfg.tokens(salts)), salts})
	}
	return s
}

// Read returns the session of a request, as [Read] does. A CookieStore never returns an error.
func (s *CookieStore) Read(r *http.Request) (map[string]any, error) { return Read(r, s) }

// Encode returns the value of the cookie that holds data. The error is [ErrTooLarge], or says which value cannot be
// encoded.
func (s *CookieStore) Encode(data map[string]any) (string, error) {
	value, err := s.schemes[0].encode(data, s.format, s.maxAge)
	if err != nil {
		return "", fmt.Errorf("session: %w", err)
	}
	if size := s.size(value); size > maxCookie {
		return "", fmt.Errorf("%w: %d bytes, %d allowed; keep keys in the session and what they stand for in a database",
			ErrTooLarge, size, maxCookie)
	}
	return value, nil
}

func (s *CookieStore) size(value string) int { return len(s.cookie.Name) + len("=") + len(value) }

// Decode returns the session that the value of a cookie holds, and false if it holds none.
func (s *CookieStore) Decode(value string) (map[string]any, bool) {
	if s.size(value) > maxCookie {
		return nil, false
	}
	for _, scheme := range s.schemes {
		if data, ok := scheme.decode(value, s.maxAge); ok {
			return data, true
		}
	}
	return nil, false
}

// Cookie implements [Store].
func (s *CookieStore) Cookie(r *http.Request, value string) *http.Cookie {
	return cookieFor(s.cookie, r, value)
}

// Get implements [Store].
func (s *CookieStore) Get(_ context.Context, value string) (string, map[string]any, error) {
	data, _ := s.Decode(value)
	return "", data, nil
}

// Put implements [Store].
func (s *CookieStore) Put(_ context.Context, _ string, data map[string]any) (string, error) {
	return s.Encode(data)
}

// Delete implements [Store]. A session in a cookie ends when the browser forgets it.
func (s *CookieStore) Delete(context.Context, string) error { return nil }
