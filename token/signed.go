package token

import (
	"crypto"
	"crypto/hmac"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"
)

// b64 is the alphabet of every part of a token. Strict: the unused bits of the last character must be zero.
var b64 = base64.RawURLEncoding.Strict()

// A signed token is header.payload.mac; the header is the name of the MAC in base64.
const (
	headerHS256 = "SFMyNTY"
	headerHS384 = "SFMzODQ"
	headerHS512 = "SFM1MTI"
)

// SignBytes signs bare bytes: the envelope of Sign around a payload of the caller's, without times (what
// Plug.Crypto.MessageVerifier does).
func (t *Tokens) SignBytes(salt string, payload []byte) (string, error) {
	size := len(headerHS256) + 1 + b64.EncodedLen(len(payload)) + 1 + b64.EncodedLen(crypto.SHA256.Size())
	if err := t.fits(size); err != nil {
		return "", err
	}
	key, err := t.ring().key(0, salt)
	if err != nil {
		return "", err
	}
	tok := make([]byte, 0, size)
	tok = append(tok, headerHS256+"."...)
	tok = b64.AppendEncode(tok, payload)
	mac := hmac.New(crypto.SHA256.New, key)
	mac.Write(tok)
	tok = append(tok, '.')
	tok = b64.AppendEncode(tok, mac.Sum(nil))
	return string(tok), nil
}

// VerifyBytes returns the payload of a token made by SignBytes, or [ErrInvalid]. MACs with SHA-384 and SHA-512 are
// accepted too.
func (t *Tokens) VerifyBytes(salt, token string) ([]byte, error) {
	if len(token) > t.maxSize {
		return nil, ErrInvalid
	}
	header, rest, _ := strings.Cut(token, ".")
	payload, presented, ok := strings.Cut(rest, ".")
	digest := macDigest(header)
	if !ok || digest == 0 || len(presented) != b64.EncodedLen(digest.Size()) {
		return nil, ErrInvalid
	}
	signed := []byte(token[:len(header)+1+len(payload)])
	var sum [sha512.Size]byte
	var want [(sha512.Size*8 + 5) / 6]byte
	for i := range t.ring().secrets {
		key, err := t.ring().key(i, salt)
		if err != nil {
			return nil, err
		}
		mac := hmac.New(digest.New, key)
		mac.Write(signed)
		// Compared in base64, not decoded: then there is one spelling of a MAC, and none of a payload to worry about.
		encoded := b64.AppendEncode(want[:0], mac.Sum(sum[:0]))
		if subtle.ConstantTimeCompare(encoded, []byte(presented)) == 1 {
			return decodeBase64(payload)
		}
	}
	return nil, ErrInvalid
}

func macDigest(header string) crypto.Hash {
	switch header {
	case headerHS256:
		return crypto.SHA256
	case headerHS384:
		return crypto.SHA384
	case headerHS512:
		return crypto.SHA512
	}
	return 0
}

// decodeBase64 refuses the line breaks that encoding/base64 skips even when strict.
func decodeBase64(s string) ([]byte, error) {
	if strings.ContainsAny(s, "\r\n") {
		return nil, ErrInvalid
	}
	b, err := b64.DecodeString(s)
	if err != nil {
		return nil, ErrInvalid
	}
	return b, nil
}

func (t *Tokens) fits(size int) error {
	if size > t.maxSize {
		return fmt.Errorf("token: %d bytes, %d allowed: put the data into a store and its key into the token", size, t.maxSize)
	}
	return nil
}
