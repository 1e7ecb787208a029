package session

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/bennu-go/bennu/etf"
)

const (
	defaultTTL        = 14 * 24 * time.Hour
	defaultSweepEvery = 10 * time.Minute
	defaultMaxSize    = 1 << 20
	keyBytes          = 32
	keySize           = 43 // of keyBytes in base64
)

// ServerConfig says how a [ServerStore] keeps its sessions. The zero ServerConfig works.
type ServerConfig struct {
	// TTL is how long a session lives that is not used. Zero means two weeks. Using one prolongs it, at the earliest when half of its time is over.
	TTL time.Duration
	// SweepEvery is how often Run deletes expired sessions. Zero means ten minutes.
	SweepEvery time.Duration
	// MaxSize of a session in bytes. Zero means 1 MiB.
	MaxSize int
	// Logger for what Run cannot delete. Nil means slog.Default().
	Logger *slog.Logger

	Key      string        // name of the cookie. Empty means "_bennu_session".
	MaxAge   time.Duration // how long the browser keeps the cookie after it was last written. Zero means: until it is closed.
	Path     string        // Empty means "/".
	Domain   string        // Empty means the host that sets the cookie, and no host below it.
	SameSite http.SameSite // Zero means http.SameSiteLaxMode.
	Secure   bool          // as in [Config]
}

func (c ServerConfig) withDefaults() ServerConfig {
	if c.TTL == 0 {
		c.TTL = defaultTTL
	}
	if c.SweepEvery == 0 {
		c.SweepEvery = defaultSweepEvery
	}
	if c.MaxSize == 0 {
		c.MaxSize = defaultMaxSize
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return c
}

func (c ServerConfig) cookie() Config {
	return Config{Key: c.Key, MaxAge: c.MaxAge, Path: c.Path, Domain: c.Domain, SameSite: c.SameSite, Secure: c.Secure}.withDefaults()
}

func (c ServerConfig) validate() error {
	switch {
	case c.TTL < 2*time.Second:
		return fmt.Errorf("TTL %v: at least two seconds", c.TTL)
	case c.SweepEvery < 0:
		return fmt.Errorf("SweepEvery %v: not negative", c.SweepEvery)
	case c.MaxSize < 0:
		return fmt.Errorf("MaxSize %d: not negative", c.MaxSize)
	}
	return c.cookie().validateCookie()
}

// ServerStore is the [Store] whose sessions live in a [Table] on the server; the cookie holds a random key. What is in the table is of no use to
// who reads it: it is found by the key's hash. Make one with [NewServerStore], and give it to a supervisor, so that it sweeps.
type ServerStore struct {
	table  Table
	cfg    ServerConfig
	cookie http.Cookie
}

var _ Store = (*ServerStore)(nil)

// NewServerStore returns a ServerStore. It panics if cfg contradicts itself.
func NewServerStore(table Table, cfg ServerConfig) *ServerStore {
	if table == nil {
		panic("session: NewServerStore: the table is nil; session.NewMemoryTable() makes one in memory")
	}
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		panic("session: NewServerStore: " + err.Error())
	}
	return &ServerStore{table: table, cfg: cfg, cookie: cfg.cookie().newCookie()}
}

// Run deletes expired sessions until ctx ends. Sessions that have expired are not found either way: it only frees their space. A sweep that fails is
// logged and tried again at the next turn.
func (s *ServerStore) Run(ctx context.Context) error {
	t := time.NewTicker(s.cfg.SweepEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-t.C:
			if _, err := s.table.DeleteExpired(ctx, time.Now().UTC()); err != nil && ctx.Err() == nil {
				s.cfg.Logger.WarnContext(ctx, "expired sessions not deleted", "error", err.Error())
			}
		}
	}
}

// Cookie implements [Store].
func (s *ServerStore) Cookie(r *http.Request, value string) *http.Cookie {
	return cookieFor(s.cookie, r, value)
}

// Get implements [Store]. A row that is not what this store has written is no session.
func (s *ServerStore) Get(ctx context.Context, value string) (string, map[string]any, error) {
	if len(value) != keySize {
		return "", nil, nil
	}
	id := hashed(value)
	row, found, err := s.table.Load(ctx, id)
	if err != nil {
		return "", nil, err
	}
	now := time.Now()
	if !found || row.ID != id || len(row.Data) > s.cfg.MaxSize || !now.Before(row.Expires) {
		return "", nil, nil
	}
	term, err := etf.Decode(row.Data)
	data, ok := term.(map[string]any)
	if err != nil || !ok {
		return "", nil, nil
	}
	if row.Expires.Sub(now) < s.cfg.TTL/2 {
		row.Expires = s.expires(now)
		if found, err = s.table.Update(ctx, row); err != nil || !found {
			return "", nil, err
		}
	}
	return value, data, nil
}

// Put implements [Store].
func (s *ServerStore) Put(ctx context.Context, id string, data map[string]any) (string, error) {
	if data == nil {
		data = map[string]any{}
	}
	encoded, err := etf.Marshal(data)
	if err != nil {
		return "", fmt.Errorf("session: %w", err)
	}
	if len(encoded) > s.cfg.MaxSize {
		return "", fmt.Errorf("%w: %d bytes, MaxSize is %d", ErrTooLarge, len(encoded), s.cfg.MaxSize)
	}
	row := Row{Data: encoded, Expires: s.expires(time.Now())}
	if id == "" {
		id = newKey()
		row.ID = hashed(id)
		err = s.table.Insert(ctx, row)
	} else {
		row.ID = hashed(id)
		var found bool
		if found, err = s.table.Update(ctx, row); err == nil && !found {
			return "", ErrGone
		}
	}
	if err != nil {
		return "", fmt.Errorf("session: writing: %w", err)
	}
	return id, nil
}

// Delete implements [Store].
func (s *ServerStore) Delete(ctx context.Context, id string) error {
	if id == "" {
		return errors.New("session: Delete: the id is empty")
	}
	return s.table.Delete(ctx, hashed(id))
}

func (s *ServerStore) expires(now time.Time) time.Time {
	return now.Add(s.cfg.TTL).UTC().Truncate(time.Second)
}

func newKey() string {
	var b [keyBytes]byte
	rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}

func hashed(value string) string {
	sum := sha256.Sum256([]byte(value))
	return hex.EncodeToString(sum[:])
}
