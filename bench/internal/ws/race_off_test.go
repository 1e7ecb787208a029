//go:build !race

package ws

// race says that the race detector, which allocates, is on.
const race = false
