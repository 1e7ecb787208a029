package orset

import (
	"encoding/binary"
	"fmt"
)

// The fewest bytes that one element of a list takes, by which its length is
// checked before memory is set aside.
const (
	minReplica = 9
	minEntry   = 2
	minTopic   = 1
	minPart    = 5
	minSpan    = 2
	minRow     = 5 // 20 and more in practice
)

// firstCap bounds what is set aside for a list before its elements have
// been read: elements in memory are larger than on the wire.
const firstCap = 1024

// Decode decodes a message. Its memory is its own. It returns an error, and
// never panics, on bytes that Append would not have made.
func (c *Codec[M]) Decode(b []byte) (Message[M], error) {
	if len(b) > c.maxBytes() {
		return Message[M]{}, fmt.Errorf("orset: a message of %d bytes exceeds the limit of %d; raise MaxBytes on every node: %w", len(b), c.maxBytes(), ErrMalformed)
	}
	if len(b) > 0 && b[0] != Version {
		return Message[M]{}, fmt.Errorf("orset: message of format %d, this node reads %d; do all nodes run the same release? %w", b[0], Version, ErrMalformed)
	}
	r := reader[M]{codec: c, all: len(b), buf: b}
	m := r.message()
	if r.err == nil && len(r.buf) > 0 {
		r.fail("%d bytes after the end", len(r.buf))
	}
	if r.err != nil {
		return Message[M]{}, r.err
	}
	return m, nil
}

// reader is a message being decoded. After the first error everything reads as zero
// and every list as empty.
type reader[M any] struct {
	codec    *Codec[M]
	all      int
	buf      []byte // what is left
	replicas []Replica
	topics   []string
	err      error
}

func (r *reader[M]) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("orset: byte %d: %s: %w", r.all-len(r.buf), fmt.Sprintf(format, args...), ErrMalformed)
	}
	r.buf = nil
}

func (r *reader[M]) byte() byte {
	if len(r.buf) == 0 {
		r.fail("unexpected end")
		return 0
	}
	b := r.buf[0]
	r.buf = r.buf[1:]
	return b
}

func (r *reader[M]) uint() uint64 {
	n, size := binary.Uvarint(r.buf)
	if size <= 0 {
		r.fail("not a number")
		return 0
	}
	r.buf = r.buf[size:]
	return n
}

// dot reads a number that follows another among the dots; at least one more
// than it if next is set.
func (r *reader[M]) dot(before uint64, next bool) uint64 {
	n := r.uint()
	if n > maxDot-before || next && n == 0 {
		r.fail("no dot follows %d by %d", before, n)
		return before
	}
	return before + n
}

// list reads the length of a list whose elements take at least size bytes.
func (r *reader[M]) list(size int) int {
	n := r.uint()
	if n > uint64(len(r.buf)/size) {
		r.fail("a list of %d does not fit into %d bytes", n, len(r.buf))
		return 0
	}
	return int(n)
}

func (r *reader[M]) bytes() []byte {
	n := r.list(1)
	b := r.buf[:n]
	r.buf = r.buf[n:]
	return b
}

// index reads a number below n.
func (r *reader[M]) index(n int) int {
	i := r.uint()
	if i >= uint64(n) {
		r.fail("number %d of %d", i, n)
		return -1
	}
	return int(i)
}

func (r *reader[M]) replica() Replica {
	if i := r.index(len(r.replicas)); i >= 0 {
		return r.replicas[i]
	}
	return Replica{}
}

func (r *reader[M]) message() (m Message[M]) {
	r.byte() // the version
	m.Kind = Kind(r.byte())
	if r.err == nil && (m.Kind < Heartbeat || m.Kind > Farewell) {
		r.fail("unknown kind %d", m.Kind)
	}
	m.ID = r.uint()
	n := r.list(minReplica)
	r.replicas = make([]Replica, 0, min(n, firstCap))
	for range n {
		name := string(r.bytes())
		if len(r.buf) < 8 {
			r.fail("unexpected end")
			return m
		}
		r.replicas = append(r.replicas, Replica{name, binary.LittleEndian.Uint64(r.buf)})
		r.buf = r.buf[8:]
	}
	if n == 0 {
		r.fail("no sender")
		return m
	}
	m.From = r.replicas[0]
	if n := r.list(minEntry); n > 0 {
		m.Context = make(Context, min(n, firstCap))
		for range n {
			ref := r.replica()
			clock := r.dot(0, false)
			if _, twice := m.Context[ref]; twice {
				r.fail("%v stands twice in the context", ref)
			}
			if r.err != nil {
				return m
			}
			m.Context[ref] = clock
		}
	}
	switch b := r.byte(); b {
	case noDelta:
	case deltaNext:
		m.Delta = new(Delta[M])
		r.delta(m.Delta)
	default:
		r.fail("%d where a delta is announced or not", b)
	}
	return m
}

func (r *reader[M]) delta(d *Delta[M]) {
	n := r.list(minTopic)
	r.topics = make([]string, 0, min(n, firstCap))
	for range n {
		r.topics = append(r.topics, string(r.bytes()))
	}
	n = r.list(minPart)
	d.Parts = make([]Part[M], 0, min(n, firstCap))
	for range n {
		d.Parts = append(d.Parts, r.part())
		if r.err != nil {
			return
		}
		if k := len(d.Parts); k > 1 && d.Parts[k-2].Replica.Compare(d.Parts[k-1].Replica) >= 0 {
			r.fail("parts out of order")
			return
		}
	}
}

func (r *reader[M]) part() (p Part[M]) {
	p.Replica = r.replica()
	p.Start = r.dot(0, false)
	p.End = r.dot(p.Start, false)
	n := r.list(minSpan)
	p.Seen = make(Dots, 0, min(n, firstCap))
	last := uint64(0)
	for i := range n {
		first := r.dot(last, true)
		if i > 0 && first == last+1 {
			r.fail("spans %d and %d touch", last, first)
		}
		last = r.dot(first, false)
		if r.err != nil {
			return p
		}
		p.Seen = append(p.Seen, Span{first, last})
	}
	if p.End > p.Start {
		// What the range claims to know must be there: contexts are judged by it.
		i := p.Seen.search(p.End)
		if i == len(p.Seen) || p.Seen[i].First > p.Start+1 {
			r.fail("dots %d to %d are not all seen", p.Start+1, p.End)
			return p
		}
	}
	n = r.list(minRow)
	// For rows of the usual size this is exact.
	p.Rows = make([]Row[M], 0, min(n, firstCap+len(r.buf)/16))
	dot, span := uint64(0), 0
	for range n {
		dot = r.dot(dot, true)
		topic := r.index(len(r.topics))
		row := Row[M]{Process: r.uint(), Key: string(r.bytes()), Tag: Tag{p.Replica, dot}}
		meta := r.bytes()
		for span < len(p.Seen) && p.Seen[span].Last < dot {
			span++
		}
		if r.err == nil && (span == len(p.Seen) || dot < p.Seen[span].First) {
			r.fail("a row whose dot %d is not seen", dot)
		}
		if r.err != nil {
			return p
		}
		row.Topic = r.topics[topic]
		var err error
		if row.Meta, err = r.codec.ReadMeta(meta); err != nil {
			r.err = fmt.Errorf("orset: decoding the meta of %q in %q: %w", row.Key, row.Topic, err)
			return p
		}
		p.Rows = append(p.Rows, row)
	}
	return p
}
