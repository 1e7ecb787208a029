//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package jstest

import "context"

// lockFile does nothing where the system has no simple file lock: two tests may then install at once, and the rename of
// the second finds the folder of the first.
func lockFile(context.Context, string) (unlock func(), err error) {
	return func() {}, nil
}
