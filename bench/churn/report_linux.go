package main

import (
	"fmt"
	"io"
	"maps"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/bennu-go/bennu/bench/internal/counts"
)

// report is what a run found.
type report struct {
	options
	empty, base, end sample // before the first client, after the first crowd, after the last
	samples          []sample
	clients          map[string]int64
	took             time.Duration
	ownCPU           time.Duration
	serverCPU        time.Duration
	logLines         int
	slopes           [len(levels)]slope
	judged           bool // by slopes
	troubles         []string
}

const (
	judgedFrom = 10 * time.Minute
	judgedOf   = 10 // samples

	smallHeap = 256 << 10 // that may stay of any crowd, however little there was before
)

// judge finds the troubles.
func (r *report) judge() {
	trouble := func(format string, args ...any) { r.troubles = append(r.troubles, fmt.Sprintf(format, args...)) }
	var hours []float64
	var kept []sample
	for _, s := range r.samples {
		if s.at >= r.warm {
			hours = append(hours, s.at.Hours())
			kept = append(kept, s)
		}
	}
	r.judged = r.took >= judgedFrom && len(kept) >= judgedOf
	for i, l := range levels {
		values := make([]float64, len(kept))
		for k, s := range kept {
			values[k] = s.values[i]
		}
		r.slopes[i] = slopeOf(hours, values)
		if ok, verdict := r.slopes[i].flat(l.counted); r.judged && !ok {
			trouble("%s: %s", l.name, strings.Trim(verdict, "*"))
		}
	}
	for _, from := range []map[string]int64{r.clients, r.end.counters} {
		for _, what := range slices.Sorted(maps.Keys(from)) {
			if strings.HasPrefix(what, counts.Fault) {
				trouble("%d × %s", from[what], strings.TrimPrefix(what, counts.Fault))
			}
		}
	}
	// A crash that was asked for before a reset may not have been read; none happens unasked.
	wanted := r.clients["crashes asked for"] + r.clients["crash-join answered"]
	if got := r.end.counters[counts.CrashesAsked]; got < r.clients["crashes seen"] || float64(got) > 1.01*float64(wanted)+float64(r.n) {
		trouble("%d crashes counted by the server, of %d that clients asked for and %d that they saw", got, wanted, r.clients["crashes seen"])
	}
	for _, i := range []int{processes, topics, presences, webSockets, longPolls} {
		if r.end.values[i] > r.empty.values[i] {
			trouble("%s: %.0f are left, %.0f before the first client", levels[i].name, r.end.values[i], r.empty.values[i])
		}
	}
	if got, most := r.end.values[descriptors], r.base.values[descriptors]; got > most {
		trouble("descriptors: %.0f are left, %.0f after the first crowd", got, most)
	}
	// proc keeps 16 idle workers a CPU; how many there are is chance.
	if got, most := r.end.values[goroutines], r.base.values[goroutines]+16*float64(runtime.NumCPU()); got > most {
		trouble("goroutines: %.0f are left, %.0f after the first crowd", got, r.base.values[goroutines])
	}
	if got, was := r.end.values[heapLive], r.base.values[heapLive]; got > max(1.1*was, was+smallHeap) {
		trouble("live heap: %.2f MB are left, %.2f after the first crowd", got/1e6, was/1e6)
	}
}

// print writes the tables, in Markdown.
func (r *report) print(w io.Writer) {
	fmt.Fprintf(w, "\n%d clients, %v of churn, %s/%s, %d CPUs, engine %s; %d samples after %v. Sessions of %v, an action every %v, both on average.\n\n",
		r.n, r.took.Round(time.Second), runtime.Version(), runtime.GOARCH, runtime.NumCPU(), r.engine, r.slopes[0].n, r.warm, r.life, r.every)
	fmt.Fprintln(w, "| | empty | after the first crowd | mean of the churn | slope per hour (95 %) | | after the last client |")
	fmt.Fprintln(w, "|---|---:|---:|---:|---:|---|---:|")
	for i, l := range levels {
		s := r.slopes[i]
		verdict := "not judged"
		if r.judged {
			_, verdict = s.flat(l.counted)
		}
		share := ""
		if s.mean != 0 {
			share = fmt.Sprintf(", %+.2f %%", 100*s.perHour/s.mean)
		}
		fmt.Fprintf(w, "| %s | %s | %s | %s | %s ± %s%s | %s | %s |\n", l.name, l.format(r.empty.values[i]), l.format(r.base.values[i]), l.format(s.mean),
			l.signed(s.perHour), l.format(s.within), share, verdict, l.format(r.end.values[i]))
	}
	fmt.Fprintf(w, "\nCPU, of one: server %.0f %%, clients %.0f %%. The server logged %d lines.\n",
		100*r.serverCPU.Seconds()/r.took.Seconds(), 100*r.ownCPU.Seconds()/r.took.Seconds(), r.logLines)
	for _, table := range []struct {
		title string
		of    map[string]int64
	}{{"clients, rehearsal included", r.clients}, {"server, rehearsal included", r.end.counters}} {
		fmt.Fprintf(w, "\n| %s | |\n|---|---:|\n", table.title)
		for _, what := range slices.Sorted(maps.Keys(table.of)) {
			fmt.Fprintf(w, "| %s | %d |\n", what, table.of[what])
		}
	}
	if len(r.troubles) == 0 {
		fmt.Fprintln(w, "\nEverything is as it must be.")
		return
	}
	fmt.Fprintln(w, "\nNot as it must be:")
	for _, t := range r.troubles {
		fmt.Fprintln(w, "-", t)
	}
}

func (l level) format(v float64) string {
	if l.counted {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.2f MB", v/1e6)
}

func (l level) signed(v float64) string {
	if l.counted {
		return fmt.Sprintf("%+.1f", v)
	}
	return fmt.Sprintf("%+.3f MB", v/1e6)
}
