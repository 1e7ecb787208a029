package orset

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// bits is the naive set that Dots is compared with.
type bits [64]bool

func (b bits) dots() (d Dots) {
	for i := 1; i < len(b); i++ {
		if !b[i] {
			continue
		}
		if n := len(d); n > 0 && d[n-1].Last == uint64(i-1) {
			d[n-1].Last++
		} else {
			d = append(d, Span{uint64(i), uint64(i)})
		}
	}
	return d
}

func randomDots(r *rand.Rand) (d Dots, b bits) {
	for range r.IntN(6) {
		first := 1 + r.IntN(len(b)-1)
		last := min(first+r.IntN(6), len(b)-1)
		d = d.Add(uint64(first), uint64(last))
		for i := first; i <= last; i++ {
			b[i] = true
		}
	}
	return d, b
}

func same(t *testing.T, what string, got, want Dots) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Fatalf("%s: got %v, want %v", what, got, want)
	}
}

func TestDotsAgainstBits(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		a, abits := randomDots(r)
		b, bbits := randomDots(r)
		same(t, "dots", a, abits.dots())
		var union bits
		n, context, last := uint64(0), uint64(0), uint64(0)
		for i := 1; i < len(union); i++ {
			union[i] = abits[i] || bbits[i]
			if a.Has(uint64(i)) != abits[i] {
				t.Fatalf("%v has %d: got %t", a, i, !abits[i])
			}
			if abits[i] {
				n, last = n+1, uint64(i)
			}
			if abits[i] && context == uint64(i-1) {
				context++
			}
		}
		if a.Len() != n || a.Context() != context || a.Last() != last || a.Cloud().Len() != n-context {
			t.Fatalf("%v: Len %d, Context %d, Last %d, Cloud %v", a, a.Len(), a.Context(), a.Last(), a.Cloud())
		}
		same(t, "union", a.Union(b), union.dots())
		same(t, "inclusion", a.include(b), union.dots())
	}
}
