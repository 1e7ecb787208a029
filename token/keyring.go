package token

import (
	"crypto"
	"crypto/pbkdf2"
	"fmt"
	"strings"
	"sync"

	_ "crypto/sha256" // so that crypto.Hash finds them
	_ "crypto/sha512"
)

// maxKeys bounds the derived keys that are kept. Salts are constants, so a program has a handful of them for each
// secret; the bound is for the one that builds salts from its users' input.
const maxKeys = 256

// keyring derives keys from the secrets and remembers them.
type keyring struct {
	secrets    []string
	iterations int
	length     int
	digest     crypto.Hash
	forget     bool

	mu   sync.RWMutex // guards keys
	keys map[keyName][]byte
}

type keyName struct {
	secret int
	salt   string
}

func newKeyring(cfg Config) *keyring {
	return &keyring{
		secrets:    append([]string(nil), cfg.Secrets...),
		iterations: cfg.KeyIterations,
		length:     cfg.KeyLength,
		digest:     cfg.KeyDigest,
		keys:       make(map[keyName][]byte),
	}
}

func (k *keyring) uncached() *keyring {
	return &keyring{secrets: k.secrets, iterations: k.iterations, length: k.length, digest: k.digest, forget: true}
}

// key returns the key of a secret and a salt. It must not be changed.
func (k *keyring) key(secret int, salt string) ([]byte, error) {
	name := keyName{secret, salt}
	k.mu.RLock()
	key, ok := k.keys[name]
	k.mu.RUnlock()
	if ok {
		return key, nil
	}
	// Derived outside the lock: two callers may do it at once, which costs less than all waiting for one.
	key, err := pbkdf2.Key(k.digest.New, k.secrets[secret], []byte(salt), k.iterations, k.length)
	if err != nil {
		return nil, fmt.Errorf("token: deriving a key: %w", err)
	}
	if k.forget {
		return key, nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.keys) >= maxKeys {
		for other := range k.keys { // in random order, so no flood of salts can aim at a key
			delete(k.keys, other)
			break
		}
	}
	name.salt = strings.Clone(salt) // it may be a piece of something large
	k.keys[name] = key
	return key, nil
}
