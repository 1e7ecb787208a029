package rendered

import (
	"context"
	"fmt"
	"strings"
)

// A Value is what fills a slot of a tree: [Markup], [CID], *[Node] or *[List].
type Value interface {
	describe(out *strings.Builder, indent string)
}

// Markup is a value that is escaped already.
type Markup string

// CID is the number of a live component.
type CID int

// A Node is a block with its values.
type Node struct {
	Block *Block
	Slots []Value
}

// A List is a block with rows of values.
type List struct {
	Block  *Block
	Rows   []Row
	Stream *Changes // of a stream, otherwise nil
}

// A Row is one of a list.
type Row struct {
	Key   Key
	Slots []Value
}

// Collect returns what a component emits as a tree: for tests and tools, which look into it at leisure.
func Collect(ctx context.Context, c Component) (*Node, error) {
	var w Writer
	w.start(toTree)
	w.frames = append(w.frames, frame{block: topBlock, kind: aTop})
	if err := w.Root(ctx, c); err != nil {
		return nil, err
	}
	return w.tree.root, nil
}

// A builder keeps what is open.
type builder struct {
	root  *Node
	slots []*[]Value
	lists []*List
}

func (b *builder) value(v any) {
	top := b.slots[len(b.slots)-1]
	switch v := v.(type) {
	case string:
		*top = append(*top, Markup(v))
	case Value:
		*top = append(*top, v)
	}
}

func (b *builder) open(n *Node) {
	if b.root == nil {
		b.root = n
	} else {
		b.value(n)
	}
	b.slots = append(b.slots, &n.Slots)
}

func (b *builder) close() { b.slots = b.slots[:len(b.slots)-1] }

func (b *builder) openList(l *List) {
	b.value(l)
	b.lists = append(b.lists, l)
}

func (b *builder) openRow(k Key) {
	l := b.lists[len(b.lists)-1]
	l.Rows = append(l.Rows, Row{Key: k, Slots: []Value{}})
	b.slots = append(b.slots, &l.Rows[len(l.Rows)-1].Slots)
}

func (b *builder) closeList() { b.lists = b.lists[:len(b.lists)-1] }

// String describes the tree in indented lines.
func (n *Node) String() string {
	var out strings.Builder
	n.describe(&out, "")
	return out.String()
}

func (m Markup) describe(out *strings.Builder, indent string) {
	fmt.Fprintf(out, "%s%q\n", indent, string(m))
}

func (c CID) describe(out *strings.Builder, indent string) {
	fmt.Fprintf(out, "%scomponent %d\n", indent, int(c))
}

func (n *Node) describe(out *strings.Builder, indent string) {
	fmt.Fprintf(out, "%snode %q\n", indent, n.Block.statics)
	for _, v := range n.Slots {
		v.describe(out, indent+"\t")
	}
}

func (l *List) describe(out *strings.Builder, indent string) {
	kind := "list"
	if l.Stream != nil {
		kind = fmt.Sprintf("stream %q", l.Stream.Ref)
	}
	fmt.Fprintf(out, "%s%s %q\n", indent, kind, l.Block.statics)
	for _, r := range l.Rows {
		fmt.Fprintf(out, "%s\trow %s\n", indent, r.Key)
		for _, v := range r.Slots {
			v.describe(out, indent+"\t\t")
		}
	}
}
