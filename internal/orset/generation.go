package orset

import "slices"

// Generations are the recent deltas, own and received, accumulated to several
// sizes, so that a replica that is a little behind is sent a little. The zero
// value keeps none.
type Generations[M any] struct {
	max  []int
	gens []Delta[M] // as many as max, or none
}

// NewGenerations returns an accumulator for each maximal [Delta.Size], which
// should ascend.
func NewGenerations[M any](max ...int) *Generations[M] {
	return &Generations[M]{max: slices.Clone(max)}
}

// Push adds a delta, own or received, that is already merged into the state.
// A generation that grows beyond its maximum starts over with what the
// smaller one has just become (or with the delta, where that too is too
// large); one in which the delta would leave a gap stays as it is. All there is
// to know of a replica is not kept when it is larger than the largest
// generation: the state has it.
func (g *Generations[M]) Push(d Delta[M]) {
	for i := range d.Parts {
		p := &d.Parts[i]
		if p.Start == 0 && len(g.max) > 0 && p.size() > g.max[len(g.max)-1] {
			g.RemoveDown(p.Replica) // what it has of it would not fit to what follows
			g.Push(d.Without(p.Replica))
			return
		}
	}
	if len(d.Parts) == 0 {
		return
	}
	if g.gens == nil {
		for range g.max {
			g.gens = append(g.gens, d)
		}
		return
	}
	smaller := d
	for i, gen := range g.gens {
		merged, ok := gen.Merge(d)
		if !ok {
			smaller = gen
			continue
		}
		switch {
		case merged.Size() <= g.max[i]:
			g.gens[i] = merged
		case smaller.Size() <= g.max[i]:
			g.gens[i] = smaller
		default:
			g.gens[i] = d
		}
		smaller = merged
	}
}

// RemoveDown forgets a replica.
func (g *Generations[M]) RemoveDown(ref Replica) {
	for i, gen := range g.gens {
		g.gens[i] = gen.Without(ref)
	}
}

// Extract answers a request for transfer from a replica with the given
// context: for each replica on which it is behind, the smallest part at hand
// that brings it as far as the state is and leaves it no gap, which at worst is all the
// state knows. One answer is enough for the asker to be level with the state.
func (g *Generations[M]) Extract(s *State[M], to Replica, known Context) Delta[M] {
	return s.extract(to, known, func(ref Replica, clock, context uint64) *Part[M] {
		for i := range g.gens {
			p := g.gens[i].part(ref)
			if p != nil && p.Start <= clock && clock < p.End && p.End >= context {
				return p
			}
		}
		return nil
	})
}

// List returns the generations, smallest first.
func (g *Generations[M]) List() []Delta[M] {
	return slices.Clone(g.gens)
}
