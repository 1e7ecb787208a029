package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
)

// rounds is the order of a comparison and what has come of it.
type rounds struct {
	runner   runner
	count    int
	specs    []spec
	progress io.Writer     // a line for each run, for whoever waits
	keep     *json.Encoder // every sample
	report   results
	// left holds what is not run again and why: a server, or a server with a
	// scenario.
	left map[string]error
}

// errRefused leaves a scenario out, and is nobody's mistake.
var errRefused = errors.New("not offered")

// run runs everything, until ctx ends. What fails is left out from then on, and
// the rest goes on; the error tells of it in the end.
func (r *rounds) run(ctx context.Context) error {
	r.left = map[string]error{}
	for round := 1; round <= r.count; round++ {
		for _, sc := range r.report.scenarios {
			for i := range r.specs {
				s := r.specs[(i+round-1)%len(r.specs)]
				if !s.takesPart(sc) || r.left[s.name] != nil || r.left[s.name+" "+sc.name] != nil {
					continue
				}
				if err := r.one(ctx, round, sc, s); err != nil {
					return err
				}
				if ctx.Err() != nil {
					return r.failures()
				}
			}
		}
	}
	return r.failures()
}

func (r *rounds) one(ctx context.Context, round int, sc scenario, s spec) error {
	result, err := r.runner.run(ctx, sc, s)
	switch {
	case ctx.Err() != nil:
		return nil // whatever came of it was cut short
	case errors.Is(err, errStart):
		r.left[s.name] = err
	case err != nil:
		r.left[s.name+" "+sc.name] = err
	case result.Refused && !isBuiltin(s.name): // ours offer what they are asked for
		r.left[s.name+" "+sc.name] = errRefused
	}
	if err != nil {
		fmt.Fprintf(r.progress, "%d/%d %-12s %-14s %v\n", round, r.count, sc.name, s.name, err)
		return nil
	}
	result.Round = round
	r.report.samples = append(r.report.samples, result)
	fmt.Fprintf(r.progress, "%d/%d %-12s %-14s %s\n", round, r.count, sc.name, s.name, brief(sc, result))
	if err := r.keep.Encode(result); err != nil {
		return fmt.Errorf("keeping the runs: %w", err)
	}
	return nil
}

// failures are what was left out, and what was driven and never gave a figure:
// a server that does not answer must not pass for one that was measured.
func (r *rounds) failures() error {
	var all error
	for _, sc := range r.report.scenarios {
		for _, name := range r.report.servers {
			own := r.report.of(sc.name, name)
			trusted := slices.ContainsFunc(own, func(s sample) bool { return s.Trouble == "" })
			if len(own) > 0 && !trusted && r.left[name+" "+sc.name] != errRefused {
				all = errors.Join(all, fmt.Errorf("%s against %s gave no figures: %s", sc.name, name, own[len(own)-1].Trouble))
			}
		}
	}
	for _, what := range slices.Sorted(maps.Keys(r.left)) {
		if err := r.left[what]; err != errRefused {
			all = errors.Join(all, err)
		}
	}
	return all
}

// brief is a run in one line.
func brief(sc scenario, s sample) (line string) {
	if s.Trouble != "" {
		return s.Trouble
	}
	for _, c := range sc.columns {
		if v, ok := s.Values[c.key]; ok {
			line += fmt.Sprintf("%s %s  ", number(v, c.decimals), c.head)
		}
	}
	return line
}
