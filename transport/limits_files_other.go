//go:build !unix

package transport

// fileLimit says that there is none.
func fileLimit(bool) (limit int, ok bool) { return 0, false }
