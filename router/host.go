package router

import (
	"fmt"
	"strings"
)

// host is a host name, or the beginning of host names, in small letters.
type host struct {
	name   string
	prefix bool // name ends in a dot: any host that begins with it
}

func parseHost(s string) (host, error) {
	name := strings.ToLower(s)
	switch {
	case name == "":
		return host{}, fmt.Errorf("the host is empty; leave Host out to match all")
	case strings.Contains(name, "/"):
		return host{}, fmt.Errorf("host %q: write the name alone, without scheme and path", s)
	case strings.ContainsAny(name, "*{}"):
		return host{}, fmt.Errorf("host %q: there are no wildcards; a host that ends in a dot, such as %q, matches all that begin with it", s, "admin.")
	case hostname(name) != name && name[0] != '[':
		return host{}, fmt.Errorf("host %q: the port is not compared; write %q", s, hostname(name))
	case strings.ContainsFunc(name, func(c rune) bool { return c <= ' ' || c > '~' }):
		return host{}, fmt.Errorf("host %q: write it in ASCII, as browsers send it (xn--...)", s)
	}
	return host{name: hostname(name), prefix: strings.HasSuffix(name, ".")}, nil
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
	if h.prefix && len(name) > len(h.name) {
		name = name[:len(h.name)]
	}
	return strings.EqualFold(h.name, name)
}

// covers reports whether h matches all that other does.
func (h host) covers(other host) bool {
	return h.prefix && strings.HasPrefix(other.name, h.name) || h == other
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
