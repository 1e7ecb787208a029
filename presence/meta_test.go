package presence

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

type withRefs struct {
	Name string `json:"name"`
	Ref  string `json:"phx_ref"`
	Prev string `json:"phx_ref_prev"`
}

const (
	ref1 = "AAAAAAAAAAAAAAA1"
	ref2 = "AAAAAAAAAAAAAAA2"
)

func TestMetas(t *testing.T) {
	for _, tc := range []struct {
		name string
		in   any
		want string // with ref1; empty: refused
	}{
		{"a struct", seat{"phone"}, `{"device":"phone","phx_ref":"` + ref1 + `"}`},
		{"an empty struct", struct{}{}, `{"phx_ref":"` + ref1 + `"}`},
		{"a map", map[string]any{"b": 1, "a": []int(nil)}, `{"a":[],"b":1,"phx_ref":"` + ref1 + `"}`},
		{"a nil map", map[string]any(nil), `{"phx_ref":"` + ref1 + `"}`},
		{"markup", map[string]string{"x": "</script>"}, `{"x":"</script>","phx_ref":"` + ref1 + `"}`},
		{"nested refs stay", map[string]any{"x": map[string]string{"phx_ref": "y"}}, `{"x":{"phx_ref":"y"},"phx_ref":"` + ref1 + `"}`},
		{"refs are ours", withRefs{"x", "mine", "mine too"}, `{"name":"x","phx_ref":"` + ref1 + `"}`},
		{"refs in disguise", json.RawMessage(`{"phx\u005fref":"mine","a":1}`), `{"a":1,"phx_ref":"` + ref1 + `"}`},
		{"raw", json.RawMessage(" {\"a\" : 1 }\n"), `{"a":1,"phx_ref":"` + ref1 + `"}`},
		{"raw and empty", json.RawMessage("{ }"), `{"phx_ref":"` + ref1 + `"}`},
		{"a list", []int{1}, ""},
		{"a string", "x", ""},
		{"nil", nil, ""},
		{"a nil pointer", (*seat)(nil), ""},
		{"raw and broken", json.RawMessage(`{"a":}`), ""},
		{"raw and nothing", json.RawMessage(""), ""},
		{"a function", map[string]any{"f": func() {}}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			body, err := encodeMeta(tc.in)
			if tc.want == "" {
				if err == nil {
					t.Errorf("taken as %s", body)
				} else if !strings.HasPrefix(err.Error(), "presence: ") {
					t.Errorf("got %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, prev := range []string{"", ref2} {
				m := newMeta(body, ref1, prev)
				want := tc.want
				if prev != "" {
					want = strings.TrimSuffix(want, "}") + `,"phx_ref_prev":"` + prev + `"}`
				}
				if string(m) != want {
					t.Errorf("got %s, want %s", m, want)
				}
				checkMeta(t, m, ref1, prev)
				again, err := readMeta([]byte(m))
				if err != nil || again != m {
					t.Errorf("on another node it is %s, %v", again, err)
				}
			}
		})
	}
}

// checkMeta compares a meta with what JSON says of it.
func checkMeta(t *testing.T, m meta, ref, prev string) {
	t.Helper()
	var fields map[string]json.RawMessage
	if err := json.Unmarshal([]byte(m), &fields); err != nil {
		t.Fatalf("%s is not JSON: %v", m, err)
	}
	if m.ref() != ref || m.prev() != prev {
		t.Errorf("got refs %q and %q of %s, want %q and %q", m.ref(), m.prev(), m, ref, prev)
	}
	if got := string(fields["phx_ref"]); got != `"`+ref+`"` {
		t.Errorf("clients get the ref %s of %s, want %q", got, m, ref)
	}
	delete(fields, "phx_ref")
	delete(fields, "phx_ref_prev")
	var value map[string]json.RawMessage
	if err := m.value(&value); err != nil {
		t.Errorf("the value of %s: %v", m, err)
	}
	if got, want := slices.Sorted(maps.Keys(value)), slices.Sorted(maps.Keys(fields)); !slices.Equal(got, want) {
		t.Errorf("the value of %s has fields %q, want %q", m, got, want)
	}
}

func TestReadMetaRefuses(t *testing.T) {
	for _, b := range []string{
		"", "{}", `{"phx_ref":"short"}`, `{"a":1}`, `{"phx_ref":"` + ref1 + `"`, `["phx_ref":"` + ref1 + `"}`,
		`{"a":1 "phx_ref":"` + ref1 + `"}`, `{"a":1,"phx_ref":"` + ref1 + `","phx_ref_prev":"short"}`,
		`{"phx_ref":"` + ref1 + `"}}`, `"phx_ref":"` + ref1 + `"}`,
		`{"a":1,"xhx_ref":"` + ref1 + `"}`, `{"a":"\"phx_ref\":\"` + ref1 + `"}`,
	} {
		if m, err := readMeta([]byte(b)); err == nil {
			t.Errorf("%s was taken as %s", b, m)
		}
	}
}

func FuzzReadMeta(f *testing.F) {
	f.Add([]byte(`{"phx_ref":"` + ref1 + `"}`))
	f.Add([]byte(`{"a":1,"phx_ref":"` + ref1 + `","phx_ref_prev":"` + ref2 + `"}`))
	f.Add([]byte(`{"phx_ref":1,"phx_ref":"` + ref1 + `"}`))
	f.Add([]byte(`{"a":"b\"phx_ref":"AAAA\"AAAAAAAAAA"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := readMeta(b)
		if err != nil {
			return
		}
		// Whatever another node sends, clients get JSON, and nothing here fails on it.
		snap := groupBy(1, func(yield func(item) bool) { yield(item{"k", m}) }, nil)
		if !json.Valid(snap.encoded()) {
			t.Errorf("%s makes the listing %s", b, snap.encoded())
		}
		if len(m.ref()) != refLen || len(m.prev()) != 0 && len(m.prev()) != refLen {
			t.Errorf("%s has the refs %q and %q", b, m.ref(), m.prev())
		}
		entry[seat](&snap.groups[0])
	})
}

func FuzzEncodeMeta(f *testing.F) {
	for _, s := range []string{`{}`, `{"a":1}`, `{"phx_ref":"x"}`, `{"a":"\u0070","a":2}`, `[1]`, `{"phx_ref_prev":{}}`, ` { "a" : [ ] } `} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		body, err := encodeMeta(json.RawMessage(b))
		if err != nil {
			return
		}
		checkMeta(t, newMeta(body, ref1, ""), ref1, "")
		checkMeta(t, newMeta(body, ref1, ref2), ref1, ref2)
	})
}

func TestListingsAreJSON(t *testing.T) {
	fields := map[string]string{"b": `"user":{"name":"B"}`}
	items := []item{{"a", newMeta([]byte(`{"n":1`), ref1, "")}, {"a", newMeta([]byte(`{"n":2`), ref2, ref1)}, {"b", newMeta([]byte(`{`), ref1, "")}, {"\"\x00é", newMeta([]byte(`{`), ref2, "")}}
	s := groupBy(len(items), slices.Values(items), func(key string) string { return fields[key] })
	want := `{"a":{"metas":[{"n":1,"phx_ref":"` + ref1 + `"},{"n":2,"phx_ref":"` + ref2 + `","phx_ref_prev":"` + ref1 + `"}]},` +
		`"b":{"metas":[{"phx_ref":"` + ref1 + `"}],"user":{"name":"B"}},"\"\u0000é":{"metas":[{"phx_ref":"` + ref2 + `"}]}}`
	if diff := cmp.Diff(want, string(s.encoded())); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if first, again := s.encoded(), s.encoded(); &first[0] != &again[0] {
		t.Error("a listing is encoded twice")
	}
	with := s.with(map[string]field{"a": {json: `"x":1`}})
	if got := with.find("a").fields + with.find("b").fields; got != `"x":1` || s.find("b").fields == "" {
		t.Errorf("got fields %s", got)
	}
}

func TestMetaThatDoesNotFitIsShownToClientsAllTheSame(t *testing.T) {
	g := group{key: "a", metas: []meta{newMeta([]byte(`{"device":7`), ref1, ref2)}}
	e := entry[seat](&g)
	if m := e.Metas[0]; m.Err == nil || m.Ref != ref1 || m.PrevRef != ref2 {
		t.Errorf("got %+v", m)
	}
}

func TestRefs(t *testing.T) {
	a, b := newRefs(), newRefs()
	seen := make(map[string]bool)
	for i := range 10_000 {
		if i == 5_000 { // the clock is set back by an hour
			a.last.Add(int64(time.Hour))
		}
		for _, r := range []*refs{a, b} {
			ref := r.next()
			if seen[ref] || len(ref) != refLen || strings.Trim(ref, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
				t.Fatalf("got the ref %q", ref)
			}
			seen[ref] = true
		}
	}
}
