package token

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"fmt"
	"strings"

	"golang.org/x/crypto/chacha20poly1305"
)

const (
	sealedPrefix = "XCP."        // nonce, tag and ciphertext in one part
	legacyPrefix = "QTEyOEdDTQ." // wrapped key, iv, ciphertext and tag in four
)

// sealedData is authenticated with every ciphertext. The name is of the first cipher and stayed.
var sealedData = []byte("A128GCM")

// EncryptBytes encrypts bare bytes: the envelope of Encrypt around a payload of the caller's, without times (what
// Plug.Crypto.MessageEncryptor does).
func (t *Tokens) EncryptBytes(salt string, payload []byte) (string, error) {
	const overhead = chacha20poly1305.NonceSizeX + chacha20poly1305.Overhead
	size := len(sealedPrefix) + b64.EncodedLen(overhead+len(payload))
	if err := t.fits(size); err != nil {
		return "", err
	}
	key, err := t.ring().key(0, salt)
	if err != nil {
		return "", err
	}
	aead, err := chacha20poly1305.NewX(key)
	if err != nil {
		return "", fmt.Errorf("token: encrypting takes a key of 32 bytes, KeyLength is %d", len(key))
	}
	// Seal writes nonce | ciphertext | tag; the envelope wants the tag before the ciphertext.
	sealed := make([]byte, chacha20poly1305.NonceSizeX, overhead+len(payload))
	rand.Read(sealed)
	sealed = aead.Seal(sealed, sealed, payload, sealedData)
	tag := len(sealed) - chacha20poly1305.Overhead
	tok := make([]byte, 0, overhead+len(payload))
	tok = append(tok, sealed[:chacha20poly1305.NonceSizeX]...)
	tok = append(tok, sealed[tag:]...)
	tok = append(tok, sealed[chacha20poly1305.NonceSizeX:tag]...)
	return sealedPrefix + b64.EncodeToString(tok), nil
}

// DecryptBytes returns the payload of a token made by EncryptBytes, or by plug_crypto before version 2, or
// [ErrInvalid].
func (t *Tokens) DecryptBytes(salt, token string) ([]byte, error) {
	if len(token) > t.maxSize {
		return nil, ErrInvalid
	}
	if rest, ok := strings.CutPrefix(token, sealedPrefix); ok {
		return t.open(salt, rest)
	}
	if rest, ok := strings.CutPrefix(token, legacyPrefix); ok {
		return t.openLegacy(salt, rest)
	}
	return nil, ErrInvalid
}

func (t *Tokens) open(salt, encoded string) ([]byte, error) {
	const nonceSize, tagSize = chacha20poly1305.NonceSizeX, chacha20poly1305.Overhead
	b, err := decodeBase64(encoded)
	if err != nil || len(b) < nonceSize+tagSize {
		return nil, ErrInvalid
	}
	nonce, tag, ciphertext := b[:nonceSize], b[nonceSize:nonceSize+tagSize], b[nonceSize+tagSize:]
	sealed := make([]byte, 0, len(ciphertext)+tagSize)
	sealed = append(append(sealed, ciphertext...), tag...)
	for i := range t.ring().secrets {
		key, err := t.ring().key(i, salt)
		if err != nil {
			return nil, err
		}
		aead, err := chacha20poly1305.NewX(key)
		if err != nil {
			return nil, ErrInvalid // KeyLength is not 32: nobody can have made this token
		}
		if payload, err := aead.Open(nil, nonce, sealed, sealedData); err == nil {
			return payload, nil
		}
	}
	return nil, ErrInvalid
}

func (t *Tokens) openLegacy(salt, rest string) ([]byte, error) {
	m, err := parseLegacy(rest)
	if err != nil {
		return nil, err
	}
	for i := range t.ring().secrets {
		key, err := t.ring().key(i, salt)
		if err != nil {
			return nil, err
		}
		var signing []byte
		if t.legacySigningSalt != "" {
			if signing, err = t.ring().key(i, t.legacySigningSalt); err != nil {
				return nil, err
			}
		}
		if payload, ok := m.open(key, signing, sealedData); ok {
			return payload, nil
		}
	}
	return nil, ErrInvalid
}

// legacyMessage is the form of plug_crypto 1: the content is encrypted with a random key, which travels along,
// encrypted with the derived one.
type legacyMessage struct {
	wrapped    []byte // content key, encrypted; its tag; its iv
	iv         []byte
	ciphertext []byte
	tag        []byte
}

func parseLegacy(rest string) (m legacyMessage, err error) {
	parts := strings.SplitN(rest, ".", 5)
	if len(parts) != 4 {
		return m, ErrInvalid
	}
	for i, part := range []*[]byte{&m.wrapped, &m.iv, &m.ciphertext, &m.tag} {
		if *part, err = decodeBase64(parts[i]); err != nil {
			return m, err
		}
	}
	return m, nil
}

func (m legacyMessage) open(key, signing, data []byte) ([]byte, bool) {
	const tagSize, ivSize = 16, 12
	if len(m.wrapped) < tagSize+ivSize {
		return nil, false
	}
	border := len(m.wrapped) - ivSize
	contentKey, ok := openGCM(key, m.wrapped[border:], m.wrapped[:border], signing)
	if !ok || len(m.tag) != tagSize {
		return nil, false
	}
	sealed := append(append([]byte(nil), m.ciphertext...), m.tag...)
	return openGCM(contentKey, m.iv, sealed, data)
}

func openGCM(key, iv, sealed, data []byte) ([]byte, bool) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, false
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil || len(iv) != gcm.NonceSize() {
		return nil, false
	}
	plain, err := gcm.Open(nil, iv, sealed, data)
	return plain, err == nil
}
