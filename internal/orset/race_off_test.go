//go:build !race

package orset

const raceSlack = 0
