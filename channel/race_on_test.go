//go:build race

package channel

// raced relaxes bounds on allocations: the race detector makes sync.Pool drop what it is given.
const raced = true
