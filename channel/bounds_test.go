package channel

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/bennu-go/bennu/transport"
)

func TestSharedLimitsStayBounded(t *testing.T) {
	var l limits
	h := &handler{rate: Rate{N: 1, Per: time.Hour}}
	for i := range 3 * limitParts * maxLimits {
		l.allow(h, fmt.Sprint("room:", i))
	}
	n := 0
	for i := range l {
		n += len(l[i].m)
	}
	if n > limitParts*maxLimits {
		t.Errorf("%d limiters are kept, want %d at most", n, limitParts*maxLimits)
	}
	if !l.allow(h, "room:x") || l.allow(h, "room:x") {
		t.Error("a new key must be let through once")
	}
}

// A client with an id that is lost before it has been opened leaves nothing, for it was nowhere yet.
func TestAClientMayBeLostBeforeItIsOpened(t *testing.T) {
	w := newWorkshop(t, 1)
	w.socket.(*socket).connect = func(context.Context, *ConnectRequest) (any, string, error) { return nil, "users:1", nil }
	s, err := w.socket.Connect(context.Background(), &ConnectRequest{})
	if err != nil {
		t.Fatal(err)
	}
	s.Closed(transport.ErrLost)
	s, _ = w.connect(t)
	open := w.ps.Topics()
	s.Closed(transport.ErrLost)
	if after := w.ps.Topics(); open != 1 || after != 0 {
		t.Errorf("got %d topics while it was open and %d afterwards, want 1 and none", open, after)
	}
}

func TestAskingForAParameterThatThePatternLacksPanics(t *testing.T) {
	for _, tc := range []struct {
		pattern, name string
		ok            bool
	}{
		{"room:*", "*", true}, {"room:*", "id", false}, {"room:lobby", "*", false},
		{"tenant:{tenant}:room:{id}", "id", true}, {"tenant:{tenant}:room:{id}", "Id", false}, {"tenant:{tenant}:*", "*", true},
	} {
		p, err := parsePattern(tc.pattern)
		if err != nil {
			t.Fatal(err)
		}
		s := &Socket[int]{}
		s.core.def, s.core.topic = &definition{name: "test", pattern: p}, "tenant:a:room:b"
		func() {
			defer func() {
				if v := recover(); (v == nil) != tc.ok {
					t.Errorf("Param(%q) of %q: recovered %v", tc.name, tc.pattern, v)
				}
			}()
			s.Param(tc.name)
		}()
	}
}
