package orset

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Version is the first byte of every encoded message. It changes when the
// format does; a reader takes only its own.
const Version = 1

// The format after the version byte, where n is an unsigned varint, a string
// is its length and its bytes, and lists are their length and their elements:
//
//	kind byte, id n
//	replicas: list of (name string, vsn 8 bytes, little endian); the first is From
//	context: list of (replica index n, clock n)
//	delta byte: 0 none, 1 follows:
//	topics: list of strings
//	parts: list of
//	    replica index n, start n, end-start n
//	    seen: list of (first - last of the one before n, last-first n)
//	    rows: list of (dot - dot of the one before n, topic index n, process n, key string, meta string)
//
// Replicas and topics stand once however often they are used.
const (
	noDelta   = 0
	deltaNext = 1
)

// DefaultMaxBytes is the limit of a Codec that sets none.
const DefaultMaxBytes = 64 << 20

// ErrMalformed is what every error of [Codec.Decode] wraps, except those of ReadMeta.
var ErrMalformed = errors.New("malformed message")

// Codec turns messages into bytes and back.
type Codec[M any] struct {
	// AppendMeta appends the encoding of a meta to dst.
	AppendMeta func(dst []byte, meta M) ([]byte, error)
	// ReadMeta decodes what AppendMeta encoded. It must copy what it keeps of src.
	ReadMeta func(src []byte) (M, error)
	// MaxBytes is the longest message that Append makes and Decode takes. Zero
	// means DefaultMaxBytes.
	MaxBytes int
}

func (c *Codec[M]) maxBytes() int {
	if c.MaxBytes == 0 {
		return DefaultMaxBytes
	}
	return c.MaxBytes
}

// writer is a message being encoded.
type writer[M any] struct {
	codec    *Codec[M]
	buf      []byte
	scratch  []byte // one meta
	replicas map[Replica]uint64
	topics   map[string]uint64
}

// Append appends the encoding of m to dst.
func (c *Codec[M]) Append(dst []byte, m *Message[M]) ([]byte, error) {
	w := writer[M]{codec: c, buf: append(dst, Version, byte(m.Kind))}
	w.uint(m.ID)
	w.writeReplicas(m)
	w.uint(uint64(len(m.Context)))
	for _, ref := range m.Context.Replicas() {
		w.uint(w.replicas[ref])
		w.uint(m.Context[ref])
	}
	if m.Delta == nil {
		w.buf = append(w.buf, noDelta)
	} else if err := w.writeDelta(m.Delta); err != nil {
		return nil, err
	}
	if n := len(w.buf) - len(dst); n > c.maxBytes() {
		return nil, fmt.Errorf("orset: a message of %d bytes exceeds the limit of %d; raise MaxBytes on every node or track smaller metas", n, c.maxBytes())
	}
	return w.buf, nil
}

func (w *writer[M]) uint(n uint64) { w.buf = binary.AppendUvarint(w.buf, n) }

func (w *writer[M]) string(s string) {
	w.uint(uint64(len(s)))
	w.buf = append(w.buf, s...)
}

// writeReplicas numbers and writes the replicas in m.
func (w *writer[M]) writeReplicas(m *Message[M]) {
	w.replicas = make(map[Replica]uint64, len(m.Context)+1)
	refs := make([]Replica, 0, len(m.Context)+1)
	add := func(ref Replica) {
		if _, ok := w.replicas[ref]; !ok {
			w.replicas[ref] = uint64(len(refs))
			refs = append(refs, ref)
		}
	}
	add(m.From)
	for _, ref := range m.Context.Replicas() {
		add(ref)
	}
	if m.Delta != nil {
		for i := range m.Delta.Parts {
			add(m.Delta.Parts[i].Replica)
		}
	}
	w.uint(uint64(len(refs)))
	for _, ref := range refs {
		w.string(ref.Name)
		w.buf = binary.LittleEndian.AppendUint64(w.buf, ref.Vsn)
	}
}

func (w *writer[M]) writeDelta(d *Delta[M]) error {
	w.buf = append(w.buf, deltaNext)
	w.topics = make(map[string]uint64)
	var names []string
	for i := range d.Parts {
		for j := range d.Parts[i].Rows {
			name := d.Parts[i].Rows[j].Topic
			if _, ok := w.topics[name]; !ok {
				w.topics[name] = uint64(len(names))
				names = append(names, name)
			}
		}
	}
	w.uint(uint64(len(names)))
	for _, name := range names {
		w.string(name)
	}
	w.uint(uint64(len(d.Parts)))
	for i := range d.Parts {
		if err := w.writePart(&d.Parts[i]); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer[M]) writePart(p *Part[M]) error {
	w.uint(w.replicas[p.Replica])
	w.uint(p.Start)
	w.uint(p.End - p.Start)
	w.uint(uint64(len(p.Seen)))
	before := uint64(0)
	for _, s := range p.Seen {
		w.uint(s.First - before)
		w.uint(s.Last - s.First)
		before = s.Last
	}
	w.uint(uint64(len(p.Rows)))
	before = 0
	for i := range p.Rows {
		row := &p.Rows[i]
		w.uint(row.Tag.Clock - before)
		before = row.Tag.Clock
		w.uint(w.topics[row.Topic])
		w.uint(row.Process)
		w.string(row.Key)
		meta, err := w.codec.AppendMeta(w.scratch[:0], row.Meta)
		if err != nil {
			return fmt.Errorf("orset: encoding the meta of %q in %q: %w", row.Key, row.Topic, err)
		}
		w.scratch = meta
		w.uint(uint64(len(meta)))
		w.buf = append(w.buf, meta...)
	}
	return nil
}
