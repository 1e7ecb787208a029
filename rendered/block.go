package rendered

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// A Block is the constant part of a piece of markup: the statics between which values are written. It is made once, at
// the start of the program, and shared by everybody.
type Block struct {
	at      string
	statics []string
	json    []byte // the statics as a JSON array
	root    bool
	print   uint64 // of the node: fingerprint and kind, never 0
	list    uint64 // of a comprehension of this block
	stream  uint64 // of a stream of this block
}

// NewBlock makes a block. At says where in the source it stands, for messages ("page.templ:12"); it may be empty. Root
// says that the statics are exactly one element, written statically, with nothing but blanks and comments around it: a
// client skips such an element when nothing below it has changed, and the block of a live component must be one.
//
// N+1 statics have N slots. NewBlock panics without statics and where they are not UTF-8.
func NewBlock(at string, root bool, statics ...string) *Block {
	if len(statics) == 0 {
		panic(fmt.Sprintf("rendered: the block at %q has no statics: a block without slots has one", at))
	}
	b := &Block{at: at, statics: slices.Clone(statics), root: root, json: []byte{'['}}
	sum := sha256.New()
	fmt.Fprintf(sum, "%t %d\n", root, len(statics))
	for i, s := range statics {
		if !utf8.ValidString(s) {
			panic(fmt.Sprintf("rendered: static %d of the block at %q is not UTF-8", i, at))
		}
		fmt.Fprintf(sum, "%d %s\n", len(s), s)
		if i > 0 {
			b.json = append(b.json, ',')
		}
		b.json = append(b.json, '"')
		b.json = appendJSON(b.json, s)
		b.json = append(b.json, '"')
	}
	b.json = slices.Clip(append(b.json, ']'))
	fingerprint := binary.LittleEndian.Uint64(sum.Sum(nil)) &^ kindMask
	b.print = fingerprint | kindNode
	b.list = fingerprint | kindList
	b.stream = fingerprint | kindStream
	return b
}

// Slots is the number of values that the block takes.
func (b *Block) Slots() int { return len(b.statics) - 1 }

// Statics are the block's constant parts, one more than it has slots. They are not to be changed.
func (b *Block) Statics() []string { return b.statics }

// Root reports whether the block is exactly one element.
func (b *Block) Root() bool { return b.root }

// String says which block it is, for messages.
func (b *Block) String() string {
	if b.at != "" {
		return "the block at " + b.at
	}
	text := strings.Join(b.statics, "…")
	if len(text) > 60 {
		text = strings.ToValidUTF8(text[:60], "") + "…"
	}
	return fmt.Sprintf("the block %q", text)
}
