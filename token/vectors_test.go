package token

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"encoding/hex"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bennu-go/bennu/etf"
	"github.com/google/go-cmp/cmp"
)

// vectorSecret is the secret_key_base of the known answers.
var vectorSecret = strings.Repeat("a", 64)

const vectorToken = "SFMyNTY.g2gDbQAAAAI0Mm4GAABo5c-LAWIAAVGA.LL_iighky5U4_hAdJIrxBgXThK4U9-pHBrjWCoRIEr8"

func phoenix(t testing.TB) *Tokens {
	t.Helper()
	return New(Config{Secrets: Secrets{vectorSecret}, Format: Phoenix})
}

func TestVectorKey(t *testing.T) {
	key, err := phoenix(t).ring().key(0, "user socket")
	if err != nil {
		t.Fatal(err)
	}
	const want = "a829241796f5908f5027dc39e02f1aee5889fb7f62df4198b00369defd2e9fad"
	if got := hex.EncodeToString(key); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestVectorToken(t *testing.T) {
	tokens := phoenix(t)
	got, err := tokens.Sign("user socket", "42", SignedAt(time.Unix(1_700_000_000, 0)), MaxAge(24*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if got != vectorToken {
		t.Errorf("Sign: got %s, want %s", got, vectorToken)
	}
	data, err := Verify[string](tokens, "user socket", vectorToken, Forever)
	if err != nil || data != "42" {
		t.Errorf("Verify: got %q, %v", data, err)
	}
	if _, err := Verify[string](tokens, "user sock", vectorToken, Forever); err != ErrInvalid {
		t.Errorf("under another salt: got %v, want ErrInvalid", err)
	}
}

func TestVectorSessionCookie(t *testing.T) {
	const want = "SFMyNTY.g3QAAAABbQAAAAd1c2VyX2lkYQE.G5YEMfYgEVJnUH0NlLNRmyx_E3ewK9R-txbzWiYQ8SQ"
	tokens := phoenix(t)
	payload, err := etf.Marshal(map[string]any{"user_id": 1})
	if err != nil {
		t.Fatal(err)
	}
	got, err := tokens.SignBytes("signsalt", payload)
	if err != nil || got != want {
		t.Errorf("SignBytes: got %s, %v; want %s", got, err, want)
	}
	back, err := tokens.VerifyBytes("signsalt", want)
	if err != nil {
		t.Fatal(err)
	}
	session, err := etf.Decode(back)
	if diff := cmp.Diff(map[string]any{"user_id": int64(1)}, session); err != nil || diff != "" {
		t.Errorf("session: %v, (-want +got):\n%s", err, diff)
	}
}

// The message of the form before plug_crypto 2 that plug_crypto's own tests hold, with its keys and associated data.
func TestVectorLegacyMessage(t *testing.T) {
	const message = "L85cCXPvSqswNJoxmP5QTopFY83qCPj9czxkwct8b0HDHdC8Qwruhkq3SWw.mmqfbc2dfaMMi6Xi.n1qvYhAUYI0r7-QB6Vw.0jV2tT3U-AQMAQSch2rNsw"
	m, err := parseLegacy(message)
	if err != nil {
		t.Fatal(err)
	}
	right, wrong := []byte(strings.Repeat("abcdefgh", 4)), []byte(strings.Repeat("12345678", 4))
	if got, ok := m.open(right, right, []byte("right aad")); !ok || string(got) != "\x00hełłoworld\x00" {
		t.Errorf("got %q, %v", got, ok)
	}
	for name, keys := range map[string][3][]byte{
		"data":        {right, right, []byte("wrong aad")},
		"key":         {wrong, right, []byte("right aad")},
		"signing key": {right, wrong, []byte("right aad")},
	} {
		if got, ok := m.open(keys[0], keys[1], keys[2]); ok {
			t.Errorf("wrong %s: got %q", name, got)
		}
	}
}

// sealGCM is how plug_crypto 1 encrypted, with a nonce of zeros.
func sealGCM(t *testing.T, key, plain, data []byte) []byte {
	t.Helper()
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	return gcm.Seal(nil, make([]byte, 12), plain, data)
}

// What a node with plug_crypto 1 encrypted: tokens without a signing secret, session cookies with one.
func TestLegacyTokens(t *testing.T) {
	for _, signingSalt := range []string{"", "signing"} {
		tokens := New(Config{Secrets: Secrets{secretA, secretB}, LegacySigningSalt: signingSalt})
		var signing []byte
		if signingSalt != "" {
			signing, _ = tokens.ring().key(1, signingSalt)
		}
		key, err := tokens.ring().key(1, "s")
		if err != nil {
			t.Fatal(err)
		}
		contentKey, iv := []byte("0123456789abcdef"), make([]byte, 12)
		wrapped := append(sealGCM(t, key, contentKey, signing), iv...)
		sealed := sealGCM(t, contentKey, []byte("hello world"), sealedData)
		parts := []string{strings.TrimSuffix(legacyPrefix, ".")}
		for _, p := range [][]byte{wrapped, iv, sealed[:len(sealed)-16], sealed[len(sealed)-16:]} {
			parts = append(parts, b64.EncodeToString(p))
		}
		tok := strings.Join(parts, ".")
		if got, err := tokens.DecryptBytes("s", tok); err != nil || string(got) != "hello world" {
			t.Errorf("signing salt %q: got %q, %v", signingSalt, got, err)
		}
		if got, err := tokens.DecryptBytes("other", tok); err != ErrInvalid {
			t.Errorf("signing salt %q, other salt: got %q, %v", signingSalt, got, err)
		}
		for i := 1; i < len(parts); i++ {
			changed := slices.Clone(parts)
			changed[i] = "A" + changed[i][1:]
			if changed[i] == parts[i] {
				changed[i] = "B" + changed[i][1:]
			}
			if got, err := tokens.DecryptBytes("s", strings.Join(changed, ".")); err != ErrInvalid {
				t.Errorf("signing salt %q, part %d changed: got %q, %v", signingSalt, i, got, err)
			}
		}
		stranger := New(Config{Secrets: Secrets{secretA, secretB}, LegacySigningSalt: "another"})
		if got, err := stranger.DecryptBytes("s", tok); err != ErrInvalid {
			t.Errorf("signing salt %q, read with another: got %q, %v", signingSalt, got, err)
		}
	}
}

// Tokens that Elixir nodes of other versions and settings made, built here byte by byte.
func TestPhoenixPayloads(t *testing.T) {
	const signed = 946_684_800_000 // 2000-01-01, in the past of every clock
	tests := []struct {
		name    string
		payload any
		maxAge  time.Duration
		want    error
	}{
		{"infinite", etf.Tuple{"42", signed, etf.Atom("infinity")}, 0, nil},
		{"infinite and signed in the future", etf.Tuple{"42", int64(1) << 52, etf.Atom("infinity")}, 0, nil},
		{"with a fraction", etf.Tuple{"42", signed, 0.1}, 0, ErrExpired},
		{"a fraction, overridden", etf.Tuple{"42", signed, 0.1}, Forever, nil},
		{"longer than time", etf.Tuple{"42", signed, int64(1) << 62}, 0, nil},
		{"longer than time, in the future", etf.Tuple{"42", int64(1) << 52, int64(1) << 62}, 0, ErrInvalid},
		{"negative beyond time", etf.Tuple{"42", signed, -1e300}, 0, ErrExpired},
		{"pair", etf.Tuple{"42", signed}, 0, ErrExpired},
		{"pair, overridden", etf.Tuple{"42", signed}, Forever, nil},
		{"map of the first Phoenix", etf.Map{{Key: etf.Atom("data"), Value: "42"}, {Key: etf.Atom("signed"), Value: signed}}, Forever, nil},
		{"another atom as age", etf.Tuple{"42", signed, etf.Atom("infinite")}, Forever, ErrInvalid},
		{"no age", etf.Tuple{"42", signed, nil}, Forever, ErrInvalid},
		{"no time", etf.Tuple{"42", "now", 86400}, Forever, ErrInvalid},
		{"four elements", etf.Tuple{"42", signed, 86400, 1}, Forever, ErrInvalid},
		{"map with binary keys", map[string]any{"data": "42", "signed": signed}, Forever, ErrInvalid},
		{"bare", "42", Forever, ErrInvalid},
		{"other data", etf.Tuple{42, signed, etf.Atom("infinity")}, 0, ErrInvalid},
	}
	tokens := phoenix(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			payload, err := etf.Marshal(tt.payload)
			if err != nil {
				t.Fatal(err)
			}
			tok, err := tokens.SignBytes("s", payload)
			if err != nil {
				t.Fatal(err)
			}
			got, err := Verify[string](tokens, "s", tok, tt.maxAge)
			checkResult(t, got, err, tt.want)
		})
	}
}

// Plug accepts MACs of all three digests; the key is the same.
func TestOtherMACs(t *testing.T) {
	tokens := phoenix(t)
	key, err := tokens.ring().key(0, "s")
	if err != nil {
		t.Fatal(err)
	}
	for header, digest := range map[string]crypto.Hash{headerHS256: crypto.SHA256, headerHS384: crypto.SHA384, headerHS512: crypto.SHA512} {
		t.Run(digest.String(), func(t *testing.T) {
			signed := header + "." + b64.EncodeToString([]byte("hello world"))
			mac := hmac.New(digest.New, key)
			mac.Write([]byte(signed))
			sum := b64.EncodeToString(mac.Sum(nil))
			if got, err := tokens.VerifyBytes("s", signed+"."+sum); err != nil || string(got) != "hello world" {
				t.Errorf("got %q, %v", got, err)
			}
			other := map[string]string{headerHS256: headerHS384, headerHS384: headerHS512, headerHS512: headerHS256}[header]
			if got, err := tokens.VerifyBytes("s", other+signed[len(header):]+"."+sum); err != ErrInvalid {
				t.Errorf("under another header: got %q, %v", got, err)
			}
		})
	}
	none := b64.EncodeToString([]byte("none")) + "." + b64.EncodeToString([]byte("hello world")) + "."
	if got, err := tokens.VerifyBytes("s", none); err != ErrInvalid {
		t.Errorf("without a MAC: got %q, %v", got, err)
	}
}

func TestKeySettingsChangeTheKey(t *testing.T) {
	base := Config{Secrets: Secrets{vectorSecret}}
	at := SignedAt(time.Unix(0, 0))
	want, err := New(base).Sign("s", 1, at)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Config){
		"iterations": func(c *Config) { c.KeyIterations = 1 },
		"length":     func(c *Config) { c.KeyLength = 16 },
		"digest":     func(c *Config) { c.KeyDigest = crypto.SHA512 },
	} {
		cfg := base
		change(&cfg)
		if got, err := New(cfg).Sign("s", 1, at); err != nil || got == want {
			t.Errorf("%s: got %q, %v; want another token", name, got, err)
		}
	}
	explicit := base
	explicit.KeyIterations, explicit.KeyLength, explicit.KeyDigest = 1000, 32, crypto.SHA256
	if got, err := New(explicit).Sign("s", 1, at); err != nil || got != want {
		t.Errorf("defaults said aloud: got %q, %v; want %q", got, err, want)
	}
}

func TestEncryptNeedsAKeyOf32Bytes(t *testing.T) {
	tokens := New(Config{Secrets: Secrets{vectorSecret}, KeyLength: 16})
	if _, err := tokens.Encrypt("s", 1); err == nil || !strings.Contains(err.Error(), "KeyLength is 16") {
		t.Errorf("Encrypt: got %v", err)
	}
	good, err := New(Config{Secrets: Secrets{vectorSecret}}).Encrypt("s", 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := tokens.Decrypt("s", good, nil, 0); err != ErrInvalid {
		t.Errorf("Decrypt: got %v, want ErrInvalid", err)
	}
}

// put_resp_cookie(conn, "cart", …, sign: true) makes a token with this salt, valid for a day or the cookie's max_age.
func TestCookieSalt(t *testing.T) {
	if got, want := CookieSalt("cart"), "cart_cookie"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
