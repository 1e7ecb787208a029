package telemetry_test

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bennu-go/bennu/telemetry"
)

func TestFilterJSON(t *testing.T) {
	keep := func(keys ...string) telemetry.Filter { return telemetry.Filter{Keep: append([]string{}, keys...)} }
	for _, c := range []struct {
		name   string
		filter telemetry.Filter
		in     string
		want   string
	}{
		{"nothing to hide", telemetry.Filter{}, `{"a": 1, "b": ["x", null, true]}`, `{"a":1,"b":["x",null,true]}`},
		{"password", telemetry.Filter{}, `{"password":"p1","a":1}`, `{"a":1,"password":"[FILTERED]"}`},
		{"key contains a term", telemetry.Filter{}, `{"user_token_2":["s"],"new_password":{"a":1}}`, `{"new_password":"[FILTERED]","user_token_2":"[FILTERED]"}`},
		{"case matters", telemetry.Filter{}, `{"Password":"p","TOKEN":"t"}`, `{"Password":"p","TOKEN":"t"}`},
		{"nested", telemetry.Filter{}, `{"a":[{"b":{"token":"s","c":1}}]}`, `{"a":[{"b":{"c":1,"token":"[FILTERED]"}}]}`},
		{"numbers and booleans under a term", telemetry.Filter{}, `{"token":123,"password":false}`, `{"password":"[FILTERED]","token":"[FILTERED]"}`},
		{"string with term=", telemetry.Filter{}, `{"url":"/x?token=s&a=b","say":"my token is fine"}`, `{"say":"my token is fine","url":"[FILTERED]"}`},
		{"string at the top", telemetry.Filter{}, `"a?password=s"`, `"[FILTERED]"`},
		{"list at the top", telemetry.Filter{}, `[{"token":1},"x"]`, `[{"token":"[FILTERED]"},"x"]`},
		{"escaped key", telemetry.Filter{}, `{"passw\u006frd":"s"}`, `{"password":"[FILTERED]"}`},
		{"escaped text", telemetry.Filter{}, `{"u":"tok\u0065n=s"}`, `{"u":"[FILTERED]"}`},
		{"duplicate keys", telemetry.Filter{}, `{"token":"s1","token":"s2"}`, `{"token":"[FILTERED]"}`},
		{"big numbers stay", telemetry.Filter{}, `{"n":12345678901234567890.10,"token":1}`, `{"n":12345678901234567890.10,"token":"[FILTERED]"}`},
		{"markup stays", telemetry.Filter{}, `{"a":"<b>&</b>","token":1}`, `{"a":"<b>&</b>","token":"[FILTERED]"}`},
		{"line break in text", telemetry.Filter{}, `{"a":"x\ny"}`, `{"a":"x\ny"}`},
		{"own terms", telemetry.Filter{Discard: []string{"secret", ""}}, `{"secret":1,"token":2}`, `{"secret":"[FILTERED]","token":2}`},
		{"no terms", telemetry.Filter{Discard: []string{}}, `{"password":1}`, `{"password":1}`},
		{"keep", keep("id", "meta"), `{"id":1,"meta":{"x":[1,"y"]},"name":"n","l":[{"id":2,"z":null}]}`,
			`{"id":1,"l":[{"id":2,"z":"[FILTERED]"}],"meta":{"x":[1,"y"]},"name":"[FILTERED]"}`},
		{"keep matches whole keys", keep("id"), `{"user_id":1}`, `{"user_id":"[FILTERED]"}`},
		{"keep wins over discard", telemetry.Filter{Keep: []string{"password"}, Discard: []string{"password"}}, `{"password":1,"a":2}`, `{"a":"[FILTERED]","password":1}`},
		{"keep nothing", keep(), `{"a":{"b":true},"c":[]}`, `{"a":{"b":"[FILTERED]"},"c":[]}`},
		{"keep, scalar at the top", keep("a"), `17`, `"[FILTERED]"`},
		{"not JSON", telemetry.Filter{}, `{"password":"s"`, `"[NOT JSON: 15 bytes]"`},
		{"not JSON, nothing to hide", telemetry.Filter{}, "\x00\x01", `"[NOT JSON: 2 bytes]"`},
		{"two values", telemetry.Filter{}, `{"token":1} {"token":2}`, `"[NOT JSON: 23 bytes]"`},
		{"empty", telemetry.Filter{}, ``, `null`},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := []byte(c.in)
			got := string(c.filter.JSON(in))
			if got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			if string(in) != c.in {
				t.Errorf("the input was changed to %s", in)
			}
		})
	}
}

func TestFilterJSONCopies(t *testing.T) {
	in := []byte(`{"a":1}`)
	got := telemetry.Filter{}.JSON(in)
	copy(in, "XXXXXXX")
	if string(got) != `{"a":1}` {
		t.Errorf("got %s after the borrowed input was overwritten", got)
	}
}

type account struct {
	Name     string `json:"name"`
	Password string `json:"password"`
}

type panics struct{}

func (panics) MarshalJSON() ([]byte, error) { panic("no") }

func TestFilterMap(t *testing.T) {
	loop := map[string]any{}
	loop["self"] = loop
	in := map[string]any{
		"password": []string{"s"},
		"n":        3,
		"tags":     []string{"a", "token=s"},
		"named":    map[string]string{"api_token": "s", "x": "y"},
		"account":  account{Name: "ada", Password: "s"},
		"raw":      json.RawMessage(`{"token":"s"}`),
		"inf":      math.Inf(1),
		"chan":     make(chan int),
		"panics":   panics{},
		"loop":     loop,
		"nil":      nil,
	}
	want := map[string]any{
		"password": "[FILTERED]",
		"n":        json.Number("3"),
		"tags":     []any{"a", "[FILTERED]"},
		"named":    map[string]any{"api_token": "[FILTERED]", "x": "y"},
		"account":  map[string]any{"name": "ada", "password": "[FILTERED]"},
		"raw":      map[string]any{"token": "[FILTERED]"},
		"inf":      "[UNPRINTABLE float64]",
		"chan":     "[UNPRINTABLE chan int]",
		"panics":   "[UNPRINTABLE telemetry_test.panics]",
		"loop":     "[UNPRINTABLE map[string]interface {}]",
		"nil":      nil,
	}
	if diff := cmp.Diff(want, telemetry.Filter{}.Map(in)); diff != "" {
		t.Errorf("filtered (-want +got):\n%s", diff)
	}
	if in["named"].(map[string]string)["api_token"] != "s" {
		t.Error("the input was changed")
	}
	if got := (telemetry.Filter{}).Map(nil); got != nil {
		t.Errorf("got %v for nil, want nil", got)
	}
}

// FuzzFilter checks that whatever comes in, valid JSON goes out, and that no
// secret that the rules cover survives: no discarded key keeps a value other than the mark,
// and no text keeps term=.
func FuzzFilter(f *testing.F) {
	for _, seed := range []string{
		`{"password":"s","a":[{"token":{"x":1}}]}`, `{"p\u0061ssword":"s"}`, `"x?token=1"`, `{"a":"\ud800","token":"x"}`,
		`[[[[{"a":{"b_token":null}}]]]]`, `{"token":"a","token":"b"}`, `1e400`, `{"tok\u0000en":1}`, `{`, ``, "{\"pass\xffword\":1}", `{"a":"b"} x`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		filters := []telemetry.Filter{{}, {Discard: []string{"a", "Z"}}, {Keep: []string{"a"}}}
		for i, filter := range filters {
			before := bytes.Clone(in)
			out := filter.JSON(in)
			if !bytes.Equal(before, in) {
				t.Fatalf("filter %d changed its input", i)
			}
			if !json.Valid(out) {
				t.Fatalf("filter %d: %q became %q, which is not JSON", i, in, out)
			}
			var v any
			d := json.NewDecoder(bytes.NewReader(out))
			d.UseNumber()
			if err := d.Decode(&v); err != nil {
				t.Fatal(err)
			}
			if len(in) == 0 || !json.Valid(in) {
				if m, ok := v.(string); v != nil && (!ok || !strings.HasPrefix(m, "[NOT JSON")) {
					t.Fatalf("filter %d let through %q of what is not JSON", i, out)
				}
				continue
			}
			if again := filter.JSON(out); !bytes.Equal(again, out) {
				t.Fatalf("filter %d is not stable: %s then %s", i, out, again)
			}
			switch {
			case filter.Keep != nil:
				wantKept(t, v)
			case filter.Discard != nil:
				wantDiscarded(t, v, filter.Discard)
			default:
				wantDiscarded(t, v, []string{"password", "token"})
			}
		}
	})
}

func wantDiscarded(t *testing.T, v any, terms []string) {
	t.Helper()
	contains := func(s, suffix string) bool {
		for _, term := range terms {
			if strings.Contains(s, term+suffix) {
				return true
			}
		}
		return false
	}
	switch v := v.(type) {
	case map[string]any:
		for k, sub := range v {
			if contains(k, "") && sub != telemetry.Filtered {
				t.Fatalf("key %q kept %v", k, sub)
			}
			wantDiscarded(t, sub, terms)
		}
	case []any:
		for _, sub := range v {
			wantDiscarded(t, sub, terms)
		}
	case string:
		if contains(v, "=") {
			t.Fatalf("text %q survived", v)
		}
	}
}

func wantKept(t *testing.T, v any) {
	t.Helper()
	switch v := v.(type) {
	case map[string]any:
		for k, sub := range v {
			if k != "a" {
				wantKept(t, sub)
			}
		}
	case []any:
		for _, sub := range v {
			wantKept(t, sub)
		}
	default:
		if v != telemetry.Filtered {
			t.Fatalf("%v survived", v)
		}
	}
}

func BenchmarkFilterJSON(b *testing.B) {
	for name, in := range map[string]string{
		"harmless": `{"body":"hello there","user":{"id":17,"name":"ada"}}`,
		"secret":   `{"body":"hello there","user":{"id":17,"token":"abc"}}`,
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				telemetry.Filter{}.JSON([]byte(in))
			}
		})
	}
}
