package frame

import "unicode/utf8"

// utf8Check validates UTF-8 that comes in pieces. Its zero value is at the beginning of a text.
type utf8Check struct {
	need   uint8 // continuation bytes that the open character still wants
	lo, hi uint8 // range of the next one
}

// write takes the next piece and reports whether the text can still become valid.
func (u *utf8Check) write(b []byte) bool {
	for u.need > 0 && len(b) > 0 {
		if !u.next(b[0]) {
			return false
		}
		b = b[1:]
	}
	cut := lastCharacter(b)
	if !utf8.Valid(b[:cut]) {
		return false
	}
	for _, c := range b[cut:] {
		if !u.next(c) {
			return false
		}
	}
	return true
}

// complete reports whether no character is open.
func (u *utf8Check) complete() bool { return u.need == 0 }

// lastCharacter returns where in b the last character begins if it may be cut off, so that everything before it is
// whole. Four bytes without a beginning among them are wrong or whole, which utf8.Valid finds out.
func lastCharacter(b []byte) int {
	for i := len(b) - 1; i >= 0 && i > len(b)-4; i-- {
		if utf8.RuneStart(b[i]) {
			return i
		}
	}
	return len(b)
}

// next takes one byte. The ranges are table 3-7 of the Unicode standard: they leave out overlong forms, surrogates and
// everything above U+10FFFF at the earliest byte that shows them.
func (u *utf8Check) next(c byte) bool {
	if u.need > 0 {
		if c < u.lo || c > u.hi {
			return false
		}
		u.need--
		u.lo, u.hi = 0x80, 0xBF
		return true
	}
	u.lo, u.hi = 0x80, 0xBF
	switch {
	case c < 0x80:
	case c >= 0xC2 && c <= 0xDF:
		u.need = 1
	case c >= 0xE0 && c <= 0xEF:
		u.need = 2
		switch c {
		case 0xE0:
			u.lo = 0xA0
		case 0xED:
			u.hi = 0x9F
		}
	case c >= 0xF0 && c <= 0xF4:
		u.need = 3
		switch c {
		case 0xF0:
			u.lo = 0x90
		case 0xF4:
			u.hi = 0x8F
		}
	default:
		return false
	}
	return true
}
