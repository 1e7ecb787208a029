package orset

import (
	"cmp"
	"slices"
	"time"
)

// Status is what a replica is held for.
type Status uint8

// A replica is Up while it is heard, Down when it has been silent, and
// PermDown when it will not be waited for any longer.
const (
	Up Status = iota + 1
	Down
	PermDown
)

// String returns the status in words.
func (s Status) String() string {
	switch s {
	case Up:
		return "up"
	case Down:
		return "down"
	case PermDown:
		return "permdown"
	}
	return "unknown"
}

// Change is a replica and the status it now has.
type Change struct {
	Replica Replica
	Status  Status
}

// Member is a replica that is known by its heartbeats.
type Member struct {
	Replica Replica
	Status  Status // Up or Down
	Heard   time.Time
}

// Registry decides from heartbeats and silence which replicas are up. Each
// name has one member: a new version of a name supersedes the old one.
//
// Times passed to it should come from one source. Silence is counted only
// while the registry is looked after: when [Registry.DetectDown] was not
// called for longer than the down period, or time went back, the sleep or the step of
// the clock is not held against the others.
type Registry struct {
	self     string
	down     time.Duration
	permDown time.Duration
	members  map[string]*Member
	retired  map[Replica]time.Time // superseded, or said farewell
	checked  time.Time             // last DetectDown
}

// NewRegistry returns the empty registry of a replica that holds others for
// down after one period of silence and for permanently down after another.
func NewRegistry(self Replica, down, permDown time.Duration) *Registry {
	return &Registry{
		self: self.Name, down: down, permDown: permDown,
		members: make(map[string]*Member), retired: make(map[Replica]time.Time),
	}
}

// Heartbeat notes that ref was heard, and returns what that changes, in the
// order in which it is to be applied: the downfall of the version it supersedes,
// then ref up. It reports false if the message should be ignored altogether:
// ref is an earlier version than one already heard, or has said farewell, or has our
// own name (an echo of our own last run, or another node with the same name).
func (g *Registry) Heartbeat(ref Replica, now time.Time) ([]Change, bool) {
	if _, gone := g.retired[ref]; gone || ref.Name == g.self {
		return nil, false
	}
	var changes []Change
	m := g.members[ref.Name]
	switch {
	case m == nil:
		changes = []Change{{ref, Up}}
	case m.Replica != ref:
		g.retired[m.Replica] = now
		changes = append(m.end(), Change{ref, Up})
	case m.Status == Down:
		changes = []Change{{ref, Up}}
	default:
		m.Heard = now
		return nil, true
	}
	g.members[ref.Name] = &Member{Replica: ref, Status: Up, Heard: now}
	return changes, true
}

// DetectDown returns which replicas have now been silent for longer than the
// down or the permanent-down period, by name.
func (g *Registry) DetectDown(now time.Time) []Change {
	slept := now.Sub(g.checked)
	if g.checked.IsZero() || slept <= g.down {
		slept = 0
	}
	g.checked = now
	for _, m := range g.members {
		m.Heard = earlier(m.Heard.Add(slept), now)
	}
	var changes []Change
	for _, m := range g.Members() {
		switch silent := now.Sub(m.Heard); {
		case silent > g.permDown:
			changes = append(changes, m.end()...)
			delete(g.members, m.Replica.Name)
		case silent > g.down && m.Status == Up:
			g.members[m.Replica.Name].Status = Down
			changes = append(changes, Change{m.Replica, Down})
		}
	}
	for ref, since := range g.retired {
		g.retired[ref] = earlier(since, now)
		if now.Sub(since) > g.permDown {
			delete(g.retired, ref)
		}
	}
	return changes
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// Farewell notes that ref leaves for good, and returns what that changes.
// Nothing does if ref is not the version of its name that is known.
func (g *Registry) Farewell(ref Replica, now time.Time) []Change {
	if ref.Name == g.self {
		return nil
	}
	g.retired[ref] = now // heartbeats may be under way still
	m := g.members[ref.Name]
	if m == nil || m.Replica != ref {
		return nil
	}
	delete(g.members, ref.Name)
	return m.end()
}

// Members returns the members by name.
func (g *Registry) Members() []Member {
	ms := make([]Member, 0, len(g.members))
	for _, m := range g.members {
		ms = append(ms, *m)
	}
	slices.SortFunc(ms, func(a, b Member) int { return cmp.Compare(a.Replica.Name, b.Replica.Name) })
	return ms
}

// end returns the changes that take a member from its status to PermDown.
func (m *Member) end() []Change {
	if m.Status == Down {
		return []Change{{m.Replica, PermDown}}
	}
	return []Change{{m.Replica, Down}, {m.Replica, PermDown}}
}
