package rendered

import (
	"reflect"
	"slices"
)

// Memo fills a slot with what emit emits from v alone: exactly one value. While v is equal to what it was, emit is not
// called and the slot stays as it is.
//
// It is the emitter's word that it reads nothing else. A T that can change without becoming unequal, since it holds a
// pointer, a channel or an interface, is never skipped.
func Memo[T comparable](w *Writer, v T, emit func(w *Writer, v T)) {
	f := w.into()
	if f == nil {
		return
	}
	depth, slot := len(w.frames), f.slot
	if w.target != toDiff || w.store == nowhere {
		emit(w, v)
		w.filled(depth, slot)
		return
	}
	var m *memo[T]
	number := 0
	known := f.reads && w.old[w.read]&kindMask == kindMemo
	if known && !f.full {
		number = upper(w.old[w.read+1])
		m, _ = w.prints.memos[number].(*memo[T])
		if m != nil && m.v == v {
			w.retain(size(w.old, w.read))
			f.slot++
			return
		}
	}
	if m == nil {
		w.leave()
		if !w.isStable(reflect.TypeFor[T]()) {
			if known {
				w.read += memoHead
			}
			emit(w, v)
			w.filled(depth, slot)
			return
		}
		m = new(memo[T])
		number = w.prints.remember(m)
	}
	if known {
		w.read += memoHead
	}
	m.v = v
	head := w.position()
	w.put(kindMemo)
	w.keepPlace()
	emit(w, v)
	if w.filled(depth, slot) && w.store == anew {
		w.fresh[head+1] = pair(len(w.fresh)-head, number)
	}
}

// Rows fills a slot with a list: a row for each value, whose slots emit fills from that value alone. Rows whose values are
// equal to what they were are skipped, wherever they stand; what [Memo] says of T holds here too. A nil key is the index.
func Rows[T comparable](w *Writer, b *Block, rows []T, key func(*T) Key, emit func(w *Writer, row *T)) {
	if !w.list(b) {
		return
	}
	at := len(w.frames) - 1
	l := &w.frames[at]
	if w.target == toDiff && l.reads && !l.share && l.list.memo > 0 {
		if m, ok := w.prints.memos[l.list.memo-1].(*memoRows[T]); ok {
			changedRows(w, at, m, rows, key, emit)
			w.EndList()
			return
		}
	}
	for i := range rows {
		openRow(w, &rows[i], key)
		emit(w, &rows[i])
		w.EndRow()
	}
	if w.err == nil && w.target == toDiff && w.store != nowhere {
		w.leave()
		memo := 0
		if len(rows) > 0 && w.isStable(reflect.TypeFor[T]()) {
			memo = 1 + w.prints.remember(&memoRows[T]{rows: slices.Clone(rows)})
		}
		w.frames[at].list.memo = memo
	}
	w.EndList()
}

// changedRows emits the rows of the list at a frame that are not equal to what they were.
func changedRows[T comparable](w *Writer, at int, m *memoRows[T], rows []T, key func(*T) Key, emit func(w *Writer, row *T)) {
	for i := 0; i < len(rows); i++ {
		l := &w.frames[at]
		if l.list.sorted {
			same := i
			for limit := min(len(rows), len(m.rows)); same < limit && rows[same] == m.rows[same]; {
				same++
			}
			w.retainRows(l, same-i)
			if i = same; i == len(rows) {
				break
			}
		}
		openRow(w, &rows[i], key)
		f := w.top()
		if f == nil {
			return
		}
		if f.reads && rows[i] == m.rows[f.list.old] {
			w.retain(f.end - w.read)
			f.slot = f.block.Slots()
		} else {
			emit(w, &rows[i])
		}
		w.EndRow()
		if w.err != nil {
			return
		}
		if w.frames[at].list.sorted {
			m.rows[i] = rows[i] // its old value is not asked for again
		}
	}
	if !w.frames[at].list.sorted || len(rows) != len(m.rows) {
		m.replace(rows)
	}
}

func openRow[T any](w *Writer, row *T, key func(*T) Key) {
	if key == nil {
		w.Row(Key{})
		return
	}
	w.Row(key(row))
}

type memo[T comparable] struct{ v T }

func (m *memo[T]) size() int { return int(reflect.TypeFor[T]().Size()) }

type memoRows[T comparable] struct{ rows []T }

func (m *memoRows[T]) size() int { return cap(m.rows)*int(reflect.TypeFor[T]().Size()) + 24 }

func (m *memoRows[T]) replace(rows []T) {
	if len(rows) > cap(m.rows) || 2*len(rows)+16 < cap(m.rows) {
		m.rows = slices.Clone(rows)
		return
	}
	clear(m.rows) // what is not overwritten must not keep strings alive
	m.rows = append(m.rows[:0], rows...)
}

// isStable reports whether equal values of the type always show the same. Asking a type costs allocations, hence the map.
func (w *Writer) isStable(t reflect.Type) bool {
	stable, known := w.stable[t]
	if !known {
		if w.stable == nil {
			w.stable = map[reflect.Type]bool{}
		}
		stable = isStable(t)
		w.stable[t] = stable
	}
	return stable
}

func isStable(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Pointer, reflect.UnsafePointer, reflect.Chan, reflect.Interface, reflect.Func, reflect.Map, reflect.Slice:
		return false
	case reflect.Array:
		return isStable(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			if !isStable(t.Field(i).Type) {
				return false
			}
		}
	}
	return true
}

// retainRows takes the next n rows over as they are.
func (w *Writer) retainRows(l *frame, n int) {
	if n == 0 {
		return
	}
	words := n * l.list.uniform
	if words > 0 {
		l.list.count(l.list.uniform)
	} else {
		at := w.read
		for range n {
			size := lower(w.old[at+1])
			l.list.count(size)
			at += size
		}
		words = at - w.read
	}
	w.retain(words)
	l.slot += n
}
