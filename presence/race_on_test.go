//go:build race

package presence

const (
	raceSlack       = 1_000 // the race detector allocates
	longestHistory  = 5
	fewestHistories = 3_000
	longestPlay     = 3
	fewestPlays     = 100
)
