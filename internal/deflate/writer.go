package deflate

import (
	"sync"

	"github.com/klauspost/compress/flate"
)

// Levels of compression.
const (
	MinLevel = 1 // the fastest
	MaxLevel = 9
)

// keptOut bounds what a Writer keeps of its output between messages.
const keptOut = 64 << 10

// A Writer compresses messages of one level, each by itself.
type Writer struct {
	w     *flate.Writer
	out   sink
	level int
}

// sink is where the compressed bytes go.
type sink struct{ b []byte }

// Write implements io.Writer.
func (s *sink) Write(p []byte) (int, error) {
	s.b = append(s.b, p...)
	return len(p), nil
}

var writers [MaxLevel + 1]sync.Pool // by level

// Borrow returns a Writer of the given level, to be given back with [Writer.Release].
func Borrow(level int) *Writer {
	if w, ok := writers[level].Get().(*Writer); ok {
		return w
	}
	w := &Writer{level: level}
	w.w = newFlate(&w.out, level)
	return w
}

func newFlate(out *sink, level int) *flate.Writer {
	w, err := flate.NewWriter(out, level)
	if err != nil {
		panic(err) // whoever configures levels has checked this one
	}
	return w
}

// Release gives the Writer back, and with it what Deflate has returned.
func (w *Writer) Release() {
	if cap(w.out.b) > keptOut {
		w.out.b = nil
	}
	writers[w.level].Put(w)
}

// Deflate compresses msg and returns the result behind reserved bytes of room. It is valid until the next call, or Release.
func (w *Writer) Deflate(reserved int, msg []byte) []byte {
	if cap(w.out.b) < reserved {
		w.out.b = make([]byte, reserved, reserved+512)
	}
	w.out.b = w.out.b[:reserved]
	w.w.Reset(&w.out)
	if _, err := w.w.Write(msg); err != nil {
		panic(err) // a sink takes everything
	}
	if err := w.w.Flush(); err != nil {
		panic(err)
	}
	return w.out.b[:len(w.out.b)-4] // without the empty block that a flush ends with: 00 00 ff ff
}
