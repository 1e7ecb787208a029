package rendered_test

import (
	"context"
	"fmt"
	"os"

	"github.com/bennu-go/bennu/rendered"
)

var counterBlock = rendered.NewBlock("counter.templ:3", true, "<h1>", ": ", "</h1>")

// A Counter is what a template compiles to: a component with a block and values for its slots.
type Counter struct {
	Name string
	N    int
}

// Emit writes the counter.
func (c Counter) Emit(_ context.Context, w *rendered.Writer) error {
	w.Open(counterBlock)
	w.Text(c.Name)
	w.Int(int64(c.N))
	w.Close()
	return w.Err()
}

// A page first comes as HTML. Over the socket it comes once more with its statics, and then only what has changed.
func Example() {
	ctx := context.Background()
	if err := rendered.HTML(ctx, os.Stdout, Counter{"Lions & lambs", 1}); err != nil {
		panic(err)
	}
	fmt.Println()

	var w rendered.Writer      // kept by whoever renders, for many views
	var prints rendered.Prints // kept by the view
	for n := range 3 {
		w.StartDiff(&prints)
		if err := w.Root(ctx, Counter{"Lions & lambs", min(n, 1)}); err != nil {
			panic(err)
		}
		diff, err := w.Diff(nil, rendered.Extras{})
		if err != nil {
			panic(err)
		}
		fmt.Printf("%s\n", diff)
	}

	// Output:
	// <h1>Lions &amp; lambs: 1</h1>
	// {"0":"Lions &amp; lambs","1":"0","s":0,"p":{"0":["<h1>",": ","</h1>"]}}
	// {"1":"1"}
	// {}
}

// Tests look at what a component emits as a tree, or at the page that a client would have.
func ExampleMirror() {
	ctx := context.Background()
	tree, err := rendered.Collect(ctx, Counter{"Hits", 7})
	if err != nil {
		panic(err)
	}
	fmt.Print(tree)

	var w rendered.Writer
	var prints rendered.Prints
	var page rendered.Mirror
	for n := range 2 {
		w.StartDiff(&prints)
		if err := w.Root(ctx, Counter{"Hits", n}); err != nil {
			panic(err)
		}
		diff, err := w.Diff(nil, rendered.Extras{Title: fmt.Sprint("Hit ", n)})
		if err != nil {
			panic(err)
		}
		extras, err := page.Apply(diff)
		if err != nil {
			panic(err)
		}
		html, err := page.HTML()
		if err != nil {
			panic(err)
		}
		fmt.Println(extras.Title, html)
	}

	// Output:
	// node ["<h1>" ": " "</h1>"]
	// 	"Hits"
	// 	"7"
	// Hit 0 <h1>Hits: 0</h1>
	// Hit 1 <h1>Hits: 1</h1>
}
