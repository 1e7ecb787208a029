package rendered_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bennu-go/bennu/rendered"
)

var update = flag.Bool("update", false, "write the golden files anew")

// A step is one message of a story.
type step struct {
	root       rendered.Func
	components []part
	extras     rendered.Extras
}

type part struct {
	cid  int
	emit rendered.Func
}

// pure makes a component of a function that cannot fail.
func pure(emit func(w *rendered.Writer)) rendered.Func {
	return func(_ context.Context, w *rendered.Writer) error {
		emit(w)
		return w.Err()
	}
}

func message(t testing.TB, w *rendered.Writer, p *rendered.Prints, s step) string {
	t.Helper()
	w.StartDiff(p)
	if s.root != nil {
		if err := w.Root(t.Context(), s.root); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range s.components {
		if err := w.Component(t.Context(), c.cid, c.emit); err != nil {
			t.Fatal(err)
		}
	}
	diff, err := w.Diff(nil, s.extras)
	if err != nil {
		t.Fatal(err)
	}
	if !json.Valid(diff) {
		t.Fatalf("not JSON: %s", diff)
	}
	return string(diff)
}

var (
	oneBlock   = rendered.NewBlock("", false, "<h1>Count ", "</h1>")
	nameBlock  = rendered.NewBlock("", false, "<p>", "</p>", "")
	badgeBlock = rendered.NewBlock("", false, "<b>", " new</b>")
	itemBlock  = rendered.NewBlock("", false, `<li id="`, `">`, "</li>")
	listBlock  = rendered.NewBlock("", false, "<ul>", "</ul>")
	groupBlock = rendered.NewBlock("", false, "<h3>", "</h3>", "")
	wordBlock  = rendered.NewBlock("", false, "<i>", "</i>")
	divBlock   = rendered.NewBlock("", false, "<div>", "</div>")
	mainBlock  = rendered.NewBlock("", false, "<main>", "", "</main>")
	cardBlock  = rendered.NewBlock("", true, "<div>", "</div>")
	songsBlock = rendered.NewBlock("", false, `<ul id="songs" phx-update="stream">`, "</ul>")
)

func count(n int64) step {
	return step{root: pure(func(w *rendered.Writer) {
		w.Open(oneBlock)
		w.Int(n)
		w.Close()
	})}
}

func badge(name string, n int64) step {
	return step{root: pure(func(w *rendered.Writer) {
		w.Open(nameBlock)
		w.Text(name)
		if n > 0 {
			w.Open(badgeBlock)
			w.Int(n)
			w.Close()
		} else {
			w.Empty()
		}
		w.Close()
	})}
}

// animals are pairs of key and name.
func animals(pairs ...string) step {
	return step{root: pure(func(w *rendered.Writer) {
		w.Open(listBlock)
		w.List(itemBlock)
		for i := 0; i < len(pairs); i += 2 {
			w.Row(rendered.TextKey(pairs[i]))
			w.Text(pairs[i])
			w.Text(pairs[i+1])
			w.EndRow()
		}
		w.EndList()
		w.Close()
	})}
}

// groups are names and words.
func groups(all ...[]string) step {
	return step{root: pure(func(w *rendered.Writer) {
		w.Open(divBlock)
		w.List(groupBlock)
		for _, g := range all {
			w.Row(rendered.TextKey(g[0]))
			w.Text(g[0])
			w.List(wordBlock)
			for _, word := range g[1:] {
				w.Row(rendered.TextKey(word))
				w.Text(word)
				w.EndRow()
			}
			w.EndList()
			w.EndRow()
		}
		w.EndList()
		w.Close()
	})}
}

func slots(first, second int) rendered.Func {
	return pure(func(w *rendered.Writer) {
		w.Open(mainBlock)
		w.CID(first)
		w.CID(second)
		w.Close()
	})
}

func card(cid int, text string) part {
	return part{cid, pure(func(w *rendered.Writer) {
		w.Open(cardBlock)
		w.Text(text)
		w.Close()
	})}
}

func songs(c rendered.Changes, names ...string) step {
	return step{root: pure(func(w *rendered.Writer) {
		w.Open(songsBlock)
		if w.Stream(itemBlock, c) {
			for i, insert := range c.Inserts {
				w.Row(rendered.TextKey(insert.ID))
				w.Text(insert.ID)
				w.Text(names[i])
				w.EndRow()
			}
			w.EndList()
		}
		w.Close()
	})}
}

func song(n, at, limit int) rendered.Insert {
	return rendered.Insert{ID: fmt.Sprint("songs-", n), At: at, Limit: limit}
}

// TestGolden pins the bytes of the wire format. The files hold one message a line.
func TestGolden(t *testing.T) {
	start := []string{"a", "Ant", "b", "Bee", "c", "Cat"}
	for name, story := range map[string][]step{
		"node":        {count(12), count(13), count(13)},
		"conditional": {badge("Ada", 0), badge("Ada", 5), badge("Ada", 6), badge("Ada", 0)},
		"list-rename": {animals(start...), animals("a", "Ant", "b", "Bumblebee", "c", "Cat")},
		"list-swap":   {animals(start...), animals("c", "Cat", "b", "Bee", "a", "Aardvark")},
		"list-drop":   {animals(start...), animals("a", "Ant", "b", "Bee")},
		"list-append": {animals(start...), animals(append(start[:6:6], "z", "Zebra")...)},
		"list-delete": {animals(start...), animals("b", "Bee", "c", "Cat")},
		"list-insert": {animals(start...), animals(append([]string{"n", "New"}, start...)...)},
		"list-clear":  {animals(start...), animals(), animals(), animals("q", "Quail")},
		"list-empty":  {animals(), animals(), animals("a", "Ant")},
		"list-nested": {groups([]string{"g1", "a", "b"}, []string{"g2"}), groups([]string{"g1", "b"}, []string{"g2", "c"})},
		"components": {
			{root: slots(1, 2), components: []part{card(1, "one"), card(2, "two")}},
			{components: []part{card(1, "one"), card(2, "TWO")}},
			{root: slots(3, 2), components: []part{card(3, "three")}},
			{components: []part{card(1, "one")}},
		},
		"stream": {
			songs(rendered.Changes{Ref: "0", Inserts: []rendered.Insert{song(1, -1, 0), song(2, -1, 0)}}, "One", "Two"),
			songs(rendered.Changes{Ref: "0", Inserts: []rendered.Insert{song(3, 0, 0)}}, "Three"),
			songs(rendered.Changes{Ref: "0", Deletes: []string{"songs-1"}}),
			songs(rendered.Changes{Ref: "0", Inserts: []rendered.Insert{song(9, -1, 10)}, Reset: true}, "Nine"),
			songs(rendered.Changes{Ref: "0"}),
		},
		"extras": {
			count(1),
			{root: count(2).root, extras: rendered.Extras{Title: "Inbox (2)", Events: []rendered.Event{{Name: "ping", Payload: map[string]int{"a": 1}}}, Reply: map[string]bool{"saved": true}}},
			{extras: rendered.Extras{Reply: map[string][]int{"ids": nil}}},
			{extras: rendered.Extras{Events: []rendered.Event{{Name: "now", Before: true}}}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var got strings.Builder
			var w rendered.Writer
			var p rendered.Prints
			for _, s := range story {
				got.WriteString(message(t, &w, &p, s) + "\n")
			}
			file := filepath.Join("testdata", "wire", name+".txt")
			if *update {
				if err := os.WriteFile(file, []byte(got.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got.String()); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
