package rendered_test

import (
	"fmt"
	"html"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"github.com/bennu-go/bennu/rendered"
)

// The model is a page as plain data, with its own way to HTML: what the package is compared with.

type model interface {
	emit(w *rendered.Writer)
	html(out *strings.Builder, v *view)
}

type (
	mText string
	mRaw  string
	mInt  int64
	mFlag bool
	mForm struct {
		version uint64
		text    string
	}
	mNone struct{}
	mCID  int
	mMemo uint8
	mNode struct {
		block int
		slots []model
	}
	mList struct {
		block int
		rows  []mRow
	}
	mRow struct {
		key   int
		slots []model
	}
	mRows struct { // emitted by Rows
		rows []memoRow
	}
	mStream struct {
		changes rendered.Changes
		rows    []mRow
	}
)

type memoRow struct {
	Key  int
	Text string
	Sub  uint8
}

// A view is a page with live components.
type view struct {
	root       *mNode
	components map[int]*mNode
}

// Blocks of every number of slots; those from rootBlocks on are one element.
const rootBlocks = 8

var blocks = func() []*rendered.Block {
	all := []*rendered.Block{
		rendered.NewBlock("", false, "plain"),
		rendered.NewBlock("", false, "", ""),
		rendered.NewBlock("", false, "<b>", "</b>"),
		rendered.NewBlock("", false, "<i>", "</i>tail"),
		rendered.NewBlock("", false, "(", ",", ")"),
		rendered.NewBlock("", false, "[", "\"\\\n", "]"),
		rendered.NewBlock("", false, "1", "2", "3", "4"),
		rendered.NewBlock("", false, "<p class='x'>", "|", "|", "</p>"),
		rendered.NewBlock("", true, "<div>", "</div>"),
		rendered.NewBlock("", true, "<section>", "<hr>", "</section>"),
		rendered.NewBlock("", true, "<table>", "", "", "</table>"),
		rendered.NewBlock("", true, "<hr>"),
	}
	return all
}()

var (
	memoBlock   = rendered.NewBlock("", false, "<li>", "=", "</li>")
	streamBlock = rendered.NewBlock("", false, "<dt>", "</dt><dd>", "</dd>")
)

// memos are what a memo shows for its value.
var memos = []model{
	mText("m"),
	mNode{2, []model{mText("one")}},
	mNode{4, []model{mInt(4), mNode{3, []model{mText("deep")}}}},
	mList{2, []mRow{{1, []model{mText("x")}}, {2, []model{mNone{}}}}},
	mNode{8, []model{mRows{[]memoRow{{1, "inner", 0}, {2, "rows", 1}}}}},
	mNone{},
}

func (m mText) emit(w *rendered.Writer) { w.Text(string(m)) }
func (m mRaw) emit(w *rendered.Writer)  { w.Raw(string(m)) }
func (m mInt) emit(w *rendered.Writer)  { w.Int(int64(m)) }
func (m mFlag) emit(w *rendered.Writer) { w.Flag("checked", bool(m)) }
func (m mForm) emit(w *rendered.Writer) { w.FormText(m.version, m.text) }
func (mNone) emit(w *rendered.Writer)   { w.Empty() }
func (m mCID) emit(w *rendered.Writer)  { w.CID(int(m)) }
func (m mMemo) emit(w *rendered.Writer) {
	rendered.Memo(w, m, func(w *rendered.Writer, m mMemo) { memos[m].emit(w) })
}

func (m mNode) emit(w *rendered.Writer) {
	w.Open(blocks[m.block])
	for _, s := range m.slots {
		s.emit(w)
	}
	w.Close()
}

func (m mList) emit(w *rendered.Writer) {
	w.List(blocks[m.block])
	emitRows(w, m.rows)
	w.EndList()
}

func emitRows(w *rendered.Writer, rows []mRow) {
	for _, r := range rows {
		w.Row(rendered.NumberKey(r.key))
		for _, s := range r.slots {
			s.emit(w)
		}
		w.EndRow()
	}
}

func (m mRows) emit(w *rendered.Writer) {
	rendered.Rows(w, memoBlock, m.rows, func(r *memoRow) rendered.Key { return rendered.NumberKey(r.Key) },
		func(w *rendered.Writer, r *memoRow) {
			w.Text(r.Text)
			memos[r.Sub].emit(w)
		})
}

func (m mStream) emit(w *rendered.Writer) {
	if w.Stream(streamBlock, m.changes) {
		emitRows(w, m.rows)
		w.EndList()
	}
}

func (m mText) html(out *strings.Builder, _ *view) { out.WriteString(html.EscapeString(string(m))) }
func (m mRaw) html(out *strings.Builder, _ *view)  { out.WriteString(string(m)) }
func (m mInt) html(out *strings.Builder, _ *view)  { fmt.Fprint(out, int64(m)) }
func (m mForm) html(out *strings.Builder, _ *view) { out.WriteString(html.EscapeString(m.text)) }
func (mNone) html(*strings.Builder, *view)         {}
func (m mCID) html(out *strings.Builder, v *view)  { v.components[int(m)].html(out, v) }
func (m mMemo) html(out *strings.Builder, v *view) { memos[m].html(out, v) }
func (m mFlag) html(out *strings.Builder, _ *view) {
	if m {
		out.WriteString(" checked")
	}
}

func (m mNode) html(out *strings.Builder, v *view) { blockHTML(out, v, blocks[m.block], m.slots) }
func (m mList) html(out *strings.Builder, v *view) {
	for _, r := range m.rows {
		blockHTML(out, v, blocks[m.block], r.slots)
	}
}

func (m mRows) html(out *strings.Builder, v *view) {
	for _, r := range m.rows {
		blockHTML(out, v, memoBlock, []model{mText(r.Text), memos[r.Sub]})
	}
}

func (m mStream) html(out *strings.Builder, v *view) {
	for _, r := range m.rows {
		blockHTML(out, v, streamBlock, r.slots)
	}
}

func blockHTML(out *strings.Builder, v *view, b *rendered.Block, slots []model) {
	for i, s := range b.Statics() {
		out.WriteString(s)
		if i < b.Slots() {
			slots[i].html(out, v)
		}
	}
}

func (v *view) html() string {
	var out strings.Builder
	v.root.html(&out, v)
	return out.String()
}

// A maker draws pages and changes them a little.
type maker struct {
	t          *rapid.T
	components int // highest cid
	lowest     int // cid that may be used: components contain only those above their own, so that none contains itself
	stream     bool
	plain      bool // only values of which no two kinds look alike, and no memos
	rowID      *int
}

func (k *maker) chance(percent int) bool {
	return rapid.IntRange(0, 99).Draw(k.t, "chance") < percent
}

func (k *maker) number(low, high int) int { return rapid.IntRange(low, high).Draw(k.t, "n") }

var words = []string{"", "a", "b", "<&>\"'", "back\\slash\n\t\x01", "ä€😀", "12"}

func (k *maker) value(depth int) model {
	kinds := 11
	if depth <= 0 {
		kinds = 6
	}
	kind := k.number(0, kinds)
	if k.plain && 3 < kind && kind < 7 {
		kind = 2
	}
	switch kind {
	case 0, 1:
		return mText(rapid.SampledFrom(words).Draw(k.t, "word"))
	case 2:
		return mInt(k.number(0, 2))
	case 3:
		return mNone{}
	case 4:
		if k.chance(50) {
			return mFlag(k.chance(50))
		}
		return mRaw(rapid.SampledFrom([]string{"<br>", "", "a"}).Draw(k.t, "raw"))
	case 5:
		return mMemo(k.number(0, len(memos)-1))
	case 6:
		if k.lowest <= k.components {
			return mCID(k.number(k.lowest, k.components))
		}
		return mForm{uint64(k.number(0, 1)), "v"}
	case 7, 8:
		return k.node(depth-1, 0)
	case 9:
		return mRows{k.memoRows(nil)}
	default:
		if k.stream && k.chance(30) {
			return k.aStream(depth - 1)
		}
		l := mList{block: k.number(0, len(blocks)-1)}
		l.rows = k.rows(l, depth-1)
		return l
	}
}

func (k *maker) slots(b *rendered.Block, depth int) []model {
	all := make([]model, b.Slots())
	for i := range all {
		all[i] = k.value(depth)
	}
	return all
}

func (k *maker) node(depth, lowest int) mNode {
	n := k.number(lowest, len(blocks)-1)
	return mNode{n, k.slots(blocks[n], depth)}
}

// rows changes the rows of a list: some go, some come, some move, some change.
func (k *maker) rows(l mList, depth int) []mRow {
	rows := slices.Clone(l.rows)
	rows = slices.DeleteFunc(rows, func(mRow) bool { return k.chance(15) })
	for i := range rows {
		if k.chance(30) {
			rows[i].slots = k.changeSlots(rows[i].slots, depth)
		}
	}
	for range k.number(0, 2) {
		key := k.number(0, 7)
		if !slices.ContainsFunc(rows, func(r mRow) bool { return r.key == key }) {
			rows = slices.Insert(rows, k.number(0, len(rows)), mRow{key, k.slots(blocks[l.block], depth)})
		}
	}
	for range k.number(0, 2) {
		if len(rows) > 1 {
			i, j := k.number(0, len(rows)-1), k.number(0, len(rows)-1)
			rows[i], rows[j] = rows[j], rows[i]
		}
	}
	return rows
}

func (k *maker) memoRows(rows []memoRow) []memoRow {
	rows = slices.Clone(rows)
	rows = slices.DeleteFunc(rows, func(memoRow) bool { return k.chance(10) })
	for i := range rows {
		if k.chance(20) {
			rows[i].Text = rapid.SampledFrom(words).Draw(k.t, "word")
		}
		if k.chance(20) {
			rows[i].Sub = uint8(k.number(0, len(memos)-1))
		}
	}
	for range k.number(0, 2) {
		r := memoRow{k.number(0, 7), rapid.SampledFrom(words).Draw(k.t, "word"), uint8(k.number(0, len(memos)-1))}
		if !slices.ContainsFunc(rows, func(o memoRow) bool { return o.Key == r.Key }) {
			rows = slices.Insert(rows, k.number(0, len(rows)), r)
		}
	}
	if len(rows) > 1 && k.chance(30) {
		i, j := k.number(0, len(rows)-1), k.number(0, len(rows)-1)
		rows[i], rows[j] = rows[j], rows[i]
	}
	return rows
}

func (k *maker) aStream(depth int) mStream {
	s := mStream{changes: rendered.Changes{Ref: "0", Reset: k.chance(10)}}
	for range k.number(0, 2) {
		*k.rowID++
		s.rows = append(s.rows, mRow{*k.rowID, k.slots(streamBlock, depth)})
		s.changes.Inserts = append(s.changes.Inserts, rendered.Insert{ID: fmt.Sprint("s-", *k.rowID), At: -1})
	}
	if k.chance(20) {
		s.changes.Deletes = []string{"s-1"}
	}
	return s
}

func (k *maker) changeSlots(slots []model, depth int) []model {
	slots = slices.Clone(slots)
	for i := range slots {
		slots[i] = k.change(slots[i], depth)
	}
	return slots
}

func (k *maker) change(m model, depth int) model {
	if s, ok := m.(mStream); ok { // what was inserted is not inserted again
		if k.chance(80) {
			return k.aStream(depth - 1)
		}
		return mStream{changes: rendered.Changes{Ref: s.changes.Ref}}
	}
	if k.chance(12) {
		return k.value(depth)
	}
	switch m := m.(type) {
	case mNode:
		return mNode{m.block, k.changeSlots(m.slots, depth-1)}
	case mList:
		return mList{m.block, k.rows(m, depth-1)}
	case mRows:
		if k.chance(50) {
			return mRows{k.memoRows(m.rows)}
		}
	}
	return m
}
