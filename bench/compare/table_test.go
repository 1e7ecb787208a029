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
		servers:   []string{"epoll", "hijack", "bennu", "bennu-tls", "a|b"},
		relayed:   []string{"bennu-tls"},
		scenarios: scenarios(size{small: 1_000, big: 10_000, most: 19_000, dur: time.Second}),
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
	for round, cpu := range []float64{3.3, 3.6, 4.5} { // 1.10, 1.09, 1.25 of the floor's
		add(round+1, "fanout-big", "bennu", map[string]float64{"cpu_us_per_delivery": cpu, "full_p50_ms": 45})
	}
	add(1, "idle", "bennu", map[string]float64{"join_per_s": 7_999, "settled_B_per_conn": 650})
	add(1, "idle", "bennu-tls", map[string]float64{"settled_B_per_conn": 12_001})
	add(3, "fanout-big", "hijack", map[string]float64{"cpu_us_per_delivery": 99}).Trouble = "2 connections lost"
	add(1, "idle", "hijack", map[string]float64{"join_per_s": 10_000, "settled_B_per_conn": 6_000})
	add(1, "idle", "a|b", map[string]float64{"join_per_s": 8_500})
	lonely := add(1, "presence", "a|b", map[string]float64{})
	lonely.Refused, lonely.Trouble = true, "1000 connections not joined"

	r.smoke = true
	if strings.Contains(r.markdown(), "missed") {
		t.Error("a smoke test judges")
	}
	r.smoke = false
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
	for _, sc := range scenarios(size{small: 1_000, big: 10_000, most: 19_000, warm: time.Second, dur: 5 * time.Second, hold: 5 * time.Second}) {
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
		for _, b := range sc.budgets {
			if c := sc.column(b.key); b.ratio && !c.ratio {
				t.Errorf("%s: a budget for the ratio of %s, which is not shown", sc.name, b.key)
			}
			if (b.most > 0) == (b.least > 0) || len(b.servers) == 0 {
				t.Errorf("%s: budget %+v, want one bound and its servers", sc.name, b)
			}
			for _, name := range b.servers {
				if !isBuiltin(name) {
					t.Errorf("%s: a budget for %q, which is not built here", sc.name, name)
				}
			}
		}
	}
	for _, b := range builtins() {
		for _, name := range b.only {
			if !seen[name] {
				t.Errorf("%s takes part in %q, which is no scenario", b.name, name)
			}
		}
	}
}

func TestVerdict(t *testing.T) {
	for _, tt := range []struct {
		most, least float64
		values      []float64
		want        string
	}{
		{1.15, 0, []float64{1.15}, "holds"},
		{1.15, 0, []float64{1, 1.1, 1.2}, "mostly holds"},
		{1.15, 0, []float64{1, 1.2, 1.2}, "mostly missed"},
		{1.15, 0, []float64{1.2, 1.3}, "missed"},
		{0, 0.8, []float64{0.8, 0.9}, "holds"},
		{0, 0.8, []float64{0.7, 0.9, 0.9}, "mostly holds"},
		{0, 0.8, []float64{0.7, 0.7, 0.9}, "mostly missed"},
		{0, 0.8, []float64{0.79}, "missed"},
	} {
		if got := (budget{most: tt.most, least: tt.least}).verdict(spreadOf(tt.values)); got != tt.want {
			t.Errorf("at most %v, at least %v of %v: got %q, want %q", tt.most, tt.least, tt.values, got, tt.want)
		}
	}
}

func TestTakesPart(t *testing.T) {
	floors, libs := 0, 0
	for _, sc := range scenarios(size{}) {
		if (spec{name: "epoll"}).takesPart(sc) {
			floors++
		}
		if (spec{name: "gws", only: []string{"idle", "echo-10"}}).takesPart(sc) {
			libs++
		}
		if !(spec{name: "bennu"}).takesPart(sc) {
			t.Errorf("bennu is not measured in %s", sc.name)
		}
	}
	if all := len(scenarios(size{})); floors != all-1 || libs != 2 {
		t.Errorf("of %d scenarios a floor takes part in %d and a library in %d, want all but presence, and those it lists", all, floors, libs)
	}
}
