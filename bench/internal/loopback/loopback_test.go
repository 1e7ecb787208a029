package loopback

import "testing"

func TestAddrPort(t *testing.T) {
	for addr, ok := range map[string]bool{
		"127.0.0.1:4100": true, "127.9.9.9:0": true, "[::1]:80": true,
		":4100": false, "0.0.0.0:4100": false, "[::]:4100": false, "10.0.0.1:4100": false, "localhost:4100": false, "127.0.0.1": false, "": false,
	} {
		if ap, err := AddrPort(addr); (err == nil) != ok {
			t.Errorf("%q: got %v and %v, want accepted: %v", addr, ap, err, ok)
		}
	}
}

func TestFreeIsLoopback(t *testing.T) {
	ap, err := Free()
	if err != nil || !ap.Addr().IsLoopback() || ap.Port() == 0 {
		t.Errorf("got %v and %v", ap, err)
	}
}
