// Package stack finds the stacks of single goroutines among all, so that a callback that does not
// return can be reported with the place where it hangs.
//
// Terms: an ID is the number that the runtime prints in a goroutine's trace ("goroutine 42").
// Limits: a dump of all goroutines stops the world for a moment and is cut at 64 MiB, so it is
// for the rare report, never for a hot path.
// Source: the text format of runtime.Stack, unchanged since Go 1.0.
package stack

import (
	"bytes"
	"runtime"
	"strconv"
)

const maxDump = 64 << 20

// ID returns the number of the calling goroutine, or 0 if the runtime's format is not known.
// It costs about a microsecond.
func ID() uint64 {
	var buf [48]byte
	return number(buf[:runtime.Stack(buf[:], false)])
}

// number reads the number of a trace.
func number(trace []byte) uint64 {
	rest, ok := bytes.CutPrefix(trace, []byte("goroutine "))
	if !ok {
		return 0
	}
	end := bytes.IndexByte(rest, ' ')
	if end < 0 {
		return 0
	}
	id, err := strconv.ParseUint(string(rest[:end]), 10, 64)
	if err != nil {
		return 0
	}
	return id
}

// Of returns the trace of goroutine id, or nil if it no longer runs.
func Of(id uint64) []byte {
	if id == 0 {
		return nil
	}
	return find(dump(), id)
}

func dump() []byte {
	for size := 256 << 10; ; size *= 4 {
		buf := make([]byte, size)
		if n := runtime.Stack(buf, true); n < size || size >= maxDump {
			return buf[:n]
		}
	}
}

// All returns the traces of all goroutines by number.
func All() map[uint64][]byte {
	traces := make(map[uint64][]byte)
	for one := range bytes.SplitSeq(dump(), []byte("\n\n")) {
		if id := number(one); id != 0 {
			traces[id] = one
		}
	}
	return traces
}

// Bubble returns the traces of the other goroutines in the synctest bubble of the caller; none if it is in no bubble.
func Bubble() (traces [][]byte) {
	self := ID()
	all := All()
	bubble := mark(all[self])
	if bubble == nil {
		return nil
	}
	for id, one := range all {
		if id != self && bytes.Equal(mark(one), bubble) {
			traces = append(traces, one)
		}
	}
	return traces
}

// mark returns the bubble that the first line of a trace names, such as "synctest bubble 7".
func mark(trace []byte) []byte {
	first, _, _ := bytes.Cut(trace, []byte("\n"))
	i := bytes.Index(first, []byte("synctest bubble "))
	if i < 0 {
		return nil
	}
	name := first[i:]
	if end := bytes.IndexAny(name, ",]"); end >= 0 {
		name = name[:end]
	}
	return name
}

func find(all []byte, id uint64) []byte {
	head := []byte("goroutine " + strconv.FormatUint(id, 10) + " ")
	for len(all) > 0 {
		one, rest, _ := bytes.Cut(all, []byte("\n\n"))
		if bytes.HasPrefix(one, head) {
			return bytes.Clone(one)
		}
		all = rest
	}
	return nil
}
