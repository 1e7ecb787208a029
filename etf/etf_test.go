package etf

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"math"
	"math/big"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var sameBig = cmp.Comparer(func(a, b *big.Int) bool { return a.Cmp(b) == 0 })

func power(n uint) *big.Int { return new(big.Int).Lsh(big.NewInt(1), n) }

// vectors are terms with the bytes that term_to_binary/1 of OTP 27 writes for them.
var vectors = []struct {
	name string
	term any
	hex  string
}{
	{"zero", int64(0), "836100"},
	{"largest byte", int64(255), "8361ff"},
	{"first above a byte", int64(256), "836200000100"},
	{"minus one", int64(-1), "8362ffffffff"},
	{"largest 32-bit", int64(math.MaxInt32), "83627fffffff"},
	{"smallest 32-bit", int64(math.MinInt32), "836280000000"},
	{"first above 32 bits", int64(math.MaxInt32) + 1, "836e040000000080"},
	{"first below 32 bits", int64(math.MinInt32) - 1, "836e040101000080"},
	{"milliseconds", int64(1_700_000_000_000), "836e06000068e5cf8b01"},
	{"largest int64", int64(math.MaxInt64), "836e0800ffffffffffffff7f"},
	{"smallest int64", int64(math.MinInt64), "836e08010000000000000080"},
	{"2^64", power(64), "836e0900000000000000000001"},
	{"-2^64", new(big.Int).Neg(power(64)), "836e0901000000000000000001"},
	{"2^2040 needs a large big", power(2040), "836f0000010000" + strings.Repeat("00", 255) + "01"},
	{"float", 1.5, "83463ff8000000000000"},
	{"negative zero", math.Copysign(0, -1), "83468000000000000000"},
	{"true", true, "83770474727565"},
	{"false", false, "83770566616c7365"},
	{"nil", nil, "8377036e696c"},
	{"atom", Atom("infinity"), "837708696e66696e697479"},
	{"atom beyond ASCII", Atom("é"), "837702c3a9"},
	{"long atom", Atom(strings.Repeat("é", 128)), "83760100" + strings.Repeat("c3a9", 128)},
	{"binary", "42", "836d000000023432"},
	{"binary that is not UTF-8", "\xff\x00", "836d00000002ff00"},
	{"empty binary", "", "836d00000000"},
	{"bit string", Bitstring{"\xa0", 3}, "834d0000000103a0"},
	{"empty list", []any{}, "836a"},
	{"charlist", []any{int64(104), int64(105)}, "836b00026869"},
	{"list with a wider integer", []any{int64(1), int64(256)}, "836c000000026101620000010" + "06a"},
	{"list of binaries", []any{"a"}, "836c000000016d00000001616a"},
	{"improper list", Improper{[]any{int64(1)}, int64(2)}, "836c0000000161016102"},
	{"tuple", Tuple{Atom("ok"), int64(1)}, "8368027702" + "6f6b6101"},
	{"empty tuple", Tuple{}, "836800"},
	{"empty map", map[string]any{}, "837400000000"},
	{"session", map[string]any{"user_id": int64(1)}, "8374000000016d00000007757365725f69646101"},
	{"binary keys in order", map[string]any{"b": int64(2), "a": int64(1), "aa": int64(3)},
		"8374000000036d000000016161016d0000000261616103" + "6d00000001626102"},
	{"mixed keys in order", Map{{int64(2), true}, {1.0, true}, {Atom("a"), true}, {"a", true}},
		"8374000000046102770474727565463ff000000000000077047472756577016177047472756" + "56d0000000161770474727565"},
	{"token payload", Tuple{"42", int64(1_700_000_000_000), int64(86400)}, "8368036d0000000234326e06000068e5cf8b016200015180"},
}

func TestVectors(t *testing.T) {
	for _, v := range vectors {
		t.Run(v.name, func(t *testing.T) {
			got, err := Marshal(v.term)
			if err != nil {
				t.Fatal(err)
			}
			if h := hex.EncodeToString(got); h != v.hex {
				t.Errorf("Marshal: got %s, want %s", h, v.hex)
			}
			want, err := hex.DecodeString(v.hex)
			if err != nil {
				t.Fatal(err)
			}
			back, err := Decode(want)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(v.term, back, sameBig); diff != "" {
				t.Errorf("Decode (-want +got):\n%s", diff)
			}
		})
	}
}

func TestStringListHasALimit(t *testing.T) {
	for n, tag := range map[int]byte{math.MaxUint16: tagString, math.MaxUint16 + 1: tagList} {
		b, err := Marshal(make([]int, n))
		if err != nil {
			t.Fatal(err)
		}
		if b[1] != tag {
			t.Errorf("list of %d bytes: got tag %d, want %d", n, b[1], tag)
		}
		var back []int
		if err := Unmarshal(b, &back); err != nil || len(back) != n {
			t.Errorf("list of %d bytes: back came %d, %v", n, len(back), err)
		}
	}
}

// Forms that a machine may write and Marshal never does.
func TestDecodeOtherForms(t *testing.T) {
	tests := []struct {
		name, hex string
		want      any
	}{
		{"small integer in 32 bits", "836200000001", int64(1)},
		{"small integer as a big", "836e010001", int64(1)},
		{"negative zero as a big", "836e0001", int64(0)},
		{"large tag for a small big", "836f000000010105", int64(-5)},
		{"Latin-1 atom", "83640001e9", Atom("é")},
		{"small Latin-1 atom", "837302" + "6f6b", Atom("ok")},
		{"true as a Latin-1 atom", "8364000474727565", true},
		{"large tag for a small tuple", "8369000000016101", Tuple{int64(1)}},
		{"list with a list as tail", "836c0000000161016b00010" + "2", []any{int64(1), int64(2)}},
		{"empty list with the long tag", "836c000000006a", []any{}},
		{"whole bytes as a bit string", "834d0000000108ff", "\xff"},
		{"unused bits set", "834d0000000101ff", Bitstring{"\x80", 1}},
		{"keys out of order", "8374000000026102610061016100", Map{{int64(1), int64(0)}, {int64(2), int64(0)}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b, err := hex.DecodeString(tt.hex)
			if err != nil {
				t.Fatal(err)
			}
			got, err := Decode(b)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestDecodeRefuses(t *testing.T) {
	tests := []struct {
		name, hex string
		offset    int
		reason    string
	}{
		{"nothing", "", 0, "version"},
		{"another version", "826101", 0, "version"},
		{"no term", "83", 1, "1 bytes wanted, 0 left"},
		{"cut integer", "8362000000", 2, "4 bytes wanted, 3 left"},
		{"binary longer than the input", "836dffffffff00", 2, "count of 4294967295"},
		{"list longer than the input", "836cffffffff00", 2, "count of 4294967295"},
		{"tuple longer than the input", "8369ffffffff00", 2, "count of 4294967295"},
		{"map longer than the input", "837400000002610261", 2, "count of 2"},
		{"big longer than the input", "836fffffffff00", 2, "count of 4294967295"},
		{"second sign", "836e010201", 3, "sign 2"},
		{"not a number", "83467ff8000000000000", 1, "not finite"},
		{"infinity", "83467ff0000000000000", 1, "not finite"},
		{"old float", "8363" + strings.Repeat("30", 31), 1, "tag 99 (a float"},
		{"pid", "8358", 1, "tag 88 (a pid)"},
		{"port", "8359", 1, "tag 89 (a port)"},
		{"reference", "835a", 1, "tag 90 (a reference)"},
		{"closure", "8370", 1, "tag 112 (a function)"},
		{"external function", "83680171", 3, "tag 113 (a function)"},
		{"local term", "8379", 1, "tag 121"},
		{"no tag", "8300", 1, "tag 0 (no tag"},
		{"compressed inside", "83680150", 3, "tag 80 (a compressed term inside"},
		{"bytes after", "83610100", 3, "1 bytes after the term"},
		{"same key twice", "8374000000026d0000000161" + "61016d00000001616102", 1, "key twice"},
		{"same number twice in two forms", "83740000000261016100620000000161" + "00", 1, "key twice"},
		{"atom that is not UTF-8", "837701ff", 2, "not UTF-8"},
		{"atom of 256 characters", "83760100" + strings.Repeat("61", 256), 2, "more than 255"},
		{"no bits in a byte", "834d000000010000", 6, "0 bits in the last of 1"},
		{"nine bits in a byte", "834d0000000109ff", 6, "9 bits"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b, err := hex.DecodeString(tt.hex + strings.Repeat("0", len(tt.hex)%2))
			if err != nil {
				t.Fatal(err)
			}
			got, err := Decode(b)
			var syntax *SyntaxError
			if !errors.As(err, &syntax) {
				t.Fatalf("got %#v, %v; want a SyntaxError", got, err)
			}
			if syntax.Offset != tt.offset || !strings.Contains(syntax.Reason, tt.reason) {
				t.Errorf("got offset %d %q, want offset %d with %q", syntax.Offset, syntax.Reason, tt.offset, tt.reason)
			}
		})
	}
}

func nested(depth int) []byte {
	return append([]byte{version}, append(bytes.Repeat([]byte{tagSmallTuple, 1}, depth-1), tagNil)...)
}

func TestLimits(t *testing.T) {
	t.Run("depth", func(t *testing.T) {
		if _, err := Decode(nested(defaultDepth)); err != nil {
			t.Errorf("at the default: %v", err)
		}
		if _, err := Decode(nested(defaultDepth + 1)); err == nil {
			t.Error("above the default: accepted")
		}
		if _, err := (Limits{Depth: 3}).Decode(nested(4)); err == nil || !strings.Contains(err.Error(), "offset 7: terms nested too deep") {
			t.Errorf("above a limit of 3: %v", err)
		}
		if _, err := (Limits{Depth: 5000}).Decode(nested(5000)); err != nil {
			t.Errorf("raised: %v", err)
		}
	})
	t.Run("size", func(t *testing.T) {
		b, _ := Marshal(strings.Repeat("x", 94))
		if _, err := (Limits{Size: 100}).Decode(b); err != nil {
			t.Errorf("100 bytes: %v", err)
		}
		b, _ = Marshal(strings.Repeat("x", 95))
		if _, err := (Limits{Size: 100}).Decode(b); err == nil {
			t.Error("101 bytes: accepted")
		}
	})
}

func compressed(t testing.TB, size int, content []byte) []byte {
	var b bytes.Buffer
	b.Write([]byte{version, tagCompressed})
	b.Write(binary.BigEndian.AppendUint32(nil, uint32(size)))
	z := zlib.NewWriter(&b)
	if _, err := z.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestCompressed(t *testing.T) {
	want := strings.Repeat("ab", 500)
	plain, _ := Marshal(want)
	content := plain[1:]
	t.Run("as it should be", func(t *testing.T) {
		got, err := Decode(compressed(t, len(content), content))
		if err != nil || got != want {
			t.Errorf("got %v, %v", got, err)
		}
	})
	refused := map[string]struct {
		in     []byte
		limits Limits
		reason string
	}{
		"promises more than allowed":   {compressed(t, 1006, content), Limits{Inflated: 1004}, "compressed term of 1006 bytes, 1004 allowed"},
		"holds more than it promises":  {compressed(t, 1004, content), Limits{}, "not the 1004 bytes"},
		"holds less than it promises":  {compressed(t, 1006, content), Limits{}, "not the 1006 bytes"},
		"a bomb under a small promise": {compressed(t, 10, make([]byte, 8<<20)), Limits{}, "not the 10 bytes"},
		"bytes after":                  {append(compressed(t, 1005, content), 0), Limits{}, "1 bytes after"},
		"cut":                          {compressed(t, 1005, content)[:20], Limits{}, "compressed term"},
		"not zlib":                     {[]byte{version, tagCompressed, 0, 0, 0, 1, 1, 2, 3}, Limits{}, "compressed term"},
		"wrong inside":                 {compressed(t, 2, []byte{tagInteger, 1}), Limits{}, "offset 1 of the inflated term"},
		"compressed again":             {compressed(t, 1, []byte{tagCompressed}), Limits{}, "tag 80"},
	}
	for name, tt := range refused {
		t.Run(name, func(t *testing.T) {
			got, err := tt.limits.Decode(tt.in)
			if err == nil || !strings.Contains(err.Error(), tt.reason) {
				t.Errorf("got %v, %v; want an error with %q", got, err, tt.reason)
			}
		})
	}
}

type tenant string

type account struct {
	ID      uint64            `json:"id"`
	Name    string            `etf:"name,atom" json:"ignored"`
	Tenant  tenant            `json:"tenant"`
	Roles   []string          `json:"roles"`
	Labels  map[string]string `json:"labels"`
	Parent  *account          `json:"parent,omitempty"`
	Address netip.Addr        `json:"address"`
	Scores  [2]float32        `json:"scores"`
	Secret  string            `json:"-"`
	Raw     []byte
	shadow  int
	Meta
}

type Meta struct {
	At time.Time `json:"at"`
}

func TestStructs(t *testing.T) {
	at := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	in := account{ID: math.MaxUint64, Name: "ada", Tenant: "acme", Roles: []string{"admin"}, Labels: map[string]string{"a": "b"},
		Parent: &account{Address: netip.IPv6Loopback()}, Address: netip.MustParseAddr("10.0.0.1"), Scores: [2]float32{1, 2.5},
		Secret: "s", Raw: []byte{1, 0xff}, shadow: 1, Meta: Meta{at}}
	b, err := Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	term, err := Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	empty := Map{{Atom("name"), ""}, {"Raw", ""}, {"address", "::1"}, {"at", "0001-01-01T00:00:00Z"}, {"id", int64(0)},
		{"labels", map[string]any{}}, {"roles", []any{}}, {"scores", []any{0.0, 0.0}}, {"tenant", ""}}
	want := Map{{Atom("name"), "ada"}, {"Raw", "\x01\xff"}, {"address", "10.0.0.1"}, {"at", "2026-11-22T10:00:00Z"},
		{"id", new(big.Int).SetUint64(math.MaxUint64)}, {"labels", map[string]any{"a": "b"}}, {"parent", empty},
		{"roles", []any{"admin"}}, {"scores", []any{1.0, 2.5}}, {"tenant", "acme"}}
	if diff := cmp.Diff(want, term, sameBig); diff != "" {
		t.Errorf("term (-want +got):\n%s", diff)
	}

	var out account
	if err := Assign(&out, term); err != nil {
		t.Fatal(err)
	}
	in.Secret, in.shadow = "", 0
	in.Parent.Roles, in.Parent.Labels, in.Parent.Raw = []string{}, map[string]string{}, []byte{}
	if diff := cmp.Diff(in, out, cmp.AllowUnexported(account{}), cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
		t.Errorf("back (-want +got):\n%s", diff)
	}
}

func TestMarshalGoValues(t *testing.T) {
	n, n64 := 7, int64(7)
	var none *int
	tests := []struct {
		name string
		in   any
		want any
	}{
		{"narrow integers", []any{int8(-1), uint16(2), uint(3)}, []any{int64(-1), int64(2), int64(3)}},
		{"float32", float32(0.5), 0.5},
		{"bytes", []byte("x"), "x"},
		{"named string", tenant("a"), "a"},
		{"pointer", &n, int64(7)},
		{"nil pointer", none, nil},
		{"nil big integer", (*big.Int)(nil), nil},
		{"big integer that is small", big.NewInt(5), int64(5)},
		{"big integer by value", *big.NewInt(5), int64(5)},
		{"nil slice", []string(nil), []any{}},
		{"nil slice of any", []any(nil), []any{}},
		{"nil map", map[string]int(nil), map[string]any{}},
		{"map with integer keys", map[int]string{2: "b", 1: "a"}, Map{{int64(1), "a"}, {int64(2), "b"}}},
		{"map with atom keys", map[Atom]any{"b": 1, "a": nil}, Map{{Atom("a"), nil}, {Atom("b"), int64(1)}}},
		{"Map that needs no Map", Map{{"a", 1}}, map[string]any{"a": int64(1)}},
		{"Map with Go keys", Map{{uint8(9), 1}, {int32(3), 2}}, Map{{int64(3), int64(2)}, {int64(9), int64(1)}}},
		{"tuple of Go values", Tuple{n, []int{300}}, Tuple{int64(7), []any{int64(300)}}},
		{"improper list of Go values", Improper{[]any{n}, tenant("t")}, Improper{[]any{int64(7)}, "t"}},
		{"terms inside a struct", struct{ T, L, I, M, B any }{Tuple{n}, []any{n}, Improper{[]any{n}, "t"}, Map{{n, n}}, big.NewInt(n64)},
			map[string]any{"T": Tuple{int64(7)}, "L": []any{int64(7)}, "I": Improper{[]any{int64(7)}, "t"}, "M": Map{{int64(7), int64(7)}}, "B": n64}},
		{"keys of several elements", Map{{Tuple{n, []any{n}}, 1}}, Map{{Tuple{int64(7), []any{int64(7)}}, int64(1)}}},
		{"large tuple", make(Tuple, 256), make(Tuple, 256)},
		{"true under another name", Atom("true"), true},
		{"nil text", (*netip.Addr)(nil), nil},
		{"time", time.Unix(0, 0).UTC(), "1970-01-01T00:00:00Z"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b, err := Marshal(tt.in)
			if err != nil {
				t.Fatal(err)
			}
			got, err := Decode(b)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

type knot struct{ Next *knot }

func TestMarshalRefuses(t *testing.T) {
	loop := &knot{}
	loop.Next = loop
	list := []any{nil}
	list[0] = list
	tests := map[string]struct {
		in   any
		want string
	}{
		"cycle of pointers":        {loop, "nested deeper"},
		"cycle of a list":          {list, "nested deeper"},
		"function":                 {func() {}, "a func() stands for no term"},
		"channel in a map":         {map[string]any{"c": make(chan int)}, `key "c": a chan int`},
		"not a number":             {math.NaN(), "finite"},
		"infinity in a struct":     {struct{ F float32 }{float32(math.Inf(1))}, "finite"},
		"atom that is not UTF-8":   {Atom("\xff"), "UTF-8"},
		"atom too long":            {Atom(strings.Repeat("é", 256)), "256 characters"},
		"key twice":                {Map{{1, 1}, {int8(1), 2}}, "twice"},
		"key that is no term":      {Map{{func() {}, 1}}, "a func()"},
		"value in a tuple":         {Tuple{func() {}}, "a func()"},
		"value in a struct":        {struct{ T, L any }{Tuple{func() {}}, nil}, "key T: a func()"},
		"value in an improper":     {Improper{[]any{func() {}}, 1}, "a func()"},
		"tail of an improper":      {[]any{Improper{[]any{1}, func() {}}}, "a func()"},
		"bit string of whole byte": {Bitstring{"a", 8}, "1 to 7"},
		"improper without head":    {Improper{nil, 1}, "just its tail"},
		"improper with a list":     {Improper{[]any{1}, []int{2}}, "one []any"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			dst := []byte("kept")
			got, err := Append(dst, tt.in)
			if err == nil || !strings.HasPrefix(err.Error(), "etf: ") || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got error %v, want one with %q", err, tt.want)
			}
			if string(got) != "kept" {
				t.Errorf("got %q back, want dst as it was", got)
			}
		})
	}
}

func TestAssignRefuses(t *testing.T) {
	tests := map[string]struct {
		into any
		term any
		want string
	}{
		"not a pointer":         {1, int64(1), "non-nil pointer"},
		"nil pointer":           {(*int)(nil), int64(1), "non-nil pointer"},
		"integer too wide":      {new(int8), int64(128), "an integer does not fit into int8"},
		"negative into uint":    {new(uint), int64(-1), "does not fit"},
		"big into int":          {new(int), power(64), "does not fit"},
		"float into int":        {new(int), 1.0, "a float does not fit"},
		"float too wide":        {new(float32), 1e300, "a float does not fit"},
		"binary into int":       {new(int), "1", "a binary does not fit"},
		"binary into Atom":      {new(Atom), "a", "a binary does not fit"},
		"binary into big":       {new(big.Int), "1", "a binary does not fit"},
		"atom nil into string":  {new(string), nil, "the atom nil does not fit into string"},
		"atom into bool":        {new(bool), Atom("yes"), "the atom yes"},
		"list into string":      {new(string), []any{int64(104)}, "a list does not fit"},
		"tuple into slice":      {new([]int), Tuple{int64(1)}, "a tuple of 1"},
		"too long for an array": {new([1]int), []any{int64(1), int64(2)}, "2 elements into [1]int"},
		"element":               {new([]string), []any{"a", int64(1)}, "element 1: an integer"},
		"map value":             {new(map[string]int), map[string]any{"a": "b"}, "key a: a binary"},
		"map key":               {new(map[string]int), Map{{int64(1), int64(1)}}, "key 1: an integer"},
		"map key of any kind":   {new(map[any]int), Map{{Tuple{}, int64(1)}}, "cannot be a key"},
		"map into slice":        {new([]int), map[string]any{}, "a map does not fit"},
		"field":                 {new(account), map[string]any{"id": "x"}, "field id: a binary"},
		"text":                  {new(netip.Addr), "nowhere", "nowhere"},
		"not a term":            {new(string), struct{}{}, "not a term"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			err := Assign(tt.into, tt.term)
			if err == nil || !strings.HasPrefix(err.Error(), "etf: ") || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error with %q", err, tt.want)
			}
		})
	}
}

func TestAssignConverts(t *testing.T) {
	var b []byte
	if err := Assign(&b, []any{int64(104), int64(105)}); err != nil || string(b) != "hi" {
		t.Errorf("charlist into []byte: %q, %v", b, err)
	}
	var p **int
	if err := Assign(&p, int64(3)); err != nil || **p != 3 {
		t.Errorf("integer into **int: %v", err)
	}
	var f float64
	if err := Assign(&f, int64(3)); err != nil || f != 3 {
		t.Errorf("integer into float64: %v, %v", f, err)
	}
	var s string
	if err := Assign(&s, Atom("ok")); err != nil || s != "ok" {
		t.Errorf("atom into string: %q, %v", s, err)
	}
	pair := struct {
		A int
		B string
	}{}
	if err := Assign(&pair, Map{{Atom("A"), int64(1)}, {"B", "b"}, {"C", nil}}); err != nil || pair.A != 1 || pair.B != "b" {
		t.Errorf("map into struct: %+v, %v", pair, err)
	}
	var two [2]any
	if err := Assign(&two, Tuple{int64(1), "x"}); err != nil || two != [2]any{int64(1), "x"} {
		t.Errorf("tuple into array: %v, %v", two, err)
	}
	slice := []int{1}
	if err := Assign(&slice, nil); err != nil || slice != nil {
		t.Errorf("nil into slice: %v, %v", slice, err)
	}
}

func TestKeyOrder(t *testing.T) {
	ordered := []any{new(big.Int).Neg(power(70)), int64(-1), int64(3), power(70), math.Inf(-1), math.Copysign(0, -1), 0.0, 1.0,
		Atom("a"), false, nil, true, Tuple{}, Tuple{int64(2)}, Tuple{int64(1), int64(1)}, Tuple{int64(1), int64(2)},
		map[string]any{}, Map{{Atom("z"), int64(0)}}, map[string]any{"a": int64(1)}, map[string]any{"a": int64(2)}, map[string]any{"b": int64(0)},
		[]any{}, Improper{[]any{int64(1)}, int64(2)}, []any{int64(1)}, []any{int64(1), int64(1)}, []any{int64(2)},
		"", "a", "aa", "b", Bitstring{"\xfe", 7}, "\xfe", "\xff"}
	for i, a := range ordered {
		for j, b := range ordered {
			if got, want := compare(a, b), sign(i-j); got != want {
				t.Errorf("compare(%v, %v): got %d, want %d", a, b, got, want)
			}
		}
	}
}

func sign(n int) int {
	switch {
	case n < 0:
		return -1
	case n > 0:
		return 1
	}
	return 0
}
