package channel

import (
	"encoding/json"
	"testing"
	"unsafe"
)

// allocs relaxes a bound when the race detector is on.
func allocs(bound float64) float64 {
	if raced {
		return bound + 20
	}
	return bound
}

func TestEchoAllocates(t *testing.T) {
	for _, c := range []struct {
		event string
		bound float64
	}{
		{"echo", 1},  // the payload, which the handler may keep
		{"typed", 5}, // and what is decoded and encoded
		{"nope", 3},  // and the name, and the answer
	} {
		s, client := joinedClient(t, newWorkshop(t, 1))
		message := []byte(`["1","2","room:a","` + c.event + `",{"Body":"how do you do"}]`)
		if n := testing.AllocsPerRun(1000, func() { receive(t, s, client, message) }); n > allocs(c.bound) {
			t.Errorf("%s: %v allocations, want at most %v", c.event, n, c.bound)
		}
	}
}

func TestHeartbeatAllocatesNothing(t *testing.T) {
	s, client := joinedClient(t, newWorkshop(t, 1))
	message := []byte(`[null,"2","phoenix","heartbeat",{}]`)
	if n := testing.AllocsPerRun(1000, func() { receive(t, s, client, message) }); n > allocs(0) {
		t.Errorf("%v allocations", n)
	}
}

func TestJoinAndLeaveAllocate(t *testing.T) {
	s, client := newWorkshop(t, 1).connect(t)
	join, leave := []byte(`["1","1","room:a","phx_join",{}]`), []byte(`["1","2","room:a","phx_leave",{}]`)
	const bound = 10
	if n := testing.AllocsPerRun(1000, func() {
		receive(t, s, client, join)
		receive(t, s, client, leave)
		<-client.got // phx_close
	}); n > allocs(bound) {
		t.Errorf("%v allocations, want at most %d", n, bound)
	}
}

func TestBroadcastAllocatesNothingPerMember(t *testing.T) {
	payload := json.RawMessage(`{"body":"how do you do"}`)
	per := map[int]float64{}
	for _, members := range []int{1, 1000} {
		w := newWorkshop(t, 1)
		for range members {
			_, c := joinedClient(t, w)
			c.got = nil
		}
		shard := w.shards.Pick()
		per[members] = testing.AllocsPerRun(100, func() {
			if err := Broadcast(w.ps, "room:a", "shout", payload); err != nil {
				t.Fatal(err)
			}
			done := make(chan struct{})
			shard.PostFunc(func() { close(done) })
			<-done
		})
	}
	const bound = 12
	if per[1000] > allocs(bound) || per[1000] > allocs(per[1]+1) {
		t.Errorf("allocations by members: %v, want at most %d, whatever their number", per, bound)
	}
}

func TestSizes(t *testing.T) {
	for _, c := range []struct {
		what        string
		size, bound uintptr
	}{
		{"core", unsafe.Sizeof(core{}), 240},
		{"Socket[struct{}]", unsafe.Sizeof(Socket[struct{}]{}), 240},
		{"Socket[*int]", unsafe.Sizeof(Socket[*int]{}), 256},
		{"session", unsafe.Sizeof(session{}), 80},
	} {
		t.Logf("%s takes %d bytes", c.what, c.size)
		if c.size > c.bound {
			t.Errorf("%s takes %d bytes, want at most %d", c.what, c.size, c.bound)
		}
	}
}
