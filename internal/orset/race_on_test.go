//go:build race

package orset

const (
	raceSlack = 3 // allocations: the detector makes values escape
	longest   = 3 // operations in a small history, and
	fewest    = 4_000
)
