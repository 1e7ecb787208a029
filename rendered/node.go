package rendered

import "context"

// Open opens a block in the next slot; values then fill the slots of the block, until [Writer.Close].
func (w *Writer) Open(b *Block) {
	f := w.top()
	if f == nil {
		return
	}
	if f.kind == aTop {
		if f.slot > 0 {
			_ = w.fail("%s is a second root: the root of a tree is one block", b)
			return
		}
	} else if f = w.into(); f == nil {
		return
	}
	n := frame{block: b, kind: aNode, out: len(w.out)}
	switch w.target {
	case toHTML:
		w.out = append(w.out, b.statics[0]...)
	case toTree:
		w.tree.open(&Node{Block: b, Slots: []Value{}})
	default:
		w.openPrint(f, &n, b.print)
		if f.kind == aTop {
			w.openTop(f, &n)
		} else {
			w.member(f.slot)
			w.out = append(w.out, '{')
		}
		n.body = len(w.out)
		n.head = w.position()
		w.put(b.print)
		w.keepPlace()
	}
	w.frames = append(w.frames, n)
}

// openPrint decides whether the old tree has what opens here, a node or list with this first word, and steps into it or
// over it.
func (w *Writer) openPrint(parent, child *frame, print uint64) {
	child.full, child.share = parent.full, parent.share
	if !parent.reads {
		child.share = false
		return
	}
	n := size(w.old, w.read)
	if w.old[w.read] == print {
		child.reads, child.end = true, w.read+n
		w.read++
		if print&kindMask != kindStream {
			w.read++ // past the size
		}
		return
	}
	w.leave()
	w.read += n
	child.full, child.share = true, false
}

// openTop opens the root of a tree.
func (w *Writer) openTop(f, n *frame) {
	if f.list.cid == 0 {
		// A root that is replaced takes the client's components with it.
		w.replaced = n.full && f.end > 0
		if n.full {
			w.prints.components = nil
		}
		return
	}
	if !n.block.root {
		_ = w.fail("%s is the root of a live component and must be exactly one element, written statically", n.block)
		return
	}
	w.out = append(w.out, '{')
	if !n.full {
		return
	}
	from := w.prints.share(n.block, f.list.cid)
	if from == nil {
		return
	}
	// The client copies the tree of the other component before it merges this one.
	if from.sent == w.prints.message {
		w.out = append(w.out, `"s":`...)
	} else {
		w.out = append(w.out, `"s":-`...)
	}
	w.out = appendInt(w.out, int64(from.cid))
	w.leave()
	w.store = anew
	w.old, w.read = from.words, nodeHead
	n.reads, n.share, n.end = true, true, len(from.words)
}

// Close closes the block that was opened last.
func (w *Writer) Close() {
	f := w.top()
	if f == nil {
		return
	}
	if f.kind != aNode {
		_ = w.fail("Close of %s, which is a list or a row: EndRow, then EndList", f.block)
		return
	}
	if f.slot != f.block.Slots() {
		_ = w.fail("%s has %d slots and got %d values", f.block, f.block.Slots(), f.slot)
		return
	}
	switch w.target {
	case toTree:
		w.tree.close()
	case toDiff:
		w.closeDiff(f)
	}
	w.frames = w.frames[:len(w.frames)-1]
	w.static(&w.frames[len(w.frames)-1])
}

func (w *Writer) closeDiff(f *frame) {
	if w.store == anew {
		w.fresh[f.head+1] = uint64(len(w.fresh) - f.head)
	}
	top := len(w.frames) == 2 // the root
	message := top && w.frames[0].list.cid == 0
	switch {
	case f.full && !f.share:
		w.writeStatics(f.block)
		if f.block.root && !message { // there r would be a reply
			w.out = append(w.out, `,"r":1`...)
		}
	case len(w.out) == f.body && !message:
		// A component that shares has written its s before the body began.
		if !(top && f.share) {
			w.out = w.out[:f.out]
			return
		}
	}
	if !message {
		w.out = append(w.out, '}')
	}
}

// writeStatics writes the member s.
func (w *Writer) writeStatics(b *Block) {
	w.comma()
	w.out = append(w.out, `"s":`...)
	if w.scope == inline {
		w.out = append(w.out, b.json...)
		return
	}
	w.out = appendInt(w.out, int64(w.sharedIndex(b)))
}

func (w *Writer) sharedIndex(b *Block) int {
	for i, other := range w.shared {
		if other == b || other.print == b.print {
			return i
		}
	}
	w.shared = append(w.shared, b)
	return len(w.shared) - 1
}

// writeShared writes the member p: the statics that were named by a number.
func (w *Writer) writeShared() {
	if len(w.shared) == 0 {
		return
	}
	w.comma()
	w.out = append(w.out, `"p":{`...)
	for i, b := range w.shared {
		w.member(i)
		w.out = append(w.out, b.json...)
	}
	w.out = append(w.out, '}')
	w.shared = w.shared[:0]
}

// Include fills a slot with what a function component emits; nil is nothing.
func (w *Writer) Include(ctx context.Context, c Component) error {
	f := w.into()
	if f == nil {
		return w.err
	}
	if c == nil {
		w.Empty()
		return w.err
	}
	depth, slot := len(w.frames), f.slot
	if err := c.Emit(ctx, w); err != nil {
		if w.err == nil {
			w.err = err
		}
		return err
	}
	w.filled(depth, slot)
	return w.err
}

// filled makes sure that exactly the slot of the frame at this depth was filled.
func (w *Writer) filled(depth, slot int) bool {
	if w.err != nil {
		return false
	}
	if len(w.frames) != depth || w.frames[depth-1].slot != slot+1 {
		_ = w.fail("slot %d of %s: what was to fill it did not emit exactly one value", slot, w.frames[min(depth, len(w.frames))-1].block)
		return false
	}
	return true
}
