package rendered

import "unicode/utf8"

// What a byte needs, by target. A run of bytes that need nothing is copied at once.
const (
	inHTML = 1 << iota // one of &<>"' and NUL
	inJSON             // a quote, a backslash, a control character
	beyond             // part of a rune that has to be checked
)

var needs = func() (t [256]uint8) {
	for c := range 0x20 {
		t[c] = inJSON
	}
	t[0] |= inHTML
	t['"'] = inHTML | inJSON
	t['\\'] = inJSON
	for _, c := range `&<>'` {
		t[c] = inHTML
	}
	for c := 0x80; c < 0x100; c++ {
		t[c] = beyond
	}
	return t
}()

// appendHTML escapes for the text of an element and for an attribute's quoted value.
func appendHTML(dst []byte, s string) []byte { return appendEscaped(dst, s, inHTML|beyond) }

// appendHTMLInJSON escapes for HTML and the result for a JSON string.
func appendHTMLInJSON(dst []byte, s string) []byte {
	return appendEscaped(dst, s, inHTML|inJSON|beyond)
}

// appendJSON escapes for a JSON string what is HTML already.
func appendJSON(dst []byte, s string) []byte { return appendEscaped(dst, s, inJSON|beyond) }

// appendRaw copies what is HTML already, for HTML.
func appendRaw(dst []byte, s string) []byte {
	if utf8.ValidString(s) {
		return append(dst, s...)
	}
	return appendEscaped(dst, s, beyond)
}

// appendEscaped makes invalid bytes U+FFFD in every target: a page that came by HTTP and the same page that came over the
// socket, where JSON has no bytes but UTF-8, must not differ.
func appendEscaped(dst []byte, s string, mask uint8) []byte {
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		need := needs[c] & mask
		if need == 0 {
			i++
			continue
		}
		if need == beyond {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r != utf8.RuneError || size != 1 {
				i += size
				continue
			}
			dst = append(append(dst, s[start:i]...), "\uFFFD"...)
			i++
			start = i
			continue
		}
		dst = append(dst, s[start:i]...)
		if need&inHTML != 0 {
			dst = append(dst, entity(c)...)
		} else {
			dst = appendControl(dst, c)
		}
		i++
		start = i
	}
	return append(dst, s[start:]...)
}

// entity are the references of html/template, which are shorter than names for the quotes.
func entity(c byte) string {
	switch c {
	case '&':
		return "&amp;"
	case '<':
		return "&lt;"
	case '>':
		return "&gt;"
	case '"':
		return "&#34;"
	case '\'':
		return "&#39;"
	}
	return "\uFFFD" // NUL, which HTML cannot hold
}

func appendControl(dst []byte, c byte) []byte {
	const hex = "0123456789abcdef"
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, `\n`...)
	case '\r':
		return append(dst, `\r`...)
	case '\t':
		return append(dst, `\t`...)
	}
	return append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
}
