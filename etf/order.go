package etf

import (
	"cmp"
	"math"
	"math/big"
	"slices"
	"strings"
)

// compare orders terms as the keys of a map are ordered: number < atom < tuple < map < nil < list < bit string, and
// every integer before every float. It takes the types that Decode returns.
func compare(a, b any) int {
	ra, rb := rank(a), rank(b)
	if ra != rb {
		return cmp.Compare(ra, rb)
	}
	switch ra {
	case rankInteger:
		return compareIntegers(a, b)
	case rankFloat:
		return compareFloats(a.(float64), b.(float64))
	case rankAtom:
		return strings.Compare(atomText(a), atomText(b))
	case rankTuple:
		x, y := a.(Tuple), b.(Tuple)
		if len(x) != len(y) {
			return cmp.Compare(len(x), len(y))
		}
		return slices.CompareFunc(x, y, compare)
	case rankMap:
		return compareMaps(pairs(a), pairs(b))
	case rankList:
		return compareLists(a, b)
	case rankBits:
		return compareBits(bits(a), bits(b))
	}
	return 0
}

const (
	rankInteger = iota
	rankFloat
	rankAtom
	rankTuple
	rankMap
	rankNil
	rankList
	rankBits
)

func rank(t any) int {
	switch t := t.(type) {
	case int64, *big.Int:
		return rankInteger
	case float64:
		return rankFloat
	case nil, bool, Atom:
		return rankAtom
	case Tuple:
		return rankTuple
	case map[string]any, Map:
		return rankMap
	case []any:
		if len(t) == 0 {
			return rankNil
		}
		return rankList
	case Improper:
		return rankList
	}
	return rankBits
}

func compareIntegers(a, b any) int {
	x, xSmall := a.(int64)
	y, ySmall := b.(int64)
	if xSmall && ySmall {
		return cmp.Compare(x, y)
	}
	return bigInt(a).Cmp(bigInt(b))
}

func bigInt(t any) *big.Int {
	if n, ok := t.(int64); ok {
		return big.NewInt(n)
	}
	return t.(*big.Int)
}

// compareFloats puts -0.0 before 0.0: since OTP 27 they are two keys.
func compareFloats(x, y float64) int {
	if x == y && math.Signbit(x) != math.Signbit(y) {
		if math.Signbit(x) {
			return -1
		}
		return 1
	}
	return cmp.Compare(x, y)
}

func atomText(t any) string {
	switch t := t.(type) {
	case nil:
		return "nil"
	case bool:
		if t {
			return "true"
		}
		return "false"
	}
	return string(t.(Atom))
}

func pairs(t any) Map {
	if m, ok := t.(Map); ok {
		return m
	}
	m := t.(map[string]any)
	out := make(Map, 0, len(m))
	for k, v := range m {
		out = append(out, Pair{k, v})
	}
	slices.SortFunc(out, func(a, b Pair) int { return strings.Compare(a.Key.(string), b.Key.(string)) })
	return out
}

func compareMaps(x, y Map) int {
	if len(x) != len(y) {
		return cmp.Compare(len(x), len(y))
	}
	if c := slices.CompareFunc(x, y, func(p, q Pair) int { return compare(p.Key, q.Key) }); c != 0 {
		return c
	}
	return slices.CompareFunc(x, y, func(p, q Pair) int { return compare(p.Value, q.Value) })
}

func compareLists(a, b any) int {
	x, xTail := cells(a)
	y, yTail := cells(b)
	n := min(len(x), len(y))
	if c := slices.CompareFunc(x[:n], y[:n], compare); c != 0 {
		return c
	}
	return compare(rest(x[n:], xTail), rest(y[n:], yTail))
}

func cells(t any) (elems []any, tail any) {
	if l, ok := t.(Improper); ok {
		return l.Elems, l.Tail
	}
	return t.([]any), emptyList
}

// rest is what remains of a list: a list again, or its bare tail.
func rest(elems []any, tail any) any {
	if len(elems) == 0 {
		return tail
	}
	if l, ok := tail.([]any); ok && len(l) == 0 {
		return elems
	}
	return Improper{elems, tail}
}

func bits(t any) Bitstring {
	if s, ok := t.(string); ok {
		return Bitstring{s, 8}
	}
	return t.(Bitstring)
}

func compareBits(x, y Bitstring) int {
	if c := strings.Compare(x.Bytes, y.Bytes); c != 0 {
		return c
	}
	return cmp.Compare(x.Bits, y.Bits)
}
