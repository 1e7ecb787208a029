//go:build race

package proc

// race says that the race detector is on: it allocates, and makes sync.Pool forget at random.
const race = true
