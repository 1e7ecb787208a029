package main

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestSlopeOfAnExactLine(t *testing.T) {
	s := slopeOf([]float64{0, 0.5, 1, 1.5}, []float64{10, 11, 12, 13})
	if s.mean != 11.5 || math.Abs(s.perHour-2) > 1e-12 || s.within > 1e-9 || s.n != 4 {
		t.Errorf("got %+v, want 2 an hour around 11.5, for certain", s)
	}
}

func TestSlopeSaysLittleOfLittle(t *testing.T) {
	for _, n := range []int{0, 1, 3} {
		s := slopeOf(make([]float64, n), make([]float64, n))
		if !math.IsInf(s.within, 1) {
			t.Errorf("%d samples: got %+v, want no confidence", n, s)
		}
	}
}

// Of lines with noise, the interval holds the true slope 95 times of 100.
func TestSlopeConfidence(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	const runs, n, truth = 2000, 12, 3.0
	held := 0
	for range runs {
		hours, values := make([]float64, n), make([]float64, n)
		for i := range n {
			hours[i] = float64(i) / n
			values[i] = 100 + truth*hours[i] + rng.NormFloat64()
		}
		if s := slopeOf(hours, values); math.Abs(s.perHour-truth) <= s.within {
			held++
		}
	}
	if held < runs*93/100 || held > runs*97/100 {
		t.Errorf("held %d times of %d, want 95 %%", held, runs)
	}
}

func TestStudent(t *testing.T) {
	for freedom, want := range map[float64]float64{5: 2.571, 10: 2.228, 30: 2.042, 100: 1.984} {
		if got := student(freedom); math.Abs(got-want) > 0.0035 {
			t.Errorf("%v degrees of freedom: got %.4f, want %.3f", freedom, got, want)
		}
	}
}

func TestFlat(t *testing.T) {
	for _, tt := range []struct {
		name    string
		s       slope
		counted bool
		ok      bool
		verdict string
	}{
		{"little of much", slope{mean: 1e8, perHour: 1.9e6, within: 1e5}, false, true, "flat"},
		{"more than that", slope{mean: 1e8, perHour: 2.1e6, within: 1e5}, false, false, "**grows**"},
		{"noise", slope{mean: 1e8, perHour: 2.1e6, within: 3e6}, false, true, "flat (within the noise)"},
		{"less and less", slope{mean: 1e8, perHour: -5e6, within: 1e5}, false, true, "falls"},
		{"one thread", slope{mean: 9, perHour: 1.2, within: 0.1}, true, true, "flat"},
		{"three threads", slope{mean: 9, perHour: 3.2, within: 0.1}, true, false, "**grows**"},
		{"nothing", slope{}, true, true, "flat"},
	} {
		if ok, verdict := tt.s.flat(tt.counted); ok != tt.ok || verdict != tt.verdict {
			t.Errorf("%s: got %v, %q, want %v, %q", tt.name, ok, verdict, tt.ok, tt.verdict)
		}
	}
}
