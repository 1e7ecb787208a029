package etf

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/big"
	"slices"
	"unicode/utf8"
)

// Marshal encodes v. See the package comment for which Go values stand for which terms.
func Marshal(v any) ([]byte, error) {
	return Append(nil, v)
}

// Append appends the encoding of v to dst. On an error it returns dst as it was.
func Append(dst []byte, v any) ([]byte, error) {
	out, err := appendTerm(append(dst, version), v, 1)
	if err != nil {
		return dst, fmt.Errorf("etf: %w", err)
	}
	return out, nil
}

var errTooDeep = fmt.Errorf("nested deeper than %d: a cycle, or data that belongs into a store", defaultDepth)

func appendTerm(b []byte, v any, depth int) ([]byte, error) {
	if depth > defaultDepth {
		return b, errTooDeep
	}
	switch v := v.(type) {
	case nil:
		return appendAtom(b, "nil")
	case bool:
		return appendAtom(b, atomText(v))
	case Atom:
		return appendAtom(b, string(v))
	case int64:
		return appendInt(b, v), nil
	case int:
		return appendInt(b, int64(v)), nil
	case *big.Int:
		if v == nil {
			return appendAtom(b, "nil")
		}
		return appendBig(b, v)
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return b, fmt.Errorf("%v: Erlang has finite floats only", v)
		}
		return binary.BigEndian.AppendUint64(append(b, tagNewFloat), math.Float64bits(v)), nil
	case string:
		return appendBinary(b, v)
	case Bitstring:
		return appendBits(b, v)
	case []any:
		return appendList(b, v, depth)
	case Improper:
		return appendImproper(b, v, depth)
	case Tuple:
		return appendTuple(b, v, depth)
	case map[string]any:
		return appendStringMap(b, v, depth)
	case Map:
		return appendMap(b, v, depth)
	}
	t, err := term(v, depth)
	if err != nil {
		return b, err
	}
	return appendTerm(b, t, depth)
}

func appendAtom(b []byte, name string) ([]byte, error) {
	if !utf8.ValidString(name) {
		return b, fmt.Errorf("atom %q is not UTF-8", name)
	}
	if n := utf8.RuneCountInString(name); n > maxAtomChars {
		return b, fmt.Errorf("atom of %d characters: %d is the most", n, maxAtomChars)
	}
	if len(name) <= math.MaxUint8 {
		b = append(b, tagSmallAtomUTF8, byte(len(name)))
	} else {
		b = binary.BigEndian.AppendUint16(append(b, tagAtomUTF8), uint16(len(name)))
	}
	return append(b, name...), nil
}

func appendInt(b []byte, n int64) []byte {
	switch {
	case n >= 0 && n <= math.MaxUint8:
		return append(b, tagSmallInteger, byte(n))
	case n >= math.MinInt32 && n <= math.MaxInt32:
		return binary.BigEndian.AppendUint32(append(b, tagInteger), uint32(int32(n)))
	}
	sign, magnitude := byte(0), uint64(n)
	if n < 0 {
		sign, magnitude = 1, -magnitude
	}
	b = append(b, tagSmallBig, 0, sign)
	size := len(b) - 2
	for ; magnitude > 0; magnitude >>= 8 {
		b = append(b, byte(magnitude))
		b[size]++
	}
	return b
}

func appendBig(b []byte, n *big.Int) ([]byte, error) {
	if n.IsInt64() {
		return appendInt(b, n.Int64()), nil
	}
	magnitude := n.Bytes()
	if len(magnitude) <= math.MaxUint8 {
		b = append(b, tagSmallBig, byte(len(magnitude)))
	} else {
		if err := countFits(len(magnitude)); err != nil {
			return b, err
		}
		b = binary.BigEndian.AppendUint32(append(b, tagLargeBig), uint32(len(magnitude)))
	}
	if n.Sign() < 0 {
		b = append(b, 1)
	} else {
		b = append(b, 0)
	}
	slices.Reverse(magnitude) // the format is little-endian here
	return append(b, magnitude...), nil
}

func appendBinary(b []byte, s string) ([]byte, error) {
	if err := countFits(len(s)); err != nil {
		return b, err
	}
	b = binary.BigEndian.AppendUint32(append(b, tagBinary), uint32(len(s)))
	return append(b, s...), nil
}

func appendBits(b []byte, s Bitstring) ([]byte, error) {
	if s.Bits < 1 || s.Bits > 7 || len(s.Bytes) == 0 {
		return b, fmt.Errorf("Bitstring of %d bytes with %d bits in the last: 1 to 7 there, or use a string", len(s.Bytes), s.Bits)
	}
	if err := countFits(len(s.Bytes)); err != nil {
		return b, err
	}
	b = binary.BigEndian.AppendUint32(append(b, tagBitBinary), uint32(len(s.Bytes)))
	b = append(append(b, byte(s.Bits)), s.Bytes...)
	b[len(b)-1] &= 0xff << (8 - s.Bits)
	return b, nil
}

func appendList(b []byte, elems []any, depth int) ([]byte, error) {
	if len(elems) == 0 {
		return append(b, tagNil), nil
	}
	start := len(b)
	b, allBytes, err := appendCells(b, elems, depth)
	if err != nil {
		return b, err
	}
	if !allBytes || len(elems) > math.MaxUint16 {
		return append(b, tagNil), nil
	}
	// Only small integers came out, two bytes each: the machine writes such a list as a string of bytes.
	packed := binary.BigEndian.AppendUint16(append(b[:start], tagString), uint16(len(elems)))
	for i := range elems {
		packed = append(packed, b[start+5+2*i+1])
	}
	return packed, nil
}

func appendImproper(b []byte, l Improper, depth int) ([]byte, error) {
	if len(l.Elems) == 0 {
		return b, errors.New("Improper without elements is just its tail")
	}
	tail, err := term(l.Tail, depth)
	if err != nil {
		return b, err
	}
	if _, ok := tail.([]any); ok {
		return b, errors.New("Improper with a list as its tail: write one []any")
	}
	if b, _, err = appendCells(b, l.Elems, depth); err != nil {
		return b, err
	}
	return appendTerm(b, tail, depth+1)
}

// appendCells writes a list without its tail and says whether all elements were integers from 0 to 255.
func appendCells(b []byte, elems []any, depth int) (_ []byte, allBytes bool, err error) {
	if err := countFits(len(elems)); err != nil {
		return b, false, err
	}
	b = binary.BigEndian.AppendUint32(append(b, tagList), uint32(len(elems)))
	allBytes = true
	for _, e := range elems {
		at := len(b)
		if b, err = appendTerm(b, e, depth+1); err != nil {
			return b, false, err
		}
		allBytes = allBytes && b[at] == tagSmallInteger
	}
	return b, allBytes, nil
}

func appendTuple(b []byte, t Tuple, depth int) (_ []byte, err error) {
	if len(t) <= math.MaxUint8 {
		b = append(b, tagSmallTuple, byte(len(t)))
	} else {
		if err := countFits(len(t)); err != nil {
			return b, err
		}
		b = binary.BigEndian.AppendUint32(append(b, tagLargeTuple), uint32(len(t)))
	}
	for _, e := range t {
		if b, err = appendTerm(b, e, depth+1); err != nil {
			return b, err
		}
	}
	return b, nil
}

func appendStringMap(b []byte, m map[string]any, depth int) (_ []byte, err error) {
	if err := countFits(len(m)); err != nil {
		return b, err
	}
	b = binary.BigEndian.AppendUint32(append(b, tagMap), uint32(len(m)))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		if b, err = appendBinary(b, k); err != nil {
			return b, err
		}
		if b, err = appendTerm(b, m[k], depth+1); err != nil {
			return b, fmt.Errorf("key %q: %w", k, err)
		}
	}
	return b, nil
}

func appendMap(b []byte, m Map, depth int) (_ []byte, err error) {
	if err := countFits(len(m)); err != nil {
		return b, err
	}
	m = slices.Clone(m)
	for i := range m {
		if m[i].Key, err = term(m[i].Key, depth+1); err != nil {
			return b, err
		}
	}
	m, duplicate, ok := m.sorted()
	if !ok {
		return b, fmt.Errorf("key %v stands in the map twice", duplicate)
	}
	b = binary.BigEndian.AppendUint32(append(b, tagMap), uint32(len(m)))
	for _, p := range m {
		if b, err = appendTerm(b, p.Key, depth+1); err != nil {
			return b, err
		}
		if b, err = appendTerm(b, p.Value, depth+1); err != nil {
			return b, fmt.Errorf("key %v: %w", p.Key, err)
		}
	}
	return b, nil
}

func countFits(n int) error {
	if int64(n) > math.MaxUint32 {
		return fmt.Errorf("length %d does not fit into the format's 32 bits", n)
	}
	return nil
}
