package codec

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"
)

type point struct {
	X     int             `json:"x"`
	Name  string          `json:"name,omitempty"`
	List  []int           `json:"list"`
	Map   map[string]int  `json:"map"`
	After time.Duration   `json:"after"`
	Raw   json.RawMessage `json:"raw,omitzero"`
}

// Golden vectors pin the rules across versions of Go and of the library: one line each, "Go name | JSON".
func TestGoldenVectors(t *testing.T) {
	values := map[string]any{
		"zero struct":   point{},
		"markup":        map[string]string{"b": "</script>&\u2028", "a": "\x00\n\"\\"},
		"nil any":       nil,
		"nil slice":     []string(nil),
		"nil map":       map[string]int(nil),
		"nested nil":    map[string]any{"l": []any(nil), "m": map[string]any(nil), "p": (*point)(nil)},
		"invalid utf-8": "a\xffb",
		"floats":        []float64{1, 1.5, 1e21, 1e-7},
		"big ints":      []int64{1 << 53, -1 << 63},
		"bytes":         []byte("hi"),
		"time":          time.Date(2026, 11, 22, 1, 2, 3, 4000, time.UTC),
		"raw":           point{Raw: json.RawMessage(`{"k": [1, 2]}`)},
		"sorted keys":   map[string]int{"c": 1, "a": 2, "b": 3},
	}
	golden, err := os.ReadFile("testdata/golden.txt")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for line := range strings.Lines(string(golden)) {
		name, want, ok := strings.Cut(strings.TrimRight(line, "\n"), " | ")
		if !ok {
			t.Fatalf("line %q", line)
		}
		v, ok := values[name]
		if !ok {
			t.Fatalf("no value named %q", name)
		}
		seen++
		got, err := Marshal(v)
		if err != nil || string(got) != want {
			t.Errorf("%s: got %s, %v, want %s", name, got, err, want)
		}
	}
	if seen != len(values) {
		t.Errorf("%d golden lines for %d values", seen, len(values))
	}
}

func TestUnmarshalRules(t *testing.T) {
	for _, tc := range []struct{ name, in, want string }{
		{"case-sensitive", `{"X":1,"x":2,"NAME":"no"}`, `{"x":2,"list":[],"map":{},"after":0}`},
		{"unknown keys", `{"zzz":{},"x":1}`, `{"x":1,"list":[],"map":{},"after":0}`},
		{"twice", `{"x":1,"x":2}`, `{"x":2,"list":[],"map":{},"after":0}`},
		{"null", `{"x":null,"list":null}`, `{"x":0,"list":[],"map":{},"after":0}`},
		{"duration", `{"after":1000}`, `{"x":0,"list":[],"map":{},"after":1000}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var p point
			if err := Unmarshal([]byte(tc.in), &p); err != nil {
				t.Fatal(err)
			}
			if got, _ := Marshal(p); string(got) != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

func TestErrorsSayWhichFieldAndWhatWasWanted(t *testing.T) {
	var p point
	err := Unmarshal([]byte(`{"list":[1,"two"]}`), &p)
	if err == nil || !strings.Contains(err.Error(), "list/1") || !strings.Contains(err.Error(), "string") {
		t.Errorf("got %v", err)
	}
	if err := Unmarshal([]byte(`{`), &p); err == nil {
		t.Error("half an object was taken")
	}
	if _, err := Marshal(make(chan int)); err == nil {
		t.Error("a channel was encoded")
	}
}

func FuzzUnmarshal(f *testing.F) {
	f.Add([]byte(`{"x":1,"list":[1,2],"map":{"a":1},"raw":[{}]}`))
	f.Add([]byte(`{"x":1e400}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		var p point
		if Unmarshal(in, &p) != nil {
			return
		}
		once, err := Marshal(p)
		if err != nil {
			return
		}
		var q point
		if err := Unmarshal(once, &q); err != nil {
			t.Fatalf("what was encoded does not decode: %s: %v", once, err)
		}
		if twice, _ := Marshal(q); !bytes.Equal(once, twice) {
			t.Errorf("%s became %s", once, twice)
		}
	})
}
