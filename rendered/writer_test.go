package rendered_test

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bennu-go/bennu/rendered"
)

// TestMistakes: every way to misuse a writer is named, whatever is written; nothing panics and nothing is sent.
func TestMistakes(t *testing.T) {
	row := func(w *rendered.Writer, key string) {
		w.Row(rendered.TextKey(key))
		w.Text("x")
		w.EndRow()
	}
	for name, c := range map[string]struct {
		emit func(w *rendered.Writer)
		want string
	}{
		"nothing":               {func(*rendered.Writer) {}, "emitted nothing"},
		"value without a block": {func(w *rendered.Writer) { w.Text("x") }, "outside a block"},
		"two roots":             {func(w *rendered.Writer) { w.Open(blocks[0]); w.Close(); w.Open(blocks[0]) }, "second root"},
		"list as the root":      {func(w *rendered.Writer) { w.List(wordBlock) }, "outside a block"},
		"one value more":        {func(w *rendered.Writer) { w.Open(oneBlock); w.Int(1); w.Int(2) }, "has 1 slots and gets one value more"},
		"one value less":        {func(w *rendered.Writer) { w.Open(oneBlock); w.Close() }, "has 1 slots and got 0 values"},
		"left open":             {func(w *rendered.Writer) { w.Open(oneBlock); w.Int(1) }, "left open"},
		"closed twice":          {func(w *rendered.Writer) { w.Open(blocks[0]); w.Close(); w.Close() }, "Close of"},
		"row without a list":    {func(w *rendered.Writer) { w.Open(oneBlock); row(w, "a") }, "no list"},
		"value between rows":    {func(w *rendered.Writer) { w.Open(oneBlock); w.List(wordBlock); w.Text("x") }, "outside a row"},
		"end of no row":         {func(w *rendered.Writer) { w.Open(oneBlock); w.EndRow() }, "no row"},
		"end of no list":        {func(w *rendered.Writer) { w.Open(oneBlock); w.EndList() }, "no list"},
		"row with a value less": {func(w *rendered.Writer) { w.Open(oneBlock); w.List(wordBlock); w.Row(rendered.Key{}); w.EndRow() }, "has 1 slots and got 0"},
		"a key twice":           {func(w *rendered.Writer) { w.Open(oneBlock); w.List(wordBlock); row(w, "a"); row(w, "b"); row(w, "a") }, `key "a" comes twice`},
		"component 0":           {func(w *rendered.Writer) { w.Open(oneBlock); w.CID(0) }, "begin with 1"},
		"memo without a value": {func(w *rendered.Writer) {
			w.Open(oneBlock)
			rendered.Memo(w, 1, func(*rendered.Writer, int) {})
			w.Close()
		}, "exactly one value"},
		"component without end": {func(w *rendered.Writer) {
			w.Open(oneBlock)
			_ = w.Include(context.Background(), pure(func(*rendered.Writer) {}))
		}, "exactly one value"},
		"everything after error": {func(w *rendered.Writer) { w.Text("x"); everything(w) }, "outside a block"},
	} {
		t.Run(name, func(t *testing.T) {
			emit := rendered.Func(func(_ context.Context, w *rendered.Writer) error { c.emit(w); return nil })
			check := func(where string, err error) {
				t.Helper()
				if err == nil || !strings.HasPrefix(err.Error(), "rendered: ") || !strings.Contains(err.Error(), c.want) {
					t.Errorf("%s: got error %v, want one with %q", where, err, c.want)
				}
			}
			var w rendered.Writer
			var p rendered.Prints
			w.StartDiff(&p)
			check("diff", w.Root(t.Context(), emit))
			if out, err := w.Diff(nil, rendered.Extras{}); err == nil || out != nil {
				t.Errorf("a message that failed ends with %q, %v", out, err)
			}
			check("HTML", rendered.HTML(t.Context(), io.Discard, emit))
			_, err := rendered.Collect(t.Context(), emit)
			check("tree", err)
			// The writer and the prints go on after that.
			if got := message(t, &w, &p, count(1)); !strings.Contains(got, `"s":`) {
				t.Errorf("the message after a failed one is %s, which is not complete", got)
			}
		})
	}
}

func everything(w *rendered.Writer) {
	w.Open(oneBlock)
	w.Raw("x")
	w.Empty()
	w.Int(1)
	w.Flag("checked", true)
	w.FormFlag(1, "checked", true)
	w.CID(1)
	w.List(wordBlock)
	w.Row(rendered.Key{})
	w.EndRow()
	w.EndList()
	w.Stream(wordBlock, rendered.Changes{})
	rendered.Memo(w, 1, func(w *rendered.Writer, _ int) { w.Text("x") })
	rendered.Rows(w, wordBlock, []int{1}, nil, func(w *rendered.Writer, _ *int) { w.Text("x") })
	_ = w.Opaque(func(io.Writer) error { return nil })
	w.Close()
}

// The same key twice is found in a later render as well.
func TestKeyTwiceLater(t *testing.T) {
	for name, keys := range map[string][]string{
		"at the end":      {"a", "b", "a"},
		"one behind":      {"a", "a"},
		"of new rows":     {"n", "n"},
		"of a moved row":  {"b", "b"},
		"in unmoved rows": {"a", "b", "b"},
	} {
		t.Run(name, func(t *testing.T) {
			var w rendered.Writer
			var p rendered.Prints
			message(t, &w, &p, animals("a", "1", "b", "2"))
			pairs := []string{}
			for _, k := range keys {
				pairs = append(pairs, k, "x")
			}
			w.StartDiff(&p)
			err := w.Root(t.Context(), animals(pairs...).root)
			if err == nil || !strings.Contains(err.Error(), "comes twice") {
				t.Errorf("got error %v, want one that names the key", err)
			}
		})
	}
}

func TestErrorsOfOthers(t *testing.T) {
	mine := errors.New("mine")
	for name, emit := range map[string]rendered.Func{
		"component": func(context.Context, *rendered.Writer) error { return mine },
		"included": func(ctx context.Context, w *rendered.Writer) error {
			w.Open(oneBlock)
			return w.Include(ctx, rendered.Func(func(context.Context, *rendered.Writer) error { return mine }))
		},
		"opaque": func(_ context.Context, w *rendered.Writer) error {
			w.Open(oneBlock)
			return w.Opaque(func(io.Writer) error { return mine })
		},
	} {
		t.Run(name, func(t *testing.T) {
			var w rendered.Writer
			var p rendered.Prints
			w.StartDiff(&p)
			if err := w.Root(t.Context(), emit); !errors.Is(err, mine) {
				t.Errorf("got error %v, want mine", err)
			}
			if _, err := w.Diff(nil, rendered.Extras{}); !errors.Is(err, mine) {
				t.Errorf("at the end: got error %v, want mine", err)
			}
		})
	}
}

func TestFormVersion(t *testing.T) {
	block := rendered.NewBlock("", true, `<input value="`, `"`, ">")
	form := func(version uint64, value string, checked bool) step {
		return step{root: pure(func(w *rendered.Writer) {
			w.Open(block)
			w.FormText(version, value)
			w.FormFlag(version, "checked", checked)
			w.Close()
		})}
	}
	var w rendered.Writer
	var p rendered.Prints
	message(t, &w, &p, form(1, "", false))
	got := []string{}
	for _, s := range []step{form(1, "", false), form(2, "", false), form(2, "a", false), form(2, "a", true), form(3, "a", true)} {
		got = append(got, message(t, &w, &p, s))
	}
	want := []string{`{}`, `{"0":"","1":""}`, `{"0":"a"}`, `{"1":" checked"}`, `{"0":"a","1":" checked"}`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// A memo calls its function only for values that have changed, and always for those that can change unseen.
func TestMemoSkips(t *testing.T) {
	var w rendered.Writer
	var p rendered.Prints
	calls := []string{}
	pointed := 1
	render := func(name string, rows ...string) {
		message(t, &w, &p, step{root: pure(func(w *rendered.Writer) {
			w.Open(nameBlock)
			rendered.Memo(w, name, func(w *rendered.Writer, v string) {
				calls = append(calls, v)
				w.Open(badgeBlock)
				rendered.Memo(w, &pointed, func(w *rendered.Writer, v *int) {
					calls = append(calls, "pointer")
					w.Int(int64(*v))
				})
				w.Close()
			})
			rendered.Rows(w, wordBlock, rows, func(s *string) rendered.Key { return rendered.TextKey((*s)[:1]) }, func(w *rendered.Writer, s *string) {
				calls = append(calls, *s)
				w.Text(*s)
			})
			w.Close()
		})})
	}
	for _, c := range []struct {
		name string
		rows []string
		want []string
	}{
		{"x", []string{"a", "b", "c"}, []string{"x", "pointer", "a", "b", "c"}},
		{"x", []string{"a", "b", "c"}, []string{}},
		{"x", []string{"a", "b2", "c"}, []string{"b2"}},
		{"y", []string{"c", "b2", "a"}, []string{"y", "pointer"}},
		{"y", []string{"n", "c", "b3", "a"}, []string{"n", "b3"}},
		{"y", []string{"c"}, []string{}},
		{"y", []string{}, []string{}},
		{"y", []string{"c"}, []string{"c"}},
	} {
		calls = []string{}
		render(c.name, c.rows...)
		if diff := cmp.Diff(c.want, calls); diff != "" {
			t.Errorf("%s %q (-want +got)\n%s", c.name, c.rows, diff)
		}
	}
}

// Memos of what is no longer shown are given up.
func TestMemosAreForgotten(t *testing.T) {
	var w rendered.Writer
	var p rendered.Prints
	render := func(n int) {
		message(t, &w, &p, step{root: pure(func(w *rendered.Writer) {
			w.Open(listBlock)
			w.List(wordBlock)
			for i := range n {
				w.Row(rendered.Key{})
				rendered.Memo(w, i, func(w *rendered.Writer, i int) { w.Int(int64(i)) })
				w.EndRow()
			}
			w.EndList()
			w.Close()
		})})
	}
	render(1)
	small := p.Size()
	for range 10 {
		render(100)
		render(1)
	}
	if got := p.Size(); got > small+200 {
		t.Errorf("got %d bytes, want about %d", got, small)
	}
}

func TestDestroyedComponents(t *testing.T) {
	var w rendered.Writer
	var p rendered.Prints
	message(t, &w, &p, step{root: slots(1, 2), components: []part{card(1, "one"), card(2, "two")}})
	p.WillDestroy(1, 2, 9)
	// The first one comes back: in full, and not from the statics of one that may be gone.
	if got, want := message(t, &w, &p, step{components: []part{card(1, "one")}}), `{"c":{"1":{"0":"one","s":["<div>","</div>"],"r":1}}}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if diff := cmp.Diff([]int{2}, p.Destroyed(1, 2, 9)); diff != "" {
		t.Errorf("destroyed (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([]int{}, p.Destroyed(1, 2)); diff != "" {
		t.Errorf("destroyed again (-want +got)\n%s", diff)
	}
}

func TestReplacedRoot(t *testing.T) {
	var w rendered.Writer
	var p rendered.Prints
	for i, c := range []struct {
		root rendered.Func
		want bool
	}{{slots(1, 2), false}, {slots(2, 1), false}, {count(1).root, true}, {count(2).root, false}} {
		w.StartDiff(&p)
		if err := w.Root(t.Context(), c.root); err != nil {
			t.Fatal(err)
		}
		if w.Replaced() != c.want {
			t.Errorf("message %d: Replaced is %t, want %t", i, w.Replaced(), c.want)
		}
		if i == 0 {
			for _, p := range []part{card(1, "one"), card(2, "two")} {
				if err := w.Component(t.Context(), p.cid, p.emit); err != nil {
					t.Fatal(err)
				}
			}
		}
		if _, err := w.Diff(nil, rendered.Extras{}); err != nil {
			t.Fatal(err)
		}
	}
}

// After another root the client has no components: each comes whole, and none takes statics from a forgotten one.
func TestReplacedRootForgetsComponents(t *testing.T) {
	var w rendered.Writer
	var p rendered.Prints
	message(t, &w, &p, step{root: slots(1, 2), components: []part{card(1, "one"), card(2, "two")}})
	got := message(t, &w, &p, step{root: pure(func(w *rendered.Writer) {
		w.Open(oneBlock)
		w.CID(1)
		w.Close()
	}), components: []part{card(1, "one")}})
	if want := `{"0":1,"s":0,"p":{"0":["<h1>Count ","</h1>"]},"c":{"1":{"0":"one","s":["<div>","</div>"],"r":1}}}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// A component that takes another's statics sends all its values, equal ones too: not every client copies values.
func TestSharingSendsValues(t *testing.T) {
	var w rendered.Writer
	var p rendered.Prints
	message(t, &w, &p, step{root: slots(1, 2), components: []part{card(1, "same"), card(2, "other")}})
	got := message(t, &w, &p, step{root: slots(1, 3), components: []part{card(3, "other")}})
	if want := `{"1":3,"c":{"3":{"s":-2,"0":"other"}}}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// Rows under a memo send what rows without one send, whatever happens to them.
func TestMemoSendsTheSame(t *testing.T) {
	plain, memo := &table{items: items(20)}, &table{items: items(20), memo: true}
	var a, b client
	for n := range 2000 {
		if n > 0 {
			what := []string{"nothing", "one", "toggle", "swap", "toggle", "rotate", "one"}[n*n%7]
			changes[what](plain, n)
			changes[what](memo, n)
			if n%50 == 0 { // of another length
				rows := items(10 + n%17)
				plain.items, memo.items = slices.Clone(rows), rows
			}
		}
		if want, got := string(a.render(t, plain)), string(b.render(t, memo)); got != want {
			t.Fatalf("render %d:\ngot  %s\nwant %s", n, got, want)
		}
	}
}

func TestComponentNeedsAnElement(t *testing.T) {
	var w rendered.Writer
	var p rendered.Prints
	w.StartDiff(&p)
	if err := w.Component(t.Context(), 1, count(1).root); err == nil || !strings.Contains(err.Error(), "exactly one element") {
		t.Errorf("got error %v, want one that says what its root has to be", err)
	}
}

// Statics of a list in a component are beside its rows, where its client looks for them.
func TestListInComponent(t *testing.T) {
	var w rendered.Writer
	var p rendered.Prints
	list := func(cid int, texts ...string) part {
		return part{cid, pure(func(w *rendered.Writer) {
			w.Open(cardBlock)
			w.List(wordBlock)
			for _, s := range texts {
				w.Row(rendered.TextKey(s))
				w.Open(badgeBlock)
				w.Text(s)
				w.Close()
				w.EndRow()
			}
			w.EndList()
			w.Close()
		})}
	}
	got := []string{
		message(t, &w, &p, step{root: slots(1, 2), components: []part{list(1, "a", "b"), list(2, "c")}}),
		message(t, &w, &p, step{components: []part{list(1, "b", "d")}}),
	}
	want := []string{
		`{"0":1,"1":2,"s":0,"p":{"0":["<main>","","</main>"]},"c":{` +
			`"1":{"0":{"s":["<i>","</i>"],"k":{"0":{"0":{"0":"a","s":0}},"1":{"0":{"0":"b","s":0}},"kc":2},"p":{"0":["<b>"," new</b>"]}},"s":["<div>","</div>"],"r":1},` +
			`"2":{"s":1,"0":{"k":{"0":{"0":{"0":"c","s":0}},"kc":1},"p":{"0":["<b>"," new</b>"]}}}}}`,
		`{"c":{"1":{"0":{"k":{"0":1,"1":{"0":{"0":"d","s":0}},"kc":2,"km":true},"p":{"0":["<b>"," new</b>"]}}}}}`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestPage(t *testing.T) {
	var w rendered.Writer
	w.StartHTML()
	if err := w.Root(t.Context(), slots(2, 1)); err != nil {
		t.Fatal(err)
	}
	for _, p := range []part{card(1, "<one>"), card(2, "two")} {
		if err := w.Component(t.Context(), p.cid, p.emit); err != nil {
			t.Fatal(err)
		}
	}
	got, err := w.Page(nil)
	if want := "<main><div>two</div><div>&lt;one&gt;</div></main>"; err != nil || string(got) != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
	w.StartHTML()
	if err := w.Root(t.Context(), slots(2, 1)); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Page(nil); err == nil || !strings.Contains(err.Error(), "not rendered") {
		t.Errorf("a page without its components: got error %v", err)
	}
}
