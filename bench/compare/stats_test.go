package main

import (
	"math"
	"slices"
	"testing"
)

func TestSpread(t *testing.T) {
	for _, tt := range []struct {
		values   []float64
		decimals int
		want     string
	}{
		{nil, 2, absent},
		{[]float64{9.125}, 2, "9.12"},
		{[]float64{3, 1, 2}, 0, "2 (1–3)"},
		{[]float64{4, 1, 3, 2}, 1, "2.5 (1.0–4.0)"},
		{[]float64{1.001, 1.002}, 2, "1.00"},
		{[]float64{12345, 1234567.4}, 0, "623,456 (12,345–1,234,567)"},
	} {
		if got := spreadOf(tt.values).format(tt.decimals); got != tt.want {
			t.Errorf("%v: got %s, want %s", tt.values, got, tt.want)
		}
	}
}

func TestNumber(t *testing.T) {
	for _, tt := range []struct {
		v        float64
		decimals int
		want     string
	}{
		{0, 0, "0"}, {999, 0, "999"}, {1000, 0, "1,000"}, {-1234.5, 1, "-1,234.5"}, {-0.001, 2, "0.00"},
		{123456, 0, "123,456"}, {math.NaN(), 0, absent}, {math.Inf(1), 0, absent},
	} {
		if got := number(tt.v, tt.decimals); got != tt.want {
			t.Errorf("%v: got %s, want %s", tt.v, got, tt.want)
		}
	}
}

func TestRatiosAreTakenWithinARound(t *testing.T) {
	of := func(round int, v float64, trouble string) sample {
		return sample{Round: round, Values: map[string]float64{"k": v}, Trouble: trouble}
	}
	floor := []sample{of(1, 10, ""), of(2, 20, ""), of(3, 5, "lost"), of(4, 0, "")}
	own := []sample{of(2, 30, ""), of(1, 11, ""), of(3, 5, ""), of(4, 5, ""), of(5, 5, "")}
	if got, want := ratios(own, floor, "k"), []float64{1.5, 1.1}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got, want := figures(floor, "k"), []float64{10, 20, 0}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v without the one in trouble", got, want)
	}
}
