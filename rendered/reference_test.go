package rendered_test

import (
	"encoding/json"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/bennu-go/bennu/rendered"
)

// reference makes the diff of two trees in the plainest way: what is equal is left out, what has another shape is sent
// whole. It keeps whole trees and compares values, not hashes.
type reference struct{ templates []any }

func (r *reference) message(old, cur *rendered.Node) map[string]any {
	r.templates = nil
	var out map[string]any
	if old == nil || old.Block != cur.Block {
		out = r.whole(cur).(map[string]any)
		delete(out, "r")
	} else {
		out = r.slots(old.Slots, cur.Slots)
	}
	if len(r.templates) > 0 {
		p := map[string]any{}
		for i, t := range r.templates {
			p[strconv.Itoa(i)] = t
		}
		out["p"] = p
	}
	return out
}

func (r *reference) statics(b *rendered.Block) int {
	all := []any{}
	for _, s := range b.Statics() {
		all = append(all, s)
	}
	for i, t := range r.templates {
		if cmp.Equal(t, any(all)) {
			return i
		}
	}
	r.templates = append(r.templates, all)
	return len(r.templates) - 1
}

func (r *reference) whole(v rendered.Value) any {
	switch v := v.(type) {
	case *rendered.Node:
		out := map[string]any{}
		for i, s := range v.Slots {
			out[strconv.Itoa(i)] = r.whole(s)
		}
		out["s"] = r.statics(v.Block)
		if v.Block.Root() {
			out["r"] = 1
		}
		return out
	case *rendered.List:
		if len(v.Rows) == 0 {
			return ""
		}
		s, k := r.statics(v.Block), map[string]any{"kc": len(v.Rows)}
		for i, row := range v.Rows {
			k[strconv.Itoa(i)] = r.row(row)
		}
		return map[string]any{"s": s, "k": k}
	}
	return string(v.(rendered.Markup))
}

func (r *reference) row(row rendered.Row) map[string]any {
	out := map[string]any{}
	for i, s := range row.Slots {
		out[strconv.Itoa(i)] = r.whole(s)
	}
	return out
}

func (r *reference) slots(old, cur []rendered.Value) map[string]any {
	out := map[string]any{}
	for i := range cur {
		if diff := r.slot(old[i], cur[i]); diff != nil {
			out[strconv.Itoa(i)] = diff
		}
	}
	return out
}

// slot is nil where nothing changed.
func (r *reference) slot(old, cur rendered.Value) any {
	switch cur := cur.(type) {
	case *rendered.Node:
		if old, ok := old.(*rendered.Node); ok && old.Block == cur.Block {
			if diff := r.slots(old.Slots, cur.Slots); len(diff) > 0 {
				return diff
			}
			return nil
		}
	case *rendered.List:
		// A list that began empty is no list to the client.
		if old, ok := old.(*rendered.List); ok && old.Block == cur.Block {
			return r.list(old, cur)
		}
		if len(cur.Rows) == 0 && old == rendered.Markup("") {
			return nil
		}
	case rendered.Markup:
		if old == cur {
			return nil
		}
	}
	return r.whole(cur)
}

func (r *reference) list(old, cur *rendered.List) any {
	k, moved := map[string]any{}, false
	for i, row := range cur.Rows {
		was := -1
		for j := range old.Rows {
			if old.Rows[j].Key == row.Key {
				was = j
			}
		}
		name := strconv.Itoa(i)
		if was < 0 {
			k[name] = r.row(row)
			continue
		}
		diff := r.slots(old.Rows[was].Slots, row.Slots)
		switch {
		case was == i && len(diff) > 0:
			k[name] = diff
		case was != i && len(diff) > 0:
			k[name], moved = []any{was, diff}, true
		case was != i:
			k[name], moved = was, true
		}
	}
	if len(k) == 0 && len(old.Rows) == len(cur.Rows) {
		return nil
	}
	k["kc"] = len(cur.Rows)
	if moved {
		k["km"] = true
	}
	return map[string]any{"k": k}
}

// asSent replaces lists that reach the client as empty text, given what it held before.
func asSent(old, cur rendered.Value) rendered.Value {
	switch cur := cur.(type) {
	case *rendered.Node:
		was, _ := old.(*rendered.Node)
		if was != nil && was.Block != cur.Block {
			was = nil
		}
		n := &rendered.Node{Block: cur.Block}
		for i, s := range cur.Slots {
			var before rendered.Value
			if was != nil {
				before = was.Slots[i]
			}
			n.Slots = append(n.Slots, asSent(before, s))
		}
		return n
	case *rendered.List:
		was, _ := old.(*rendered.List)
		if was != nil && was.Block != cur.Block {
			was = nil
		}
		if was == nil && len(cur.Rows) == 0 {
			return rendered.Markup("")
		}
		l := &rendered.List{Block: cur.Block}
		for _, row := range cur.Rows {
			sent := rendered.Row{Key: row.Key}
			var before *rendered.Row
			if was != nil {
				for j := range was.Rows {
					if was.Rows[j].Key == row.Key {
						before = &was.Rows[j]
					}
				}
			}
			for i, s := range row.Slots {
				var held rendered.Value
				if before != nil {
					held = before.Slots[i]
				}
				sent.Slots = append(sent.Slots, asSent(held, s))
			}
			l.Rows = append(l.Rows, sent)
		}
		return l
	}
	return cur
}

// TestReference: a message is exactly what the plain algorithm makes of the whole trees, no more and no less.
func TestReference(t *testing.T) {
	w := new(rendered.Writer)
	rapid.Check(t, func(t *rapid.T) { againstReference(t, w) })
}

func againstReference(t *rapid.T, w *rendered.Writer) {
	k := maker{t: t, lowest: 1, plain: true}
	page := k.node(3, 0)
	var p rendered.Prints
	var r reference
	var old *rendered.Node
	for step := range rapid.IntRange(2, 6).Draw(t, "steps") {
		if step > 0 {
			page = mNode{page.block, k.changeSlots(page.slots, 3)}
		}
		cur, err := rendered.Collect(t.Context(), pure(page.emit))
		if err != nil {
			t.Fatal(err)
		}
		var held rendered.Value
		if old != nil {
			held = old
		}
		sent := asSent(held, cur).(*rendered.Node)
		want, err := json.Marshal(r.message(old, sent))
		if err != nil {
			t.Fatal(err)
		}
		w.StartDiff(&p)
		if err := w.Root(t.Context(), pure(page.emit)); err != nil {
			t.Fatal(err)
		}
		got, err := w.Diff(nil, rendered.Extras{})
		if err != nil {
			t.Fatal(err)
		}
		var a, b any
		if json.Unmarshal(want, &a) != nil || json.Unmarshal(got, &b) != nil {
			t.Fatalf("not JSON: %s", got)
		}
		if !cmp.Equal(a, b) {
			t.Fatalf("step %d\ngot  %s\nwant %s", step, got, want)
		}
		old = sent
	}
}
