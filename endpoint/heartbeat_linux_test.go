package endpoint

import (
	"net"
	"syscall"
	"testing"

	"github.com/bennu-go/bennu/internal/frame"
)

// A heartbeat of a joined client, over TCP and back, allocates nothing anywhere in the process.
func TestAHeartbeatAllocatesNothing(t *testing.T) {
	a := run(t, nil)
	nc, err := net.Dial("tcp", a.addr)
	if err != nil {
		t.Fatal(err)
	}
	c := dial(t, nc, "/socket/websocket?vsn=2.0.0")
	c.send(`["1","1","room:1","phx_join",{}]`)
	c.want(`["1","1","room:1","phx_reply",{"status":"ok","response":{}}]`)
	file, err := nc.(*net.TCPConn).File()
	if err != nil {
		t.Fatal(err)
	}
	nc.Close()
	defer file.Close()
	fd := int(file.Fd()) // blocking, and without the cost of package net
	heartbeat := frame.AppendMasked(nil, frame.Text, true, [4]byte{1, 2, 3, 4}, []byte(`[null,"7","phoenix","heartbeat",{}]`))
	answer := `[null,"7","phoenix","phx_reply",{"status":"ok","response":{}}]`
	buf := make([]byte, 2+len(answer))
	n := testing.AllocsPerRun(300, func() {
		if _, err := syscall.Write(fd, heartbeat); err != nil {
			t.Fatal(err)
		}
		for got := 0; got < len(buf); {
			n, err := syscall.Read(fd, buf[got:])
			if err != nil || n == 0 {
				t.Fatal(n, err)
			}
			got += n
		}
	})
	if string(buf[2:]) != answer {
		t.Errorf("got %q, want %q", buf[2:], answer)
	}
	if n >= 1 {
		t.Errorf("a heartbeat takes %v allocations, want none", n)
	}
}
