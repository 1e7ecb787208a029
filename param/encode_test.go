package param

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

type level int8

func TestEncode(t *testing.T) {
	for _, tt := range []struct {
		name string
		in   Map
		want string
	}{
		{"nothing", nil, ""},
		{"in order of keys", Map{"b": "2", "a": "1"}, "a=1&b=2"},
		{"escapes", Map{"a b&": "c=d/€"}, "a+b%26=c%3Dd%2F%E2%82%AC"},
		{"nil", Map{"a": nil}, "a="},
		{"booleans and numbers", Map{"a": true, "b": -3, "c": uint8(4), "d": 1.5, "e": level(2)}, "a=true&b=-3&c=4&d=1.5&e=2"},
		{"text marshaler", Map{"at": time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}, "at=2026-01-02T03%3A04%3A05Z"},
		{"map", Map{"a": m{"b": "1", "c": Map{"d": "2"}}}, "a[b]=1&a[c][d]=2"},
		{"escapes within brackets", Map{"a": m{"b c]": "1"}}, "a[b+c%5D]=1"},
		{"list", Map{"a": l{"1", 2, nil}}, "a[]=1&a[]=2&a[]="},
		{"typed lists", Map{"a": []string{"x", "y"}, "b": []int{1, 2}}, "a[]=x&a[]=y&b[]=1&b[]=2"},
		{"empty maps and lists vanish", Map{"a": m{}, "b": l{}, "c": m{"d": l{}}, "e": "1"}, "e=1"},
		{"list of maps of one key", Map{"a": l{m{"b": "1"}, Map{"b": "2"}}}, "a[][b]=1&a[][b]=2"},
		{"list of lists", Map{"a": l{l{"1"}}}, "a[][]=1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Encode(tt.in)
			if err != nil || got != tt.want {
				t.Errorf("got %q, %v, want %q", got, err, tt.want)
			}
		})
	}
}

func TestEncodeRefuses(t *testing.T) {
	for _, tt := range []struct {
		name string
		in   Map
		want string // part of the message
	}{
		{"map of two keys in a list", Map{"a": l{m{"b": 1, "c": 2}}}, "items[0][name]"},
		{"struct", Map{"a": struct{}{}}, "struct {}"},
		{"function", Map{"a": func() {}}, "func()"},
		{"empty key in a map", Map{"a": m{"": "1"}}, "empty key"},
		{"time that has no text", Map{"a": time.Date(99999, 1, 1, 0, 0, 0, 0, time.UTC)}, "year"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Encode(tt.in)
			if err == nil || !strings.Contains(err.Error(), tt.want) || got != "" {
				t.Errorf("got %q, %v, want an error with %q", got, err, tt.want)
			}
		})
	}
}

// What was decoded and can be encoded is decoded again as it was.
func roundTrip(t *testing.T, query string) {
	t.Helper()
	first, err := Decode(query)
	if err != nil {
		return
	}
	again, err := Encode(first)
	if err != nil {
		return // a list with a map of several keys
	}
	second, err := Decode(again)
	if err != nil {
		if len(again) > MaxLength {
			return // escapes are longer
		}
		t.Fatalf("Decode(%q), encoded again from %q: %v", again, query, err)
	}
	if diff := cmp.Diff(first, second); diff != "" {
		t.Fatalf("%q, encoded again as %q (-first +second):\n%s", query, again, diff)
	}
}

func TestRoundTrip(t *testing.T) {
	for _, tt := range decoded {
		roundTrip(t, tt.query)
	}
}
