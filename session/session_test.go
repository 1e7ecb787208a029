package session

import (
	"context"
	"crypto"
	"crypto/tls"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bennu-go/bennu/etf"
	"github.com/bennu-go/bennu/token"
)

var (
	secretA = strings.Repeat("a", 64)
	secretB = strings.Repeat("b", 64)
)

// variants are the four kinds of cookies.
var variants = map[string]Config{
	"JSON signed":       {},
	"JSON encrypted":    {EncryptionSalt: "enc"},
	"Phoenix signed":    {Format: token.Phoenix},
	"Phoenix encrypted": {Format: token.Phoenix, EncryptionSalt: "enc"},
}

func each(t *testing.T, f func(t *testing.T, cfg Config)) {
	for name, cfg := range variants {
		cfg.Secrets = token.Secrets{secretA}
		t.Run(name, func(t *testing.T) { f(t, cfg) })
	}
}

func encode(t *testing.T, s *CookieStore, data map[string]any) string {
	t.Helper()
	value, err := s.Encode(data)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// request carries the values as cookies of the default name.
func request(values ...string) *http.Request {
	r := httptest.NewRequest("GET", "/", nil)
	for _, v := range values {
		r.AddCookie(&http.Cookie{Name: "_bennu_session", Value: v})
	}
	return r
}

func read(t *testing.T, s *CookieStore, r *http.Request) map[string]any {
	t.Helper()
	data, err := s.Read(r)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

var empty = map[string]any{}

func TestRoundTrip(t *testing.T) {
	each(t, func(t *testing.T, cfg Config) {
		s := NewCookieStore(cfg)
		in := map[string]any{"user_id": 42, "_csrf_token": "abcdefghijklmnopqrstuvwx", "phoenix_flash": map[string]any{"info": "Hé <b>"},
			"ratio": 0.5, "list": []string{"a"}, "none": nil, "on": true, "big": int64(math.MaxInt64), "nothing": []string(nil)}
		want := map[string]any{"user_id": int64(42), "_csrf_token": "abcdefghijklmnopqrstuvwx", "phoenix_flash": map[string]any{"info": "Hé <b>"},
			"ratio": 0.5, "list": []any{"a"}, "none": nil, "on": true, "big": int64(math.MaxInt64), "nothing": []any{}}
		if diff := cmp.Diff(want, read(t, s, request(encode(t, s, in)))); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(empty, read(t, s, request(encode(t, s, nil)))); diff != "" {
			t.Errorf("nil (-want +got):\n%s", diff)
		}
	})
}

// Through a real cookie header and back, as a browser would do it.
func TestThroughTheBrowser(t *testing.T) {
	each(t, func(t *testing.T, cfg Config) {
		s := NewCookieStore(cfg)
		w := httptest.NewRecorder()
		value, err := s.Put(t.Context(), "", map[string]any{"user_id": 1})
		if err != nil {
			t.Fatal(err)
		}
		http.SetCookie(w, s.Cookie(httptest.NewRequest("GET", "/", nil), value))
		r := httptest.NewRequest("GET", "/", nil)
		for _, c := range w.Result().Cookies() {
			r.AddCookie(c)
		}
		if diff := cmp.Diff(map[string]any{"user_id": int64(1)}, read(t, s, r)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestReadsPlugsCookie(t *testing.T) {
	const value = "SFMyNTY.g3QAAAABbQAAAAd1c2VyX2lkYQE.G5YEMfYgEVJnUH0NlLNRmyx_E3ewK9R-txbzWiYQ8SQ"
	cfg := Config{Secrets: token.Secrets{secretA}, SigningSalt: "signsalt", Format: token.Phoenix}
	s := NewCookieStore(cfg)
	if got := encode(t, s, map[string]any{"user_id": 1}); got != value {
		t.Errorf("Encode: got %s, want %s", got, value)
	}
	cfg.Format = token.JSON
	for name, s := range map[string]*CookieStore{"Phoenix": s, "JSON": NewCookieStore(cfg)} {
		if diff := cmp.Diff(map[string]any{"user_id": int64(1)}, read(t, s, request(value))); diff != "" {
			t.Errorf("format %s (-want +got):\n%s", name, diff)
		}
	}
}

func TestPlugsTermsStayTerms(t *testing.T) {
	s := NewCookieStore(Config{Secrets: token.Secrets{secretA}, Format: token.Phoenix})
	in := map[string]any{"locale": etf.Atom("de"), "at": etf.Tuple{2026, 11}, "user": etf.Map{{Key: etf.Atom("id"), Value: 7}}}
	want := map[string]any{"locale": etf.Atom("de"), "at": etf.Tuple{int64(2026), int64(11)}, "user": etf.Map{{Key: etf.Atom("id"), Value: int64(7)}}}
	if diff := cmp.Diff(want, read(t, s, request(encode(t, s, in)))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Whatever is not a session of ours is an empty session, never an error.
func TestUndecodableIsEmpty(t *testing.T) {
	each(t, func(t *testing.T, cfg Config) {
		s := NewCookieStore(cfg)
		good := encode(t, s, map[string]any{"user_id": 1})
		otherSecret, otherSalt := cfg, cfg
		otherSecret.Secrets = token.Secrets{secretB}
		otherSalt.SigningSalt = "other"
		if cfg.EncryptionSalt != "" {
			otherSalt.EncryptionSalt = "other"
		}
		tokens := token.New(token.Config{Secrets: cfg.Secrets})
		seal := func(payload string) string {
			var value string
			var err error
			if cfg.EncryptionSalt != "" {
				value, err = tokens.EncryptBytes(cfg.EncryptionSalt, []byte(payload))
			} else {
				value, err = tokens.SignBytes("bennu.session", []byte(payload))
			}
			if err != nil {
				t.Fatal(err)
			}
			return value
		}
		bad := map[string]string{
			"nothing":                 "",
			"garbage":                 "garbage",
			"cut":                     good[:len(good)-1],
			"of another secret":       encode(t, NewCookieStore(otherSecret), map[string]any{"user_id": 1}),
			"of another salt":         encode(t, NewCookieStore(otherSalt), map[string]any{"user_id": 1}),
			"list in our format":      seal(`[1,0,null,[]]`),
			"null in our format":      seal(`[1,0,null,null]`),
			"bare JSON":               seal(`{"user_id":1}`),
			"list as a term":          seal("\x83j"),
			"map with atom keys":      seal("\x83t\x00\x00\x00\x01w\x01aa\x01"),
			"function in the session": seal("\x83t\x00\x00\x00\x01m\x00\x00\x00\x01aq"),
			"longer than a cookie":    seal(`[1,0,null,{"a":"` + strings.Repeat("x", 4096) + `"}]`),
		}
		for name, value := range bad {
			r := request()
			r.Header.Set("Cookie", "_bennu_session="+value)
			if got := read(t, s, r); got == nil || len(got) != 0 {
				t.Errorf("%s: got %v, want an empty map", name, got)
			}
		}
		if got := read(t, s, request()); got == nil || len(got) != 0 {
			t.Errorf("no cookie: got %v, want an empty map", got)
		}
		if got := read(t, s, request("garbage", good)); got["user_id"] != int64(1) {
			t.Errorf("behind a stale cookie: got %v", got)
		}
	})
}

func TestRotation(t *testing.T) {
	each(t, func(t *testing.T, cfg Config) {
		old := encode(t, NewCookieStore(cfg), map[string]any{"user_id": 1})
		want := map[string]any{"user_id": int64(1)}

		secrets := cfg
		secrets.Secrets = token.Secrets{secretB, secretA}
		if diff := cmp.Diff(want, read(t, NewCookieStore(secrets), request(old))); diff != "" {
			t.Errorf("new secret in front (-want +got):\n%s", diff)
		}

		salts := cfg
		salts.SigningSalt, salts.EncryptionSalt = "new", "new"
		if got := read(t, NewCookieStore(salts), request(old)); len(got) != 0 {
			t.Errorf("other salts: got %v", got)
		}
		salts.Previous = []Salts{{SigningSalt: "older still"}, {EncryptionSalt: cfg.EncryptionSalt}}
		if diff := cmp.Diff(want, read(t, NewCookieStore(salts), request(old))); diff != "" {
			t.Errorf("other salts, the old ones listed (-want +got):\n%s", diff)
		}
		fresh := encode(t, NewCookieStore(salts), want)
		if got := read(t, NewCookieStore(cfg), request(fresh)); len(got) != 0 {
			t.Errorf("written with old salts: %v", got)
		}

		format := cfg
		format.Format = token.Phoenix - cfg.Format
		if diff := cmp.Diff(want, read(t, NewCookieStore(format), request(old))); diff != "" {
			t.Errorf("other format (-want +got):\n%s", diff)
		}
	})
}

func TestMaxAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := Config{Secrets: token.Secrets{secretA}, MaxAge: time.Hour}
		s, unlimited := NewCookieStore(cfg), NewCookieStore(Config{Secrets: cfg.Secrets})
		cfg.Format = token.Phoenix
		plug := NewCookieStore(cfg)
		data := map[string]any{"user_id": int64(1)}
		value, forever, plugs := encode(t, s, data), encode(t, unlimited, data), encode(t, plug, data)

		time.Sleep(time.Hour)
		if diff := cmp.Diff(data, read(t, s, request(value))); diff != "" {
			t.Errorf("after an hour (-want +got):\n%s", diff)
		}
		time.Sleep(time.Millisecond)
		if got := read(t, s, request(value)); len(got) != 0 {
			t.Errorf("after more than an hour: got %v", got)
		}
		if got := read(t, unlimited, request(value)); len(got) != 0 {
			t.Errorf("after more than an hour, limit gone: got %v, the cookie remembers", got)
		}
		if got := read(t, s, request(forever)); len(got) != 0 {
			t.Errorf("cookie without a limit, limit set since: got %v", got)
		}
		if diff := cmp.Diff(data, read(t, plug, request(plugs))); diff != "" {
			t.Errorf("Phoenix format (-want +got):\n%s", diff)
		}
		time.Sleep(10_000 * 24 * time.Hour)
		if diff := cmp.Diff(data, read(t, unlimited, request(forever))); diff != "" {
			t.Errorf("without a limit (-want +got):\n%s", diff)
		}
	})
}

func TestSizeLimit(t *testing.T) {
	each(t, func(t *testing.T, cfg Config) {
		s := NewCookieStore(cfg)
		text := ""
		value := encode(t, s, map[string]any{"text": text})
		for { // the longest that fits
			text += "x"
			next, err := s.Encode(map[string]any{"text": text})
			if err != nil {
				if !errors.Is(err, ErrTooLarge) || !strings.Contains(err.Error(), "4096 allowed") {
					t.Fatal(err)
				}
				break
			}
			value = next
		}
		if size := len("_bennu_session=" + value); size > 4096 || size < 4090 {
			t.Errorf("the largest cookie has %d bytes", size)
		}
		if got := read(t, s, request(value)); len(got) != 1 {
			t.Errorf("the largest cookie is not read: %v", got)
		}
		if _, err := s.Put(t.Context(), "", map[string]any{"text": strings.Repeat("x", 1<<20)}); !errors.Is(err, ErrTooLarge) {
			t.Errorf("a megabyte: got %v, want ErrTooLarge", err)
		}
	})
}

func TestCannotBeEncoded(t *testing.T) {
	each(t, func(t *testing.T, cfg Config) {
		if _, err := NewCookieStore(cfg).Encode(map[string]any{"c": make(chan int)}); err == nil || !strings.HasPrefix(err.Error(), "session: ") {
			t.Errorf("got %v", err)
		}
	})
}

func TestCookieAttributes(t *testing.T) {
	plain, secure := httptest.NewRequest("GET", "http://example.com/", nil), httptest.NewRequest("GET", "https://example.com/", nil)
	secure.TLS = &tls.ConnectionState{}
	secrets := token.Secrets{secretA}
	tests := []struct {
		name string
		cfg  Config
		r    *http.Request
		want string
	}{
		{"defaults", Config{}, plain, "_bennu_session=v; Path=/; HttpOnly; SameSite=Lax"},
		{"over TLS", Config{}, secure, "_bennu_session=v; Path=/; HttpOnly; Secure; SameSite=Lax"},
		{"behind a proxy", Config{Secure: true}, plain, "_bennu_session=v; Path=/; HttpOnly; Secure; SameSite=Lax"},
		{"all", Config{Key: "k", Path: "/app", Domain: "example.com", MaxAge: time.Hour, SameSite: http.SameSiteNoneMode, Secure: true}, plain,
			"k=v; Path=/app; Domain=example.com; Max-Age=3600; HttpOnly; Secure; SameSite=None"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.cfg.Secrets = secrets
			if got := NewCookieStore(tt.cfg).Cookie(tt.r, "v").String(); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestConfigRefused(t *testing.T) {
	good := token.Secrets{secretA}
	tests := map[string]struct {
		cfg  Config
		want string
	}{
		"no secret":                {Config{}, "no secret"},
		"short secret":             {Config{Secrets: token.Secrets{"short"}}, "has 5 bytes"},
		"no name of a cookie":      {Config{Secrets: good, Key: "a b"}, `cookie "a b"`},
		"no domain":                {Config{Secrets: good, Domain: "a b"}, `domain "a b"`},
		"negative age":             {Config{Secrets: good, MaxAge: -time.Second}, "MaxAge -1s"},
		"age in parts of a second": {Config{Secrets: good, MaxAge: time.Millisecond}, "whole seconds"},
		"key too short to encrypt": {Config{Secrets: good, EncryptionSalt: "e", KeyLength: 16}, "KeyLength 16"},
		"no digest":                {Config{Secrets: good, KeyDigest: crypto.MD5}, "key digest MD5"},
		"none without secure":      {Config{Secrets: good, SameSite: http.SameSiteNoneMode}, "SameSite none"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			err := tt.cfg.Validate()
			if err == nil || !strings.HasPrefix(err.Error(), "session: ") || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "token: ") {
				t.Errorf("Validate: got %v, want %q", err, tt.want)
			}
			defer func() {
				if r := fmt.Sprint(recover()); !strings.Contains(r, tt.want) {
					t.Errorf("NewCookieStore: panicked with %q, want %q", r, tt.want)
				}
			}()
			NewCookieStore(tt.cfg)
		})
	}
}

func TestStoreDoesNotPrintSecrets(t *testing.T) {
	cfg := Config{Secrets: token.Secrets{secretA}, EncryptionSalt: "e"}
	s := NewCookieStore(cfg)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		if out := fmt.Sprintf(verb+verb+verb, cfg, s, *s); strings.Contains(out, secretA) {
			t.Errorf("%s: %s", verb, out)
		}
	}
}

// broken is a store on a server that cannot be reached.
type broken struct{ *CookieStore }

var errDown = errors.New("down")

func (broken) Get(context.Context, string) (string, map[string]any, error) { return "", nil, errDown }

func TestReadReportsAStoreThatCannotTell(t *testing.T) {
	s := broken{NewCookieStore(Config{Secrets: token.Secrets{secretA}})}
	if data, err := Read(request("x"), s); !errors.Is(err, errDown) || data != nil {
		t.Errorf("got %v, %v", data, err)
	}
	if data, err := Read(request(), s); err != nil || data == nil {
		t.Errorf("without a cookie: got %v, %v; the store need not be asked", data, err)
	}
}

func TestDeleteAndIDs(t *testing.T) {
	s := NewCookieStore(Config{Secrets: token.Secrets{secretA}})
	value, err := s.Put(t.Context(), "ignored", map[string]any{"a": true})
	if err != nil {
		t.Fatal(err)
	}
	if id, data, err := s.Get(t.Context(), value); id != "" || data["a"] != true || err != nil {
		t.Errorf("got %q, %v, %v", id, data, err)
	}
	if err := s.Delete(t.Context(), "ignored"); err != nil {
		t.Error(err)
	}
}

// No cookie that somebody else made holds a session, and none does worse than holding none.
func FuzzSessionCookie(f *testing.F) {
	const made = "SFMyNTY.g3QAAAABbQAAAAd1c2VyX2lkYQE.G5YEMfYgEVJnUH0NlLNRmyx_E3ewK9R-txbzWiYQ8SQ"
	signed := NewCookieStore(Config{Secrets: token.Secrets{secretA}, SigningSalt: "signsalt"})
	encrypted := NewCookieStore(Config{Secrets: token.Secrets{secretA}, SigningSalt: "signsalt", EncryptionSalt: "enc"})
	f.Add(made)
	f.Add("XCP.AAAA")
	f.Add("QTEyOEdDTQ.AAAA.AAAA.AAAA.AAAA")
	f.Add("a=b; c=\"d\"")
	f.Fuzz(func(t *testing.T, value string) {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Cookie", "_bennu_session="+value)
		for name, s := range map[string]*CookieStore{"signed": signed, "encrypted": encrypted} {
			data, err := s.Read(r)
			if err != nil || data == nil {
				t.Fatalf("%s: %v, %v", name, data, err)
			}
			_, forged := s.Decode(value)
			if (forged || len(data) > 0) && !strings.Contains(value, made) {
				t.Fatalf("%s: %q holds %v", name, value, data)
			}
		}
	})
}

// What is inside an authentic cookie may still be anything: an older version of the program wrote it.
func FuzzSessionPayload(f *testing.F) {
	s := NewCookieStore(Config{Secrets: token.Secrets{secretA}, KeyIterations: 1})
	tokens := token.New(token.Config{Secrets: token.Secrets{secretA}, KeyIterations: 1})
	f.Add([]byte(`[1,0,null,{"user_id":1}]`))
	f.Add([]byte("\x83t\x00\x00\x00\x01m\x00\x00\x00\x01aa\x01"))
	f.Add([]byte("\x83P\x00\x00\x00\x05x\x9c"))
	f.Fuzz(func(t *testing.T, payload []byte) {
		value, err := tokens.SignBytes("bennu.session", payload)
		if err != nil {
			return // larger than a token
		}
		data, ok := s.Decode(value)
		if !ok {
			return
		}
		if payload[0] == '[' {
			_, err = s.Encode(data)
		} else {
			_, err = etf.Marshal(data)
		}
		if err != nil && !errors.Is(err, ErrTooLarge) {
			t.Fatalf("%#v does not encode again: %v", data, err)
		}
	})
}

func BenchmarkRead(b *testing.B) {
	for name, cfg := range variants {
		b.Run(strings.ReplaceAll(name, " ", "-"), func(b *testing.B) {
			cfg.Secrets = token.Secrets{secretA}
			s := NewCookieStore(cfg)
			value, err := s.Encode(map[string]any{"user_id": 42, "_csrf_token": "abcdefghijklmnopqrstuvwx"})
			if err != nil {
				b.Fatal(err)
			}
			r := request(value)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Read(r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
