package presence

import (
	"encoding/json"
	"iter"
	"slices"
	"strings"
	"sync"
)

// State is who is present: what [Presence.List] returns, and half of a diff. It is a snapshot, which may be shared and kept, and encodes as clients want it:
//
//	{"key": {"metas": [{…, "phx_ref": "…"}, …], …fields of Fetch…}, …}
//
// A listing that several ask for at one time is encoded once. The zero State is empty.
type State[M any] struct{ s *snapshot }

// Entry is one key's presence: a person, say, with a meta for each device.
type Entry[M any] struct {
	Metas []Meta[M]
	// Fields are those that Fetch added, a JSON object. Nil: none.
	Fields json.RawMessage
}

// Meta is one tracked meta.
type Meta[M any] struct {
	// Value is what was tracked, as its JSON gives it back.
	Value M
	// Ref is the meta's phx_ref, which no other meta ever has.
	Ref string
	// PrevRef is the Ref before the last update. Empty if there was none.
	PrevRef string
	// Err says why Value is incomplete: a node that runs another version of the program tracked what does not fit M. Clients see it all the same.
	Err error
}

// Len returns the number of keys.
func (s State[M]) Len() int {
	if s.s == nil {
		return 0
	}
	return len(s.s.groups)
}

// All iterates over keys and entries, sorted by key. Metas are decoded as it goes.
func (s State[M]) All() iter.Seq2[string, Entry[M]] {
	return func(yield func(string, Entry[M]) bool) {
		if s.s == nil {
			return
		}
		for i := range s.s.groups {
			if g := &s.s.groups[i]; !yield(g.key, entry[M](g)) {
				return
			}
		}
	}
}

// Keys iterates over the keys, sorted.
func (s State[M]) Keys() iter.Seq[string] {
	return func(yield func(string) bool) {
		if s.s == nil {
			return
		}
		for i := range s.s.groups {
			if !yield(s.s.groups[i].key) {
				return
			}
		}
	}
}

// Get returns a key's entry, and false if nobody is present under it.
func (s State[M]) Get(key string) (Entry[M], bool) {
	if g := s.s.find(key); g != nil {
		return entry[M](g), true
	}
	return Entry[M]{}, false
}

// JSON returns the encoding, which all who hold this snapshot share: it must not be changed.
func (s State[M]) JSON() json.RawMessage { return s.s.encoded() }

// MarshalJSON implements json.Marshaler.
func (s State[M]) MarshalJSON() ([]byte, error) { return s.s.encoded(), nil }

// MarshalJSON implements json.Marshaler: the shape that clients get.
func (e Entry[M]) MarshalJSON() ([]byte, error) {
	g := group{}
	if len(e.Fields) > 2 {
		g.fields = string(e.Fields[1 : len(e.Fields)-1])
	}
	for _, m := range e.Metas {
		body, err := encodeMeta(m.Value)
		if err != nil {
			return nil, err
		}
		g.metas = append(g.metas, newMeta(body, m.Ref, m.PrevRef))
	}
	return g.append(nil), nil
}

// entry decodes a group.
func entry[M any](g *group) Entry[M] {
	e := Entry[M]{Metas: make([]Meta[M], len(g.metas))}
	if g.fields != "" {
		e.Fields = json.RawMessage("{" + g.fields + "}")
	}
	for i, m := range g.metas {
		d := &e.Metas[i]
		d.Ref, d.PrevRef = m.ref(), m.prev()
		d.Err = m.value(&d.Value)
	}
	return e
}

// snapshot is a State without its type. Nil is empty.
type snapshot struct {
	groups []group // by key
	once   sync.Once
	json   []byte
}

// group is one key's presence.
type group struct {
	key    string
	fields string // of Fetch: a JSON object without its braces
	metas  []meta
}

func (s *snapshot) find(key string) *group {
	if s == nil {
		return nil
	}
	i, ok := slices.BinarySearchFunc(s.groups, key, func(g group, key string) int { return strings.Compare(g.key, key) })
	if !ok {
		return nil
	}
	return &s.groups[i]
}

func (s *snapshot) encoded() []byte {
	if s == nil {
		return []byte("{}")
	}
	s.once.Do(func() { s.json = s.append(make([]byte, 0, s.size())) })
	return s.json
}

// size is how long the encoding is, or a little more.
func (s *snapshot) size() int {
	n := len("{}")
	if s == nil {
		return n
	}
	for i := range s.groups {
		g := &s.groups[i]
		n += len(g.key) + len(g.fields) + len(`"":{"metas":[],},`)
		for _, m := range g.metas {
			n += len(m) + 1
		}
	}
	return n
}

func (s *snapshot) append(dst []byte) []byte {
	if s == nil {
		return append(dst, "{}"...)
	}
	dst = append(dst, '{')
	for i := range s.groups {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(dst, s.groups[i].key)
		dst = append(dst, ':')
		dst = s.groups[i].append(dst)
	}
	return append(dst, '}')
}

func (g *group) append(dst []byte) []byte {
	dst = append(dst, `{"metas":[`...)
	for i, m := range g.metas {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, m...)
	}
	dst = append(dst, ']')
	if g.fields != "" {
		dst = append(dst, ',')
		dst = append(dst, g.fields...)
	}
	return append(dst, '}')
}

// groupBy makes a snapshot of n items that come sorted by key. fields gives what Fetch added to a key; nil is nothing.
func groupBy(n int, items iter.Seq[item], fields func(key string) string) *snapshot {
	if n == 0 {
		return nil
	}
	s := &snapshot{groups: make([]group, 0, n)}
	metas := make([]meta, 0, n)
	for it := range items {
		metas = append(metas, it.meta)
		if last := len(s.groups) - 1; last >= 0 && s.groups[last].key == it.key {
			g := &s.groups[last]
			g.metas = metas[len(metas)-len(g.metas)-1 : len(metas) : len(metas)]
			continue
		}
		g := group{key: it.key, metas: metas[len(metas)-1 : len(metas) : len(metas)]}
		if fields != nil {
			g.fields = fields(it.key)
		}
		s.groups = append(s.groups, g)
	}
	return s
}

// with returns the snapshot with fields.
func (s *snapshot) with(f fields) *snapshot {
	if s == nil {
		return nil
	}
	c := &snapshot{groups: slices.Clone(s.groups)}
	for i := range c.groups {
		c.groups[i].fields = f.of(c.groups[i].key)
	}
	return c
}
