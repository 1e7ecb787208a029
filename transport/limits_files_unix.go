//go:build unix

package transport

import "syscall"

// noFileLimit is from where on a limit stands for none.
const noFileLimit = 1 << 31

// fileLimit returns the soft limit of open files, after raising it to the hard one if that is asked for. The Go runtime raises it at start too, to one less; what
// is left to do here is for a limit that was lowered since. Not being allowed to is no error: what is in force counts.
func fileLimit(raise bool) (limit int, ok bool) {
	var r syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &r); err != nil {
		return 0, false
	}
	if raise && uint64(r.Cur)+1 < uint64(r.Max) && uint64(r.Max) < noFileLimit {
		higher := r
		higher.Cur = higher.Max
		if syscall.Setrlimit(syscall.RLIMIT_NOFILE, &higher) == nil {
			r = higher
		}
	}
	if uint64(r.Cur) >= noFileLimit {
		return 0, false
	}
	return int(r.Cur), true
}
