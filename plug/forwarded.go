package plug

import (
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// hop is what one proxy says about who asked it: one element of the header Forwarded.
type hop struct {
	client netip.AddrPort // invalid if it is not an address
	proto  string
	host   string
}

// parseForwarded reads the values of RFC 7239 headers, in order. It is false if they break its grammar: then nothing of it can be believed.
func parseForwarded(values []string) (hops []hop, ok bool) {
	s := strings.Join(values, ",")
	for {
		var h hop
		for {
			s = trimLeft(s)
			if s == "" || s[0] == ',' || s[0] == ';' {
				break
			}
			name, value, rest, good := forwardedPair(s)
			if !good {
				return nil, false
			}
			s = trimLeft(rest)
			switch strings.ToLower(name) {
			case "for":
				h.client, _ = parseNode(value)
			case "proto":
				h.proto = value
			case "host":
				h.host = value
			}
			if s == "" || s[0] != ';' {
				break
			}
			s = s[1:]
		}
		hops = append(hops, h)
		if s == "" {
			return hops, true
		}
		if s[0] != ',' {
			return nil, false
		}
		s = s[1:]
	}
}

func trimLeft(s string) string { return strings.TrimLeft(s, " \t") }

// forwardedPair reads name=value or name="value" at the beginning of s.
func forwardedPair(s string) (name, value, rest string, ok bool) {
	name, rest, ok = strings.Cut(s, "=")
	if !ok || !isToken(name) {
		return "", "", "", false
	}
	if !strings.HasPrefix(rest, `"`) {
		end := 0
		for end < len(rest) && isToken(rest[end:end+1]) {
			end++
		}
		return name, rest[:end], rest[end:], end > 0
	}
	var b strings.Builder
	for i := 1; i < len(rest); i++ {
		switch c := rest[i]; {
		case c == '"':
			return name, b.String(), rest[i+1:], true
		case c == '\\' && i+1 < len(rest):
			i++
			b.WriteByte(rest[i])
		default:
			b.WriteByte(c)
		}
	}
	return "", "", "", false // the quotes are not closed
}

// parseNode reads an address with or without a port: 192.0.2.1, 192.0.2.1:80, [2001:db8::1], [2001:db8::1]:80, 2001:db8::1.
func parseNode(s string) (netip.AddrPort, bool) {
	s = strings.TrimSpace(s)
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port()), ap.Addr().Zone() == ""
	}
	if inner, ok := strings.CutPrefix(s, "["); ok {
		if s, ok = strings.CutSuffix(inner, "]"); !ok {
			return netip.AddrPort{}, false
		}
	}
	a, err := netip.ParseAddr(s)
	if err != nil || a.Zone() != "" {
		return netip.AddrPort{}, false
	}
	return netip.AddrPortFrom(a.Unmap(), 0), true
}

// validHost reports whether s can be a request's host: a name or address, perhaps with a port.
func validHost(s string) bool {
	name, port, err := net.SplitHostPort(s)
	if err != nil {
		name = strings.TrimSuffix(strings.TrimPrefix(s, "["), "]")
		if name != s && len(s)-len(name) != 2 {
			return false
		}
	} else if !validPort(port) {
		return false
	}
	if strings.Contains(name, ":") {
		a, err := netip.ParseAddr(name)
		return err == nil && a.Is6() && strings.HasPrefix(s, "[")
	}
	for i := range len(name) {
		c := name[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '.' || c == '_') {
			return false
		}
	}
	return name != "" && len(name) <= 253 && !strings.HasPrefix(s, "[")
}

func validPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && n > 0 && s[0] != '0'
}
