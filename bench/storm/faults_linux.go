package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/bennu-go/bennu/bench/internal/counts"
)

// beatLimit is what a heartbeat may take beside a fault; phoenix.js waits for 30 seconds.
const beatLimit = 10 * time.Second

// fault is a mode in which clients behave badly. What must be true is said line by line, and not in a report of figures.
type fault struct {
	n   int // clients, unless -n says otherwise
	run func(o options, ctx context.Context, v *verdicts) error
}

func faults() map[string]fault {
	return map[string]fault{
		"stalled":   {10_000, options.stopReading},
		"half-open": {10_000, options.halfOpen},
		"loris":     {10_000, options.loris},
		"resets":    {10_000, options.resets},
		"drip":      {10_000, options.drip},
		"files":     {2_000, options.files},
	}
}

// verdicts are the lines of a fault.
type verdicts struct {
	out    io.Writer
	all    int
	failed int
}

// that says whether something that must be true is.
func (v *verdicts) that(ok bool, format string, args ...any) {
	word := "OK"
	v.all++
	if !ok {
		word = "FAILED"
		v.failed++
	}
	fmt.Fprintf(v.out, "%s: %s\n", word, fmt.Sprintf(format, args...))
}

// note says what was measured.
func (v *verdicts) note(format string, args ...any) { fmt.Fprintf(v.out, "    "+format+"\n", args...) }

func (v *verdicts) err() error {
	if v.failed > 0 {
		return fmt.Errorf("%d of %d things that must be true are not", v.failed, v.all)
	}
	return nil
}

// unharmed is what must be true of a flock beside others that behave badly.
func (v *verdicts) unharmed(f *flock, who string) {
	s := f.sum()
	v.that(len(s.ends) == 0, "%s: none lost of %d%s", who, len(f.peers), listed(s.ends))
	v.that(len(s.strays) == 0, "%s: no message that is not theirs, none out of order%s", who, listed(s.strays))
	if s.beats.Count > 0 {
		v.that(s.beats.Max < millis(beatLimit), "%s: heartbeats answered: %d, p99 %.1f ms, slowest %.1f ms, limit %v", who, s.beats.Count, s.beats.P99, s.beats.Max, beatLimit)
	}
}

// faultless is what must be true of what the server has counted, but for counters whose names begin with one of the expected.
func (v *verdicts) faultless(c counts.Counts, expected ...string) {
	rest := map[string]int{}
	for name, n := range c.Counters {
		what, isFault := strings.CutPrefix(name, counts.Fault)
		for _, e := range expected {
			isFault = isFault && !strings.HasPrefix(what, e)
		}
		if isFault {
			rest[what] = int(n)
		}
	}
	v.that(len(rest) == 0, "the server counts no fault that was not to be%s", listed(rest))
}

// listed is a suffix of a line.
func listed(m map[string]int) string {
	if len(m) == 0 {
		return ""
	}
	return fmt.Sprintf(": %v", m)
}

// fault runs the mode and says how it went.
func (o options) fault(ctx context.Context, f fault, out io.Writer) error {
	v := &verdicts{out: out}
	others, err := watchOthers()
	if err != nil {
		return err
	}
	if err := f.run(o, ctx, v); err != nil {
		return err
	}
	busy, err := others()
	if err != nil {
		return err
	}
	v.note("other work meanwhile: %.0f %% of a CPU", busy)
	return v.err()
}
