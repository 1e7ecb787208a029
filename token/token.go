package token

import (
	"crypto"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"time"
)

// What Verify and Decrypt say of a token that they do not accept. Compare with errors.Is: ErrInvalid may come wrapped.
var (
	ErrMissing = errors.New("token: missing")
	ErrInvalid = errors.New("token: invalid")
	ErrExpired = errors.New("token: expired")
)

// Forever is the age of a token that does not expire.
const Forever time.Duration = math.MaxInt64

// Format is how payloads are written.
type Format int

const (
	JSON    Format = iota // compact JSON
	Phoenix               // Erlang's external term format, as Phoenix.Token and Plug.Session write it
)

func (f Format) String() string {
	switch f {
	case JSON:
		return "JSON"
	case Phoenix:
		return "Phoenix"
	}
	return fmt.Sprintf("Format(%d)", int(f))
}

// Config says what a [Tokens] is made from. Only Secrets must be set.
type Config struct {
	Secrets Secrets // the current one first, then older ones that are still accepted; each at least 20 bytes
	Format  Format  // Zero means JSON.

	MaxAge  time.Duration // embedded in tokens made without the option MaxAge. Zero means 24 hours.
	MaxSize int           // bytes of a token. Zero means 64 KiB.

	// How keys are derived. Elixir nodes that share tokens must say the same.
	KeyIterations int         // of PBKDF2. Zero means 1000.
	KeyLength     int         // bytes. Zero means 32, the only length that encrypts.
	KeyDigest     crypto.Hash // SHA256, SHA384 or SHA512. Zero means SHA256.

	// LegacySigningSalt is the signing salt with which Plug.Session authenticated encrypted cookies before plug_crypto 2.
	// It serves to read them, nothing else. Empty means none, as Phoenix.Token had it.
	LegacySigningSalt string
}

func (c Config) withDefaults() Config {
	if c.MaxAge == 0 {
		c.MaxAge = defaultMaxAge
	}
	if c.MaxSize == 0 {
		c.MaxSize = 64 << 10
	}
	if c.KeyIterations == 0 {
		c.KeyIterations = 1000
	}
	if c.KeyLength == 0 {
		c.KeyLength = 32
	}
	if c.KeyDigest == 0 {
		c.KeyDigest = crypto.SHA256
	}
	return c
}

// Validate says what is wrong with c, for programs that would rather report a bad environment than panic in [New].
func (c Config) Validate() error {
	if err := c.withDefaults().validate(); err != nil {
		return fmt.Errorf("token: %w", err)
	}
	return nil
}

func (c Config) validate() error {
	if err := c.Secrets.validate(); err != nil {
		return err
	}
	if c.Format != JSON && c.Format != Phoenix {
		return fmt.Errorf("unknown format %d: token.JSON or token.Phoenix", int(c.Format))
	}
	switch c.KeyDigest {
	case crypto.SHA256, crypto.SHA384, crypto.SHA512:
	default:
		return fmt.Errorf("key digest %v: SHA-256, SHA-384 or SHA-512", c.KeyDigest)
	}
	if c.KeyIterations < 0 || c.KeyLength < 0 || c.MaxSize < 0 {
		return errors.New("negative KeyIterations, KeyLength or MaxSize")
	}
	return nil
}

// Tokens makes and checks tokens. Make one with [New].
type Tokens struct {
	ring              func() *keyring // fmt follows pointers in fields it may not ask for a Format method, but no function
	format            Format
	maxAge            time.Duration
	maxSize           int
	legacySigningSalt string
}

// New returns a Tokens. It panics where [Config.Validate] returns an error.
func New(cfg Config) *Tokens {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		panic("token: New: " + err.Error())
	}
	ring := newKeyring(cfg)
	return &Tokens{
		ring:              func() *keyring { return ring },
		format:            cfg.Format,
		maxAge:            cfg.MaxAge,
		maxSize:           cfg.MaxSize,
		legacySigningSalt: cfg.LegacySigningSalt,
	}
}

// Uncached returns a Tokens that is like t but derives the key of every call anew, for salts that are not constants.
func (t *Tokens) Uncached() *Tokens {
	u, ring := *t, t.ring().uncached()
	u.ring = func() *keyring { return ring }
	return &u
}

func (t *Tokens) String() string {
	return fmt.Sprintf("token.Tokens{%v, %v}", Secrets(t.ring().secrets), t.format)
}

// Format hides keys and secrets from every verb.
func (t *Tokens) Format(f fmt.State, _ rune) { io.WriteString(f, t.String()) }

// LogValue hides keys and secrets from log/slog.
func (t *Tokens) LogValue() slog.Value { return slog.StringValue(t.String()) }

// CookieSalt is the salt that Plug uses for the signed or encrypted cookie of that name (put_resp_cookie with sign or
// encrypt), whose value is a token.
func CookieSalt(name string) string { return name + "_cookie" }

// Option changes one token that is being made.
type Option struct {
	maxAge   time.Duration
	signedAt time.Time
}

// MaxAge embeds how old the token may become: [Forever], or a time after which it is expired. It is kept in
// milliseconds. A verifier may say otherwise.
func MaxAge(d time.Duration) Option { return Option{maxAge: d} }

// SignedAt embeds another time than now.
func SignedAt(at time.Time) Option { return Option{signedAt: at} }

// Sign returns a token that carries data for its holder to read and nobody to change.
func (t *Tokens) Sign(salt string, data any, opts ...Option) (string, error) {
	payload, err := t.payload(data, opts)
	if err != nil {
		return "", err
	}
	return t.SignBytes(salt, payload)
}

// Encrypt returns a token whose data its holder can neither read nor change.
func (t *Tokens) Encrypt(salt string, data any, opts ...Option) (string, error) {
	payload, err := t.payload(data, opts)
	if err != nil {
		return "", err
	}
	return t.EncryptBytes(salt, payload)
}

func (t *Tokens) payload(data any, opts []Option) ([]byte, error) {
	maxAge, signedAt := t.maxAge, time.Time{}
	for _, o := range opts {
		if o.maxAge != 0 {
			maxAge = o.maxAge
		}
		if !o.signedAt.IsZero() {
			signedAt = o.signedAt
		}
	}
	if signedAt.IsZero() {
		signedAt = time.Now()
	}
	p, err := encodePayload(t.format, data, signedAt.UnixMilli(), ageOf(maxAge))
	if err != nil {
		return nil, fmt.Errorf("token: %w", err)
	}
	return p, nil
}

// Verify checks a token made by Sign and stores its data in what into points to; into may be nil. maxAge zero means
// the embedded age; [Forever] is allowed. The errors are [ErrMissing], [ErrInvalid] and [ErrExpired].
func (t *Tokens) Verify(salt, token string, into any, maxAge time.Duration) error {
	if token == "" {
		return ErrMissing
	}
	payload, err := t.VerifyBytes(salt, token)
	if err != nil {
		return err
	}
	return decodePayload(payload, into, maxAge)
}

// Decrypt is [Tokens.Verify] for a token made by Encrypt.
func (t *Tokens) Decrypt(salt, token string, into any, maxAge time.Duration) error {
	if token == "" {
		return ErrMissing
	}
	payload, err := t.DecryptBytes(salt, token)
	if err != nil {
		return err
	}
	return decodePayload(payload, into, maxAge)
}

// Verify checks a token made by Sign and returns its data. See [Tokens.Verify].
func Verify[T any](t *Tokens, salt, token string, maxAge time.Duration) (T, error) {
	var data T
	if err := t.Verify(salt, token, &data, maxAge); err != nil {
		return *new(T), err // not what a failed decoding left behind
	}
	return data, nil
}

// Decrypt checks a token made by Encrypt and returns its data. See [Tokens.Verify].
func Decrypt[T any](t *Tokens, salt, token string, maxAge time.Duration) (T, error) {
	var data T
	if err := t.Decrypt(salt, token, &data, maxAge); err != nil {
		return *new(T), err
	}
	return data, nil
}
