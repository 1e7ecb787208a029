package rendered_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/bennu-go/bennu/internal/race"
	"github.com/bennu-go/bennu/rendered"
)

// An item is a row of a table, as views have them.
type item struct {
	ID    int
	Name  string
	Price int
	Done  bool
}

func items(n int) []item {
	all := make([]item, n)
	for i := range all {
		all[i] = item{ID: i, Name: fmt.Sprintf("Item number %d", i), Price: 100 + i}
	}
	return all
}

var (
	tableBlock = rendered.NewBlock("", true, "<table><caption>", "</caption>", "</table>")
	rowBlock   = rendered.NewBlock("", false, `<tr id="item-`, `"><td>`, "</td><td>", "</td><td>", "</td></tr>")
	doneBlock  = rendered.NewBlock("", false, "<b>done at ", "</b>")
)

// A table is a page with rows; memo says how they are emitted.
type table struct {
	items []item
	memo  bool
}

func (p *table) Emit(_ context.Context, w *rendered.Writer) error {
	w.Open(tableBlock)
	w.Int(int64(len(p.items)))
	if p.memo {
		rendered.Rows(w, rowBlock, p.items, itemKey, emitItem)
	} else {
		w.List(rowBlock)
		for i := range p.items {
			w.Row(itemKey(&p.items[i]))
			emitItem(w, &p.items[i])
			w.EndRow()
		}
		w.EndList()
	}
	w.Close()
	return w.Err()
}

func itemKey(i *item) rendered.Key { return rendered.NumberKey(i.ID) }

func emitItem(w *rendered.Writer, i *item) {
	w.Int(int64(i.ID))
	w.Text(i.Name)
	w.Int(int64(i.Price))
	if i.Done {
		w.Open(doneBlock)
		w.Int(int64(i.Price))
		w.Close()
	} else {
		w.Empty()
	}
}

// A client holds what one view needs between messages.
type client struct {
	w rendered.Writer
	p rendered.Prints
	b []byte
}

func (c *client) render(t testing.TB, page rendered.Component) []byte {
	c.w.StartDiff(&c.p)
	if err := c.w.Root(t.Context(), page); err != nil {
		t.Fatal(err)
	}
	var err error
	if c.b, err = c.w.Diff(c.b[:0], rendered.Extras{}); err != nil {
		t.Fatal(err)
	}
	return c.b
}

// changes are what happens to a table between two renders; each call is another one.
var changes = map[string]func(p *table, n int){
	"nothing": func(*table, int) {},
	"one":     func(p *table, n int) { p.items[n*7%len(p.items)].Price++ },
	"toggle":  func(p *table, n int) { i := &p.items[n*7%len(p.items)]; i.Done = !i.Done },
	"swap": func(p *table, n int) {
		i, j := n*7%len(p.items), n*13%len(p.items)
		p.items[i], p.items[j] = p.items[j], p.items[i]
	},
	"rotate": func(p *table, _ int) {
		first := p.items[0]
		copy(p.items, p.items[1:])
		p.items[len(p.items)-1] = first
	},
}

func BenchmarkDiff(b *testing.B) {
	for _, memo := range []bool{false, true} {
		for _, what := range []string{"nothing", "one", "toggle", "swap", "rotate"} {
			b.Run(fmt.Sprintf("rows=1000/memo=%t/change=%s", memo, what), func(b *testing.B) {
				p := &table{items: items(1000), memo: memo}
				var c client
				c.render(b, p)
				n := 0
				b.ReportAllocs()
				for b.Loop() {
					changes[what](p, n)
					c.render(b, p)
					n++
				}
			})
		}
	}
	b.Run("counter", func(b *testing.B) {
		var c client
		n := int64(0)
		page := rendered.Func(func(_ context.Context, w *rendered.Writer) error {
			w.Open(oneBlock)
			w.Int(n)
			w.Close()
			return nil
		})
		b.ReportAllocs()
		for b.Loop() {
			c.render(b, page)
			n++
		}
	})
}

func BenchmarkFirst(b *testing.B) {
	p := &table{items: items(1000)}
	b.Run("html/rows=1000", func(b *testing.B) {
		var w rendered.Writer
		var page []byte
		b.ReportAllocs()
		for b.Loop() {
			w.StartHTML()
			if err := w.Root(b.Context(), p); err != nil {
				b.Fatal(err)
			}
			var err error
			if page, err = w.Page(page[:0]); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("join/rows=1000", func(b *testing.B) {
		var c client
		b.ReportAllocs()
		for b.Loop() {
			c.p.Reset()
			c.render(b, p)
		}
	})
}

// TestDiffAllocations: a view that goes on as it was allocates nothing.
func TestDiffAllocations(t *testing.T) {
	for _, memo := range []bool{false, true} {
		for what, change := range changes {
			t.Run(fmt.Sprintf("memo=%t/%s", memo, what), func(t *testing.T) {
				p := &table{items: items(1000), memo: memo}
				var c client
				n := 0
				step := func() {
					change(p, n)
					c.render(t, p)
					n++
				}
				for range 300 { // every buffer has its size
					step()
				}
				if got := testing.AllocsPerRun(100, step); got > 0 && !race.Enabled {
					t.Errorf("got %v allocations a render, want 0", got)
				}
			})
		}
	}
}

// TestSize: what a mounted view keeps.
func TestSize(t *testing.T) {
	for _, c := range []struct {
		name string
		page rendered.Component
		most int
	}{
		{"counter", count(12).root, 1 << 10},
		{"1,000 rows", &table{items: items(1000)}, 100_000},
		{"1,000 rows under a memo", &table{items: items(1000), memo: true}, 100_000},
	} {
		t.Run(c.name, func(t *testing.T) {
			var view client
			view.render(t, c.page)
			t.Logf("%d bytes", view.p.Size())
			if got := view.p.Size(); got > c.most {
				t.Errorf("got %d bytes, want at most %d", got, c.most)
			}
		})
	}
}
