package main

import (
	"testing"
	"time"
)

func TestQuantile(t *testing.T) {
	var list []time.Duration
	for i := range 200 {
		list = append(list, time.Duration(i+1))
	}
	for q, want := range map[float64]time.Duration{0: 1, 0.5: 100, 0.99: 198, 0.999: 200, 1: 200} {
		if got := quantile(list, q); got != want {
			t.Errorf("quantile %v: got %d, want %d", q, got, want)
		}
	}
	if got := quantile(nil, 0.5); got != 0 {
		t.Errorf("of nothing: got %v", got)
	}
	if got := latencyOf([]time.Duration{3 * time.Millisecond, 1500 * time.Microsecond, 0}); got != (latency{3, 1.5, 3, 3}) {
		t.Errorf("got %+v", got)
	}
}

func TestBackOffTables(t *testing.T) {
	if got := reconnectAfter(9); got != 2*time.Second {
		t.Errorf("ninth reconnect: got %v, want 2s", got)
	}
	if got := reconnectAfter(1000); got != 5*time.Second {
		t.Errorf("thousandth reconnect: got %v, want 5s", got)
	}
	if got := rejoinAfter(5); got != 10*time.Second {
		t.Errorf("fifth rejoin: got %v, want 10s", got)
	}
}
