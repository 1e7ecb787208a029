package telemetry

import (
	"cmp"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// sampler bounds how many lines are written for the same thing, and in all,
// within a window of time. Windows follow each other for all keys at once: the
// first is opened by the first line, and one is closed by the first line that
// comes after its end, because a timer per sampler would keep an idle program
// awake. What a window held back is told when it is closed.
type sampler struct {
	burst  int           // lines of one key in a window
	total  int           // lines of all keys in a window
	window time.Duration // length of a window

	heldBack atomic.Bool // some line has been held back in this window

	mu      sync.Mutex // guards the fields below
	end     time.Time
	tallies map[sampleKey]*tally // of this window, at most maxSampleKeys keys and one for each event
	passed  int                  // lines of all keys let through in this window
}

// sampleKey is what lines are counted by.
type sampleKey struct {
	event string
	label string
}

// tally counts the lines of one key within a window.
type tally struct {
	passed, held int
	level        slog.Level // of the first line
}

// maxSampleKeys bounds the memory of a window. Lines of further keys are
// counted together, by event.
const maxSampleKeys = 1024

// suppressed is how many lines of one key a window held back.
type suppressed struct {
	sampleKey
	level slog.Level
	n     int
}

// allow counts a line and reports whether it may be written. If the line is the
// first after the end of a window, it also returns what that window held back,
// which is to be told before the line.
func (s *sampler) allow(k sampleKey, level slog.Level, now time.Time) (ok bool, held []suppressed) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !now.Before(s.end) {
		s.end = now.Add(s.window)
		held = s.resetLocked()
	}
	t := s.tallies[k]
	if t == nil && len(s.tallies) >= maxSampleKeys {
		k.label = ""
		t = s.tallies[k]
	}
	if t == nil {
		t = &tally{level: level}
		s.tallies[k] = t
	}
	if t.passed >= s.burst || s.passed >= s.total {
		t.held++
		s.heldBack.Store(true)
		return false, held
	}
	t.passed++
	s.passed++
	return true, held
}

// expired returns what a window that has ended held back. It costs one atomic
// load when nothing was, so that lines that are not sampled can ask, too.
func (s *sampler) expired(now func() time.Time) []suppressed {
	if !s.heldBack.Load() {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if now().Before(s.end) {
		return nil
	}
	return s.resetLocked()
}

// flush ends the window at once and returns what it held back.
func (s *sampler) flush() []suppressed {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.end = time.Time{}
	return s.resetLocked()
}

// resetLocked returns the counts held back, the largest first, and forgets them.
func (s *sampler) resetLocked() []suppressed {
	var held []suppressed
	for k, t := range s.tallies {
		if t.held > 0 {
			held = append(held, suppressed{k, t.level, t.held})
		}
	}
	slices.SortFunc(held, func(a, b suppressed) int {
		return cmp.Or(cmp.Compare(b.n, a.n), cmp.Compare(a.event, b.event), cmp.Compare(a.label, b.label))
	})
	s.tallies = map[sampleKey]*tally{} // not cleared: the map of a storm is large
	s.passed = 0
	s.heldBack.Store(false)
	return held
}
