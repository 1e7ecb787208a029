//go:build !race

package csrf

const allowedAllocs = 0
