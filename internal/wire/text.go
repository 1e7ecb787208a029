package wire

import (
	"unicode/utf16"
	"unicode/utf8"
)

// AppendString appends s as a JSON string. It escapes the quote, the backslash and control characters and nothing else;
// bytes that are not UTF-8 become U+FFFD. The result is JSON, not JavaScript to be put into a page: <, >, &, U+2028 and
// U+2029 stay as they are.
func AppendString(dst []byte, s string) []byte { return appendString(dst, s) }

const hexDigits = "0123456789abcdef"

func appendString[T string | []byte](dst []byte, s T) []byte {
	dst = append(dst, '"')
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, n := decodeRune(s[i:])
			if r == utf8.RuneError && n == 1 {
				dst = append(dst, s[from:i]...)
				dst = append(dst, "\uFFFD"...)
				from = i + 1
			}
			i += n
			continue
		}
		if c >= ' ' && c != '"' && c != '\\' {
			i++
			continue
		}
		dst = append(dst, s[from:i]...)
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		case '\b':
			dst = append(dst, '\\', 'b')
		case '\f':
			dst = append(dst, '\\', 'f')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
		i++
		from = i
	}
	dst = append(dst, s[from:]...)
	return append(dst, '"')
}

// decodeRune decodes the first character of s. Four bytes are the longest there is, and the conversion of so few stays
// off the heap.
func decodeRune[T string | []byte](s T) (rune, int) {
	return utf8.DecodeRuneInString(string(s[:min(len(s), utf8.UTFMax)]))
}

// appendUnescaped appends what the inside of a valid JSON string means. Half a surrogate pair and each byte that is not
// UTF-8 become U+FFFD.
func appendUnescaped[T string | []byte | Ref](dst []byte, inside T) []byte {
	for i := 0; i < len(inside); {
		c := inside[i]
		switch {
		case c >= utf8.RuneSelf:
			r, n := utf8.DecodeRuneInString(string(inside[i:min(i+utf8.UTFMax, len(inside))]))
			dst = utf8.AppendRune(dst, r)
			i += n
		case c != '\\':
			dst = append(dst, c)
			i++
		case inside[i+1] != 'u':
			dst = append(dst, unescaped(inside[i+1]))
			i += 2
		default:
			r := hexRune(inside[i+2 : i+6])
			i += 6
			if utf16.IsSurrogate(r) {
				pair := rune(utf8.RuneError)
				if len(inside)-i >= 6 && inside[i] == '\\' && inside[i+1] == 'u' {
					pair = utf16.DecodeRune(r, hexRune(inside[i+2:i+6]))
				}
				if r = pair; r != utf8.RuneError {
					i += 6
				}
			}
			dst = utf8.AppendRune(dst, r)
		}
	}
	return dst
}

func unescaped(c byte) byte {
	switch c {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return c // quote, backslash, slash
}

// hexRune reads four hexadecimal digits, which the scanner has seen to be such.
func hexRune[T string | []byte | Ref](digits T) rune {
	var r rune
	for i := range 4 {
		c := digits[i]
		switch {
		case c <= '9':
			c -= '0'
		default:
			c = c&^0x20 - 'A' + 10
		}
		r = r<<4 | rune(c)
	}
	return r
}
