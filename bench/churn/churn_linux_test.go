package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/bennu-go/bennu/bench/internal/child"
	"github.com/bennu-go/bennu/bench/internal/counts"
)

var built struct {
	once sync.Once
	dir  string
	err  error
}

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		os.RemoveAll(built.dir)
		os.Exit(code)
	}))
}

// serverProgram builds the server once.
func serverProgram(t *testing.T) string {
	t.Helper()
	built.once.Do(func() {
		if built.dir, built.err = os.MkdirTemp("", "churn-test-"); built.err == nil {
			built.err = child.Build(context.Background(), filepath.Join(built.dir, "server"))
		}
	})
	if built.err != nil {
		t.Fatal(built.err)
	}
	return filepath.Join(built.dir, "server")
}

// lowAddr is a free address below the ports of outgoing connections.
func lowAddr(t *testing.T) string {
	t.Helper()
	for range 100 {
		ln, err := net.Listen("tcp4", fmt.Sprintf("127.0.0.1:%d", 20_000+rand.IntN(10_000)))
		if err == nil {
			defer ln.Close()
			return ln.Addr().String()
		}
	}
	t.Fatal("no port is free")
	return ""
}

// A hundred clients for five seconds leave nothing behind, and nothing goes wrong; on either engine.
func TestChurn(t *testing.T) {
	for _, engine := range []string{"auto", "portable"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel() // most of it is waiting for long-poll sessions to run out
			var out, complaints bytes.Buffer
			args := "-n 100 -for 5s -sample 500ms -rehearsal 1s -life 1s -every 100ms -gap 50ms -timeout 3s -silent 0.05 -rate 200 -engine " + engine
			err := run(t.Context(), append(strings.Fields(args), "-server", serverProgram(t), "-addr", lowAddr(t), "-admin", lowAddr(t)), &out, &complaints)
			if err != nil {
				t.Fatalf("%v\n%s", err, &out)
			}
			for _, want := range []string{"| crashes seen |", "| ends by silence |", "| ends by reset |", "| ends by FIN |", "| sessions on long-polling |",
				"| echo answered |", "| leave answered |", "| joins again while joined |", "| presence messages |", "| descriptors |", "not judged", "Everything is as it must be."} {
				if !strings.Contains(out.String(), want) {
					t.Errorf("%q is not in the report:\n%s", want, &out)
				}
			}
		})
	}
}

func TestJudgeFindsTroubles(t *testing.T) {
	fine := func() *report {
		r := &report{options: options{manners: manners{n: 100}}, took: time.Hour, clients: map[string]int64{"crashes asked for": 50, "crashes seen": 40}}
		r.empty.values = [len(levels)]float64{heapLive: 1e6, goroutines: 12, descriptors: 12, processes: 1, topics: 1}
		r.base.values = [len(levels)]float64{heapLive: 4e6, goroutines: 40, descriptors: 12, processes: 1, topics: 1}
		r.end = r.base
		r.end.counters = map[string]int64{counts.CrashesAsked: 45}
		for i := range 100 {
			s := sample{at: time.Duration(i) * 36 * time.Second}
			s.values = [len(levels)]float64{heapLive: 2e7 + 1e4*float64(i%3), goroutines: 50, threads: 9, descriptors: 110, processes: 180, webSockets: 97}
			r.samples = append(r.samples, s)
		}
		return r
	}
	for _, tt := range []struct {
		want  string // none: empty
		spoil func(r *report)
	}{
		{"", func(*report) {}},
		{"heap, live: grows", func(r *report) {
			for i := range r.samples {
				r.samples[i].values[heapLive] += 5e3 * float64(i)
			}
		}},
		{"goroutines: grows", func(r *report) {
			for i := range r.samples {
				r.samples[i].values[goroutines] += float64(i / 20)
			}
		}},
		{"", func(r *report) { // in 5 minutes nothing grows that can be judged
			r.took = 5 * time.Minute
			for i := range r.samples {
				r.samples[i].values[goroutines] += float64(i / 20)
			}
		}},
		{"", func(r *report) { // what grows before the tables are full does not count
			r.warm = 30 * time.Minute
			for i := range 50 {
				r.samples[i].values[heapLive] = 1e6 * float64(i)
			}
		}},
		{"3 × dial: refused", func(r *report) { r.clients[fault+"dial: refused"] = 3 }},
		{"1 × slow clients", func(r *report) { r.end.counters[counts.Fault+"slow clients"] = 1 }},
		{"39 crashes counted by the server", func(r *report) { r.end.counters[counts.CrashesAsked] = 39 }},
		{"151 crashes counted by the server", func(r *report) { r.end.counters[counts.CrashesAsked] = 151 }},
		{"topics: 2 are left", func(r *report) { r.end.values[topics] = 2 }},
		{"processes: 2 are left", func(r *report) { r.end.values[processes] = 2 }},
		{"descriptors: 13 are left", func(r *report) { r.end.values[descriptors] = 13 }},
		{"goroutines: 1000 are left", func(r *report) { r.end.values[goroutines] = 1000 }},
		{"live heap: 4.50 MB are left", func(r *report) { r.end.values[heapLive] = 4.5e6 }},
	} {
		r := fine()
		tt.spoil(r)
		r.judge()
		got := strings.Join(r.troubles, "; ")
		if tt.want == "" && got != "" || !strings.Contains(got, tt.want) || len(r.troubles) > 1 {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}

func TestRunRefuses(t *testing.T) {
	for args, want := range map[string]string{
		"-addr 10.0.0.1:80":  "reachable from other machines",
		"-admin 0.0.0.0:80":  "reachable from other machines",
		"-addr [::1]:80":     "only 127.0.0.0/8",
		"-n 0":               "at least 1",
		"-for 0s":            "above zero",
		"more":               `unexpected "more"`,
		"-server /dev/null":  "starting the server",
		"-server false -n 1": "ended at once",
	} {
		var out, complaints bytes.Buffer
		full := strings.Fields(args)
		if !strings.Contains(args, "addr") {
			full = append([]string{"-addr", lowAddr(t), "-admin", lowAddr(t)}, full...)
		}
		if err := run(t.Context(), full, &out, &complaints); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("churn %s: got %v, want %q", args, err, want)
		}
	}
}

func TestRunDoesNotMeasureSomebodyElse(t *testing.T) {
	busy, err := net.Listen("tcp4", lowAddr(t))
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	var out, complaints bytes.Buffer
	err = run(t.Context(), []string{"-addr", busy.Addr().String(), "-server", "/dev/null"}, &out, &complaints)
	if err == nil || !strings.Contains(err.Error(), "serves on") {
		t.Errorf("got %v", err)
	}
}
