//go:build race

package csrf

const allowedAllocs = 8 // the race detector allocates too
