package rendered

import (
	"hash/maphash"
	"io"
	"strconv"
)

// Text fills a slot with text, escaped for the text of an element and for an attribute's value in quotes, which need the
// same. It is not for URLs, style and script, where escaping does not make a value harmless.
func (w *Writer) Text(s string) { w.text(textWord(s, saltText), s, true) }

// Raw fills a slot with markup that is taken as it is.
func (w *Writer) Raw(s string) { w.text(textWord(s, saltRaw), s, false) }

// Empty fills a slot with nothing: what a condition that does not hold leaves.
func (w *Writer) Empty() { w.text(emptyWord, "", false) }

// Int fills a slot with a number.
func (w *Writer) Int(n int64) {
	f := w.into()
	if f == nil {
		return
	}
	switch w.target {
	case toHTML:
		w.out = strconv.AppendInt(w.out, n, 10)
	case toTree:
		w.tree.value(strconv.FormatInt(n, 10))
	default:
		if w.scalar(f, numberWord(n)) {
			w.member(f.slot)
			w.out = append(w.out, '"')
			w.out = appendInt(w.out, n)
			w.out = append(w.out, '"')
		}
	}
	w.static(f)
}

// Flag fills a slot among an element's attributes with an attribute that has no value, or with nothing. The name is taken
// as it is.
func (w *Writer) Flag(name string, on bool) {
	if !on {
		w.Empty()
		return
	}
	w.flag(name, textWord(name, saltFlag))
}

// FormText is [Writer.Text] for what the user changes as well: an input's value, the text of a textarea. The value is sent
// when it has changed and when the version of its form has, so that what was typed can be cleared although the server
// never knew of it.
func (w *Writer) FormText(version uint64, s string) {
	w.text(versioned(textWord(s, saltText), version), s, true)
}

// FormFlag is [Writer.Flag] for what the user changes as well: checked and selected. See [Writer.FormText].
func (w *Writer) FormFlag(version uint64, name string, on bool) {
	if !on {
		w.text(versioned(emptyWord, version), "", false)
		return
	}
	w.flag(name, versioned(textWord(name, saltFlag), version))
}

// CID fills a slot with the live component of this number. Its content comes from [Writer.Component], in this message if
// the client does not have it yet. Numbers begin with 1.
func (w *Writer) CID(cid int) {
	f := w.into()
	if f == nil {
		return
	}
	if cid < 1 {
		_ = w.fail("%s gets the component %d: numbers of components begin with 1", f.block, cid)
		return
	}
	w.seen = append(w.seen, cid)
	switch w.target {
	case toHTML:
		w.hole(cid)
	case toTree:
		w.tree.value(CID(cid))
	default:
		if w.scalar(f, uint64(cid)<<kindBits|kindCID) {
			w.member(f.slot)
			w.out = appendInt(w.out, int64(cid))
		}
	}
	w.static(f)
}

// Opaque fills a slot with the markup that a function writes, taken as it is: the way for components of other template
// engines. A change anywhere in it sends all of it.
func (w *Writer) Opaque(render func(io.Writer) error) error {
	f := w.into()
	if f == nil {
		return w.err
	}
	var markup scratch
	if err := render(&markup); err != nil {
		if w.err == nil {
			w.err = err
		}
		return err
	}
	w.Raw(string(markup))
	return w.err
}

type scratch []byte

func (s *scratch) Write(b []byte) (int, error) {
	*s = append(*s, b...)
	return len(b), nil
}

// The words of text: kindText is 0. The same characters as text, as markup and as an attribute are different values.
const (
	saltText = iota << kindBits
	saltRaw
	saltFlag
	saltNumber
)

var emptyWord = textWord("", saltText)

func textWord(s string, salt uint64) uint64 {
	if s == "" {
		salt = saltText
	}
	return maphash.String(seed, s)&^kindMask ^ salt
}

func numberWord(n int64) uint64 {
	return mix(uint64(n)^saltNumber<<32) &^ kindMask
}

func versioned(word, version uint64) uint64 {
	return mix(word+mix(version)) &^ kindMask
}

func (w *Writer) flag(name string, word uint64) {
	f := w.into()
	if f == nil {
		return
	}
	switch w.target {
	case toHTML:
		w.out = append(append(w.out, ' '), name...)
	case toTree:
		w.tree.value(" " + name)
	default:
		if w.scalar(f, word) {
			w.member(f.slot)
			w.out = append(w.out, '"', ' ')
			w.out = append(appendJSON(w.out, name), '"')
		}
	}
	w.static(f)
}

func (w *Writer) text(word uint64, s string, escape bool) {
	f := w.into()
	if f == nil {
		return
	}
	switch w.target {
	case toDiff:
		if w.scalar(f, word) {
			w.member(f.slot)
			w.out = append(w.out, '"')
			if escape {
				w.out = appendHTMLInJSON(w.out, s)
			} else {
				w.out = appendJSON(w.out, s)
			}
			w.out = append(w.out, '"')
		}
	case toHTML:
		if escape {
			w.out = appendHTML(w.out, s)
		} else {
			w.out = appendRaw(w.out, s)
		}
	case toTree:
		if escape {
			w.tree.value(string(appendHTML(nil, s)))
		} else {
			w.tree.value(string(appendRaw(nil, s)))
		}
	}
	w.static(f)
}

// scalar stores the word of a value and reports whether the value has to be sent.
func (w *Writer) scalar(f *frame, word uint64) bool {
	if !f.reads {
		w.put(word)
		return true
	}
	old := w.old[w.read]
	if n := size(w.old, w.read); n > 1 {
		w.leave()
		w.read += n
	} else {
		w.read++
	}
	w.put(word)
	return old != word || f.full
}

// appendInt is quick where numbers of rows and slots are, which are written for every row, if only to be taken back.
func appendInt(dst []byte, n int64) []byte {
	switch {
	case n < 0 || n >= 10_000:
		return strconv.AppendInt(dst, n, 10)
	case n < 10:
		return append(dst, byte('0'+n))
	case n < 100:
		return append(dst, byte('0'+n/10), byte('0'+n%10))
	case n < 1000:
		return append(dst, byte('0'+n/100), byte('0'+n/10%10), byte('0'+n%10))
	}
	return append(dst, byte('0'+n/1000), byte('0'+n/100%10), byte('0'+n/10%10), byte('0'+n%10))
}
