package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"github.com/bennu-go/bennu/bench/internal/child"
	"github.com/bennu-go/bennu/bench/internal/counts"
	"github.com/bennu-go/bennu/bench/settle"
)

// level is one thing that is sampled.
type level struct {
	name    string
	counted bool // a number of things, and not of bytes
}

// levels, in the order of the tables.
var levels = [...]level{
	{"heap, live", false}, {"heap in use", false}, {"resident", false},
	{"goroutines", true}, {"threads", true}, {"descriptors", true}, {"processes", true}, {"topics", true}, {"presences", true},
	{"WebSockets", true}, {"long-polls", true},
}

// Places in a sample's values.
const (
	heapLive = iota
	heapInUse
	resident
	goroutines
	threads
	descriptors
	processes
	topics
	presences
	webSockets
	longPolls
)

// sample is the levels at one moment.
type sample struct {
	at       time.Duration
	values   [len(levels)]float64
	counters map[string]int64
}

// watcher takes samples of a server.
type watcher struct {
	server    *child.Process
	admin     string
	presences int
	began     time.Time
	client    http.Client
}

func (w *watcher) get(ctx context.Context, path string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+w.admin+path, nil)
	if err != nil {
		return err
	}
	resp, err := w.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", path, resp.Status)
	}
	return json.NewDecoder(resp.Body).Decode(into)
}

func (w *watcher) counts(ctx context.Context) (c counts.Counts, err error) {
	err = w.get(ctx, counts.Path+"?presence="+strconv.Itoa(w.presences), &c)
	return c, err
}

// take settles the server and looks.
func (w *watcher) take(ctx context.Context) (s sample, err error) {
	var mem runtime.MemStats
	if err := w.get(ctx, settle.Path, &mem); err != nil {
		return s, fmt.Errorf("settling the server: %w", err)
	}
	c, err := w.counts(ctx)
	if err != nil {
		return s, fmt.Errorf("asking the server for its counts: %w", err)
	}
	p, err := w.server.Status()
	if err != nil {
		return s, err
	}
	s.at, s.counters = time.Since(w.began), c.Counters
	s.values = [len(levels)]float64{
		heapLive: float64(mem.HeapAlloc), heapInUse: float64(mem.HeapInuse), resident: float64(p.Resident),
		goroutines: float64(c.Goroutines), threads: float64(p.Threads), descriptors: float64(p.Descriptors),
		processes: float64(c.Processes), topics: float64(c.Topics), presences: float64(c.Presences),
		webSockets: float64(c.WebSockets), longPolls: float64(c.LongPolls),
	}
	return s, nil
}

// line is a sample in a log.
func (s sample) line() string {
	text := fmt.Sprintf("%7.0fs", s.at.Seconds())
	for i, l := range levels {
		if l.counted {
			text += fmt.Sprintf("  %s %.0f", l.name, s.values[i])
		} else {
			text += fmt.Sprintf("  %s %.2f MB", l.name, s.values[i]/1e6)
		}
	}
	return text
}

// used is the CPU time of this process so far.
func used() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
