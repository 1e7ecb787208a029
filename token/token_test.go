package token

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"math/big"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

const (
	secretA = "secret A, long enough to be one"
	secretB = "secret B, long enough to be one"
)

func checkResult(t *testing.T, got string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) || (want == nil && got != "42") || (want != nil && got != "") {
		t.Errorf("got %q, %v; want %v", got, err, want)
	}
}

// forms are the four ways a token can be made; every rule holds for all of them.
func forms(t *testing.T, f func(t *testing.T, makeToken func(secrets Secrets, salt string, data any, opts ...Option) string,
	read func(secrets Secrets, salt, tok string, into any, maxAge time.Duration) error)) {
	for _, format := range []Format{JSON, Phoenix} {
		for _, encrypted := range []bool{false, true} {
			name := fmt.Sprintf("%v signed", format)
			if encrypted {
				name = fmt.Sprintf("%v encrypted", format)
			}
			t.Run(name, func(t *testing.T) {
				cache := map[string]*Tokens{}
				with := func(secrets Secrets) *Tokens {
					key := strings.Join(secrets, "|")
					if cache[key] == nil {
						cache[key] = New(Config{Secrets: secrets, Format: format})
					}
					return cache[key]
				}
				f(t, func(secrets Secrets, salt string, data any, opts ...Option) string {
					t.Helper()
					tokens := with(secrets)
					sign := tokens.Sign
					if encrypted {
						sign = tokens.Encrypt
					}
					tok, err := sign(salt, data, opts...)
					if err != nil {
						t.Fatal(err)
					}
					return tok
				}, func(secrets Secrets, salt, tok string, into any, maxAge time.Duration) error {
					if encrypted {
						return with(secrets).Decrypt(salt, tok, into, maxAge)
					}
					return with(secrets).Verify(salt, tok, into, maxAge)
				})
			})
		}
	}
}

func TestVerifyTable(t *testing.T) {
	const day = 24 * time.Hour
	tests := []struct {
		name   string
		opts   []Option
		wait   time.Duration
		maxAge time.Duration
		want   error
	}{
		{"at once", nil, 0, 0, nil},
		{"a day later", nil, day, 0, nil},
		{"a day and a millisecond later", nil, day + time.Millisecond, 0, ErrExpired},
		{"embedded age, in time", []Option{MaxAge(time.Hour)}, time.Hour, 0, nil},
		{"embedded age, too late", []Option{MaxAge(time.Hour)}, time.Hour + time.Millisecond, 0, ErrExpired},
		{"verifier is stricter", nil, time.Hour + time.Millisecond, time.Hour, ErrExpired},
		{"verifier is laxer", []Option{MaxAge(time.Second)}, time.Hour, 2 * time.Hour, nil},
		{"verifier allows for ever", []Option{MaxAge(time.Second)}, 1000 * day, Forever, nil},
		{"embedded for ever", []Option{MaxAge(Forever)}, 1000 * day, 0, nil},
		{"embedded for ever, verifier stricter", []Option{MaxAge(Forever)}, 2 * day, day, ErrExpired},
		{"negative from the verifier", nil, 0, -1, ErrExpired},
		{"negative embedded", []Option{MaxAge(-time.Second)}, 0, 0, ErrExpired},
		{"negative embedded, overridden", []Option{MaxAge(-time.Second)}, 0, time.Second, nil},
		{"expired before invalid", []Option{SignedAt(time.Unix(1e10, 0))}, 0, -1, ErrExpired},
		{"signed in the future", []Option{SignedAt(time.Unix(1e10, 0))}, 0, 0, ErrInvalid},
		{"signed in the future, allowed for ever", []Option{SignedAt(time.Unix(1e10, 0))}, 0, Forever, nil},
		{"signed in the future, embedded for ever", []Option{SignedAt(time.Unix(1e10, 0)), MaxAge(Forever)}, 0, 0, nil},
		{"signed in the past", []Option{SignedAt(time.Unix(0, 0))}, 0, 0, ErrExpired},
		{"signed before all time", []Option{SignedAt(time.UnixMilli(math.MinInt64))}, 0, 1000 * day, ErrExpired},
		{"part of a second, in time", []Option{MaxAge(100 * time.Millisecond)}, 100 * time.Millisecond, 0, nil},
		{"part of a second, too late", []Option{MaxAge(100 * time.Millisecond)}, 101 * time.Millisecond, 0, ErrExpired},
		{"part of a millisecond", nil, 0, time.Microsecond, nil},
		{"the longest time that is not for ever", nil, 1000 * day, Forever - 1, nil},
		{"zero is no option", []Option{MaxAge(0), SignedAt(time.Time{})}, day, 0, nil},
	}
	forms(t, func(t *testing.T, makeToken func(Secrets, string, any, ...Option) string, read func(Secrets, string, string, any, time.Duration) error) {
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					tok := makeToken(Secrets{secretA}, "s", "42", tt.opts...)
					time.Sleep(tt.wait)
					var got string
					err := read(Secrets{secretA}, "s", tok, &got, tt.maxAge)
					checkResult(t, got, err, tt.want)
					if err := read(Secrets{secretA}, "s", tok, nil, tt.maxAge); !errors.Is(err, tt.want) {
						t.Errorf("into nil: got %v, want %v", err, tt.want)
					}
				})
			})
		}
	})
}

func TestConfiguredMaxAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens := New(Config{Secrets: Secrets{secretA}, MaxAge: time.Minute})
		tok, err := tokens.Sign("s", "42")
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		got, err := Verify[string](tokens, "s", tok, 0)
		checkResult(t, got, err, nil)
		time.Sleep(time.Millisecond)
		got, err = Verify[string](tokens, "s", tok, 0)
		checkResult(t, got, err, ErrExpired)
	})
}

func TestRotation(t *testing.T) {
	forms(t, func(t *testing.T, makeToken func(Secrets, string, any, ...Option) string, read func(Secrets, string, string, any, time.Duration) error) {
		fromA, fromB := makeToken(Secrets{secretA}, "s", "42"), makeToken(Secrets{secretB, secretA}, "s", "42")
		tests := []struct {
			name    string
			tok     string
			secrets Secrets
			want    error
		}{
			{"old secret still listed", fromA, Secrets{secretB, secretA}, nil},
			{"old secret dropped", fromA, Secrets{secretB}, ErrInvalid},
			{"the first secret makes tokens", fromB, Secrets{secretB}, nil},
			{"node that does not know the new one", fromB, Secrets{secretA}, ErrInvalid},
		}
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				var got string
				err := read(tt.secrets, "s", tt.tok, &got, 0)
				checkResult(t, got, err, tt.want)
			})
		}
	})
}

func TestSaltsSeparate(t *testing.T) {
	forms(t, func(t *testing.T, makeToken func(Secrets, string, any, ...Option) string, read func(Secrets, string, string, any, time.Duration) error) {
		tok := makeToken(Secrets{secretA}, "one", "42")
		if err := read(Secrets{secretA}, "two", tok, nil, 0); err != ErrInvalid {
			t.Errorf("got %v, want ErrInvalid", err)
		}
	})
}

// Every single changed character makes a token invalid, so does cutting it, and so does anything around it.
func TestTampering(t *testing.T) {
	forms(t, func(t *testing.T, makeToken func(Secrets, string, any, ...Option) string, read func(Secrets, string, string, any, time.Duration) error) {
		tok := makeToken(Secrets{secretA}, "s", "42")
		if err := read(Secrets{secretA}, "s", "", nil, 0); err != ErrMissing {
			t.Errorf("empty: got %v, want ErrMissing", err)
		}
		bad := []string{"garbage", ".", "..", "...", tok + ".", tok + "=", tok + "\n", "\n" + tok, " " + tok, tok + "A", "." + tok, tok + "." + tok,
			strings.Replace(tok, ".", ".\n", 1), strings.Repeat("A", 1<<20), sealedPrefix, legacyPrefix, legacyPrefix + "...", legacyPrefix + "AAAA.AAAA.AAAA.AAAA",
			headerHS256 + ".AA.", headerHS512 + ".AA.AA"}
		for i := range tok {
			bad = append(bad, tok[:i]+"-"+tok[i+1:], tok[:i]+"_"+tok[i+1:], tok[:i]+"~"+tok[i+1:], tok[:i]+"."+tok[i+1:], tok[:i]+tok[i+1:])
			if i > 0 {
				bad = append(bad, tok[:i])
			}
		}
		for _, b := range bad {
			if b == tok {
				continue
			}
			if err := read(Secrets{secretA}, "s", b, nil, 0); err != ErrInvalid {
				t.Errorf("%.60q: got %v, want ErrInvalid", b, err)
			}
		}
	})
}

// A signed token is no encrypted one, whatever the salt.
func TestFormsDoNotMix(t *testing.T) {
	tokens := New(Config{Secrets: Secrets{secretA}})
	signed, _ := tokens.Sign("s", "42")
	sealed, _ := tokens.Encrypt("s", "42")
	if err := tokens.Decrypt("s", signed, nil, 0); err != ErrInvalid {
		t.Errorf("Decrypt of a signed token: %v", err)
	}
	if err := tokens.Verify("s", sealed, nil, 0); err != ErrInvalid {
		t.Errorf("Verify of an encrypted token: %v", err)
	}
	again, _ := tokens.Encrypt("s", "42")
	if sealed == again {
		t.Error("two encryptions of the same are the same")
	}
}

// Switching the format logs nobody out.
func TestEitherFormatIsRead(t *testing.T) {
	own, theirs := New(Config{Secrets: Secrets{secretA}}), New(Config{Secrets: Secrets{secretA}, Format: Phoenix})
	for _, pair := range [][2]*Tokens{{own, theirs}, {theirs, own}} {
		tok, err := pair[0].Sign("s", map[string]any{"id": 42})
		if err != nil {
			t.Fatal(err)
		}
		got, err := Verify[map[string]int](pair[1], "s", tok, 0)
		if err != nil || got["id"] != 42 {
			t.Errorf("got %v, %v", got, err)
		}
	}
}

type claim struct {
	User  int64    `json:"user"`
	Roles []string `json:"roles"`
}

func TestData(t *testing.T) {
	wide := new(big.Int).Lsh(big.NewInt(1), 80)
	sameBig := cmp.Comparer(func(a, b *big.Int) bool { return a.Cmp(b) == 0 })
	forms(t, func(t *testing.T, makeToken func(Secrets, string, any, ...Option) string, read func(Secrets, string, string, any, time.Duration) error) {
		secrets := Secrets{secretA}
		t.Run("whatever comes", func(t *testing.T) {
			in := map[string]any{"id": int64(math.MaxInt64), "wide": wide, "ratio": 1.5, "list": []any{nil, true, "<a>&é", int64(-1)},
				"deep": map[string]any{"x": []any{}}}
			var any1 any
			if err := read(secrets, "s", makeToken(secrets, "s", in), &any1, 0); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(any(in), any1, sameBig); diff != "" {
				t.Errorf("any (-want +got):\n%s", diff)
			}
			var m map[string]any
			if err := read(secrets, "s", makeToken(secrets, "s", in), &m, 0); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(in, m, sameBig); diff != "" {
				t.Errorf("map (-want +got):\n%s", diff)
			}
			var l []any
			if err := read(secrets, "s", makeToken(secrets, "s", []int{1, 300}), &l, 0); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]any{int64(1), int64(300)}, l); diff != "" {
				t.Errorf("list (-want +got):\n%s", diff)
			}
		})
		t.Run("typed", func(t *testing.T) {
			var got claim
			if err := read(secrets, "s", makeToken(secrets, "s", claim{User: 7}), &got, 0); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(claim{User: 7, Roles: []string{}}, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
		t.Run("of another type", func(t *testing.T) {
			var got claim
			err := read(secrets, "s", makeToken(secrets, "s", "a string"), &got, 0)
			if !errors.Is(err, ErrInvalid) || !strings.HasPrefix(err.Error(), "token: invalid: data: ") {
				t.Errorf("got %v", err)
			}
		})
		t.Run("nil", func(t *testing.T) {
			got := any("left over")
			if err := read(secrets, "s", makeToken(secrets, "s", nil), &got, 0); err != nil || got != nil {
				t.Errorf("got %v, %v", got, err)
			}
		})
	})
}

func TestDataThatCannotBeEncoded(t *testing.T) {
	for _, format := range []Format{JSON, Phoenix} {
		tokens := New(Config{Secrets: Secrets{secretA}, Format: format})
		if _, err := tokens.Sign("s", make(chan int)); err == nil || !strings.HasPrefix(err.Error(), "token: ") {
			t.Errorf("%v Sign: got %v", format, err)
		}
		if _, err := tokens.Encrypt("s", math.NaN()); err == nil || !strings.HasPrefix(err.Error(), "token: ") {
			t.Errorf("%v Encrypt: got %v", format, err)
		}
	}
}

func TestJSONPayload(t *testing.T) {
	tokens := New(Config{Secrets: Secrets{secretA}})
	at := SignedAt(time.UnixMilli(1_700_000_000_123))
	for want, opts := range map[string][]Option{
		`[1,1700000000123,86400000,{"a":"<"}]`: {at},
		`[1,1700000000123,1500,{"a":"<"}]`:     {at, MaxAge(1500 * time.Millisecond)},
		`[1,1700000000123,null,{"a":"<"}]`:     {at, MaxAge(Forever)},
	} {
		tok, err := tokens.Sign("s", map[string]string{"a": "<"}, opts...)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := tokens.VerifyBytes("s", tok); err != nil || string(got) != want {
			t.Errorf("got %s, %v; want %s", got, err, want)
		}
	}
	for _, payload := range []string{"", "x", "{}", "[]", "[1]", `[2,0,null,"42"]`, `[1,0,null]`, `[1,0,null,"42",5]`, `["1",0,null,"42"]`,
		`[1,"0",null,"42"]`, `[1,0.5,null,"42"]`, `[1,0,"x","42"]`, `[1,0,null,"42"]x`, "\x83", "\x83j"} {
		tok, err := tokens.SignBytes("s", []byte(payload))
		if err != nil {
			t.Fatal(err)
		}
		if err := tokens.Verify("s", tok, nil, Forever); !errors.Is(err, ErrInvalid) {
			t.Errorf("%q: got %v, want ErrInvalid", payload, err)
		}
	}
}

func TestMaxSize(t *testing.T) {
	tokens := New(Config{Secrets: Secrets{secretA}, MaxSize: 200})
	larger := New(Config{Secrets: Secrets{secretA}})
	for name, f := range map[string]struct {
		make func(*Tokens, string) (string, error)
		read func(*Tokens, string) error
	}{
		"signed": {func(t *Tokens, s string) (string, error) { return t.Sign("s", s) }, func(t *Tokens, tok string) error { return t.Verify("s", tok, nil, 0) }},
		"encrypted": {func(t *Tokens, s string) (string, error) { return t.Encrypt("s", s) }, func(t *Tokens, tok string) error {
			return t.Decrypt("s", tok, nil, 0)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			longest := ""
			for {
				tok, err := f.make(tokens, longest+"x")
				if err != nil {
					if !strings.Contains(err.Error(), "200 allowed") {
						t.Fatal(err)
					}
					break
				}
				if len(tok) > 200 {
					t.Fatalf("made a token of %d bytes", len(tok))
				}
				if err := f.read(tokens, tok); err != nil {
					t.Fatal(err)
				}
				longest += "x"
			}
			tok, err := f.make(larger, longest+"x")
			if err != nil {
				t.Fatal(err)
			}
			if err := f.read(larger, tok); err != nil {
				t.Fatal(err)
			}
			if err := f.read(tokens, tok); err != ErrInvalid {
				t.Errorf("%d bytes: got %v, want ErrInvalid", len(tok), err)
			}
		})
	}
}

func TestConfigRefused(t *testing.T) {
	tests := map[string]struct {
		cfg  Config
		want string
	}{
		"no secret":       {Config{}, "no secret"},
		"short secret":    {Config{Secrets: Secrets{strings.Repeat("x", 19)}}, "secret 1 of 1 has 19 bytes: 20 are the least"},
		"short old one":   {Config{Secrets: Secrets{secretA, ""}}, "secret 2 of 2 has 0 bytes"},
		"unknown format":  {Config{Secrets: Secrets{secretA}, Format: 7}, "unknown format 7"},
		"unknown digest":  {Config{Secrets: Secrets{secretA}, KeyDigest: 3}, "key digest SHA-1"},
		"negative length": {Config{Secrets: Secrets{secretA}, KeyLength: -1}, "negative"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if err := tt.cfg.Validate(); err == nil || !strings.HasPrefix(err.Error(), "token: ") || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Validate: got %v, want %q", err, tt.want)
			}
			defer func() {
				if r := fmt.Sprint(recover()); !strings.Contains(r, tt.want) {
					t.Errorf("New: panicked with %q, want %q", r, tt.want)
				}
			}()
			New(tt.cfg)
		})
	}
	if err := (Config{Secrets: Secrets{GenerateSecret()}}).Validate(); err != nil {
		t.Errorf("generated secret: %v", err)
	}
	if a, b := GenerateSecret(), GenerateSecret(); len(a) != 64 || a == b {
		t.Errorf("generated secrets %q and %q: want 64 characters each, not the same", a, b)
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	cfg := Config{Secrets: []string{secretA, secretB}}
	tokens := New(cfg)
	if _, err := tokens.Sign("s", 1); err != nil { // so that there is a derived key too
		t.Fatal(err)
	}
	key, _ := tokens.ring().key(0, "s")
	type holder struct {
		Cfg    Config
		Tokens *Tokens
		inner  *Tokens
		value  Tokens
	}
	var out bytes.Buffer
	for _, v := range []any{cfg, &cfg, cfg.Secrets, tokens, *tokens, holder{cfg, tokens, tokens, *tokens}, map[string]any{"c": cfg, "t": tokens}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		slog.New(slog.NewTextHandler(&out, nil)).Info("x", "v", v)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "v", v)
		if b, err := json.Marshal(v); err == nil {
			out.Write(b)
		}
	}
	for _, leak := range []string{secretA, secretB, fmt.Sprintf("%x", secretA), string(key), fmt.Sprintf("%x", key), fmt.Sprintf("%v", key)} {
		if strings.Contains(out.String(), leak) {
			t.Errorf("%q shows in:\n%s", leak, out.String())
		}
	}
	if got, want := fmt.Sprint(tokens), "token.Tokens{[2 secrets], JSON}"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestChangingTheCallersSecretsChangesNothing(t *testing.T) {
	secrets := []string{secretA}
	tokens := New(Config{Secrets: secrets})
	secrets[0] = secretB
	tok, err := tokens.Sign("s", "42")
	if err != nil {
		t.Fatal(err)
	}
	got, err := Verify[string](New(Config{Secrets: Secrets{secretA}}), "s", tok, 0)
	checkResult(t, got, err, nil)
}

func TestKeysAreBounded(t *testing.T) {
	tokens := New(Config{Secrets: Secrets{secretA}, KeyIterations: 1})
	first, _ := tokens.Sign("salt 0", "42")
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range maxKeys {
				if _, err := tokens.Sign(fmt.Sprintf("salt %d", g*maxKeys/2+i), "42"); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if n := len(tokens.ring().keys); n != maxKeys {
		t.Errorf("%d keys kept, want %d", n, maxKeys)
	}
	got, err := Verify[string](tokens, "salt 0", first, 0)
	checkResult(t, got, err, nil)

	kept := len(tokens.ring().keys)
	uncached := tokens.Uncached()
	got, err = Verify[string](uncached, "salt 0", first, 0)
	checkResult(t, got, err, nil)
	if _, err := uncached.Sign("never seen", 1); err != nil {
		t.Fatal(err)
	}
	if len(uncached.ring().keys) != 0 || len(tokens.ring().keys) != kept {
		t.Error("Uncached kept a key")
	}
}

func TestAllocations(t *testing.T) {
	tokens := New(Config{Secrets: Secrets{secretA}})
	tok, _ := tokens.SignBytes("s", []byte(`[1,0,null,"42"]`))
	want := 8.0
	if raceEnabled {
		want *= 2
	}
	if n := testing.AllocsPerRun(100, func() { tokens.VerifyBytes("s", tok) }); n > want {
		t.Errorf("VerifyBytes: %v allocations, want at most %v", n, want)
	}
}

func BenchmarkSign(b *testing.B) {
	tokens := New(Config{Secrets: Secrets{secretA}})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := tokens.Sign("s", "42"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	for _, secrets := range []Secrets{{secretA}, {secretB, secretA}} {
		tok, _ := New(Config{Secrets: Secrets{secretA}}).Sign("s", "42")
		tokens := New(Config{Secrets: secrets})
		b.Run(fmt.Sprintf("secrets=%d", len(secrets)), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Verify[string](tokens, "s", tok, 0); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkDeriveKey(b *testing.B) {
	tokens := New(Config{Secrets: Secrets{secretA}}).Uncached()
	for b.Loop() {
		if _, err := tokens.ring().key(0, "s"); err != nil {
			b.Fatal(err)
		}
	}
}
