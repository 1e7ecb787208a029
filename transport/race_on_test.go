//go:build race

package transport

// raced relaxes bounds on allocations and sizes of storms.
const raced = true
