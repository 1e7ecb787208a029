package main

import (
	"flag"
	"os"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the golden files")

func TestMarkdown(t *testing.T) {
	r := results{
		servers:   []string{"epoll", "hijack", "a|b"},
		scenarios: scenarios(size{small: 1_000, big: 10_000, dur: time.Second}),
	}
	add := func(round int, scenario, server string, values map[string]float64) *sample {
		r.samples = append(r.samples, sample{Round: round, Scenario: scenario, Server: server, Values: values})
		return &r.samples[len(r.samples)-1]
	}
	for round, other := range []float64{0, 10, 30} {
		scale := 1 + float64(round)/10
		add(round+1, "fanout-big", "epoll", map[string]float64{"cpu_us_per_delivery": 3 * scale, "full_p50_ms": 30, "full_p99_ms": 50, "delivered_per_s": 250_000, "gen_cpu_pct": 88, "other_cpu_pct": other})
		add(round+1, "fanout-big", "a|b", map[string]float64{"cpu_us_per_delivery": 3.3 * scale, "full_p50_ms": 36, "full_p99_ms": 70, "delivered_per_s": 240_000, "other_cpu_pct": other})
	}
	add(3, "fanout-big", "hijack", map[string]float64{"cpu_us_per_delivery": 99}).Trouble = "2 connections lost"
	add(1, "idle", "hijack", map[string]float64{"join_per_s": 10_000, "settled_B_per_conn": 6_000})
	add(1, "idle", "a|b", map[string]float64{"join_per_s": 8_500})
	lonely := add(1, "presence", "a|b", map[string]float64{})
	lonely.Refused, lonely.Trouble = true, "1000 connections not joined"

	got := r.markdown()
	const golden = "testdata/markdown.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// Each ratio has a floor to be taken against, and the generator is told how many
// connections the rest counts with.
func TestScenariosAreWhole(t *testing.T) {
	seen := map[string]bool{}
	for _, sc := range scenarios(size{small: 1_000, big: 10_000, warm: time.Second, dur: 5 * time.Second, hold: 5 * time.Second}) {
		if seen[sc.name] {
			t.Errorf("%s: twice", sc.name)
		}
		seen[sc.name] = true
		if sc.limit < sc.limit.Truncate(time.Second) || sc.limit <= opening {
			t.Errorf("%s: limit %v leaves no time after opening", sc.name, sc.limit)
		}
		if !strings.Contains(strings.Join(sc.args, " ")+" ", "-n "+strings.ReplaceAll(group(sc.conns), ",", "")+" ") {
			t.Errorf("%s: arguments %v, want %d connections", sc.name, sc.args, sc.conns)
		}
		for _, c := range sc.columns {
			if c.ratio && !isFloor(sc.floor) {
				t.Errorf("%s: %s is compared with %q, which is no floor", sc.name, c.key, sc.floor)
			}
		}
	}
}
