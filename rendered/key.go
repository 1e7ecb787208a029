package rendered

import (
	"hash/maphash"
	"strconv"
)

// A Key says which row of a list is which from one render to the next. Text and numbers differ: TextKey("1") is not
// NumberKey(1). The zero Key is the row's index.
type Key struct {
	text   string
	number int64
	kind   uint8
}

const (
	byIndex uint8 = iota
	byText
	byNumber
)

// TextKey is a key of text.
func TextKey(s string) Key { return Key{text: s, kind: byText} }

// NumberKey is a key of any integer type. Numbers beyond an int64 wrap around, which keeps them distinct.
func NumberKey[N ~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64](n N) Key {
	return Key{number: int64(n), kind: byNumber}
}

// String is the key as text, for messages and tests.
func (k Key) String() string {
	switch k.kind {
	case byText:
		return strconv.Quote(k.text)
	case byNumber:
		return strconv.FormatInt(k.number, 10)
	}
	return "index"
}

// seed makes hashes unpredictable, so that nobody can choose values that collide.
var seed = maphash.MakeSeed()

// hash is never 0. Numbers are mixed without loss, so that two of them never collide.
func (k Key) hash(index int) uint64 {
	var h uint64
	switch k.kind {
	case byText:
		h = maphash.String(seed, k.text)
	case byNumber:
		h = mix(uint64(k.number))
	default:
		h = mix(uint64(index) | 1<<63)
	}
	if h == 0 {
		return 1
	}
	return h
}

// mix spreads a number over 64 bits, one to one (the finaliser of SplitMix64).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// A keyIndex finds rows by the hashes of their keys. It is a table of open addresses that keeps its memory from one list
// to the next; a Go map needs four times as long for the thousand keys of a page.
type keyIndex struct {
	entries []keyEntry // a power of two; hash 0 is free
	used    int
}

type keyEntry struct {
	hash  uint64
	row   int32 // the old index, -1 for a row that is new
	at    int32 // where its words stand
	taken bool  // seen in this render
}

// reset empties the index and makes room for n keys.
func (x *keyIndex) reset(n int) {
	size := 16
	for size < 2*n {
		size *= 2
	}
	if size > len(x.entries) || 4*size < len(x.entries) {
		x.entries = make([]keyEntry, size)
	} else {
		clear(x.entries)
	}
	x.used = 0
}

// find returns the entry of a key, made if it is missing.
func (x *keyIndex) find(hash uint64) (entry *keyEntry, found bool) {
	if 2*(x.used+1) > len(x.entries) {
		x.grow()
	}
	mask := uint64(len(x.entries) - 1)
	// Both halves choose the place: the lower bits alone are those that rows with hashed keys share with nothing.
	for i := hash ^ hash>>32; ; i++ {
		e := &x.entries[i&mask]
		if e.hash == hash {
			return e, true
		}
		if e.hash == 0 {
			*e = keyEntry{hash: hash, row: -1}
			x.used++
			return e, false
		}
	}
}

func (x *keyIndex) grow() {
	old := x.entries
	x.entries = make([]keyEntry, max(16, 2*len(old)))
	x.used = 0
	for _, e := range old {
		if e.hash != 0 {
			at, _ := x.find(e.hash)
			*at = e
		}
	}
}
