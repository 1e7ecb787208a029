package param

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

type (
	m = map[string]any
	l = []any
)

var decoded = []struct {
	name, query string
	want        Map
}{
	{"nothing", "", Map{}},
	{"one pair", "a=1", Map{"a": "1"}},
	{"two pairs", "a=1&b=2", Map{"a": "1", "b": "2"}},
	{"no equals sign", "a", Map{"a": ""}},
	{"no value", "a=", Map{"a": ""}},
	{"equals sign in a value", "a=b=c", Map{"a": "b=c"}},
	{"no name", "=v", Map{"": "v"}},
	{"empty pairs", "&a=1&&b=2&", Map{"a": "1", "b": "2"}},
	{"plus is a space", "a+b=c+d", Map{"a b": "c d"}},
	{"percent", "a%26b=%E2%82%AC%2B", Map{"a&b": "€+"}},
	{"semicolon separates nothing", "a=1;b=2", Map{"a": "1;b=2"}},
	{"last value wins", "a=1&a=2", Map{"a": "2"}},

	{"map", "a[b]=1", Map{"a": m{"b": "1"}}},
	{"map of two", "a[b]=1&a[c]=2", Map{"a": m{"b": "1", "c": "2"}}},
	{"map of maps", "a[b][c]=1&a[b][d]=2&a[e][c]=3", Map{"a": m{"b": m{"c": "1", "d": "2"}, "e": m{"c": "3"}}}},
	{"last value in a map wins", "a[b]=1&a[b]=2", Map{"a": m{"b": "2"}}},
	{"escaped brackets are brackets", "a%5Bb%5D=1", Map{"a": m{"b": "1"}}},

	{"list", "a[]=1", Map{"a": l{"1"}}},
	{"list without a value", "a[]", Map{"a": l{""}}},
	{"list of two", "a[]=1&b=x&a[]=2", Map{"a": l{"1", "2"}, "b": "x"}},
	{"list in a map", "a[b][]=1&a[b][]=2", Map{"a": m{"b": l{"1", "2"}}}},
	{"list of one map, however often", "a[][b]=1&a[][c]=2&a[][b]=3", Map{"a": l{m{"b": "3", "c": "2"}}}},
	{"list of values and a map", "a[]=1&a[][b]=2&a[]=3&a[][c]=4", Map{"a": l{"1", m{"b": "2", "c": "4"}, "3"}}},
	{"list of lists", "a[][][]=1", Map{"a": l{l{l{"1"}}}}},
	{"list in a map in a list", "a[b][][c][]=1", Map{"a": m{"b": l{m{"c": l{"1"}}}}}},

	{"value, then map", "a=1&a[b]=2", Map{"a": m{"b": "2"}}},
	{"map, then value", "a[b]=1&a=2", Map{"a": "2"}},
	{"a path counts where it is first used", "a[b]=1&a=2&a[c]=3", Map{"a": "2"}},
	{"list, then map", "a[]=1&a[b]=2", Map{"a": m{"b": "2"}}},
	{"map, then list", "a[b]=1&a[]=2", Map{"a": l{"2"}}},
	{"list, map, list", "a[]=1&a[b]=2&a[]=3", Map{"a": l{"1", "3"}}},
	{"deep map, then value", "a[b][][c]=2&a[b]=1", Map{"a": m{"b": "1"}}},

	{"bracket at the beginning", "[a]=1", Map{"[a]": "1"}},
	{"bracket that stays open", "a[b=1", Map{"a[b": "1"}},
	{"bracket that was never open", "a]=1", Map{"a]": "1"}},
	{"text behind the bracket", "a[b]c=1", Map{"a[b]c": "1"}},
	{"open bracket in a key", "a[b[c]=1", Map{"a": m{"b[c": "1"}}},
	{"close bracket in a key", "a[b]c]=1", Map{"a": m{"b]c": "1"}}},
	{"close bracket as a key", "a[]]=1", Map{"a": m{"]": "1"}}},
	{"only brackets", "[]=1", Map{"[]": "1"}},
}

func TestDecode(t *testing.T) {
	for _, tt := range decoded {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Decode(tt.query)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("Decode(%q) (-want +got):\n%s", tt.query, diff)
			}
		})
	}
}

func TestDecodeRefuses(t *testing.T) {
	deep := func(n int) string { return "a" + strings.Repeat("[b]", n-1) + "=1" }
	for _, tt := range []struct {
		name, query string
		want        error
	}{
		{"percent without digits", "a=%zz", ErrInvalid},
		{"percent at the end", "a=%4", ErrInvalid},
		{"percent in a name", "%=1", ErrInvalid},
		{"value that is not UTF-8", "a=%FF", ErrInvalid},
		{"name that is not UTF-8", "%C3=a", ErrInvalid},
		{"raw bytes that are not UTF-8", "a=\xff", ErrInvalid},
		{"too deep", deep(MaxDepth + 1), ErrInvalid},
		{"too many pairs", strings.Repeat("a&", MaxPairs+1), ErrInvalid},
		{"too long", strings.Repeat("a", MaxLength+1), ErrTooLong},
		{"deep enough", deep(MaxDepth), nil},
		{"pairs enough", strings.Repeat("a&", MaxPairs), nil},
		{"long enough", strings.Repeat("a", MaxLength), nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m, err := Decode(tt.query)
			if !errors.Is(err, tt.want) {
				t.Fatalf("got error %v, want %v", err, tt.want)
			}
			if (m == nil) != (tt.want != nil) {
				t.Errorf("got %d keys beside error %v", len(m), err)
			}
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Decode("vsn=2.0.0&token=SFMyNTY.g2gDYQFuBgB&user[name]=ada&user[roles][]=admin"); err != nil {
			b.Fatal(err)
		}
	}
}
