package ets

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/gob"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"time"
)

// ErrCorrupt says that what was to be loaded is not a saved table, or was cut off or changed since it was saved. The table is as before.
var ErrCorrupt = errors.New("ets: not a saved table, or damaged")

const (
	format      = 1
	headerLimit = 64
)

// A saved table is a line of text, "bennu-ets <format> <kind> <entries>", then a gob stream of records, then the
// SHA-256 of all before it.
type record[K, V any] struct {
	Key     K
	Value   V
	Expires int64 // Unix time in nanoseconds, since a monotonic clock means nothing to others; 0 is never
}

// SaveFile saves t under name, by writing beside it and renaming: a failed or interrupted save leaves the old file as it was.
func SaveFile(t Table, name string) (err error) {
	f, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*.tmp")
	if err != nil {
		return fmt.Errorf("ets: saving table %q: %w", t.Name(), err)
	}
	defer func() {
		if err != nil {
			_ = f.Close()
			_ = os.Remove(f.Name())
			err = fmt.Errorf("ets: saving table %q: %w", t.Name(), err)
		}
	}()
	if err := t.Save(f); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

// LoadFile loads what SaveFile has saved.
func LoadFile(t Table, name string) error {
	f, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("ets: loading table %q: %w", t.Name(), err)
	}
	defer func() { _ = f.Close() }()
	return t.Load(f)
}

// Save implements [Table].
func (k *keyed[K, V]) Save(w io.Writer) error { return save(k.table, w, k.frozen()) }

// Save implements [Table].
func (t *Ordered[K, V]) Save(w io.Writer) error { return save(t.table, w, t.frozen()) }

// Save implements [Table].
func (c *Counters[K]) Save(w io.Writer) error { return save(c.table, w, c.frozen()) }

// Load implements [Table].
func (s *Set[K, V]) Load(r io.Reader) error {
	return load(s.table, r, func(key K, value V, expiry int64) {
		s.store(key, s.entry(key, value, expiry))
		s.after(expiry)
	})
}

// Load implements [Table].
func (b *Bag[K, V]) Load(r io.Reader) error {
	return load(b.table, r, func(key K, values []V, expiry int64) {
		b.store(key, &entry[[]V]{value: values, expiry: expiry})
		if expiry != 0 {
			b.arm()
		}
	})
}

// Load implements [Table].
func (t *Ordered[K, V]) Load(r io.Reader) error {
	return load(t.table, r, func(key K, value V, expiry int64) {
		t.set(key, &entry[V]{value: value, expiry: expiry})
		t.after(expiry)
	})
}

// Load implements [Table].
func (c *Counters[K]) Load(r io.Reader) error { return load(c.table, r, c.put) }

func save[K, V any](t *table, w io.Writer, all []stored[K, V]) error {
	sum := sha256.New()
	buffered := bufio.NewWriter(w)
	out := io.MultiWriter(buffered, sum)
	_, _ = fmt.Fprintf(out, "bennu-ets %d %s %d\n", format, t.kind, len(all)) // the buffer keeps the error
	enc := gob.NewEncoder(out)
	wall := time.Now().UnixNano() - t.now()
	for _, it := range all {
		rec := record[K, V]{Key: it.key, Value: it.e.value}
		if it.e.expiry != 0 {
			rec.Expires = wall + it.e.expiry
		}
		if err := enc.Encode(rec); err != nil {
			return fmt.Errorf("ets: saving table %q: %w", t.cfg.Name, err)
		}
	}
	_, _ = buffered.Write(sum.Sum(nil))
	if err := buffered.Flush(); err != nil {
		return fmt.Errorf("ets: saving table %q: %w", t.cfg.Name, err)
	}
	return nil
}

// load puts what it reads once it has read all of it.
func load[K, V any](t *table, r io.Reader, put func(key K, value V, expiry int64)) error {
	records, err := read[K, V](t.kind, r)
	if err != nil {
		return fmt.Errorf("ets: loading table %q: %w", t.cfg.Name, err)
	}
	now := time.Now().UnixNano()
	for _, rec := range records {
		switch {
		case rec.Expires == 0:
			put(rec.Key, rec.Value, 0)
		case rec.Expires > now:
			put(rec.Key, rec.Value, t.until(time.Duration(rec.Expires-now)))
		}
	}
	return nil
}

func read[K, V any](kind Kind, r io.Reader) ([]record[K, V], error) {
	in := &summed{r: bufio.NewReader(r), sum: sha256.New()}
	count, err := in.header(kind)
	if err != nil {
		return nil, err
	}
	var records []record[K, V] // grows with what is there, whatever the header promises
	dec := gob.NewDecoder(in)
	for range count {
		var rec record[K, V]
		if err := dec.Decode(&rec); err != nil {
			return nil, fmt.Errorf("%w: entry %d: %w", ErrCorrupt, len(records)+1, err)
		}
		records = append(records, rec)
	}
	want := in.sum.Sum(nil)
	got := make([]byte, len(want))
	if _, err := io.ReadFull(in.r, got); err != nil || !bytes.Equal(got, want) {
		return nil, fmt.Errorf("%w: the checksum does not match", ErrCorrupt)
	}
	return records, nil
}

// summed is what is read, and its sum. As an io.ByteReader it keeps gob from reading ahead.
type summed struct {
	r   *bufio.Reader
	sum hash.Hash
}

func (s *summed) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	s.sum.Write(p[:n])
	return n, err
}

func (s *summed) ReadByte() (byte, error) {
	b, err := s.r.ReadByte()
	if err == nil {
		s.sum.Write([]byte{b})
	}
	return b, err
}

// header reads the first line.
func (s *summed) header(want Kind) (count uint64, err error) {
	var line []byte
	for len(line) < headerLimit {
		b, err := s.ReadByte()
		if err != nil || b == '\n' {
			break
		}
		line = append(line, b)
	}
	var version int
	var kind Kind
	if n, _ := fmt.Sscanf(string(line), "bennu-ets %d %s %d", &version, &kind, &count); n != 3 {
		return 0, fmt.Errorf("%w: it begins with %q", ErrCorrupt, line)
	}
	if version != format {
		return 0, fmt.Errorf("it is saved in format %d, this program reads format %d", version, format)
	}
	if kind != want {
		return 0, fmt.Errorf("it holds a %s, this is a %s", kind, want)
	}
	return count, nil
}
