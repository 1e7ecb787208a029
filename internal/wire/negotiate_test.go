package wire

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestNegotiate(t *testing.T) {
	for _, c := range []struct {
		vsn     string
		present bool
		want    string // "" is a refusal
	}{
		{"", false, "1.0.0"}, {"2.0.0", false, "1.0.0"}, // absent
		{"1.0.0", true, "1.0.0"}, {"1.0.7", true, "1.0.0"}, {"2.0.0", true, "2.0.0"}, {"2.0.99", true, "2.0.0"},
		{"2.0.1-rc.1", true, "2.0.0"}, {"2.0.0+build.5", true, "2.0.0"},
		{"2.0.0-rc.1", true, ""}, {"2.1.0", true, ""}, {"1.1.0", true, ""}, {"3.0.0", true, ""}, {"0.9.0", true, ""}, {"2.1.0-dev", true, ""},
		{"", true, ""}, {"2", true, ""}, {"2.0", true, ""}, {"2.0.0.0", true, ""}, {"v2.0.0", true, ""}, {"02.0.0", true, ""}, {"2.0.00", true, ""},
		{" 2.0.0", true, ""}, {"2.0.0 ", true, ""}, {"2.0.x", true, ""}, {"-2.0.0", true, ""}, {"+2.0.0", true, ""}, {"2.+0.0", true, ""}, {"2..0", true, ""}, {"2.0.0-", true, ""},
		{"2.0.0+", true, ""}, {"2.0.0-01", true, ""}, {"2.0.0-a..b", true, ""}, {"2.0.0-é", true, ""}, {"99999999999999999999.0.0", true, ""},
	} {
		s, err := Negotiate(c.vsn, c.present)
		got := ""
		if err == nil {
			got = s.Vsn()
		} else if _, ok := errors.AsType[*VersionError](err); !ok {
			t.Errorf("vsn %q: got error %T, want *VersionError", c.vsn, err)
		}
		if got != c.want {
			t.Errorf("vsn %q (present %v): got %q (%v), want %q", c.vsn, c.present, got, err, c.want)
		}
	}
}

func TestNegotiateTeaches(t *testing.T) {
	for vsn, want := range map[string]string{
		"3.0.0": `wire: no serializer for vsn "3.0.0"; this socket speaks ~> 1.0.0, ~> 2.0.0`,
		"2.0":   `wire: vsn "2.0" is not a complete version such as 2.0.0; this socket speaks ~> 1.0.0, ~> 2.0.0`,
	} {
		_, err := Negotiate(vsn, true)
		if err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// custom is V2 under another version.
type custom struct {
	V2
	vsn string
}

func (c custom) Vsn() string { return c.vsn }
func (custom) Index() int    { return -1 }

func TestNegotiateIn(t *testing.T) {
	list := []Supported{
		{custom{vsn: "exact"}, "== 2.0.5"},
		{V2{}, "~> 2.0.0"},
		{custom{vsn: "never"}, "~> 2.0.0"},
		{custom{vsn: "pre"}, "~> 3.1.2-beta.2"},
		{V1{}, "~>1.0.3"},
	}
	for vsn, want := range map[string]string{
		"2.0.5": "exact", "2.0.4": "2.0.0", "2.0.6": "2.0.0", "1.0.3": "1.0.0", "1.0.2": "", "1.0.4": "1.0.0",
		"3.1.2-beta.1": "", "3.1.2-beta.2": "pre", "3.1.2-beta.11": "pre", "3.1.2-beta": "", "3.1.2-beta.x": "pre", "3.1.2-alpha.9": "", "3.1.2": "pre", "3.1.1": "", "3.1.2-1": "",
	} {
		got := ""
		if s, err := NegotiateIn(list, vsn, true); err == nil {
			got = s.Vsn()
		}
		if got != want {
			t.Errorf("vsn %s: got %q, want %q", vsn, got, want)
		}
	}
	if s, err := NegotiateIn(list, "", false); err == nil {
		t.Errorf("got %s for a client without vsn, want a refusal: nothing here allows 1.0.0", s.Vsn())
	}
	if _, err := NegotiateIn(nil, "2.0.0", true); err == nil {
		t.Error("got a serializer from an empty list")
	}
}

// unequal is a serializer whose values cannot be compared.
type unequal struct {
	V2
	names []string
}

func TestSupportedValidate(t *testing.T) {
	for requirement, want := range map[string]bool{
		"~> 1.0.0": true, "== 1.2.3": true, "~>1.0.0": true, "~> 1.0.0-rc.1": true,
		"": false, "1.0.0": false, "~> 1.0": false, "> 1.0.0": false, ">= 1.0.0": false, "~> 1.0.0 or == 2.0.0": false, "= 1.0.0": false,
	} {
		if err := (Supported{V1{}, requirement}).Validate(); (err == nil) != want {
			t.Errorf("%q: got %v, want valid %v", requirement, err, want)
		}
		if _, err := NegotiateIn([]Supported{{V1{}, requirement}}, "1.0.0", true); !want {
			if _, isVersion := errors.AsType[*VersionError](err); err == nil || isVersion {
				t.Errorf("%q: got %v, want an error about the requirement", requirement, err)
			}
		}
	}
	if err := (Supported{nil, "~> 1.0.0"}).Validate(); err == nil {
		t.Error("got no error without a serializer")
	}
	if err := (Supported{unequal{names: []string{"a"}}, "~> 1.0.0"}).Validate(); err == nil || !strings.Contains(err.Error(), "pointer") {
		t.Errorf("got %v, want an error that says how to give a serializer that cannot be compared", err)
	}
	if err := (Supported{&unequal{}, "~> 1.0.0"}).Validate(); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(2, len(DefaultSupported())); diff != "" {
		t.Error(diff)
	}
}

func FuzzParseVersion(f *testing.F) {
	for _, s := range []string{"1.0.0", "2.0.0-rc.1+b.2", "1.2", "0.0.0-0", "1.0.0--", "01.0.0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		v, ok := parseVersion(s)
		if ok && v.compare(v) != 0 {
			t.Errorf("%q does not equal itself", s)
		}
		req, err := parseRequirement("== " + s)
		if (err == nil) != ok && s == strings.Trim(s, " ") {
			t.Errorf("%q: version is read %v, requirement %v", s, ok, err)
		}
		if err == nil && ok && !req.allows(v) {
			t.Errorf("== %s refuses %s", s, s)
		}
	})
}
