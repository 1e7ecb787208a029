package main

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
	"unsafe"

	"github.com/bennu-go/bennu/bench/internal/loopback"
)

// Requests of ioctl that package syscall has no names for.
const (
	tunSetIff     = 0x400454ca
	tunSetOffload = 0x400454d0
	iffTun        = 0x0001
	iffNoPI       = 0x1000
	iffVnetHdr    = 0x4000
	offloadCsum   = 1
	setTxQueueLen = 0x8943
)

const device = loopback.Device + "0"

// A tun is a TUN device: what one writes to it, the kernel receives.
type tun struct{ fd int }

// newTun makes the device, with the network 10.0.0.0/8 behind it and 10.0.0.1 as the kernel's own address. It has room for queue packets.
func newTun(queue int) (*tun, error) {
	fd, err := syscall.Open("/dev/net/tun", syscall.O_RDWR|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("opening /dev/net/tun: %w", err)
	}
	if err := setUp(fd, queue); err != nil {
		syscall.Close(fd)
		return nil, err
	}
	return &tun{fd}, nil
}

func setUp(fd, queue int) error {
	type step struct {
		what string
		do   func() error
	}
	s, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_DGRAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("making a socket: %w", err)
	}
	defer syscall.Close(s)
	for _, st := range []step{
		{"making the TUN device", func() error { return request(fd, tunSetIff, device, iffTun|iffNoPI|iffVnetHdr) }},
		{"leaving checksums out", func() error { return ioctl(fd, tunSetOffload, offloadCsum) }},
		{"setting its queue", func() error {
			if err := request(s, setTxQueueLen, device, uint32(queue)); err != syscall.EPERM { // the machine's root may; without, broadcasts to more than some hundred lose packets
				return err
			}
			return nil
		}},
		{"setting its address", func() error { return address(s, syscall.SIOCSIFADDR, [4]byte{10, 0, 0, 1}) }},
		{"setting its network", func() error { return address(s, syscall.SIOCSIFNETMASK, [4]byte{255, 0, 0, 0}) }},
		{"turning it on", func() error { return request(s, syscall.SIOCSIFFLAGS, device, syscall.IFF_UP) }},
		{"turning loopback on", func() error { return request(s, syscall.SIOCSIFFLAGS, "lo", syscall.IFF_UP) }},
	} {
		if err := st.do(); err != nil {
			return fmt.Errorf("%s: %w", st.what, err)
		}
	}
	return nil
}

// ifreq is what requests about a device carry.
type ifreq struct {
	name [16]byte
	data [24]byte
}

func request(fd int, what uintptr, name string, value uint32) error {
	var r ifreq
	copy(r.name[:], name)
	*(*uint32)(unsafe.Pointer(&r.data)) = value
	return ioctl(fd, what, uintptr(unsafe.Pointer(&r)))
}

func address(fd int, what uintptr, a [4]byte) error {
	var r ifreq
	copy(r.name[:], device)
	*(*syscall.RawSockaddrInet4)(unsafe.Pointer(&r.data)) = syscall.RawSockaddrInet4{Family: syscall.AF_INET, Addr: a}
	return ioctl(fd, what, uintptr(unsafe.Pointer(&r)))
}

//go:uintptrescapes
func ioctl(fd int, what, arg uintptr) error {
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), what, arg); errno != 0 {
		return errno
	}
	return nil
}

// Read implements crowd.Link.
func (t *tun) Read(b []byte) (int, error) {
	n, _, errno := syscall.RawSyscall(syscall.SYS_READ, uintptr(t.fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)))
	switch errno {
	case 0:
		return int(n), nil
	case syscall.EAGAIN, syscall.EINTR:
		return 0, nil
	}
	return 0, os.NewSyscallError("read", errno)
}

// Write implements crowd.Link. What the kernel has no room for is lost, as on any network.
func (t *tun) Write(b []byte) error {
	for {
		_, _, errno := syscall.RawSyscall(syscall.SYS_WRITE, uintptr(t.fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)))
		switch {
		case errno == 0 || errno == syscall.EAGAIN || errno == syscall.ENOBUFS:
			return nil
		case !errors.Is(errno, syscall.EINTR):
			return os.NewSyscallError("write", errno)
		}
	}
}

// Wait implements crowd.Link.
func (t *tun) Wait(d time.Duration) {
	type pollFD struct {
		fd              int32
		events, revents int16
	}
	p := pollFD{fd: int32(t.fd), events: 1} // POLLIN
	ts := syscall.NsecToTimespec(max(d, 0).Nanoseconds())
	syscall.Syscall6(syscall.SYS_PPOLL, uintptr(unsafe.Pointer(&p)), 1, uintptr(unsafe.Pointer(&ts)), 0, 0, 0)
}

func (t *tun) close() { syscall.Close(t.fd) }
