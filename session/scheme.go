package session

import (
	"time"

	"github.com/bennu-go/bennu/etf"
	"github.com/bennu-go/bennu/token"
)

// scheme is one way to make cookies: with which secrets and salts, signed or encrypted.
type scheme struct {
	tokens *token.Tokens
	salts  Salts
}

func (sc scheme) encode(data map[string]any, format token.Format, maxAge time.Duration) (string, error) {
	if data == nil {
		data = map[string]any{}
	}
	if format == token.Phoenix {
		return sc.encodePlug(data)
	}
	if maxAge == 0 {
		maxAge = token.Forever
	}
	if sc.salts.EncryptionSalt != "" {
		return sc.tokens.Encrypt(sc.salts.EncryptionSalt, data, token.MaxAge(maxAge))
	}
	return sc.tokens.Sign(sc.salts.SigningSalt, data, token.MaxAge(maxAge))
}

// encodePlug writes the session alone into the envelope: Plug puts no times around it.
func (sc scheme) encodePlug(data map[string]any) (string, error) {
	payload, err := etf.Marshal(data)
	if err != nil {
		return "", err
	}
	if sc.salts.EncryptionSalt != "" {
		return sc.tokens.EncryptBytes(sc.salts.EncryptionSalt, payload)
	}
	return sc.tokens.SignBytes(sc.salts.SigningSalt, payload)
}

func (sc scheme) decode(value string, maxAge time.Duration) (map[string]any, bool) {
	salt, open, read := sc.salts.SigningSalt, sc.tokens.VerifyBytes, sc.tokens.Verify
	if sc.salts.EncryptionSalt != "" {
		salt, open, read = sc.salts.EncryptionSalt, sc.tokens.DecryptBytes, sc.tokens.Decrypt
	}
	var data map[string]any
	if err := read(salt, value, &data, maxAge); err == nil {
		return data, data != nil
	}
	payload, err := open(salt, value)
	if err != nil {
		return nil, false
	}
	term, err := etf.Decode(payload)
	if err != nil {
		return nil, false
	}
	data, ok := term.(map[string]any)
	return data, ok
}
