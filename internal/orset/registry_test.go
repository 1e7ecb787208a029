package orset

import (
	"testing"
	"time"
)

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func at(seconds int) time.Time { return epoch.Add(time.Duration(seconds) * time.Second) }

// newRegistry has a down period of 5 s and a permanent-down period of 10 s.
func newRegistry() *Registry {
	return NewRegistry(ref("self"), 5*time.Second, 10*time.Second)
}

func beat(t *testing.T, g *Registry, r Replica, second int, changes ...Change) {
	t.Helper()
	got, ok := g.Heartbeat(r, at(second))
	if !ok {
		t.Fatalf("heartbeat of %v ignored", r)
	}
	want(t, "changes", got, changes)
}

func TestReplicaNewHasUniqueVsn(t *testing.T) {
	a, b := NewReplica("name"), NewReplica("name")
	if a.Name != "name" || b.Name != "name" || a.Vsn == 0 || a.Vsn == b.Vsn {
		t.Errorf("got %v and %v", a, b)
	}
}

func TestReplicaRefIsNameAndVsn(t *testing.T) {
	want(t, "string", Replica{"name", 31}.String(), "name#1f")
	order := []Replica{{"a", 2}, {"b", 1}, {"b", 2}}
	for i, a := range order {
		for j, b := range order {
			if got := a.Compare(b); (got < 0) != (i < j) || (got == 0) != (i == j) {
				t.Errorf("%v with %v: got %d", a, b, got)
			}
		}
	}
}

func TestRegistryHeartbeatOfUnknownName(t *testing.T) {
	g := newRegistry()
	beat(t, g, ref("new"), 1, Change{ref("new"), Up})
	want(t, "members", g.Members(), []Member{{ref("new"), Up, at(1)}})
}

func TestRegistryHeartbeatOfKnownName(t *testing.T) {
	t.Run("up", func(t *testing.T) {
		g := newRegistry()
		beat(t, g, ref("existing"), 1, Change{ref("existing"), Up})
		beat(t, g, ref("existing"), 2)
		want(t, "members", g.Members(), []Member{{ref("existing"), Up, at(2)}})
	})
	t.Run("down", func(t *testing.T) {
		g := newRegistry()
		beat(t, g, ref("existing"), 1, Change{ref("existing"), Up})
		want(t, "downs", g.DetectDown(at(7)), []Change{{ref("existing"), Down}})
		beat(t, g, ref("existing"), 8, Change{ref("existing"), Up})
		want(t, "members", g.Members(), []Member{{ref("existing"), Up, at(8)}})
	})
}

func TestRegistryHeartbeatOfNewVersion(t *testing.T) {
	old, now := Replica{"n", 7}, Replica{"n", 3} // versions have no order
	t.Run("of an up replica", func(t *testing.T) {
		g := newRegistry()
		beat(t, g, old, 1, Change{old, Up})
		beat(t, g, now, 2, Change{old, Down}, Change{old, PermDown}, Change{now, Up})
		want(t, "members", g.Members(), []Member{{now, Up, at(2)}})
	})
	t.Run("of a down replica", func(t *testing.T) {
		g := newRegistry()
		beat(t, g, old, 1, Change{old, Up})
		want(t, "downs", g.DetectDown(at(7)), []Change{{old, Down}})
		beat(t, g, now, 8, Change{old, PermDown}, Change{now, Up})
	})
	t.Run("late heartbeats of the old one are ignored", func(t *testing.T) {
		g := newRegistry()
		beat(t, g, old, 1, Change{old, Up})
		beat(t, g, now, 2, Change{old, Down}, Change{old, PermDown}, Change{now, Up})
		if changes, ok := g.Heartbeat(old, at(3)); ok || changes != nil {
			t.Errorf("got %v, %t", changes, ok)
		}
		want(t, "members", g.Members(), []Member{{now, Up, at(2)}})
	})
	t.Run("and forgotten in the end", func(t *testing.T) {
		g := newRegistry()
		beat(t, g, old, 1, Change{old, Up})
		beat(t, g, now, 2, Change{old, Down}, Change{old, PermDown}, Change{now, Up})
		for second := 3; second < 14; second++ {
			beat(t, g, now, second)
			want(t, "downs", g.DetectDown(at(second)), nil)
		}
		if len(g.retired) != 0 {
			t.Errorf("still remembered: %v", g.retired)
		}
	})
}

func TestRegistryOwnName(t *testing.T) {
	g := newRegistry()
	for _, r := range []Replica{ref("self"), {"self", 99}} {
		if changes, ok := g.Heartbeat(r, at(1)); ok || changes != nil {
			t.Errorf("heartbeat of %v: got %v, %t", r, changes, ok)
		}
		want(t, "farewell", g.Farewell(r, at(1)), nil)
	}
}

func TestRegistryDetectDownTemporarily(t *testing.T) {
	g := newRegistry()
	beat(t, g, ref("tempdown"), 1, Change{ref("tempdown"), Up})
	want(t, "at the limit", g.DetectDown(at(6)), nil)
	want(t, "past it", g.DetectDown(at(7)), []Change{{ref("tempdown"), Down}})
	want(t, "once", g.DetectDown(at(8)), nil)
	want(t, "members", g.Members(), []Member{{ref("tempdown"), Down, at(1)}})
}

func TestRegistryDetectDownPermanently(t *testing.T) {
	g := newRegistry()
	beat(t, g, ref("a"), 1, Change{ref("a"), Up})
	beat(t, g, ref("b"), 1, Change{ref("b"), Up})
	want(t, "in one step", g.DetectDown(at(12)), []Change{
		{ref("a"), Down}, {ref("a"), PermDown}, {ref("b"), Down}, {ref("b"), PermDown},
	})
	want(t, "members", g.Members(), nil)

	beat(t, g, ref("a"), 13, Change{ref("a"), Up}) // it was only cut off
	want(t, "downs", g.DetectDown(at(14)), nil)
	want(t, "down", g.DetectDown(at(19)), []Change{{ref("a"), Down}})
	want(t, "at the limit", g.DetectDown(at(23)), nil)
	want(t, "permanently", g.DetectDown(at(24)), []Change{{ref("a"), PermDown}})
}

func TestRegistryDetectDownOfUpNode(t *testing.T) {
	g := newRegistry()
	beat(t, g, ref("up"), 1, Change{ref("up"), Up})
	want(t, "changes", g.DetectDown(at(1)), nil)
	want(t, "members", g.Members(), []Member{{ref("up"), Up, at(1)}})
}

func TestRegistryFarewell(t *testing.T) {
	g := newRegistry()
	beat(t, g, ref("a"), 1, Change{ref("a"), Up})
	want(t, "another version", g.Farewell(Replica{"a", 2}, at(2)), nil)
	want(t, "unknown name", g.Farewell(ref("x"), at(2)), nil)
	want(t, "changes", g.Farewell(ref("a"), at(2)), []Change{{ref("a"), Down}, {ref("a"), PermDown}})
	if _, ok := g.Heartbeat(ref("a"), at(3)); ok {
		t.Error("a late heartbeat brought it back")
	}
	beat(t, g, Replica{"a", 3}, 4, Change{Replica{"a", 3}, Up})
	want(t, "downs", g.DetectDown(at(10)), []Change{{Replica{"a", 3}, Down}})
	want(t, "farewell of a down one", g.Farewell(Replica{"a", 3}, at(11)), []Change{{Replica{"a", 3}, PermDown}})
}

// Whoever slept, or whose clock stepped, cannot tell who was silent.
func TestRegistryClockSteps(t *testing.T) {
	const hour = 3600
	for _, c := range []struct {
		name string
		step int
	}{{"forward", hour}, {"back", -hour}, {"by nothing", 0}} {
		t.Run(c.name, func(t *testing.T) {
			g := newRegistry()
			beat(t, g, ref("alive"), 0, Change{ref("alive"), Up})
			beat(t, g, ref("dead"), 0, Change{ref("dead"), Up})
			now := 0
			for range 3 {
				now++
				beat(t, g, ref("alive"), now)
				want(t, "before", g.DetectDown(at(now)), nil)
			}
			now += c.step
			want(t, "at once", g.DetectDown(at(now)), nil)
			var downs []Change
			for range 6 {
				now++
				beat(t, g, ref("alive"), now)
				downs = append(downs, g.DetectDown(at(now))...)
			}
			want(t, "downs", downs, []Change{{ref("dead"), Down}})
		})
	}
	t.Run("a beat between the step and the check", func(t *testing.T) {
		for _, step := range []int{hour, -hour} {
			g := newRegistry()
			beat(t, g, ref("a"), 0, Change{ref("a"), Up})
			want(t, "before", g.DetectDown(at(1)), nil)
			beat(t, g, ref("a"), 2+step)
			want(t, "after", g.DetectDown(at(3+step)), nil)
			want(t, "still", g.DetectDown(at(7+step)), nil)
			want(t, "silent since", g.DetectDown(at(9+step)), []Change{{ref("a"), Down}})
		}
	})
	t.Run("retired replicas stay retired", func(t *testing.T) {
		g := newRegistry()
		beat(t, g, ref("a"), hour, Change{ref("a"), Up})
		g.Farewell(ref("a"), at(hour))
		g.DetectDown(at(0))
		if _, ok := g.Heartbeat(ref("a"), at(1)); ok {
			t.Error("a step back let it in again")
		}
	})
}

func TestStatusString(t *testing.T) {
	for status, text := range map[Status]string{Up: "up", Down: "down", PermDown: "permdown", 0: "unknown"} {
		want(t, "status", status.String(), text)
	}
}
