package rendered

import (
	"encoding/json"
	"html/template"
	"strings"
	"testing"
	"unicode/utf8"
)

var escapeSeeds = []string{
	"", "plain", `<script>alert("x")</script>`, "a & b", "it's", "1 + 1", "back\\slash", "tab\tline\nreturn\r", "\x00", "\x01\x1f\x7f",
	"ä€😀", "\xff", "a\xc3", "\xed\xa0\x80", "\u2028\u2029", "&amp;", "\uFFFD", strings.Repeat("<", 100),
}

// verdict is what html/template makes of a value, in the text of an element and in an attribute.
func verdict(t testing.TB, s string) (text, attribute string) {
	t.Helper()
	page := template.Must(template.New("").Parse("<p>{{.}}</p>|<p title=\"{{.}}\">"))
	var out strings.Builder
	if err := page.Execute(&out, s); err != nil {
		t.Fatal(err)
	}
	whole := out.String()
	i := strings.LastIndex(whole, `</p>|<p title="`)
	return whole[len("<p>"):i], whole[i+len(`</p>|<p title="`) : len(whole)-len(`">`)]
}

func checkEscaping(t testing.TB, s string) {
	valid := strings.ToValidUTF8(s, "\uFFFD")
	if !utf8.ValidString(s) {
		var each strings.Builder // every byte that is wrong becomes one U+FFFD
		for _, r := range s {
			each.WriteRune(r)
		}
		valid = each.String()
	}
	html := string(appendHTML(nil, s))
	text, attribute := verdict(t, valid)
	text = strings.ReplaceAll(text, "&#43;", "+")
	attribute = strings.ReplaceAll(attribute, "&#43;", "+")
	if html != text || html != attribute {
		t.Errorf("%q\ngot       %q\ntext      %q\nattribute %q", s, html, text, attribute)
	}
	for name, in := range map[string]struct{ json, html string }{
		"escaped": {string(appendHTMLInJSON(nil, s)), html},
		"raw":     {string(appendJSON(nil, s)), valid},
	} {
		var decoded string
		if err := json.Unmarshal([]byte(`"`+in.json+`"`), &decoded); err != nil || decoded != in.html {
			t.Errorf("%s: %q in JSON is %s, which decodes to %q, %v; want %q", name, s, in.json, decoded, err, in.html)
		}
	}
	if raw := string(appendRaw(nil, s)); raw != valid {
		t.Errorf("%q as it is: got %q, want %q", s, raw, valid)
	}
}

func TestEscaping(t *testing.T) {
	for _, s := range escapeSeeds {
		checkEscaping(t, s)
	}
	for c := range 256 {
		checkEscaping(t, "a"+string([]byte{byte(c)})+"b")
	}
}

// FuzzEscaping compares with html/template.
func FuzzEscaping(f *testing.F) {
	for _, s := range escapeSeeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) { checkEscaping(t, s) })
}

// FuzzMirror: whatever a message says, merging it neither panics nor runs away.
func FuzzMirror(f *testing.F) {
	f.Add(`{"0":"a","s":["<p>","</p>"]}`, `{"0":"b"}`)
	f.Add(`{"0":{"s":0,"k":{"0":{"0":"a"},"kc":1}},"s":1,"p":{"0":["<i>","</i>"],"1":["",""]}}`, `{"0":{"k":{"0":{"0":"b"},"1":0,"kc":2,"km":true}}}`)
	f.Add(`{"0":1,"s":["",""],"c":{"1":{"0":"x","s":["<p>","</p>"]}}}`, `{"0":2,"c":{"2":{"0":"y","s":-1},"3":{"s":3}}}`)
	f.Add(`{"0":{"s":["a"],"k":{"kc":1e18}},"s":["",""]}`, `{"0":{"k":{"kc":-1}}}`)
	f.Add(`{"0":{"s":["a"],"k":{"kc":0},"stream":["0",[["a",-1,null,true]],[],true]},"s":["",""]}`, `{"0":{"k":{"0":[0],"kc":0}}}`)
	f.Add(`{"0":1,"s":["",""],"c":{"1":{"0":1,"s":["",""]}}}`, `{"c":{"1":{"s":2},"2":{"s":1}}}`)
	f.Fuzz(func(t *testing.T, join, diff string) {
		var m Mirror
		for _, message := range []string{join, diff} {
			_, failed := m.Apply([]byte(message))
			_, _ = m.HTML()
			if failed != nil {
				return
			}
		}
	})
}

// The index finds what was put into it, however it grew.
func TestKeyIndex(t *testing.T) {
	var x keyIndex
	for _, n := range []int{0, 1, 7, 1000, 3} {
		x.reset(4)
		for i := range n {
			e, found := x.find(NumberKey(i).hash(0))
			if found {
				t.Fatalf("%d is there before it was put", i)
			}
			e.row = int32(i)
		}
		for i := range n {
			if e, found := x.find(NumberKey(i).hash(0)); !found || e.row != int32(i) {
				t.Fatalf("of %d: %d is %+v, %t", n, i, e, found)
			}
		}
	}
}

// Keys of different kinds differ, and so do the numbers of every integer type.
func TestKeys(t *testing.T) {
	seen := map[uint64]Key{}
	for _, k := range []Key{TextKey(""), TextKey("1"), NumberKey(1), NumberKey(-1), NumberKey(uint8(0)), NumberKey(uint64(1 << 63)), TextKey("a")} {
		h := k.hash(7)
		if other, twice := seen[h]; twice {
			t.Errorf("%v and %v are the same", k, other)
		}
		seen[h] = k
	}
	if (Key{}).hash(1) == (Key{}).hash(2) {
		t.Error("rows without a key are the same at every index")
	}
}
