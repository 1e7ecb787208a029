//go:build !race

// Package race tells tests whether the race detector is on: it allocates, and it is slow.
package race

// Enabled says that the race detector is on.
const Enabled = false
