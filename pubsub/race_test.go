//go:build race

package pubsub_test

// raceEnabled relaxes the guards of allocations: the race detector allocates too, and empties pools at random.
const raceEnabled = true
