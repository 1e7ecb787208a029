//go:build race

package orset

// raceSlack: the race detector makes values escape that otherwise do not.
const raceSlack = 3
