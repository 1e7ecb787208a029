//go:build !race

package orset

const (
	raceSlack = 0
	longest   = 4
	fewest    = 40_000 // situations they lead to
)
