//go:build !race

package presence

const (
	raceSlack       = 0
	longestHistory  = 7
	fewestHistories = 100_000
	longestPlay     = 5
	fewestPlays     = 8000
)
