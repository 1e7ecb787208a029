package rendered

import (
	"context"
	"errors"
	"io"
	"slices"
)

// A page is a tree's part of what was written: the main one is number 0, the others are live components.
type page struct {
	cid, start, end    int
	firstHole, endHole int
}

// A hole is where a component's page goes.
type hole struct{ cid, at int }

// StartHTML starts a page: the same components as in a message, as HTML. Nothing is kept of it.
func (w *Writer) StartHTML() { w.start(toHTML) }

// Page ends the page and appends its HTML to dst, with the live components in their places.
func (w *Writer) Page(dst []byte) ([]byte, error) {
	if w.target != toHTML {
		return dst, errors.New("rendered: Page outside a page: StartHTML comes first")
	}
	w.target = idle
	if w.err != nil {
		return dst, w.err
	}
	slices.SortFunc(w.pages, func(a, b page) int { return a.cid - b.cid })
	return w.fill(dst, 0, 0)
}

// HTML writes one component's HTML. Where many are written, a [Writer] that is used again saves its memory.
func HTML(ctx context.Context, out io.Writer, c Component) error {
	var w Writer
	w.StartHTML()
	if err := w.Root(ctx, c); err != nil {
		return err
	}
	html, err := w.Page(nil)
	if err != nil {
		return err
	}
	_, err = out.Write(html)
	return err
}

func (w *Writer) emitPage(ctx context.Context, c Component, cid int) error {
	if w.err != nil {
		return w.err
	}
	w.frames = append(w.frames[:0], frame{block: topBlock, kind: aTop})
	start, hole := len(w.out), len(w.holes)
	if err := w.emitTop(ctx, c); err != nil {
		return err
	}
	w.frames = w.frames[:0]
	w.pages = append(w.pages, page{cid, start, len(w.out), hole, len(w.holes)})
	return nil
}

func (w *Writer) hole(cid int) { w.holes = append(w.holes, hole{cid, len(w.out)}) }

// fill appends a page, its holes filled. Pages are in the order of their numbers.
func (w *Writer) fill(dst []byte, cid, depth int) ([]byte, error) {
	i, ok := slices.BinarySearchFunc(w.pages, cid, func(p page, cid int) int { return p.cid - cid })
	switch {
	case !ok && cid == 0:
		return dst, w.fail("the page has no root: Root comes before Page")
	case !ok:
		return dst, w.fail("component %d has a slot but was not rendered", cid)
	case depth > len(w.pages):
		return dst, w.fail("component %d contains itself", cid)
	}
	p := w.pages[i]
	at := p.start
	for _, h := range w.holes[p.firstHole:p.endHole] {
		dst = append(dst, w.out[at:h.at]...)
		at = h.at
		var err error
		if dst, err = w.fill(dst, h.cid, depth+1); err != nil {
			return dst, err
		}
	}
	return append(dst, w.out[at:p.end]...), nil
}
