//go:build !race

package presence

const (
	raceSlack       = 0
	longestHistory  = 8
	fewestHistories = 500_000
	longestPlay     = 5
	fewestPlays     = 8000
)
