//go:build race

package main

// race says that the race detector, which allocates, is on.
const race = true
