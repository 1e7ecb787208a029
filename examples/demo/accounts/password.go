package accounts

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

	"golang.org/x/crypto/argon2"
)

const (
	passes     = 2
	saltBytes  = 16
	keyBytes   = 32
	maxWaiting = 100 // calls that wait for a slot
)

// hasher hashes passwords with Argon2id, a few at a time: that each takes much memory is the point of it, and what would otherwise take all of the server's.
type hasher struct {
	memory  uint32 // KiB
	slots   chan struct{}
	waiting atomic.Int64
	nobody  string // a hash that no password has
}

func newHasher(memory uint32, n int) *hasher {
	h := &hasher{memory: memory, slots: make(chan struct{}, n)}
	h.nobody = h.encode(make([]byte, saltBytes), make([]byte, keyBytes))
	return h
}

// hash returns what to store of a password, in the PHC string format.
func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	release, err := h.slot(ctx)
	if err != nil {
		return "", err
	}
	defer release()
	salt := make([]byte, saltBytes)
	rand.Read(salt)
	return h.encode(salt, argon2.IDKey([]byte(password), salt, passes, h.memory, 1, keyBytes)), nil
}

func (h *hasher) encode(salt, key []byte) string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=1$%s$%s", argon2.Version, h.memory, passes, b64.EncodeToString(salt), b64.EncodeToString(key))
}

// matches reports whether stored is the hash of password. It takes as long for the hash of nobody.
func (h *hasher) matches(ctx context.Context, stored, password string) (bool, error) {
	if len(password) > MaxPassword {
		return false, nil
	}
	var memory, t uint32
	var rest string
	_, err := fmt.Sscanf(stored, "$argon2id$v=19$m=%d,t=%d,p=1$%s", &memory, &t, &rest)
	encodedSalt, encodedKey, _ := strings.Cut(rest, "$")
	salt, saltErr := base64.RawStdEncoding.DecodeString(encodedSalt)
	want, keyErr := base64.RawStdEncoding.DecodeString(encodedKey)
	if err := errors.Join(err, saltErr, keyErr); err != nil || len(want) == 0 {
		return false, fmt.Errorf("accounts: a stored hash is damaged: %w", err)
	}
	release, err := h.slot(ctx)
	if err != nil {
		return false, err
	}
	defer release()
	return subtle.ConstantTimeCompare(want, argon2.IDKey([]byte(password), salt, t, memory, 1, uint32(len(want)))) == 1, nil
}

// slot waits for a turn.
func (h *hasher) slot(ctx context.Context) (release func(), err error) {
	if h.waiting.Add(1) > maxWaiting {
		h.waiting.Add(-1)
		return nil, ErrBusy
	}
	defer h.waiting.Add(-1)
	select {
	case h.slots <- struct{}{}:
		return func() { <-h.slots }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}
