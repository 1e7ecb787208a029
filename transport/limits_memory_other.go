//go:build !linux

package transport

// systemMemory says that nothing is known.
func systemMemory() (available, total uint64) { return 0, 0 }
