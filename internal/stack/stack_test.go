package stack

import (
	"bytes"
	"testing"
)

func hangHere(started chan<- uint64, release <-chan struct{}) {
	started <- ID()
	<-release
}

func TestOfFindsTheGoroutineThatHangs(t *testing.T) {
	started, release := make(chan uint64), make(chan struct{})
	defer close(release)
	go hangHere(started, release)
	id := <-started
	if got := Of(id); !bytes.Contains(got, []byte("hangHere")) {
		t.Errorf("Of(%d) = %q, want a trace through hangHere", id, got)
	}
	if id == ID() {
		t.Errorf("two goroutines have the same ID %d", id)
	}
}

func TestOfKnowsNothingOfAGoroutineThatEnded(t *testing.T) {
	ids := make(chan uint64, 1)
	done := make(chan struct{})
	go func() { defer close(done); ids <- ID() }()
	<-done
	if got := find([]byte("goroutine 1 [running]:\nmain.main()\n\ngoroutine 12 [select]:\nx()"), 2); got != nil {
		t.Errorf("find = %q, want nil: 2 is only a prefix or suffix of the numbers there", got)
	}
	if got := Of(0); got != nil {
		t.Errorf("Of(0) = %q, want nil", got)
	}
}
