package wire

import (
	"bytes"
	"unicode/utf8"
	"unsafe"
)

// A Ref is a client's join_ref or ref, as the JSON text that is sent back: "" is null, `"7"` the string 7, `7` the
// number 7. Two refs are the same if and only if they are ==, for a string is always held in the one form that
// [AppendString] gives it. A number is held digit by digit: 1 and 1.0 are two refs.
type Ref string

// RefFromBytes returns the ref whose JSON text is token: a string, a number, null, or nothing for null, without space
// around it. It copies token, except that the strings of the decimals 1 to 1024, which phoenix.js uses first, are shared.
func RefFromBytes(token []byte) Ref {
	if len(token) == 0 || token[0] == 'n' {
		return ""
	}
	if n, ok := smallDecimal(token); ok {
		return sharedRef(n)
	}
	if token[0] == '"' && len(token) >= 2 && !canonical(token[1:len(token)-1]) {
		return Ref(appendCanonical(nil, token[1:len(token)-1]))
	}
	return Ref(token)
}

// StringRef returns the ref that is the string s.
func StringRef(s string) Ref { return RefFromBytes(AppendString(nil, s)) }

// IsNull reports whether r is null.
func (r Ref) IsNull() bool { return r == "" }

// Is reports whether r is the ref that token stands for in an [Inbound]. It allocates nothing.
func (r Ref) Is(token []byte) bool { return string(r) == string(token) }

// appendJSON appends r as JSON.
func (r Ref) appendJSON(dst []byte) []byte {
	if r == "" {
		return append(dst, "null"...)
	}
	return append(dst, r...)
}

// appendText appends r as a binary message carries it: the string without quotes, the digits of a number, nothing for null.
func (r Ref) appendText(dst []byte) []byte {
	if len(r) < 2 || r[0] != '"' {
		return append(dst, r...)
	}
	return appendUnescaped(dst, r[1:len(r)-1])
}

// borrowRef is [RefFromBytes] without the copy, for a token of an [Inbound] (which is canonical already). The ref must
// not be used after the token's memory is.
func borrowRef(token []byte) Ref {
	if len(token) == 0 {
		return ""
	}
	return Ref(unsafe.String(&token[0], len(token)))
}

// canonical reports whether the inside of a JSON string is as [AppendString] would write it. Valid JSON has neither bare
// quotes nor bare control characters there, so an escape or a byte that is not UTF-8 is all there can be against it.
func canonical(inside []byte) bool {
	return bytes.IndexByte(inside, '\\') < 0 && utf8.Valid(inside)
}

// appendCanonical appends the inside of a JSON string as the one token that stands for it.
func appendCanonical(dst, inside []byte) []byte {
	from := len(dst)
	dst = appendUnescaped(dst, inside)
	to := len(dst)
	dst = appendString(dst, dst[from:to])
	return append(dst[:from], dst[to:]...)
}

const lastShared = 1024

// sharedRefs is `"1""2""3"…"1024"`. One string costs a quarter of a table of them.
var sharedRefs = makeSharedRefs()

func makeSharedRefs() Ref {
	var b []byte
	for n := 1; n <= lastShared; n++ {
		b = append(appendDecimal(append(b, '"'), n), '"')
	}
	return Ref(b)
}

func appendDecimal(dst []byte, n int) []byte {
	if n >= 10 {
		dst = appendDecimal(dst, n/10)
	}
	return append(dst, '0'+byte(n%10))
}

// sharedRef cuts `"n"` out of sharedRefs: 9 refs of 3 bytes, then 90 of 4, 900 of 5 and the rest of 6.
func sharedRef(n int) Ref {
	switch {
	case n < 10:
		return sharedRefs[3*(n-1):][:3]
	case n < 100:
		return sharedRefs[27+4*(n-10):][:4]
	case n < 1000:
		return sharedRefs[387+5*(n-100):][:5]
	}
	return sharedRefs[4887+6*(n-1000):][:6]
}

// smallDecimal reads `"n"` for n from 1 to lastShared, without leading zeros.
func smallDecimal(token []byte) (n int, ok bool) {
	if len(token) < 3 || len(token) > 6 || token[0] != '"' || token[1] == '0' || token[len(token)-1] != '"' {
		return 0, false
	}
	for _, c := range token[1 : len(token)-1] {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + int(c-'0')
	}
	return n, n <= lastShared
}
