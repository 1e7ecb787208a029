package main

import "math"

// slope is a least-squares line through a level, per hour, with the half-width of its 95 % confidence interval.
type slope struct {
	mean, perHour, within float64
	n                     int
}

// slopeOf fits a line; hours are when the values were taken.
func slopeOf(hours, values []float64) slope {
	n := float64(len(values))
	s := slope{n: len(values), within: math.Inf(1)}
	if s.n == 0 {
		return s
	}
	var meanX float64
	for i, v := range values {
		s.mean += v / n
		meanX += hours[i] / n
	}
	var xx, xy float64
	for i, v := range values {
		xx += (hours[i] - meanX) * (hours[i] - meanX)
		xy += (hours[i] - meanX) * (v - s.mean)
	}
	if xx == 0 {
		return s
	}
	s.perHour = xy / xx
	if s.n < 4 {
		return s
	}
	var residual float64
	for i, v := range values {
		d := v - s.mean - s.perHour*(hours[i]-meanX)
		residual += d * d
	}
	s.within = student(n-2) * math.Sqrt(residual/(n-2)/xx)
	return s
}

// student is the 97.5 % quantile of Student's t: Hill's expansion around the normal one, good to three thousandths from five degrees of freedom on.
func student(freedom float64) float64 {
	const z = 1.959964
	z3, z5 := z*z*z, z*z*z*z*z
	return z + (z3+z)/(4*freedom) + (5*z5+16*z3+3*z)/(96*freedom*freedom) +
		(3*z5*z*z+19*z5+17*z3-15*z)/(384*freedom*freedom*freedom)
}

// What a slope may be.
const (
	flatShare = 0.02 // of the level, over an hour
	flatCount = 2    // of what is counted, over an hour
)

// flat reports whether a level stays as it is, and why it is said to.
func (s slope) flat(counted bool) (bool, string) {
	bound := flatShare * math.Abs(s.mean)
	if counted {
		bound = max(bound, flatCount)
	}
	switch {
	case math.Abs(s.perHour) < bound || s.perHour == 0:
		return true, "flat"
	case math.Abs(s.perHour) <= s.within:
		return true, "flat (within the noise)"
	case s.perHour < 0:
		return true, "falls"
	}
	return false, "**grows**"
}
