package deflate

import (
	"fmt"
	"strings"
)

// Header is the name of the header with a client's offers and the server's answer.
const Header = "Sec-WebSocket-Extensions"

const (
	name         = "permessage-deflate"
	answer       = name + "; server_no_context_takeover; client_no_context_takeover"
	answerWindow = answer + "; server_max_window_bits=15"
)

// Negotiate returns the answer to a client's offers, which are all values of its [Header], in order. The first offer of permessage-deflate that can be kept is taken; the
// answer is empty if there is none. An offer with a parameter that is unknown, wrong or there twice is passed over, and so is
// one that asks for a window below 32 KB (server_max_window_bits below 15): a broadcast is compressed once, for all. An error says that
// the header is not a list of extensions, after which RFC 6455 wants the connection to fail.
func Negotiate(values []string) (string, error) {
	taken := ""
	for _, v := range values {
		s := scanner{in: v}
		for s.next() {
			o, err := s.offer()
			if err != nil {
				return "", err
			}
			if taken == "" {
				taken = o.answer()
			}
		}
	}
	return taken, nil
}

// offer is what matters of one.
type offer struct {
	ours   bool // it is of permessage-deflate
	bad    bool // a parameter is not known, or wrong, or there twice
	window int  // server_max_window_bits; 0: not given
	seen   [4]bool
}

func (o *offer) answer() string {
	switch {
	case !o.ours || o.bad:
		return ""
	case o.window == 0:
		return answer
	case o.window == 15:
		return answerWindow // to take it is to repeat it
	}
	return ""
}

// param notes a parameter of permessage-deflate.
func (o *offer) param(key, value string, given bool) {
	which := 0
	switch key {
	case "server_no_context_takeover":
		o.bad = o.bad || given
	case "client_no_context_takeover":
		which, o.bad = 1, o.bad || given
	case "server_max_window_bits":
		which, o.window = 2, windowBits(value)
		o.bad = o.bad || o.window == 0
	case "client_max_window_bits": // a hint, which needs no answer: any window of the client's is inflated
		which, o.bad = 3, o.bad || given && windowBits(value) == 0
	default:
		o.bad = true
		return
	}
	o.bad = o.bad || o.seen[which]
	o.seen[which] = true
}

// windowBits returns 8 to 15, or 0 for what is not one of these in decimal without leading zeros.
func windowBits(s string) int {
	switch {
	case len(s) == 1 && (s[0] == '8' || s[0] == '9'):
		return int(s[0] - '0')
	case len(s) == 2 && s[0] == '1' && s[1] >= '0' && s[1] <= '5':
		return 10 + int(s[1]-'0')
	}
	return 0
}

// scanner reads one value of the header.
type scanner struct {
	in string
	at int
}

// next skips to the next element of the list and reports whether there is one. Empty elements are no elements.
func (s *scanner) next() bool {
	for s.space(); s.skip(','); s.space() {
	}
	return s.at < len(s.in)
}

// offer reads one extension up to the comma behind it.
func (s *scanner) offer() (o offer, err error) {
	ext, err := s.token("the name of an extension")
	o.ours = ext == name
	for err == nil {
		s.space()
		if s.at == len(s.in) || s.in[s.at] == ',' {
			return o, nil
		}
		if !s.skip(';') {
			return o, s.fail(`";" or ","`)
		}
		s.space()
		var key, value string
		if key, err = s.token("the name of a parameter"); err != nil {
			break
		}
		s.space()
		given := s.skip('=')
		if given {
			s.space()
			value, err = s.value()
		}
		if err == nil && o.ours {
			o.param(key, value, given)
		}
	}
	return o, err
}

// value reads a token, in quotes or not.
func (s *scanner) value() (string, error) {
	if !s.skip('"') {
		return s.token("a value")
	}
	var b strings.Builder
	for s.at < len(s.in) {
		c := s.in[s.at]
		s.at++
		switch {
		case c == '"' && b.Len() > 0:
			return b.String(), nil
		case c == '\\' && s.at < len(s.in):
			c = s.in[s.at]
			s.at++
		}
		if !tokenByte(c) {
			s.at--
			break
		}
		b.WriteByte(c)
	}
	return "", s.fail("a token in quotes")
}

func (s *scanner) token(what string) (string, error) {
	from := s.at
	for s.at < len(s.in) && tokenByte(s.in[s.at]) {
		s.at++
	}
	if s.at == from {
		return "", s.fail(what)
	}
	return s.in[from:s.at], nil
}

func (s *scanner) space() {
	for s.skip(' ') || s.skip('\t') {
	}
}

func (s *scanner) skip(c byte) bool {
	if s.at < len(s.in) && s.in[s.at] == c {
		s.at++
		return true
	}
	return false
}

func (s *scanner) fail(wanted string) error {
	return fmt.Errorf("the header %q must be a list of extensions: %s is missing at byte %d of %.100q", Header, wanted, s.at, s.in)
}

// tokenByte reports whether c may stand in a token (RFC 9110 section 5.6.2).
func tokenByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c < 0x80 && strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0
}
