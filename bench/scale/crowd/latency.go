package crowd

import "time"

// tick is the resolution in which clients remember when they asked; it lets a time of up to eleven hours fit into 32 bits.
const tick = 10 * time.Microsecond

// Latency counts how long answers took, in 64 steps for each power of two of ticks: percentiles are at most 1.6 % too large.
type Latency struct {
	steps [64 * 28]int
	n     int
	max   uint32
}

func step(ticks uint32) int {
	shift := 0
	for ticks>>shift >= 128 {
		shift++
	}
	return min(64*shift+int(ticks>>shift), 64*28-1)
}

func (l *Latency) add(ticks uint32) {
	l.steps[step(ticks)]++
	l.n++
	l.max = max(l.max, ticks)
}

// Count is how many answers there were.
func (l *Latency) Count() int { return l.n }

// Max is the longest time.
func (l *Latency) Max() time.Duration { return time.Duration(l.max) * tick }

// Percentile is the time within which p percent of the answers came; zero if there were none.
func (l *Latency) Percentile(p float64) time.Duration {
	want, seen := int(float64(l.n)*p/100), 0
	for i, n := range l.steps {
		if seen += n; n > 0 && seen >= want {
			shift, of := 0, i
			if i >= 128 {
				shift, of = i/64-1, i%64+64
			}
			return min(time.Duration((of+1)<<shift)*tick, l.Max())
		}
	}
	return 0
}
