package param

import (
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func FuzzDecode(f *testing.F) {
	for _, tt := range decoded {
		f.Add(tt.query)
	}
	f.Add("a=%FF&b=%zz")
	f.Fuzz(func(t *testing.T, query string) {
		got, err := Decode(query)
		want, ok := naive(query)
		if ok != (err == nil) {
			t.Fatalf("Decode(%q): error %v, the naive decoder has ok = %v", query, err, ok)
		}
		if err != nil {
			return
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("Decode(%q) (-naive +got):\n%s", query, diff)
		}
		roundTrip(t, query)
	})
}

// naive decodes by asking, for every place, which pairs are below it. It is quadratic and has no state to get wrong.
func naive(query string) (Map, bool) {
	type pair struct {
		path  []string // "" after the first is an item of a list
		value string
	}
	var pairs []pair
	for one := range strings.SplitSeq(query, "&") {
		if one == "" {
			continue
		}
		name, value, _ := strings.Cut(one, "=")
		name, err1 := url.QueryUnescape(name)
		value, err2 := url.QueryUnescape(value)
		if err1 != nil || err2 != nil || strings.ToValidUTF8(name+"|"+value, "") != name+"|"+value {
			return nil, false
		}
		path := []string{name}
		if i := strings.Index(name, "["); i > 0 && strings.HasSuffix(name, "]") {
			path = append([]string{name[:i]}, strings.Split(name[i+1:len(name)-1], "][")...)
		}
		if len(path) > MaxDepth {
			return nil, false
		}
		pairs = append(pairs, pair{path, value})
	}
	var build func(pairs []pair, root bool) any
	build = func(pairs []pair, root bool) any {
		type slot struct {
			key    string
			value  any
			nested []pair
		}
		var slots []*slot
		nested := map[string]*slot{}
		for _, p := range pairs {
			key, rest := p.path[0], p.path[1:]
			if len(rest) == 0 {
				slots = append(slots, &slot{key: key, value: p.value})
				continue
			}
			s := nested[key]
			if s == nil {
				s = &slot{key: key}
				nested[key] = s
				slots = append(slots, s)
			}
			s.nested = append(s.nested, pair{rest, p.value})
		}
		isList := !root && slots[len(slots)-1].key == ""
		list, m := []any{}, map[string]any{}
		for _, s := range slots {
			if s.nested != nil {
				s.value = build(s.nested, false)
			}
			switch {
			case !root && s.key == "":
				list = append(list, s.value)
			default:
				m[s.key] = s.value
			}
		}
		if isList {
			return list
		}
		return m
	}
	if len(pairs) > MaxPairs || len(query) > MaxLength {
		return nil, false
	}
	if len(pairs) == 0 {
		return Map{}, true
	}
	return Map(build(pairs, true).(map[string]any)), true
}
