package child

import (
	"bytes"
	"fmt"
	"testing"
	"time"
)

func TestCPUOf(t *testing.T) {
	got, err := cpuOf("42 (a) b (c)) S 1 42 42 0 -1 4194560 100 0 0 0 150 25 0 0 20 0 5 0 100 0 0")
	if err != nil || got != 1750*time.Millisecond {
		t.Errorf("got %v, %v, want 1.75s", got, err)
	}
	if _, err := cpuOf("42 (a) S 1"); err == nil {
		t.Error("a short line is accepted")
	}
}

func TestLog(t *testing.T) {
	var l Log
	for range 3 {
		fmt.Fprintf(&l, "level=ERROR msg=%q\n", "process crashed")
	}
	l.Write(bytes.Repeat([]byte{'x'}, 2*keptLog))
	if lines, size := l.Counts(); lines != 3 || size < 2*keptLog {
		t.Errorf("got %d lines, %d bytes", lines, size)
	}
	if len(l.kept) != keptLog || !l.Has("ERROR", "crashed") || l.Has("ERROR", "xx") {
		t.Errorf("kept %d bytes", len(l.kept))
	}
}

func TestStatusOf(t *testing.T) {
	got, err := statusOf("Name:\tserver\nVmHWM:\t  900 kB\nVmRSS:\t  800 kB\nThreads:\t9\n")
	if want := (Status{Resident: 800 << 10, Threads: 9}); got != want || err != nil {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	if _, err := statusOf("Name:\tzombie\nThreads:\t1\n"); err == nil {
		t.Error("a status without memory is accepted")
	}
}
