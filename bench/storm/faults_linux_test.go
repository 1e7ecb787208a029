package main

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bennu-go/bennu/bench/internal/counts"
)

// Each fault in a glass of water. They run all at once, since most of their time is the server's time-outs.
func TestFaults(t *testing.T) {
	type glass struct {
		name string
		out  bytes.Buffer
		err  error
	}
	var all []*glass
	var running sync.WaitGroup
	for mode, f := range faults() {
		for _, engine := range []string{"auto", "portable"} {
			if engine == "portable" && (mode == "loris" || mode == "files") {
				continue // these are about what comes before the upgrade
			}
			g := &glass{name: mode + " " + engine}
			all = append(all, g)
			ctx, o := small(t, mode, 200)
			o.engine, o.idle, o.timeout = engine, 3*time.Second, time.Minute
			o.admin = lowAddr(t).String()
			running.Go(func() { g.err = o.fault(ctx, f, &g.out) })
		}
	}
	running.Wait()
	for _, g := range all {
		t.Run(g.name, func(t *testing.T) {
			if g.err != nil {
				t.Errorf("%v\n%s", g.err, g.out.String())
			}
			if n := strings.Count(g.out.String(), "OK: "); n < 5 {
				t.Errorf("got %d verdicts:\n%s", n, g.out.String())
			}
		})
	}
}

func TestVerdicts(t *testing.T) {
	var out bytes.Buffer
	v := verdicts{out: &out}
	v.that(true, "%d are here", 3)
	v.note("which took %d s", 2)
	if err := v.err(); err != nil {
		t.Errorf("got %v, though all is true", err)
	}
	v.faultless(counts.Counts{Counters: map[string]int64{"joins ok": 5, counts.Fault + "slow clients": 2, counts.Fault + "crash of room": 1}}, slowClients)
	if err := v.err(); err == nil || !strings.Contains(err.Error(), "1 of 2") {
		t.Errorf("got %v, want 1 of 2", err)
	}
	want := "OK: 3 are here\n    which took 2 s\nFAILED: the server counts no fault that was not to be: map[crash of room:1]\n"
	if out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}

// A flock notices what is not to be: another room's broadcast, one too many, one too few, and an answer that is not its own.
func TestFlockNotices(t *testing.T) {
	broadcast := func(room, round int, fill string) []byte {
		return fmt.Appendf(nil, `[null,null,%s,"shout",%s%s]`, roomOf("a", room), appendPayload(nil, room, round), fill)
	}
	for _, tt := range []struct {
		name   string
		texts  func(f *flock) [][]byte
		strays int
		heard  int64
	}{
		{"in order", func(f *flock) [][]byte { return [][]byte{broadcast(0, 0, f.fill), broadcast(0, 1, f.fill)} }, 0, 1},
		{"of another room", func(f *flock) [][]byte { return [][]byte{broadcast(1, 0, f.fill)} }, 1, 0},
		{"twice", func(f *flock) [][]byte { return [][]byte{broadcast(0, 0, f.fill), broadcast(0, 0, f.fill)} }, 1, 0},
		{"with a gap", func(f *flock) [][]byte { return [][]byte{broadcast(0, 1, f.fill)} }, 1, 0},
		{"cut short", func(f *flock) [][]byte { return [][]byte{broadcast(0, 0, f.fill[1:])} }, 1, 0},
		{"a reply to nobody", func(*flock) [][]byte {
			return [][]byte{[]byte(`["1","9",` + roomOf("a", 0) + `,"phx_reply",{"status":"ok","response":{}}]`)}
		}, 1, 0},
		{"no message", func(*flock) [][]byte { return [][]byte{[]byte("{}")} }, 1, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFlock("a", 2, 2, 10)
			for _, text := range tt.texts(f) {
				f.peers[0].receive(text)
			}
			if got := len(f.sum().strays); got != tt.strays {
				t.Errorf("got %v, want %d", f.sum().strays, tt.strays)
			}
			if got := f.heard[1].Load(); got != tt.heard {
				t.Errorf("the second round was heard by %d, want %d", got, tt.heard)
			}
		})
	}
}

func TestHeldAsIn(t *testing.T) {
	base := held{Counts: counts.Counts{Goroutines: 30, Processes: 5, Topics: 2, WebSockets: 4}, resident: 100 << 20, heap: 10 << 20, descriptors: 12}
	for _, tt := range []struct {
		name          string
		change        func(h *held)
		counts, bytes bool
	}{
		{"the same", func(*held) {}, true, true},
		{"less memory", func(h *held) { h.heap, h.resident = 1, 1 }, true, true},
		{"a tenth more memory", func(h *held) { h.heap, h.resident = 11<<20, 110<<20 }, true, true},
		{"a fifth more heap", func(h *held) { h.heap = 12 << 20 }, true, false},
		{"a fifth more resident", func(h *held) { h.resident = 120 << 20 }, true, false},
		{"a process more", func(h *held) { h.Processes++ }, false, true},
		{"a topic more", func(h *held) { h.Topics++ }, false, true},
		{"a connection less", func(h *held) { h.WebSockets-- }, false, true},
		{"descriptors", func(h *held) { h.descriptors += moreDescriptors + 1 }, false, true},
		{"goroutines", func(h *held) { h.Goroutines += moreGoroutines() + 1 }, false, true},
	} {
		now := base
		tt.change(&now)
		if now.countsAsIn(base) != tt.counts || now.bytesAsIn(base) != tt.bytes {
			t.Errorf("%s: got %v and %v, want %v and %v", tt.name, now.countsAsIn(base), now.bytesAsIn(base), tt.counts, tt.bytes)
		}
	}
}

func TestFaultsFailWithoutAServer(t *testing.T) {
	_, o := small(t, "drip", 2)
	o.server = "/dev/null"
	var out bytes.Buffer
	err := o.fault(t.Context(), faults()["drip"], &out)
	if err == nil || out.Len() > 0 {
		t.Errorf("got %v and %q", err, out.String())
	}
}
