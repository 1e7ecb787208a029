//go:build unix

package transport

import (
	"crypto/tls"
	"net"
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

func TestTheSendBufferIsBounded(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	size := func(n int) int {
		nc, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		setSendBuffer(tls.Client(nc, &tls.Config{}), n)
		got := 0
		raw, err := nc.(syscall.Conn).SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		raw.Control(func(fd uintptr) { got, err = syscall.GetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_SNDBUF) })
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	systems, set := size(-1), size(64<<10)
	if set != 64<<10 && set != 128<<10 { // Linux says twice what was asked for
		t.Errorf("the buffer is %d bytes, want 64 KiB", set)
	}
	if systems == set {
		t.Errorf("negative gives %d bytes as well, not the system's", systems)
	}
}
