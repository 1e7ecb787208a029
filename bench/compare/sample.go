package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// sample is what one run gave.
type sample struct {
	Round    int                `json:"round"`
	Scenario string             `json:"scenario"`
	Server   string             `json:"server"`
	Values   map[string]float64 `json:"values"`
	// Refused says that the server does not offer what the scenario needs.
	Refused bool `json:"refused,omitempty"`
	// Trouble says why the figures are not to be trusted; empty if they are.
	Trouble string `json:"trouble,omitempty"`
}

// withoutRelay drops what relays make of a run: how long it took.
func (s sample) withoutRelay() sample {
	maps.DeleteFunc(s.Values, func(key string, _ float64) bool {
		return strings.HasSuffix(key, "_ms") || strings.HasSuffix(key, "_per_s")
	})
	return s
}

// errNoResult is an output of the generator without a result.
var errNoResult = errors.New("the generator printed no result")

// readResult reads the generator's output, whose last line is a JSON object, for
// a run that wanted n connections.
func readResult(output []byte, n int) (sample, error) {
	lines := strings.Split(strings.TrimSpace(string(output)), "\n")
	var raw map[string]any
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &raw); err != nil {
		return sample{}, fmt.Errorf("%w: %w", errNoResult, err)
	}
	s := sample{Values: map[string]float64{}}
	for key, v := range raw {
		if number, ok := v.(float64); ok {
			s.Values[key] = number
		}
	}
	if _, ok := s.Values["joined"]; !ok {
		return sample{}, errNoResult
	}

	v := s.Values
	if seconds := v["secs"]; seconds > 0 {
		v["server_cpu_s"] = v["server_cpu_pct"] / 100 * seconds
		// Below zero it is noise of clocks that tick a hundred times a second.
		v["other_cpu_pct"] = max(0, v["host_busy_pct"]-v["server_cpu_pct"]-v["gen_cpu_pct"])
	}

	// A histogram without entries says zero for every latency.
	for key, n := range v {
		if name, ok := strings.CutSuffix(key, "_n"); ok && n == 0 {
			maps.DeleteFunc(v, func(key string, _ float64) bool {
				return strings.HasPrefix(key, name+"_") && strings.HasSuffix(key, "_ms")
			})
		}
	}

	var trouble []string
	complain := func(count float64, what string) {
		if count > 0 {
			trouble = append(trouble, fmt.Sprintf("%.0f %s", count, what))
		}
	}
	complain(float64(n)-v["joined"]-v["closed"], "connections not joined")
	complain(v["closed"], "connections lost")
	complain(v["undelivered_broadcasts"], "broadcasts not fully delivered")
	if seen, ok := v["saw_everyone"]; ok {
		complain(float64(n)-seen, "clients did not see everyone")
	}
	for _, key := range []string{"echo_per_s", "delivered_per_s"} {
		if rate, ok := v[key]; ok && rate == 0 {
			trouble = append(trouble, "nothing was answered")
		}
	}
	causes, _ := raw["errors"].(map[string]any)
	for _, cause := range slices.Sorted(maps.Keys(causes)) {
		count, _ := causes[cause].(float64)
		complain(count, "× "+cause)
		if v["joined"] == 0 && (strings.HasPrefix(cause, "join refused") || strings.HasPrefix(cause, "upgrade: HTTP/1.1 404")) {
			s.Refused = true
		}
	}
	s.Trouble = strings.Join(trouble, ", ")
	return s, nil
}
