package transport

import (
	"runtime/debug"

	"github.com/bennu-go/bennu/internal/wire"
)

// batches holds the encoded messages of one fan-out: uncompressed, and for each mount that compresses.
type batches struct {
	plain    encodings
	deflated []deflatedBatches
}

type deflatedBatches struct {
	by *Compression
	encodings
}

// of returns what goes to c, or nil if that is nothing.
func (bs *batches) of(c Conn, items []item, env *shardEnv) *Batch {
	by := compressionOf(c)
	if by == nil {
		return bs.plain.of(c.Serializer(), nil, items, env)
	}
	for i := range bs.deflated {
		if bs.deflated[i].by == by {
			return bs.deflated[i].of(c.Serializer(), by, items, env)
		}
	}
	bs.deflated = append(bs.deflated, deflatedBatches{by: by})
	return bs.deflated[len(bs.deflated)-1].of(c.Serializer(), by, items, env)
}

// encodings holds the encoded messages of one fan-out, per serializer.
type encodings struct {
	builtin [2]*Batch
	failed  [2]bool
	custom  map[wire.Serializer]*Batch
}

func (es *encodings) of(sr wire.Serializer, by *Compression, items []item, env *shardEnv) *Batch {
	i := sr.Index()
	if i >= 0 && i < len(es.builtin) {
		if es.builtin[i] == nil && !es.failed[i] {
			es.builtin[i] = encode(sr, by, items, env)
			es.failed[i] = es.builtin[i] == nil
		}
		return es.builtin[i]
	}
	b, ok := es.custom[sr]
	if !ok {
		b = encode(sr, by, items, env)
		if es.custom == nil {
			es.custom = make(map[wire.Serializer]*Batch)
		}
		es.custom[sr] = b
	}
	return b
}

// encode returns nil if there is nothing to send. A serializer that panics is reported once a fan-out, not once a member.
func encode(sr wire.Serializer, by *Compression, items []item, env *shardEnv) (b *Batch) {
	defer func() {
		if v := recover(); v != nil {
			env.report(debug.Stack(), v)
			b = nil
		}
	}()
	b = &Batch{Frames: make([]*wire.Frame, 0, len(items))}
	for i := range items {
		f, err := by.frame(items[i].msg, sr)
		if err != nil { // a binary message to a V1 client: it cannot be told
			continue
		}
		b.Frames = append(b.Frames, f)
	}
	if len(b.Frames) == 0 {
		return nil
	}
	b.join()
	return b
}
