package proc_test

import (
	"context"
	"fmt"

	"github.com/bennu-go/bennu/proc"
)

// Names that end with their process.
func ExampleRegistry() {
	ctx := context.Background()
	sys := proc.NewSystem(proc.Config{})
	defer sys.Close()
	names := proc.NewUnique[string, int]()
	room := proc.Server[string]{
		Name: "room",
		Init: func(ctx context.Context, s *proc.Self[string]) error { return names.Register("room:1", s.Process(), 0) },
	}
	first, _ := proc.StartUnsupervised(ctx, sys, room)
	fmt.Println(names.Lookup("room:1") == first)
	_, err := proc.StartUnsupervised(ctx, sys, room)
	fmt.Println(err)

	gone := make(chan struct{})
	first.Watch(func(error) { close(gone) })
	first.Exit(nil)
	<-gone
	fmt.Println(names.Lookup("room:1"))
	// Output:
	// true
	// proc: key is registered already: room:1 by room
	// <nil>
}
