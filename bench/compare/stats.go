package main

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// spread is the median of some figures, between the smallest and the largest. N
// is how many there were; without any, the rest means nothing.
type spread struct {
	low, median, high float64
	n                 int
}

func spreadOf(values []float64) spread {
	if len(values) == 0 {
		return spread{}
	}
	v := slices.Sorted(slices.Values(values))
	mid := len(v) / 2
	median := v[mid]
	if len(v)%2 == 0 {
		median = (v[mid-1] + v[mid]) / 2
	}
	return spread{v[0], median, v[len(v)-1], len(v)}
}

// figures collects what the trusted samples of one server say about key.
func figures(samples []sample, key string) []float64 {
	var out []float64
	for _, s := range samples {
		if v, ok := s.Values[key]; ok && s.Trouble == "" {
			out = append(out, v)
		}
	}
	return out
}

// ratios divides own figures by the floor's of the same round, where both are
// trusted.
func ratios(own, floor []sample, key string) []float64 {
	var out []float64
	for _, s := range own {
		for _, f := range floor {
			v, ok1 := s.Values[key]
			base, ok2 := f.Values[key]
			if s.Round == f.Round && ok1 && ok2 && s.Trouble == "" && f.Trouble == "" && base > 0 {
				out = append(out, v/base)
			}
		}
	}
	return out
}

// String writes "9.12 (8.90-9.40)", and no range for a single figure.
func (s spread) format(decimals int) string {
	if s.n == 0 {
		return absent
	}
	text := number(s.median, decimals)
	if low, high := number(s.low, decimals), number(s.high, decimals); low != high {
		text += " (" + low + "–" + high + ")"
	}
	return text
}

// number writes 12345.6 as "12,345.6".
func number(v float64, decimals int) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return absent
	}
	text := strconv.FormatFloat(math.Abs(v), 'f', decimals, 64)
	whole, fraction, _ := strings.Cut(text, ".")
	if fraction != "" {
		fraction = "." + fraction
	}
	for at := len(whole) - 3; at > 0; at -= 3 {
		whole = whole[:at] + "," + whole[at:]
	}
	if v < 0 && strings.Trim(text, "0.") != "" {
		whole = "-" + whole
	}
	return whole + fraction
}

func group(n int) string { return number(float64(n), 0) }
