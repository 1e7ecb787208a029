package etf

import (
	"fmt"
	"slices"
)

// Atom is an atom other than nil, true and false. It holds UTF-8, at most 255 characters.
type Atom string

// Tuple is a tuple of terms.
type Tuple []any

// Improper is a list whose last tail is not the empty list: [1 | 2] is Improper{[]any{1}, 2}.
type Improper struct {
	Elems []any // at least one
	Tail  any
}

// Bitstring is a bit string that does not end on a byte border.
type Bitstring struct {
	Bytes string // the bits, first bit highest; the unused low bits of the last byte are zero
	Bits  int    // how many bits of the last byte count, 1 to 7
}

// Map is a map with keys that are not all binaries. Decode returns it in key order; Marshal takes any order.
type Map []Pair

// Pair is one association of a [Map].
type Pair struct {
	Key, Value any
}

// Get returns the value under key, which must be an atom, a string, a bool, nil or an int64, and whether there is one.
func (m Map) Get(key any) (any, bool) {
	for _, p := range m {
		switch p.Key.(type) {
		case Atom, string, bool, nil, int64:
			if p.Key == key {
				return p.Value, true
			}
		}
	}
	return nil, false
}

// sorted returns m in key order, or the key that stands in it twice.
func (m Map) sorted() (_ Map, duplicate any, ok bool) {
	m = slices.Clone(m)
	slices.SortFunc(m, func(a, b Pair) int { return compare(a.Key, b.Key) })
	for i := 1; i < len(m); i++ {
		if compare(m[i-1].Key, m[i].Key) == 0 {
			return nil, m[i].Key, false
		}
	}
	return m, nil, true
}

// SyntaxError says what in the input Decode did not accept.
type SyntaxError struct {
	Offset     int  // of the byte where it went wrong
	Compressed bool // Offset counts in the inflated term
	Reason     string
}

func (e *SyntaxError) Error() string {
	where := ""
	if e.Compressed {
		where = " of the inflated term"
	}
	return fmt.Sprintf("etf: offset %d%s: %s", e.Offset, where, e.Reason)
}

// The tags, by the names the format's description gives them.
const (
	version          = 131
	tagCompressed    = 80
	tagNewFloat      = 70
	tagBitBinary     = 77
	tagSmallInteger  = 97
	tagInteger       = 98
	tagAtom          = 100
	tagSmallTuple    = 104
	tagLargeTuple    = 105
	tagNil           = 106
	tagString        = 107
	tagList          = 108
	tagBinary        = 109
	tagSmallBig      = 110
	tagLargeBig      = 111
	tagSmallAtom     = 115
	tagMap           = 116
	tagAtomUTF8      = 118
	tagSmallAtomUTF8 = 119
)

// refusedTag names a tag that is not decoded, so that the error can say what was there.
func refusedTag(tag byte) string {
	switch tag {
	case 99:
		return "a float in its old text form"
	case 112, 117, 113:
		return "a function"
	case 88, 103:
		return "a pid"
	case 89, 102, 120:
		return "a port"
	case 90, 101, 114:
		return "a reference"
	case 121:
		return "a term of one runtime only"
	case tagCompressed:
		return "a compressed term inside a term"
	case 82:
		return "an atom of a connection's cache"
	}
	return "no tag of the format"
}

const maxAtomChars = 255
