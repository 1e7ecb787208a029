package etf

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"math/big"
	"slices"
	"unicode/utf8"
)

const (
	defaultSize  = 1 << 20
	defaultDepth = 100
)

// Limits bounds what decoding accepts. The zero value is the default.
type Limits struct {
	Size     int // bytes of input. Zero means 1 MiB.
	Depth    int // terms inside terms; a bare integer has depth 1. Zero means 100.
	Inflated int // bytes of a compressed term once inflated. Zero means Size.
}

func (l Limits) withDefaults() Limits {
	if l.Size == 0 {
		l.Size = defaultSize
	}
	if l.Depth == 0 {
		l.Depth = defaultDepth
	}
	if l.Inflated == 0 {
		l.Inflated = l.Size
	}
	return l
}

// Decode returns the term in data with the default [Limits]. Every error is a *[SyntaxError].
func Decode(data []byte) (any, error) { return Limits{}.Decode(data) }

// Unmarshal decodes data with the default [Limits] and assigns the term to what into points to, as [Assign] does.
func Unmarshal(data []byte, into any) error { return Limits{}.Unmarshal(data, into) }

// Unmarshal decodes data and assigns the term to what into points to, as [Assign] does.
func (l Limits) Unmarshal(data []byte, into any) error {
	t, err := l.Decode(data)
	if err != nil {
		return err
	}
	return Assign(into, t)
}

// Decode returns the term in data. The result shares no memory with data. Every error is a *[SyntaxError].
func (l Limits) Decode(data []byte) (any, error) {
	l = l.withDefaults()
	d := &decoder{data: data, depth: l.Depth}
	if len(data) > l.Size {
		return nil, d.fail(l.Size, "input of %d bytes, %d allowed", len(data), l.Size)
	}
	if len(data) == 0 || data[0] != version {
		return nil, d.fail(0, "no version byte 131")
	}
	d.pos = 1
	if len(data) > 1 && data[1] == tagCompressed {
		if err := d.inflate(l.Inflated); err != nil {
			return nil, err
		}
	}
	t, err := d.term()
	if err != nil {
		return nil, err
	}
	if left := len(d.data) - d.pos; left > 0 {
		return nil, d.fail(d.pos, "%d bytes after the term", left)
	}
	return t, nil
}

type decoder struct {
	data       []byte
	pos        int
	depth      int // how many levels may still be opened
	compressed bool
}

func (d *decoder) fail(offset int, format string, args ...any) error {
	return &SyntaxError{Offset: offset, Compressed: d.compressed, Reason: fmt.Sprintf(format, args...)}
}

// inflate replaces the data by what the compressed term holds.
func (d *decoder) inflate(most int) error {
	at := d.pos
	d.pos++
	size, err := d.uint32()
	if err != nil {
		return err
	}
	if int64(size) > int64(most) {
		return d.fail(at, "compressed term of %d bytes, %d allowed", size, most)
	}
	in := bytes.NewReader(d.data[d.pos:])
	z, err := zlib.NewReader(in)
	if err != nil {
		return d.fail(d.pos, "compressed term: %v", err)
	}
	// One byte more than promised is enough to see a lie, and the buffer grows only with what really comes.
	out, err := io.ReadAll(io.LimitReader(z, int64(size)+1))
	switch {
	case err != nil:
		return d.fail(d.pos, "compressed term: %v", err)
	case len(out) != int(size):
		return d.fail(at, "compressed term is not the %d bytes it says", size)
	case in.Len() > 0:
		return d.fail(len(d.data)-in.Len(), "%d bytes after the compressed term", in.Len())
	}
	d.data, d.pos, d.compressed = out, 0, true
	return nil
}

// emptyList is boxed once: a list of empty lists would otherwise cost 24 bytes for each of its bytes.
var emptyList any = []any{}

func (d *decoder) term() (any, error) {
	if d.depth == 0 {
		return nil, d.fail(d.pos, "terms nested too deep")
	}
	d.depth--
	defer func() { d.depth++ }()

	at := d.pos
	head, err := d.take(1)
	if err != nil {
		return nil, err
	}
	switch tag := head[0]; tag {
	case tagSmallInteger:
		b, err := d.take(1)
		if err != nil {
			return nil, err
		}
		return int64(b[0]), nil
	case tagInteger:
		n, err := d.uint32()
		return int64(int32(n)), err
	case tagSmallBig, tagLargeBig:
		return d.bigInt(tag == tagLargeBig)
	case tagNewFloat:
		b, err := d.take(8)
		if err != nil {
			return nil, err
		}
		f := math.Float64frombits(binary.BigEndian.Uint64(b))
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return nil, d.fail(at, "float that is not finite")
		}
		return f, nil
	case tagAtom, tagSmallAtom, tagAtomUTF8, tagSmallAtomUTF8:
		return d.atom(tag)
	case tagSmallTuple, tagLargeTuple:
		n, err := d.count(tag == tagLargeTuple, 1)
		if err != nil {
			return nil, err
		}
		elems, err := d.terms(n)
		return Tuple(elems), err
	case tagNil:
		return emptyList, nil
	case tagString:
		return d.charlist()
	case tagList:
		return d.list()
	case tagBinary:
		n, err := d.count(true, 1)
		if err != nil {
			return nil, err
		}
		b, err := d.take(n)
		return string(b), err
	case tagBitBinary:
		return d.bitstring()
	case tagMap:
		return d.mapping()
	default:
		return nil, d.fail(at, "tag %d (%s) is refused", tag, refusedTag(tag))
	}
}

func (d *decoder) take(n int) ([]byte, error) {
	if left := len(d.data) - d.pos; n > left {
		return nil, d.fail(d.pos, "%d bytes wanted, %d left", n, left)
	}
	b := d.data[d.pos : d.pos+n]
	d.pos += n
	return b, nil
}

func (d *decoder) uint32() (uint32, error) {
	b, err := d.take(4)
	if err != nil {
		return 0, err
	}
	return binary.BigEndian.Uint32(b), nil
}

// count reads a number of things of at least size bytes each, and refuses it where the input cannot hold them.
func (d *decoder) count(wide bool, size int) (int, error) {
	at := d.pos
	var n uint32
	if wide {
		var err error
		if n, err = d.uint32(); err != nil {
			return 0, err
		}
	} else {
		b, err := d.take(1)
		if err != nil {
			return 0, err
		}
		n = uint32(b[0])
	}
	if left := len(d.data) - d.pos; int64(n)*int64(size) > int64(left) {
		return 0, d.fail(at, "count of %d, %d bytes left", n, left)
	}
	return int(n), nil
}

func (d *decoder) terms(n int) ([]any, error) {
	out := make([]any, n)
	for i := range out {
		var err error
		if out[i], err = d.term(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (d *decoder) bigInt(wide bool) (any, error) {
	n, err := d.count(wide, 1)
	if err != nil {
		return nil, err
	}
	at := d.pos
	b, err := d.take(n + 1)
	if err != nil {
		return nil, err
	}
	if b[0] > 1 {
		return nil, d.fail(at, "sign %d of an integer", b[0])
	}
	magnitude := slices.Clone(b[1:])
	slices.Reverse(magnitude)
	i := new(big.Int).SetBytes(magnitude)
	if b[0] == 1 {
		i.Neg(i)
	}
	if i.IsInt64() {
		return i.Int64(), nil
	}
	return i, nil
}

func (d *decoder) atom(tag byte) (any, error) {
	at := d.pos
	b, err := d.take(1)
	if err != nil {
		return nil, err
	}
	n := int(b[0])
	if tag == tagAtom || tag == tagAtomUTF8 {
		low, err := d.take(1)
		if err != nil {
			return nil, err
		}
		n = n<<8 | int(low[0])
	}
	if b, err = d.take(n); err != nil {
		return nil, err
	}
	name := string(b)
	if tag == tagAtom || tag == tagSmallAtom {
		name = latin1(b)
	}
	if !utf8.ValidString(name) {
		return nil, d.fail(at, "atom that is not UTF-8")
	}
	if utf8.RuneCountInString(name) > maxAtomChars {
		return nil, d.fail(at, "atom of more than %d characters", maxAtomChars)
	}
	switch name {
	case "nil":
		return nil, nil
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return Atom(name), nil
}

func latin1(b []byte) string {
	runes := make([]rune, len(b))
	for i, c := range b {
		runes[i] = rune(c)
	}
	return string(runes)
}

func (d *decoder) charlist() (any, error) {
	b, err := d.take(2)
	if err != nil {
		return nil, err
	}
	if b, err = d.take(int(binary.BigEndian.Uint16(b))); err != nil {
		return nil, err
	}
	list := make([]any, len(b))
	for i, c := range b {
		list[i] = int64(c)
	}
	return list, nil
}

func (d *decoder) list() (any, error) {
	n, err := d.count(true, 1)
	if err != nil {
		return nil, err
	}
	elems, err := d.terms(n)
	if err != nil {
		return nil, err
	}
	tail, err := d.term()
	if err != nil || n == 0 {
		return tail, err
	}
	switch tail := tail.(type) {
	case []any:
		return append(elems, tail...), nil
	case Improper:
		return Improper{append(elems, tail.Elems...), tail.Tail}, nil
	default:
		return Improper{elems, tail}, nil
	}
}

func (d *decoder) bitstring() (any, error) {
	n, err := d.count(true, 1)
	if err != nil {
		return nil, err
	}
	at := d.pos
	b, err := d.take(n + 1)
	if err != nil {
		return nil, err
	}
	bits, content := int(b[0]), slices.Clone(b[1:])
	if bits > 8 || (bits == 0) != (n == 0) {
		return nil, d.fail(at, "%d bits in the last of %d bytes", bits, n)
	}
	if bits == 8 || n == 0 {
		return string(content), nil
	}
	content[n-1] &= 0xff << (8 - bits)
	return Bitstring{string(content), bits}, nil
}

func (d *decoder) mapping() (any, error) {
	at := d.pos - 1
	n, err := d.count(true, 2)
	if err != nil {
		return nil, err
	}
	m, allBinaries := make(Map, n), true
	for i := range m {
		if m[i].Key, err = d.term(); err != nil {
			return nil, err
		}
		if m[i].Value, err = d.term(); err != nil {
			return nil, err
		}
		_, isBinary := m[i].Key.(string)
		allBinaries = allBinaries && isBinary
	}
	if !allBinaries {
		sorted, _, ok := m.sorted()
		if !ok {
			return nil, d.fail(at, "map with a key twice")
		}
		return sorted, nil
	}
	out := make(map[string]any, n)
	for _, p := range m {
		out[p.Key.(string)] = p.Value
	}
	if len(out) != n {
		return nil, d.fail(at, "map with a key twice")
	}
	return out, nil
}
