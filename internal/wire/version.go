package wire

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// version is a semantic version (semver.org 2.0.0). Build metadata is checked and forgotten.
type version struct {
	major, minor, patch uint64
	pre                 string // without the dash; "" is a release, which comes after all its pre-releases
}

func parseVersion(s string) (v version, ok bool) {
	s, build, hasBuild := strings.Cut(s, "+")
	if hasBuild && !identifiers(build, false) {
		return version{}, false
	}
	s, pre, hasPre := strings.Cut(s, "-")
	if hasPre && !identifiers(pre, true) {
		return version{}, false
	}
	v.pre = pre
	for i, part := range []*uint64{&v.major, &v.minor, &v.patch} {
		text, rest, more := strings.Cut(s, ".")
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil || !number(text) || leadingZero(text) || more != (i < 2) {
			return version{}, false
		}
		*part, s = n, rest
	}
	return v, true
}

// identifiers reports whether s is a list, separated by dots, of what may follow a dash or a plus sign.
func identifiers(s string, pre bool) bool {
	for id := range strings.SplitSeq(s, ".") {
		if id == "" || pre && number(id) && leadingZero(id) {
			return false
		}
		for i := range len(id) {
			c := id[i]
			if !isDigit(c) && (c|0x20 < 'a' || c|0x20 > 'z') && c != '-' {
				return false
			}
		}
	}
	return true
}

func leadingZero(s string) bool { return len(s) > 1 && s[0] == '0' }

func number(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return s != ""
}

// compare orders versions by precedence.
func (v version) compare(w version) int {
	c := cmp.Or(cmp.Compare(v.major, w.major), cmp.Compare(v.minor, w.minor), cmp.Compare(v.patch, w.patch))
	switch {
	case c != 0 || v.pre == w.pre:
		return c
	case v.pre == "":
		return 1
	case w.pre == "":
		return -1
	}
	a, b := strings.Split(v.pre, "."), strings.Split(w.pre, ".")
	for i := range min(len(a), len(b)) {
		if c := compareIdentifiers(a[i], b[i]); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(a), len(b))
}

// compareIdentifiers orders numbers by size and before everything else.
func compareIdentifiers(a, b string) int {
	switch an, bn := number(a), number(b); {
	case an && bn:
		return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) // no leading zeros: the longer is the larger
	case an:
		return -1
	case bn:
		return 1
	}
	return cmp.Compare(a, b)
}

// requirement is what a serializer is offered for.
type requirement struct {
	version
	exact bool
}

func parseRequirement(s string) (requirement, error) {
	var r requirement
	text, ok := strings.CutPrefix(s, "~>")
	if !ok {
		text, r.exact = strings.CutPrefix(s, "==")
		ok = r.exact
	}
	if ok {
		r.version, ok = parseVersion(strings.Trim(text, " "))
	}
	if !ok {
		return requirement{}, fmt.Errorf("wire: requirement %q is neither of the form \"~> x.y.z\" nor \"== x.y.z\"", s)
	}
	return r, nil
}

// allows follows Elixir's Version: with ~> the major and minor numbers are the requirement's and the version is not
// before it, so that ~> 2.0.0 takes 2.0.1-rc.0 but not 2.0.0-rc.0.
func (r requirement) allows(v version) bool {
	c := v.compare(r.version)
	if r.exact {
		return c == 0
	}
	return c >= 0 && v.major == r.major && v.minor == r.minor
}
