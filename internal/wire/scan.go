package wire

import (
	"encoding/binary"
	"math/bits"
)

// The scanner walks over JSON and checks it, building nothing. Each function takes the input and a position and returns
// the position after what it read and "", or the position of what is wrong and a reason.

const (
	cutShort  = "message ends early"
	badString = "string does not end"
)

func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r') {
		i++
	}
	return i
}

// scanValue reads one value, with space before it, that stands within depth containers. It keeps a bit for each open
// container instead of a stack frame, so depth costs no memory.
func scanValue(b []byte, i, depth int) (int, string) {
	var objects [MaxDepth/64 + 1]uint64 // bit d: container d is an object
	outer := depth
	for {
		i = skipSpace(b, i)
		if i == len(b) {
			return i, cutShort
		}
		var bad string
		switch c := b[i]; {
		case c == '"':
			if i, _, bad = scanString(b, i+1); bad == "" {
				i++
			}
		case c == '-' || isDigit(c):
			i, bad = scanNumber(b, i)
		case c == '{' || c == '[':
			if depth == MaxDepth {
				return i, "JSON nests too deep"
			}
			depth++
			word, bit := &objects[depth/64], uint64(1)<<(depth%64)
			*word &^= bit
			end := byte(']')
			if c == '{' {
				*word |= bit
				end = '}'
			}
			if next := skipSpace(b, i+1); next < len(b) && b[next] == end {
				depth--
				i = next + 1
				break
			}
			i++
			if c == '{' {
				if i, bad = scanKey(b, i); bad != "" {
					return i, bad
				}
			}
			continue
		default:
			i, bad = scanLiteral(b, i)
		}
		if bad != "" {
			return i, bad
		}
		// A value has ended: so do the containers that it was the last of.
		for {
			if depth == outer {
				return i, ""
			}
			i = skipSpace(b, i)
			if i == len(b) {
				return i, cutShort
			}
			object := objects[depth/64]>>(depth%64)&1 == 1
			c := b[i]
			if c == ',' {
				i++
				if object {
					if i, bad = scanKey(b, i); bad != "" {
						return i, bad
					}
				}
				break
			}
			if object && c != '}' {
				return i, "object goes on without a comma"
			}
			if !object && c != ']' {
				return i, "array goes on without a comma"
			}
			depth--
			i++
		}
	}
}

// scanKey reads a key of an object and the colon after it.
func scanKey(b []byte, i int) (int, string) {
	i = skipSpace(b, i)
	if i == len(b) {
		return i, cutShort
	}
	if b[i] != '"' {
		return i, "key of an object is not a string"
	}
	i, _, bad := scanString(b, i+1)
	if bad != "" {
		return i, bad
	}
	i = skipSpace(b, i+1)
	if i == len(b) {
		return i, cutShort
	}
	if b[i] != ':' {
		return i, "key of an object without a colon"
	}
	return i + 1, ""
}

// scanString reads the inside of a string and returns the position of its closing quote.
func scanString(b []byte, i int) (end int, escaped bool, bad string) {
	for {
		i = skipPlain(b, i)
		if i == len(b) {
			return i, escaped, badString
		}
		switch b[i] {
		case '"':
			return i, escaped, ""
		case '\\':
			escaped = true
			if i+1 == len(b) {
				return i, escaped, badString
			}
			switch b[i+1] {
			case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
				i += 2
			case 'u':
				for k := i + 2; k < i+6; k++ {
					if k >= len(b) {
						return k, escaped, badString
					}
					if !isHex(b[k]) {
						return k, escaped, "escape \\u without four hexadecimal digits"
					}
				}
				i += 6
			default:
				return i, escaped, "unknown escape in a string"
			}
		default:
			return i, escaped, "control character in a string"
		}
	}
}

// skipPlain returns the position of the next byte that is a quote, a backslash or a control character.
func skipPlain(b []byte, i int) int {
	const (
		ones  = 0x0101010101010101
		highs = 0x8080808080808080
	)
	for len(b)-i >= 8 {
		w := binary.LittleEndian.Uint64(b[i:])
		quote, slash := w^ones*'"', w^ones*'\\'
		// Subtracting sets the high bit of a byte that was zero (or below a space). A borrow can set it above such a byte
		// too, but only above it, and the lowest is all that is looked at.
		hit := ((quote-ones)&^quote | (slash-ones)&^slash | (w-ones*' ')&^w) & highs
		if hit != 0 {
			return i + bits.TrailingZeros64(hit)/8
		}
		i += 8
	}
	for i < len(b) && b[i] >= ' ' && b[i] != '"' && b[i] != '\\' {
		i++
	}
	return i
}

func scanNumber(b []byte, i int) (int, string) {
	const bad = "number is not JSON"
	if b[i] == '-' {
		i++
	}
	switch {
	case i == len(b) || !isDigit(b[i]):
		return i, bad
	case b[i] == '0':
		i++
	default:
		i = skipDigits(b, i)
	}
	if i < len(b) && b[i] == '.' {
		if i++; i == len(b) || !isDigit(b[i]) {
			return i, bad
		}
		i = skipDigits(b, i)
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		if i++; i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		if i == len(b) || !isDigit(b[i]) {
			return i, bad
		}
		i = skipDigits(b, i)
	}
	return i, ""
}

func scanLiteral(b []byte, i int) (int, string) {
	for _, word := range [...]string{"null", "true", "false"} {
		if b[i] == word[0] && len(b)-i >= len(word) && string(b[i:i+len(word)]) == word {
			return i + len(word), ""
		}
	}
	return i, "not a JSON value"
}

func skipDigits(b []byte, i int) int {
	for i < len(b) && isDigit(b[i]) {
		i++
	}
	return i
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isHex(c byte) bool {
	return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f'
}
