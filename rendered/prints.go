package rendered

import (
	"cmp"
	"slices"
)

// Prints are what is kept of what a client was last sent: of each value 8 bytes, whatever its length. The zero value has
// sent nothing. Prints belong to one view; one goroutine at a time may use them.
type Prints struct {
	root       []uint64
	components []componentPrint // by cid
	memos      []any            // *memo[T] and *memoRows[T]; nil is free
	message    uint32           // counts messages
	free       int              // no memo before it is free
}

type componentPrint struct {
	words  []uint64
	cid    int
	sent   uint32 // the last message that listed it
	marked bool   // the client will perhaps destroy it
}

// The words of a tree, in the order of the document. The kind is in the lowest bits of a slot's first word.
//
//	text    hash
//	cid     number
//	stream  fingerprint
//	node    fingerprint, size, slots...
//	list    fingerprint, size | rows, size of each row or 0 | memo, rows...
//	row     hash of the key, size, slots...
//	memo    0, size | memo, slot
//
// A size is in words, with the first; what stands after | is in the upper half of its word.
const (
	kindText uint64 = iota
	kindCID
	kindStream
	kindNode
	kindList
	kindMemo

	kindBits = 3
	kindMask = 1<<kindBits - 1
)

const (
	nodeHead = 2
	listHead = 3
	rowHead  = 2
	memoHead = 2
)

func lower(word uint64) int { return int(uint32(word)) }
func upper(word uint64) int { return int(word >> 32) }

func pair(low, high int) uint64 { return uint64(uint32(low)) | uint64(high)<<32 }

// size is the number of words of the slot at i.
func size(words []uint64, i int) int {
	if words[i]&kindMask < kindNode {
		return 1
	}
	return lower(words[i+1])
}

// WillDestroy answers the client's cids_will_destroy: the components that it names are marked. One that is rendered again
// is sent in full and no longer marked.
func (p *Prints) WillDestroy(cids ...int) {
	for _, cid := range cids {
		if i, ok := p.find(cid); ok {
			p.components[i].marked = true
		}
	}
}

// Destroyed answers the client's cids_destroyed: it forgets those of the components that are still marked, and returns
// them. The others have been rendered again meanwhile.
func (p *Prints) Destroyed(cids ...int) []int {
	gone := []int{}
	for _, cid := range cids {
		if i, ok := p.find(cid); ok && p.components[i].marked {
			p.components = slices.Delete(p.components, i, i+1)
			gone = append(gone, cid)
		}
	}
	if len(gone) > 0 {
		p.sweep(nil)
	}
	return gone
}

// Reset forgets everything: the next message is complete. It is for a view whose client has lost its state.
func (p *Prints) Reset() { *p = Prints{message: p.message} }

// Size is the memory that the prints take, in bytes, without values that memos keep.
func (p *Prints) Size() int {
	n := 8*cap(p.root) + 56*cap(p.components) + 16*cap(p.memos) + 80
	for i := range p.components {
		n += 8 * cap(p.components[i].words)
	}
	for _, m := range p.memos {
		if m, ok := m.(interface{ size() int }); ok {
			n += m.size()
		}
	}
	return n
}

func (p *Prints) find(cid int) (int, bool) {
	return slices.BinarySearchFunc(p.components, cid, func(c componentPrint, cid int) int { return cmp.Compare(c.cid, cid) })
}

// share finds a component whose root is the block, the newest first: its statics can be taken for another.
func (p *Prints) share(b *Block, not int) *componentPrint {
	for i := len(p.components) - 1; i >= 0; i-- {
		c := &p.components[i]
		if c.cid != not && !c.marked && len(c.words) > 0 && c.words[0] == b.print {
			return c
		}
	}
	return nil
}

// keep stores the words of a tree, in the memory of the old ones where that is neither too small nor much too large.
func keep(old, words []uint64) []uint64 {
	if cap(old) >= len(words) && cap(old) <= 2*len(words)+16 {
		return append(old[:0], words...)
	}
	return slices.Clone(words)
}

// sweep frees the memos that no word names any longer. It uses the memory of live, and returns it.
func (p *Prints) sweep(live []bool) []bool {
	if len(p.memos) == 0 {
		return live
	}
	live = append(live[:0], make([]bool, len(p.memos))...)
	mark(p.root, live)
	for i := range p.components {
		mark(p.components[i].words, live)
	}
	for i := range p.memos {
		if !live[i] {
			p.memos[i] = nil
		}
	}
	// Slots at the end are given back; those between are used again.
	for len(p.memos) > 0 && p.memos[len(p.memos)-1] == nil {
		p.memos = p.memos[:len(p.memos)-1]
	}
	if 2*len(p.memos)+16 < cap(p.memos) {
		p.memos = slices.Clone(p.memos)
	}
	p.free = 0
	return live
}

// mark marks the memos that the slots in words name. Number 0 is none.
func mark(words []uint64, live []bool) {
	for i := 0; i < len(words); {
		switch words[i] & kindMask {
		case kindNode:
			i += nodeHead
		case kindMemo:
			live[upper(words[i+1])] = true
			i += memoHead
		case kindList:
			if m := upper(words[i+2]); m > 0 {
				live[m-1] = true
			}
			end := i + lower(words[i+1])
			for i += listHead; i < end; {
				n := lower(words[i+1])
				mark(words[i+rowHead:i+n], live)
				i += n
			}
		default:
			i++
		}
	}
}

// remember stores a memo and returns its number.
func (p *Prints) remember(m any) int {
	for p.free < len(p.memos) && p.memos[p.free] != nil {
		p.free++
	}
	if p.free == len(p.memos) {
		p.memos = append(p.memos, nil)
	}
	p.memos[p.free] = m
	return p.free
}
