package rendered

import "strconv"

// An Insert says how a row of a stream comes into the page.
type Insert struct {
	ID string // of the row's element in the DOM
	// At is the position among the rows; -1 is the end. The zero value is the front.
	At int
	// Limit is how many rows are kept: the first ones if it is positive, the last ones if it is negative. Zero keeps all.
	Limit int
	// UpdateOnly does nothing where the page has no such row.
	UpdateOnly bool
}

// Changes are what a stream has to tell the client since the last render.
type Changes struct {
	Ref     string   // which stream it is, unique in the view
	Inserts []Insert // in the order of the rows
	Deletes []string // ids in the DOM
	Reset   bool     // all rows that are not inserted go
}

func (c *Changes) none() bool { return len(c.Inserts) == 0 && len(c.Deletes) == 0 && !c.Reset }

// Stream opens a stream in the next slot: a list of which nothing is kept. It returns true if rows are wanted: one for
// each insert, in the same order, then [Writer.EndList]. False means that there is nothing to tell, and the slot is done.
func (w *Writer) Stream(b *Block, c Changes) bool {
	f := w.into()
	if f == nil {
		return false
	}
	n := frame{block: b, kind: aStream, out: len(w.out)}
	switch w.target {
	case toTree:
		w.tree.openList(&List{Block: b, Rows: []Row{}, Stream: &c})
	case toDiff:
		w.openPrint(f, &n, b.stream)
		w.put(b.stream)
		if !n.full && c.none() {
			w.static(f)
			return false
		}
		n.list.shared, n.list.scope = len(w.shared), w.scope
		n.head = int(w.store)
		w.store = nowhere
		w.member(f.slot)
		w.out = append(w.out, '{')
		w.openStream(b, &n, &c)
	}
	w.depth++
	w.frames = append(w.frames, n)
	return true
}

func (w *Writer) openStream(b *Block, n *frame, c *Changes) {
	if n.full && !n.share {
		w.writeStatics(b)
		w.out = append(w.out, ',')
	}
	w.out = append(w.out, `"stream":[`...)
	w.quoted(c.Ref)
	w.out = append(w.out, `,[`...)
	// The client reads these into a map by id, so that the last of an id counts.
	for i, insert := range c.Inserts {
		if i > 0 {
			w.out = append(w.out, ',')
		}
		w.out = append(w.out, '[')
		w.quoted(insert.ID)
		w.out = append(w.out, ',')
		w.out = strconv.AppendInt(w.out, int64(insert.At), 10)
		if insert.Limit == 0 {
			w.out = append(w.out, ",null"...)
		} else {
			w.out = append(w.out, ',')
			w.out = strconv.AppendInt(w.out, int64(insert.Limit), 10)
		}
		if insert.UpdateOnly {
			w.out = append(w.out, ",true]"...)
		} else {
			w.out = append(w.out, ",null]"...)
		}
	}
	w.out = append(w.out, `],[`...)
	for i, id := range c.Deletes {
		if i > 0 {
			w.out = append(w.out, ',')
		}
		w.quoted(id)
	}
	w.out = append(w.out, ']')
	if c.Reset { // the presence of the element resets, whatever it is
		w.out = append(w.out, ",true"...)
	}
	w.out = append(w.out, `],"k":{`...)
	w.scope = indexed
	n.body = len(w.out)
}

func (w *Writer) endStream(f *frame) {
	w.scope, w.store = f.list.scope, store(f.head)
	w.endRows(f)
	w.endShared(f)
	w.out = append(w.out, '}')
}

func (w *Writer) quoted(s string) {
	w.out = append(w.out, '"')
	w.out = append(appendJSON(w.out, s), '"')
}
