//go:build unix

package transport

import (
	"syscall"
	"testing"
)

func TestTheSoftFileLimitIsRaised(t *testing.T) {
	var was syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &was); err != nil {
		t.Fatal(err)
	}
	defer syscall.Setrlimit(syscall.RLIMIT_NOFILE, &was)
	low := was
	low.Cur = 900
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &low); err != nil {
		t.Fatal(err)
	}
	if n, ok := fileLimit(false); n != 900 || !ok {
		t.Errorf("looking at the limit: got %d %v, want 900", n, ok)
	}
	n, ok := fileLimit(true)
	if uint64(was.Max) < noFileLimit && (uint64(n) != uint64(was.Max) || !ok) {
		t.Errorf("raised to %d %v, want %d", n, ok, was.Max)
	}
}
