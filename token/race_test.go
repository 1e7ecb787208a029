//go:build race

package token

// raceEnabled relaxes the guards of allocations: the race detector allocates too.
const raceEnabled = true
