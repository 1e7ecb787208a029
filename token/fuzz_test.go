package token

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/bennu-go/bennu/etf"
)

func fuzzTokens() *Tokens { return New(Config{Secrets: Secrets{vectorSecret}, KeyIterations: 1}) }

// Nothing but what Sign made verifies, and no input does worse than an error.
func FuzzVerify(f *testing.F) {
	tokens := fuzzTokens()
	made, _ := tokens.Sign("s", "42", MaxAge(Forever), SignedAt(time.Unix(0, 0))) // the same in every fuzzing process
	f.Add(made)
	f.Add(vectorToken)
	f.Add(headerHS384 + ".e30.AA")
	f.Add(headerHS512 + "..")
	f.Add("")
	f.Fuzz(func(t *testing.T, tok string) {
		err := tokens.Verify("s", tok, nil, 0)
		if err == nil && tok != made {
			t.Fatalf("%q verifies", tok)
		}
		if err != nil && !errors.Is(err, ErrInvalid) && err != ErrMissing {
			t.Fatal(err)
		}
	})
}

func FuzzDecrypt(f *testing.F) {
	tokens := fuzzTokens()
	const made = "XCP.D1kvdM7OzSnmMUTTttCzQ06SdBzQeaG3SRxvfkCtPjF9Ra-cTihnqAlp-VCybWkTEg0aK-yTSA" // the same in every fuzzing process
	if got, err := Decrypt[string](tokens, "s", made, 0); err != nil || got != "42" {
		f.Fatalf("the seed is %q, %v", got, err)
	}
	f.Add(made)
	f.Add(sealedPrefix + "AAAA")
	f.Add(legacyPrefix + "L85cCXPvSqswNJoxmP5QTopFY83qCPj9czxkwct8b0HDHdC8Qwruhkq3SWw.mmqfbc2dfaMMi6Xi.n1qvYhAUYI0r7-QB6Vw.0jV2tT3U-AQMAQSch2rNsw")
	f.Add("")
	f.Fuzz(func(t *testing.T, tok string) {
		err := tokens.Decrypt("s", tok, nil, 0)
		if err == nil && tok != made {
			t.Fatalf("%q decrypts", tok)
		}
		if err != nil && !errors.Is(err, ErrInvalid) && err != ErrMissing {
			t.Fatal(err)
		}
	})
}

// An authenticated payload may still be anything: an old version of the program may have made it, or another program.
func FuzzPayload(f *testing.F) {
	for _, v := range []any{"42", 1.5, map[string]any{"a": []int{1}}, nil} {
		for _, format := range []Format{JSON, Phoenix} {
			p, err := encodePayload(format, v, 1_700_000_000_000, 86_400_000)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(p, int64(0))
		}
	}
	bare, _ := etf.Marshal(etf.Tuple{1, 2})
	f.Add(bare, int64(Forever))
	f.Add([]byte(`[1,1e3,null,12345678901234567890123]`), int64(time.Hour))
	f.Add([]byte(`[1,0,null,1e999]`), int64(-1))
	f.Fuzz(func(t *testing.T, payload []byte, maxAge int64) {
		var into any
		err := decodePayload(payload, &into, time.Duration(maxAge))
		if err != nil {
			if !errors.Is(err, ErrInvalid) && !errors.Is(err, ErrExpired) {
				t.Fatal(err)
			}
			return
		}
		if payload[0] == etfVersion {
			_, err = etf.Marshal(into)
		} else {
			_, err = json.Marshal(into)
		}
		if err != nil {
			t.Fatalf("%#v does not encode again: %v", into, err)
		}
	})
}
