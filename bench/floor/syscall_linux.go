package main

import (
	"syscall"
	"unsafe"
)

// The three calls of the hot path skip the scheduler's bookkeeping: they never
// block, since every socket is non-blocking, and a floor pays for nothing that
// it could do without.

func read(fd int32, b []byte) (int, syscall.Errno) {
	for {
		n, _, e := syscall.RawSyscall(syscall.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
		if e != syscall.EINTR {
			return int(n), e
		}
	}
}

func write(fd int32, b []byte) (int, syscall.Errno) {
	for {
		n, _, e := syscall.RawSyscall(syscall.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
		if e != syscall.EINTR {
			return int(n), e
		}
	}
}

// accept takes no address from the kernel: nobody asks who is calling.
func accept(fd int) (int32, syscall.Errno) {
	for {
		n, _, e := syscall.RawSyscall6(syscall.SYS_ACCEPT4, uintptr(fd), 0, 0, syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0, 0)
		if e != syscall.EINTR {
			return int32(n), e
		}
	}
}
