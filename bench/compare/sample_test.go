package main

import (
	"encoding/json"
	"errors"
	"testing"
)

func TestReadResult(t *testing.T) {
	s, err := readResult([]byte("warning: joined 3\n"+`{"joined":10,"failed":0,"closed":0,"secs":2,"server_cpu_pct":50,"gen_cpu_pct":60,"host_busy_pct":130,"label":"","full_p50_ms":3.5}`+"\n"), 10)
	if err != nil {
		t.Fatal(err)
	}
	if s.Trouble != "" || s.Refused {
		t.Errorf("got trouble %q and refused %v, want none", s.Trouble, s.Refused)
	}
	for key, want := range map[string]float64{"full_p50_ms": 3.5, "server_cpu_s": 1, "other_cpu_pct": 20} {
		if got := s.Values[key]; got != want {
			t.Errorf("%s: got %v, want %v", key, got, want)
		}
	}
}

// Latencies of nothing are no latencies, and those behind a relay are not the
// server's.
func TestLatenciesThatSayNothing(t *testing.T) {
	s, err := readResult([]byte(`{"joined":10,"full_n":0,"full_p50_ms":0,"lat_n":5,"lat_p50_ms":7,"delivered_per_s":3,"cpu_us_per_delivery":4}`), 10)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := s.Values["full_p50_ms"]; ok || s.Values["lat_p50_ms"] != 7 || s.Values["delivered_per_s"] != 3 {
		t.Errorf("got %v, want all but the latency of whole fan-outs", s.Values)
	}
	s = s.withoutRelay()
	if _, ok := s.Values["lat_p50_ms"]; ok || s.Values["delivered_per_s"] != 0 || s.Values["cpu_us_per_delivery"] != 4 {
		t.Errorf("got %v, want the CPU and no times", s.Values)
	}
}

func TestReadResultTrouble(t *testing.T) {
	for _, tt := range []struct {
		name, line, want string
		refused          bool
	}{
		{"some missing", `{"joined":8,"failed":2,"errors":{"read: reset":2}}`, "2 connections not joined, 2 × read: reset", false},
		{"some lost", `{"joined":9,"closed":1,"errors":{"ws close 1013":1}}`, "1 connections lost, 1 × ws close 1013", false},
		{"not all delivered", `{"joined":10,"undelivered_broadcasts":3}`, "3 broadcasts not fully delivered", false},
		{"not all seen", `{"joined":10,"saw_everyone":4}`, "6 clients did not see everyone", false},
		{"no echo", `{"joined":10,"echo_per_s":0}`, "nothing was answered", false},
		{"no broadcast", `{"joined":10,"delivered_per_s":0,"undelivered_broadcasts":1}`, "1 broadcasts not fully delivered, nothing was answered", false},
		{"join refused", `{"joined":0,"failed":10,"errors":{"join refused: {}":10}}`, "10 connections not joined, 10 × join refused: {}", true},
		{"a crash is no refusal", `{"joined":1,"failed":9,"errors":{"join refused: {}":9}}`, "9 connections not joined, 9 × join refused: {}", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, err := readResult([]byte(tt.line), 10)
			if err != nil || s.Trouble != tt.want || s.Refused != tt.refused {
				t.Errorf("got %q, refused %v, %v; want %q, %v", s.Trouble, s.Refused, err, tt.want, tt.refused)
			}
		})
	}
	for _, output := range []string{"", "\n", "panic: x", "{}", "[]", `{"mode":"idle"}`} {
		if _, err := readResult([]byte(output), 10); !errors.Is(err, errNoResult) {
			t.Errorf("%q: got %v, want %v", output, err, errNoResult)
		}
	}
}

// What was read can always be kept.
func FuzzReadResult(f *testing.F) {
	f.Add([]byte(`{"joined":10,"errors":{"x":1},"secs":0.5,"saw_everyone":1}`))
	f.Add([]byte("text\n{\"joined\":-1}"))
	f.Fuzz(func(t *testing.T, output []byte) {
		s, err := readResult(output, 10)
		if err != nil {
			return
		}
		if _, err := json.Marshal(s); err != nil {
			t.Errorf("%q: %v", output, err)
		}
	})
}
