package rendered

// listState is what a frame of a list or row knows besides.
type listState struct {
	cid int // of aTop: whose tree it is, 0 for the main one

	// Of a list.
	base    int  // where its old rows begin in old
	rows    int  // old rows
	uniform int  // size of every old row, or 0
	memo    int  // number of its memo and 1, or 0
	size    int  // of every new row, 0 before the first, -1 where they differ
	sorted  bool // rows have come in their old order so far
	indexed bool // the keys are in an index
	moved   bool // an entry names an old index
	shared  int  // number of shared statics before it
	blank   bool // the slot holds the empty text of a list without rows
	scope   scope

	// Of a row.
	old   int // its old index, -1 if it is new
	place int // where its members begin: after the bracket of a row that moved
}

// List opens a list in the next slot, whose rows are all of one block; rows follow, then [Writer.EndList].
func (w *Writer) List(b *Block) {
	if !w.list(b) {
		return
	}
	if l := w.top(); l.list.memo > 0 { // left by Rows
		w.leave()
		l.list.memo = 0
	}
}

// list opens a list that keeps its memo.
func (w *Writer) list(b *Block) bool {
	f := w.into()
	if f == nil {
		return false
	}
	n := frame{block: b, kind: aList, out: len(w.out)}
	n.list.sorted = true
	w.depth++
	switch w.target {
	case toTree:
		w.tree.openList(&List{Block: b, Rows: []Row{}})
	case toDiff:
		n.list.blank = f.reads && !f.full && w.old[w.read] == emptyWord
		w.openPrint(f, &n, b.list)
		n.list.shared, n.list.scope = len(w.shared), w.scope
		if n.reads {
			head := w.read - nodeHead
			n.list.rows, n.list.uniform = upper(w.old[head+1]), lower(w.old[head+2])
			n.list.memo = upper(w.old[head+2])
			w.read++
			n.list.base = w.read
			if n.share { // rows are complete: the client's are another component's
				w.read = n.end
			}
		}
		n.head = w.position()
		w.put(b.list)
		w.keepPlace()
		w.keepPlace()
		w.member(f.slot)
		w.out = append(w.out, '{')
		if n.full && !n.share {
			w.writeStatics(b) // the list's own are in the scope around it
			w.out = append(w.out, ',')
		}
		w.scope = indexed
		w.out = append(w.out, `"k":{`...)
		n.body = len(w.out)
	}
	w.frames = append(w.frames, n)
	return true
}

// keepPlace leaves a word free that is patched at the end; in place it is right already.
func (w *Writer) keepPlace() {
	switch w.store {
	case inPlace:
		w.at++
	case anew:
		w.fresh = append(w.fresh, 0)
	}
}

// Row opens the next row of the list; values fill its slots, until [Writer.EndRow]. A row that has the key of an earlier
// one is the same row, wherever it stands; a key that comes twice in a list is a mistake. The zero Key is the row's index.
func (w *Writer) Row(key Key) {
	l := w.top()
	if l == nil {
		return
	}
	if l.kind != aList && l.kind != aStream {
		_ = w.fail("a row in %s, which is no list: List comes first", l.block)
		return
	}
	n := frame{block: l.block, kind: aRow, out: len(w.out)}
	n.list.old = -1
	index := l.slot
	l.slot++
	hash := key.hash(index)
	switch {
	case w.target == toHTML:
		if !w.unique(l, key, hash) {
			return
		}
		w.out = append(w.out, l.block.statics[0]...)
	case w.target == toTree:
		if !w.unique(l, key, hash) {
			return
		}
		w.tree.openRow(key)
	case l.kind == aStream:
		if !w.unique(l, key, hash) {
			return
		}
		w.openRow(l, &n, index)
	case l.reads && !l.share:
		if !w.findRow(l, &n, key, hash, index) {
			return
		}
		w.openRow(l, &n, index)
		w.put(hash)
		w.keepPlace()
	default:
		if !w.unique(l, key, hash) {
			return
		}
		n.full = true
		w.openRow(l, &n, index)
		w.put(hash)
		w.keepPlace()
	}
	w.frames = append(w.frames, n)
}

func (w *Writer) openRow(l, n *frame, index int) {
	n.full = n.list.old < 0
	w.member(index)
	if n.list.old >= 0 && n.list.old != index {
		w.out = append(w.out, '[')
		w.out = appendInt(w.out, int64(n.list.old))
		w.out = append(w.out, ',')
		n.list.place = len(w.out)
	}
	w.out = append(w.out, '{')
	n.body = len(w.out)
	n.head = w.position()
}

// findRow looks for the old row of the key and steps into it.
func (w *Writer) findRow(l, n *frame, key Key, hash uint64, index int) bool {
	if l.list.sorted {
		if index < l.list.rows && w.old[w.read] == hash {
			w.enterRow(n, index, w.read)
			return true
		}
		w.leave()
		l.list.sorted = false
		w.indexRows(l, index)
	}
	e, found := w.index().find(hash)
	switch {
	case found && e.taken:
		return w.twice(l, key)
	case found:
		w.enterRow(n, int(e.row), int(e.at))
	}
	e.taken = true
	return true
}

func (w *Writer) enterRow(n *frame, index, at int) {
	n.reads, n.list.old = true, index
	n.end = at + lower(w.old[at+1])
	w.read = at + rowHead
}

// indexRows makes the index of the old rows; those before the first that is out of order are taken.
func (w *Writer) indexRows(l *frame, taken int) {
	x := w.index()
	x.reset(l.list.rows + 8)
	at := l.list.base
	for i := range l.list.rows {
		e, _ := x.find(w.old[at])
		e.row, e.at, e.taken = int32(i), int32(at), i < taken
		at += lower(w.old[at+1])
	}
	l.list.indexed = true
}

// unique checks a key where there are no old rows to find.
func (w *Writer) unique(l *frame, key Key, hash uint64) bool {
	if key.kind == byIndex {
		return true
	}
	x := w.index()
	if !l.list.indexed {
		x.reset(8)
		l.list.indexed = true
	}
	if _, found := x.find(hash); found {
		return w.twice(l, key)
	}
	return true
}

func (w *Writer) twice(l *frame, key Key) bool {
	_ = w.fail("the key %s comes twice in the list of %s: keys are unique in a list", key, l.block)
	return false
}

// index is that of the innermost list.
func (w *Writer) index() *keyIndex {
	for len(w.keys) < w.depth {
		w.keys = append(w.keys, new(keyIndex))
	}
	return w.keys[w.depth-1]
}

// EndRow closes the row.
func (w *Writer) EndRow() {
	f := w.top()
	if f == nil {
		return
	}
	if f.kind != aRow {
		_ = w.fail("EndRow of %s, which is no row", f.block)
		return
	}
	if f.slot != f.block.Slots() {
		_ = w.fail("a row of %s has %d slots and got %d values", f.block, f.block.Slots(), f.slot)
		return
	}
	l := &w.frames[len(w.frames)-2]
	switch w.target {
	case toTree:
		w.tree.close()
	case toDiff:
		w.endRowDiff(l, f)
	}
	w.frames = w.frames[:len(w.frames)-1]
}

func (w *Writer) endRowDiff(l, f *frame) {
	if l.kind == aList {
		n := 0
		if w.store == inPlace {
			n = lower(w.old[f.head+1])
		} else if w.store == anew {
			n = len(w.fresh) - f.head
			w.fresh[f.head+1] = uint64(n)
		}
		l.list.count(n)
	}
	moved := f.list.place > 0
	switch {
	case f.full:
		w.out = append(w.out, '}')
	case len(w.out) == f.body && !moved:
		w.out = w.out[:f.out]
		return
	case len(w.out) == f.body:
		w.out = w.out[:f.out]
		w.member(l.slot - 1)
		w.out = appendInt(w.out, int64(f.list.old))
	case moved:
		w.out = append(w.out, '}', ']')
	default:
		w.out = append(w.out, '}')
	}
	l.list.moved = l.list.moved || moved
}

// count notes the size of a new row.
func (s *listState) count(n int) {
	switch s.size {
	case 0:
		s.size = n
	case n:
	default:
		s.size = -1
	}
}

// EndList closes the list or stream.
func (w *Writer) EndList() {
	f := w.top()
	if f == nil {
		return
	}
	if f.kind != aList && f.kind != aStream {
		_ = w.fail("EndList of %s, which is no list", f.block)
		return
	}
	switch {
	case w.target == toTree:
		w.tree.closeList()
	case w.target == toDiff && f.kind == aStream:
		w.endStream(f)
	case w.target == toDiff:
		w.endListDiff(f)
	}
	w.depth--
	w.frames = w.frames[:len(w.frames)-1]
	w.static(&w.frames[len(w.frames)-1])
}

func (w *Writer) endListDiff(f *frame) {
	s := &f.list
	w.scope = s.scope
	if f.full && f.slot == 0 {
		// Nothing is kept of a list that is empty at first: what is sent is the empty text.
		w.out, w.shared = w.out[:f.out], w.shared[:s.shared]
		if w.store == anew {
			w.fresh = append(w.fresh[:f.head], emptyWord)
		}
		if !s.blank {
			w.member(w.frames[len(w.frames)-2].slot)
			w.out = append(w.out, '"', '"')
		}
		return
	}
	if f.reads {
		if f.slot != s.rows {
			w.leave()
		}
		w.read = f.end
	}
	if w.store == anew {
		w.fresh[f.head+1] = pair(len(w.fresh)-f.head, f.slot)
		w.fresh[f.head+2] = pair(max(s.size, 0), s.memo)
	}
	if !f.full && len(w.out) == f.body && f.slot == s.rows {
		w.out = w.out[:f.out]
		return
	}
	w.endRows(f)
	w.endShared(f)
	w.out = append(w.out, '}')
}

// endRows ends the member k.
func (w *Writer) endRows(f *frame) {
	w.comma()
	w.out = append(w.out, `"kc":`...)
	w.out = appendInt(w.out, int64(f.slot))
	if f.list.moved {
		w.out = append(w.out, `,"km":true`...)
	}
	w.out = append(w.out, '}')
}

// endShared writes the statics of the rows, if the list is the outermost in a component.
func (w *Writer) endShared(f *frame) {
	if f.list.scope == inline {
		w.writeShared()
	}
}
