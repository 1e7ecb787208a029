package rendered

import (
	"context"
	"errors"
	"fmt"
	"reflect"
)

// A Component emits itself into a writer: exactly one value of the block around it, usually a block of its own.
type Component interface {
	Emit(ctx context.Context, w *Writer) error
}

// Func is a function as a [Component].
type Func func(ctx context.Context, w *Writer) error

// Emit calls the function.
func (f Func) Emit(ctx context.Context, w *Writer) error { return f(ctx, w) }

// A Writer takes what components emit, and makes of it the HTML of a page, the diff for a client, or a tree. It keeps its
// memory, so that a writer that is used again allocates nothing; the zero value is ready. One goroutine at a time may use it.
//
// Between a start ([Writer.StartDiff], [Writer.StartHTML]) and the end ([Writer.Diff], [Writer.Page]) of a message stand
// at most one [Writer.Root] and any number of [Writer.Component]. Inside them blocks are opened and closed, and each value
// fills the next slot of the block that is open.
//
// The methods that emit return nothing: the first mistake (a value too many, a key that comes twice) is kept, the rest of
// the message does nothing, and [Writer.Err] and the end of the message return it.
type Writer struct {
	target target
	err    error
	out    []byte
	frames []frame
	seen   []int // cids, in the order of their slots

	// Of the diff: the words of the tree that was last sent, and those of the new one.
	prints   *Prints
	old      []uint64
	read     int // position in old
	fresh    []uint64
	store    store
	at       int // position in old when the store is in place
	replaced bool
	swept    bool // a tree was replaced: memos may have become garbage
	listed   bool // a component was written
	shared   []*Block
	scope    scope
	keys     []*keyIndex // one for each depth of lists, kept
	depth    int         // of lists
	stable   map[reflect.Type]bool
	live     []bool

	// Of HTML.
	pages []page
	holes []hole

	// Of the tree.
	tree builder
}

type target uint8

const (
	idle target = iota
	toDiff
	toHTML
	toTree
)

// A store says where the words of the new tree go.
type store uint8

const (
	inPlace store = iota // over the old ones: so far the shape is the same
	anew                 // to fresh
	nowhere              // below a stream
)

// A scope says how statics are written.
type scope uint8

const (
	inline  scope = iota // an array each: in a component
	indexed              // a number, the arrays are in a map "p" at the end of the tree or list
)

// A frame is a block or list that is open.
type frame struct {
	block *Block
	kind  frameKind
	reads bool // the print has it too: w.read follows it
	full  bool // every value is sent
	// The print is another component's: every value is sent, statics that it has are not.
	share bool

	slot int // next one; of a list the number of rows
	out  int // where its member of the parent begins
	body int // where its own members begin
	head int // where its words begin
	end  int // where its words in old end, if it reads

	list listState
}

type frameKind uint8

const (
	aNode frameKind = iota
	aRow
	aList
	aStream
	aTop // of a tree: its one slot is the root
)

var topBlock = NewBlock("the top", false, "", "")

// StartDiff starts a message to the client whose prints these are.
func (w *Writer) StartDiff(p *Prints) {
	w.start(toDiff)
	w.prints = p
	p.message++
	w.out = append(w.out, '{')
}

func (w *Writer) start(t target) {
	w.target, w.err = t, nil
	w.out, w.frames, w.seen, w.shared = w.out[:0], w.frames[:0], w.seen[:0], w.shared[:0]
	w.pages, w.holes = w.pages[:0], w.holes[:0]
	w.replaced, w.swept, w.listed, w.depth = false, false, false, 0
	w.scope, w.prints = inline, nil
}

// Err returns the first mistake of the message.
func (w *Writer) Err() error { return w.err }

// Seen are the live components whose slots the message has written so far, in the order of the slots. Parts that a memo
// skipped are not among them. The slice is valid until the next call of a method.
func (w *Writer) Seen() []int { return w.seen }

// Replaced reports whether the client will replace its whole tree, because the block of the root is another than it was.
// It then forgets all live components: each that is shown needs [Writer.Component] in this message, under a new cid. It is
// known once the root's block is open.
func (w *Writer) Replaced() bool { return w.replaced }

// Root emits the main tree. A message in which only components changed goes without.
func (w *Writer) Root(ctx context.Context, c Component) error {
	switch {
	case w.target == idle:
		return errors.New("rendered: Root outside a message: StartDiff or StartHTML comes first")
	case w.target == toDiff && len(w.out) > 1:
		return errors.New("rendered: Root comes once in a message, before the components")
	case w.target == toHTML:
		return w.emitPage(ctx, c, 0)
	case w.target == toTree:
		return w.emitTop(ctx, c)
	}
	p := w.prints
	w.scope = indexed
	w.begin(p.root, 0)
	err := w.emitTop(ctx, c)
	p.root = w.end(p.root)
	if err == nil {
		w.writeShared()
	}
	w.scope = inline
	return err
}

// Component emits a live component that [Writer.CID] has given a slot, in this message or an earlier one. The block of
// its root must be one element. Emit the new ones and those that may have changed and are in the page: a client renders
// none that is not, and cannot take two changes of the same list in between if both bring statics.
func (w *Writer) Component(ctx context.Context, cid int, c Component) error {
	switch {
	case w.target == toHTML:
		return w.emitPage(ctx, c, cid)
	case w.target != toDiff:
		return errors.New("rendered: Component outside a message: StartDiff or StartHTML comes first")
	case w.err != nil:
		return w.err
	}
	p := w.prints
	i, known := p.find(cid)
	if !known {
		p.components = append(p.components, componentPrint{})
		copy(p.components[i+1:], p.components[i:])
		p.components[i] = componentPrint{cid: cid}
	}
	own := &p.components[i]
	if own.marked {
		own.words, own.marked = nil, false
	}
	start, listed := len(w.out), w.listed
	if !listed {
		w.comma()
		w.out = append(w.out, `"c":{`...)
		w.listed = true
	}
	w.comma()
	w.out = append(w.out, '"')
	w.out = appendInt(w.out, int64(cid))
	w.out = append(w.out, `":`...)
	w.begin(own.words, cid)
	err := w.emitTop(ctx, c)
	own.words = w.end(own.words)
	if err != nil {
		return err
	}
	if w.out[len(w.out)-1] == ':' { // nothing changed
		w.out, w.listed = w.out[:start], listed
		return nil
	}
	own.sent = p.message
	return nil
}

// begin starts a tree whose print is words: a live component's, or the main one if cid is 0.
func (w *Writer) begin(words []uint64, cid int) {
	w.old, w.read, w.at = words, 0, 0
	w.fresh = w.fresh[:0]
	w.store = inPlace
	if len(words) == 0 {
		w.store = anew
	}
	w.frames = append(w.frames[:0], frame{block: topBlock, kind: aTop, reads: len(words) > 0, full: len(words) == 0, end: len(words)})
	w.frames[0].list.cid = cid
}

// end returns the words to keep.
func (w *Writer) end(words []uint64) []uint64 {
	w.frames = w.frames[:0]
	switch {
	case w.err != nil:
		return nil // half of it may be overwritten; the next message is complete
	case w.store == inPlace:
		return words
	}
	w.swept = true
	return keep(words, w.fresh)
}

func (w *Writer) emitTop(ctx context.Context, c Component) error {
	if err := c.Emit(ctx, w); err != nil {
		if w.err == nil {
			w.err = err
		}
		return err
	}
	if w.err != nil {
		return w.err
	}
	if len(w.frames) != 1 {
		return w.fail("%s was left open", w.frames[len(w.frames)-1].block)
	}
	if w.frames[0].slot != 1 {
		return w.fail("the root emitted nothing: it emits one block, which may be empty")
	}
	return nil
}

// fail keeps the first mistake.
func (w *Writer) fail(format string, args ...any) error {
	if w.err == nil {
		w.err = fmt.Errorf("rendered: "+format, args...)
	}
	return w.err
}

// top is the frame that takes the next value; nil after a mistake. Making sure of a free slot is the caller's part.
func (w *Writer) top() *frame {
	if w.err != nil {
		return nil
	}
	if len(w.frames) == 0 {
		_ = w.fail("a value outside a message: components are emitted by Root and Component")
		return nil
	}
	return &w.frames[len(w.frames)-1]
}

// into is the frame whose next slot a value fills; nil after a mistake.
func (w *Writer) into() *frame {
	f := w.top()
	switch {
	case f == nil:
		return nil
	case f.kind == aTop:
		_ = w.fail("a value outside a block: the root of a tree is one block")
		return nil
	case f.kind == aList || f.kind == aStream:
		_ = w.fail("a value in the list of %s outside a row: Row comes first", f.block)
		return nil
	case f.slot >= f.block.Slots():
		_ = w.fail("%s has %d slots and gets one value more", f.block, f.block.Slots())
		return nil
	}
	return f
}

// static writes what follows the slot that was just filled.
func (w *Writer) static(f *frame) {
	f.slot++
	if w.target == toHTML {
		w.out = append(w.out, f.block.statics[f.slot]...)
	}
}

// put stores a word of the new tree.
func (w *Writer) put(word uint64) {
	switch w.store {
	case inPlace:
		w.old[w.at] = word
		w.at++
	case anew:
		w.fresh = append(w.fresh, word)
	}
}

// position is where the next word goes.
func (w *Writer) position() int {
	if w.store == inPlace {
		return w.at
	}
	return len(w.fresh)
}

// leave gives up storing in place: from here on the new tree has another shape than the old one.
func (w *Writer) leave() {
	if w.store == inPlace {
		w.fresh = append(w.fresh[:0], w.old[:w.at]...)
		w.store = anew
	}
}

// retain takes the next n words of the old tree over into the new one.
func (w *Writer) retain(n int) {
	switch w.store {
	case inPlace:
		w.at += n
	case anew:
		w.fresh = append(w.fresh, w.old[w.read:w.read+n]...)
	}
	w.read += n
}

// comma separates members of an object.
func (w *Writer) comma() {
	if w.out[len(w.out)-1] != '{' {
		w.out = append(w.out, ',')
	}
}

// member begins the member with a number for a name.
func (w *Writer) member(i int) {
	w.comma()
	w.out = append(w.out, '"')
	w.out = appendInt(w.out, int64(i))
	w.out = append(w.out, '"', ':')
}
