package token

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
)

// minSecret is what Phoenix refuses to go below.
const minSecret = 20

// Secrets are the secrets of an application, the current one first, then older ones whose tokens are still accepted.
// They print as their number only.
type Secrets []string

// GenerateSecret returns a new random secret of 64 characters.
func GenerateSecret() string {
	b := make([]byte, 48)
	rand.Read(b) // never fails: it ends the program instead
	return base64.RawURLEncoding.EncodeToString(b)
}

func (s Secrets) validate() error {
	if len(s) == 0 {
		return fmt.Errorf("no secret: set Secrets to at least one, made by token.GenerateSecret and kept in the environment")
	}
	for i, secret := range s {
		if len(secret) < minSecret {
			return fmt.Errorf("secret %d of %d has %d bytes: %d are the least, 64 random characters are right", i+1, len(s), len(secret), minSecret)
		}
	}
	return nil
}

func (s Secrets) String() string {
	if len(s) == 1 {
		return "[1 secret]"
	}
	return fmt.Sprintf("[%d secrets]", len(s))
}

// Format hides the secrets from every verb.
func (s Secrets) Format(f fmt.State, _ rune) { io.WriteString(f, s.String()) }

// GoString hides the secrets from %#v.
func (s Secrets) GoString() string { return s.String() }

// LogValue hides the secrets from log/slog.
func (s Secrets) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText hides the secrets from encoders; they cannot be read back.
func (s Secrets) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
