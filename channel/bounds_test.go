package channel

import (
	"fmt"
	"testing"
	"time"
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
