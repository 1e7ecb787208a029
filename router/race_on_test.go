//go:build race

package router_test

// raceEnabled relaxes the guards of allocations: the race detector allocates too.
const raceEnabled = true
