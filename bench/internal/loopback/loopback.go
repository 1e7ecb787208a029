// Package loopback keeps the servers and the runs of this module on the
// machine they are started on: a measuring server has no authentication, no
// limits and no business on a network.
package loopback

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
)

// AddrPort reads "127.0.0.1:4100". Anything but a literal loopback address is
// refused; port 0 lets the system choose one.
func AddrPort(addr string) (netip.AddrPort, error) {
	ap, err := netip.ParseAddrPort(addr)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("loopback: address %q: write a literal address and port, such as 127.0.0.1:4100", addr)
	}
	if !ap.Addr().IsLoopback() {
		return netip.AddrPort{}, fmt.Errorf("loopback: address %q is reachable from other machines; a measuring server listens on 127.0.0.0/8 or ::1 only", addr)
	}
	return ap, nil
}

// Free returns an address that nobody listened on a moment ago.
func Free() (netip.AddrPort, error) {
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("loopback: finding a free port: %w", err)
	}
	defer ln.Close()
	return ln.Addr().(*net.TCPAddr).AddrPort(), nil
}

// Device is what the name of a device begins with whose other end is a process
// of this module.
const Device = "bennu"

// Secluded reports whether this network namespace leads to no other machine:
// no device is up but loopback and those that are this module's own.
func Secluded() bool {
	all, err := net.Interfaces()
	if err != nil {
		return false
	}
	for _, i := range all {
		if i.Flags&net.FlagUp != 0 && i.Flags&net.FlagLoopback == 0 && !strings.HasPrefix(i.Name, Device) {
			return false
		}
	}
	return true
}
