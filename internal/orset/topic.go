package orset

import (
	"cmp"
	"iter"
	"slices"
	"sort"
)

// Rows of a topic are kept sorted in blocks of at most maxBlock, so that a
// join or leave in a topic of 100,000 moves a block and not the topic, and a
// topic of one row is one small slice. A block below minBlock is put together
// with a neighbour when both fit into half a block.
const (
	maxBlock = 512
	minBlock = maxBlock / 8
)

// entry is a row as the state holds it: names are shared with its topic and
// replica, which is less than half of what a Row needs for them.
type entry[M any] struct {
	topic      *topic[M]
	replica    *replica[M]
	key        string
	process    uint64
	clock      uint64
	meta       M
	prev, next *entry[M] // of the same process; own rows only
}

func (e *entry[M]) row() Row[M] {
	return Row[M]{
		Topic: e.topic.name, Process: e.process, Key: e.key, Meta: e.meta,
		Tag: Tag{e.replica.ref, e.clock},
	}
}

// place is where a row stands in its topic: by key, then process, then dot.
type place struct {
	key     string
	replica Replica
	process uint64
	clock   uint64
}

func (e *entry[M]) place() place {
	return place{e.key, e.replica.ref, e.process, e.clock}
}

func (e *entry[M]) comparePlace(p *place) int {
	if c := cmp.Compare(e.key, p.key); c != 0 {
		return c
	}
	return cmp.Or(
		e.replica.ref.Compare(p.replica),
		cmp.Compare(e.process, p.process),
		cmp.Compare(e.clock, p.clock),
	)
}

// topic holds the rows of one topic, of up and down replicas.
type topic[M any] struct {
	name   string
	blocks [][]*entry[M] // none is empty
	len    int
}

// find returns the block and the index in it at which a row with place p, or
// else the next greater, stands. Past the end it returns the last block's end.
func (t *topic[M]) find(p *place) (b, i int) {
	b = sort.Search(len(t.blocks), func(b int) bool {
		block := t.blocks[b]
		return block[len(block)-1].comparePlace(p) >= 0
	})
	if b == len(t.blocks) {
		if b == 0 {
			return 0, 0
		}
		return b - 1, len(t.blocks[b-1])
	}
	block := t.blocks[b]
	return b, sort.Search(len(block), func(i int) bool { return block[i].comparePlace(p) >= 0 })
}

// from iterates in order, starting at the first row that is not before p.
func (t *topic[M]) from(p *place) iter.Seq[*entry[M]] {
	return func(yield func(*entry[M]) bool) {
		b, i := t.find(p)
		for ; b < len(t.blocks); b, i = b+1, 0 {
			for _, e := range t.blocks[b][i:] {
				if !yield(e) {
					return
				}
			}
		}
	}
}

func (t *topic[M]) insert(e *entry[M]) {
	t.len++
	if len(t.blocks) == 0 {
		t.blocks = [][]*entry[M]{{e}}
		return
	}
	p := e.place()
	b, i := t.find(&p)
	block := slices.Insert(t.blocks[b], i, e)
	if len(block) <= maxBlock {
		t.blocks[b] = block
		return
	}
	half := len(block) / 2
	upper := append(make([]*entry[M], 0, maxBlock), block[half:]...)
	clear(block[half:])
	t.blocks[b] = block[:half]
	t.blocks = slices.Insert(t.blocks, b+1, upper)
}

func (t *topic[M]) remove(e *entry[M]) {
	p := e.place()
	b, i := t.find(&p)
	t.len--
	t.blocks[b] = slices.Delete(t.blocks[b], i, i+1)
	switch {
	case len(t.blocks[b]) == 0:
		t.blocks = slices.Delete(t.blocks, b, b+1)
	case len(t.blocks[b]) < minBlock && len(t.blocks) > 1:
		if b == len(t.blocks)-1 {
			b--
		}
		if len(t.blocks[b])+len(t.blocks[b+1]) <= maxBlock/2 {
			t.blocks[b] = append(t.blocks[b], t.blocks[b+1]...)
			t.blocks = slices.Delete(t.blocks, b+1, b+2)
		}
	}
}
