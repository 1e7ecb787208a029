package router

import (
	"fmt"
	"slices"
	"strings"
)

// host is a host name, or the beginning of host names, in small letters.
type host struct {
	name   string // as it was written; if prefix, it ends in a dot
	prefix bool   // any host that begins with it
	// labels are what stands between the dots, for names with parameters; nil for all others, which are compared as a whole.
	labels []segment
}

func parseHost(s string) (host, error) {
	// Parameters keep their case, names have none.
	name := s
	if !strings.Contains(s, "{") {
		name = strings.ToLower(s)
	}
	switch {
	case name == "":
		return host{}, fmt.Errorf("the host is empty; leave Host out to match all")
	case strings.Contains(name, "/"):
		return host{}, fmt.Errorf("host %q: write the name alone, without scheme and path", s)
	case strings.Contains(name, "*"):
		return host{}, fmt.Errorf("host %q: there are no wildcards; write {name} for one label, %q; a host that ends in a dot, such as %q, matches all that begin with it",
			s, "{tenant}.example.com", "admin.")
	case hostname(name) != name && name[0] != '[':
		return host{}, fmt.Errorf("host %q: the port is not compared; write %q", s, hostname(name))
	case strings.ContainsFunc(name, func(c rune) bool { return c <= ' ' || c > '~' }):
		return host{}, fmt.Errorf("host %q: write it in ASCII, as browsers send it (xn--...)", s)
	}
	h := host{name: hostname(name), prefix: strings.HasSuffix(name, ".")}
	if strings.ContainsAny(name, "{}") {
		return h.withParams()
	}
	return h, nil
}

// withParams parses the labels of a name that has parameters.
func (h host) withParams() (host, error) {
	var names []string
	for label := range strings.SplitSeq(strings.TrimSuffix(h.name, "."), ".") {
		if label == "" {
			return host{}, fmt.Errorf("host %q has two dots in a row", h.name)
		}
		before, param, found := strings.Cut(label, "{")
		name, after, closed := strings.Cut(param, "}")
		seg := segment{lit: strings.ToLower(before), name: name}
		seg.src = seg.lit
		switch {
		case strings.Contains(before, "}"), found && !closed:
			return host{}, fmt.Errorf("host %q: in %q a brace is missing", h.name, label)
		case found && after != "":
			return host{}, fmt.Errorf("host %q: nothing can follow the parameter in %q before the next dot", h.name, label)
		case found && !validName(name):
			return host{}, fmt.Errorf("host %q: parameter name %q: use letters, digits and _, beginning with a small letter or _", h.name, name)
		case found:
			if slices.Contains(names, name) {
				return host{}, fmt.Errorf("host %q has two parameters {%s}; give each its own name", h.name, name)
			}
			names = append(names, name)
			seg.src += "{" + name + "}"
		}
		h.labels = append(h.labels, seg)
	}
	parts := make([]string, len(h.labels))
	for i, seg := range h.labels {
		parts[i] = seg.src
	}
	h.name = strings.Join(parts, ".")
	if h.prefix {
		h.name += "."
	}
	return h, nil
}

// hostname returns what stands before the port in a Host header; of an IPv6 address what is in the brackets.
func hostname(s string) string {
	if strings.HasPrefix(s, "[") {
		s, _, _ = strings.Cut(s[1:], "]")
		return s
	}
	if i := strings.LastIndexByte(s, ':'); i >= 0 {
		return s[:i]
	}
	return s
}

func (h host) matches(name string) bool {
	if h.labels != nil {
		return h.values(name, nil)
	}
	if h.prefix && len(name) > len(h.name) {
		name = name[:len(h.name)]
	}
	return strings.EqualFold(h.name, name)
}

// values reports whether a name with parameters matches, and calls set, unless it is nil, with the value of each, which is in small letters. It may have
// called set when it finds that the name does not match.
func (h host) values(name string, set func(param, value string)) bool {
	for i, seg := range h.labels {
		label, rest, dot := strings.Cut(name, ".")
		last := i == len(h.labels)-1
		switch {
		case len(label) < len(seg.lit) || !strings.EqualFold(label[:len(seg.lit)], seg.lit):
			return false
		case (seg.name == "") != (len(label) == len(seg.lit)):
			return false
		case !last && !dot, last && dot != h.prefix:
			return false
		}
		if seg.name != "" && set != nil {
			set(seg.name, strings.ToLower(label[len(seg.lit):]))
		}
		name = rest
	}
	return true
}

// params lists the names of the parameters.
func (h host) params() []string {
	var names []string
	for _, seg := range h.labels {
		if seg.name != "" {
			names = append(names, seg.name)
		}
	}
	return names
}

// parts are the labels, of a name without parameters too.
func (h host) parts() []segment {
	if h.labels != nil {
		return h.labels
	}
	var parts []segment
	for label := range strings.SplitSeq(strings.TrimSuffix(h.name, "."), ".") {
		parts = append(parts, segment{src: label, lit: label})
	}
	return parts
}

// covers reports whether h matches all that other does.
func (h host) covers(other host) bool {
	if h.labels == nil && other.labels == nil {
		return h.prefix && strings.HasPrefix(other.name, h.name) || h.name == other.name
	}
	a, b := h.parts(), other.parts()
	switch {
	case other.prefix && !h.prefix, !h.prefix && len(a) != len(b), h.prefix && other.prefix && len(b) < len(a), h.prefix && !other.prefix && len(b) <= len(a):
		return false
	}
	for i, seg := range a {
		if !seg.covers(b[i]) {
			return false
		}
	}
	return true
}

// overlaps reports whether there is a name that both match.
func (h host) overlaps(other host) bool {
	if h.labels == nil && other.labels == nil {
		return h.covers(other) || other.covers(h)
	}
	a, b := h.parts(), other.parts()
	switch {
	case !h.prefix && !other.prefix && len(a) != len(b), h.prefix && !other.prefix && len(b) <= len(a), !h.prefix && other.prefix && len(a) <= len(b):
		return false
	}
	for i := range min(len(a), len(b)) {
		if !a[i].overlaps(b[i]) {
			return false
		}
	}
	return true
}

// matchHost reports whether one of hosts matches; none match all.
func matchHost(hosts []host, name string) bool {
	for _, h := range hosts {
		if h.matches(name) {
			return true
		}
	}
	return len(hosts) == 0
}

// String writes a beginning as it is read: "admin.*".
func (h host) String() string {
	if h.prefix {
		return h.name + "*"
	}
	return h.name
}
