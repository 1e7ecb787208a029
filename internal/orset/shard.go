package orset

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// ShardConfig says how a [Shard] gossips. The zero value of every field but
// Replica stands for its default.
type ShardConfig struct {
	// Replica is the shard's own name and version, see NewReplica.
	Replica Replica
	// BroadcastPeriod is how often the owner calls Tick. Zero means 1.5 s.
	BroadcastPeriod time.Duration
	// MaxSilentPeriods is after how many ticks without news a heartbeat is
	// sent all the same. Zero means 10.
	MaxSilentPeriods int
	// DownPeriod is the silence after which another replica's rows are
	// hidden. Zero means 2 × MaxSilentPeriods × BroadcastPeriod. It must be at
	// least 2 × BroadcastPeriod, else replicas would be down between heartbeats.
	DownPeriod time.Duration
	// PermDownPeriod is the silence after which they are forgotten. Zero means
	// 20 minutes. It must exceed DownPeriod.
	PermDownPeriod time.Duration
	// ClockSamplePeriods is how many ticks heartbeats are collected for
	// before deciding whom to ask for a transfer. Zero means 2.
	ClockSamplePeriods int
	// MaxDeltaSizes are the sizes of the delta generations. Nil means 100,
	// 1,000 and 10,000 rows and dots.
	MaxDeltaSizes []int
}

func (c ShardConfig) withDefaults() ShardConfig {
	if c.BroadcastPeriod == 0 {
		c.BroadcastPeriod = 1500 * time.Millisecond
	}
	if c.MaxSilentPeriods == 0 {
		c.MaxSilentPeriods = 10
	}
	if c.DownPeriod == 0 {
		c.DownPeriod = 2 * time.Duration(c.MaxSilentPeriods) * c.BroadcastPeriod
	}
	if c.PermDownPeriod == 0 {
		c.PermDownPeriod = 20 * time.Minute
	}
	if c.ClockSamplePeriods == 0 {
		c.ClockSamplePeriods = 2
	}
	if c.MaxDeltaSizes == nil {
		c.MaxDeltaSizes = []int{100, 1_000, 10_000}
	}
	return c
}

func (c ShardConfig) validate() error {
	switch {
	case c.Replica.Name == "":
		return fmt.Errorf("orset: Replica has no name; every node needs its own")
	case c.BroadcastPeriod < 0 || c.MaxSilentPeriods < 0 || c.ClockSamplePeriods < 0:
		return fmt.Errorf("orset: BroadcastPeriod %v, MaxSilentPeriods %d and ClockSamplePeriods %d must not be negative",
			c.BroadcastPeriod, c.MaxSilentPeriods, c.ClockSamplePeriods)
	case c.DownPeriod < 2*c.BroadcastPeriod:
		return fmt.Errorf("orset: DownPeriod %v must be at least 2 × BroadcastPeriod, which is %v", c.DownPeriod, 2*c.BroadcastPeriod)
	case c.PermDownPeriod <= c.DownPeriod:
		return fmt.Errorf("orset: PermDownPeriod %v must be longer than DownPeriod, which is %v", c.PermDownPeriod, c.DownPeriod)
	}
	return nil
}

// Shard is the gossip of one state: what to send at every tick, and what to do
// with what arrives. The owner carries the messages and calls Tick every
// BroadcastPeriod (the first time after a random part of it, so that nodes
// started together do not speak together).
type Shard[M any] struct {
	config      ShardConfig
	state       *State[M]
	registry    *Registry
	generations *Generations[M]
	heard       map[Replica]Context // since the last decision on transfers
	silent      int                 // ticks since the last heartbeat
	sampled     int                 // ticks since the last decision
	request     uint64
	changes     []Change // since the last call of Changes
}

// NewShard returns a shard with an empty state. It returns an error if the
// periods contradict each other.
func NewShard[M any](config ShardConfig) (*Shard[M], error) {
	config = config.withDefaults()
	if err := config.validate(); err != nil {
		return nil, err
	}
	return &Shard[M]{
		config:      config,
		state:       New[M](config.Replica),
		registry:    NewRegistry(config.Replica, config.DownPeriod, config.PermDownPeriod),
		generations: NewGenerations[M](config.MaxDeltaSizes...),
		heard:       make(map[Replica]Context),
		silent:      config.MaxSilentPeriods, // the first tick announces the node
	}, nil
}

// State returns the state, on which the owner calls Join, Leave, Update and
// reads. Only the shard merges into it and resets its delta.
func (s *Shard[M]) State() *State[M] { return s.state }

// Config returns the configuration with defaults filled in.
func (s *Shard[M]) Config() ShardConfig { return s.config }

// Members returns the other replicas and their status.
func (s *Shard[M]) Members() []Member { return s.registry.Members() }

// Changes returns what Tick and Receive did to the status of others since it
// was last called.
func (s *Shard[M]) Changes() []Change {
	changes := s.changes
	s.changes = nil
	return changes
}

// Tick broadcasts news or a sign of life, asks for transfers if others are
// ahead, and hides or forgets who has been silent for too long.
func (s *Shard[M]) Tick(now time.Time) ([]Envelope[M], Diff[M]) {
	out := s.heartbeat(nil)
	out = s.catchUp(out)
	return out, s.apply(s.registry.DetectDown(now))
}

// Flush returns the news as a heartbeat, at once instead of with the next
// tick, or nothing if there is none.
func (s *Shard[M]) Flush() []Envelope[M] {
	if !s.state.HasDelta() {
		return nil
	}
	return s.heartbeat(nil)
}

// Farewell returns the message that makes all others forget this replica at
// once. The shard must not be used afterwards.
func (s *Shard[M]) Farewell() Envelope[M] {
	return Envelope[M]{Message: Message[M]{Kind: Farewell, From: s.config.Replica}}
}

// Receive takes in a message.
func (s *Shard[M]) Receive(m Message[M], now time.Time) ([]Envelope[M], Diff[M]) {
	if m.From.Name == s.config.Replica.Name {
		return nil, Diff[M]{} // from our last run, or from another node that uses our name
	}
	switch m.Kind {
	case Heartbeat:
		changes, ok := s.registry.Heartbeat(m.From, now)
		if !ok {
			return nil, Diff[M]{}
		}
		diff := s.apply(changes) // first: a merge ignores replicas not yet met
		s.heard[m.From] = m.Context
		if m.Delta != nil {
			diff = diff.then(s.merge(*m.Delta))
		}
		return nil, diff
	case Request:
		news := s.generations.Extract(s.state, m.From, m.Context)
		if len(news.Parts) == 0 {
			return nil, Diff[M]{} // it has caught up meanwhile
		}
		return []Envelope[M]{{To: m.From.Name, Message: Message[M]{
			Kind: Answer, From: s.config.Replica, ID: m.ID, Delta: &news,
		}}}, Diff[M]{}
	case Answer:
		if m.Delta == nil {
			return nil, Diff[M]{}
		}
		return nil, s.merge(*m.Delta)
	case Farewell:
		return nil, s.apply(s.registry.Farewell(m.From, now))
	}
	return nil, Diff[M]{}
}

func (s *Shard[M]) heartbeat(out []Envelope[M]) []Envelope[M] {
	m := Message[M]{Kind: Heartbeat, From: s.config.Replica, Context: s.state.Clocks().Context}
	switch {
	case s.state.HasDelta():
		delta := s.state.Delta()
		s.state.ResetDelta()
		s.generations.Push(delta)
		m.Delta = &delta
	case s.silent < s.config.MaxSilentPeriods:
		s.silent++
		return out
	}
	s.silent = 0
	return append(out, Envelope[M]{Message: m})
}

// catchUp requests transfers if it is time to.
func (s *Shard[M]) catchUp(out []Envelope[M]) []Envelope[M] {
	if s.sampled++; s.sampled < s.config.ClockSamplePeriods {
		return out
	}
	s.sampled = 0
	clock := s.state.Clocks()
	heard := make([]Clock, 0, len(s.heard))
	for ref, context := range s.heard {
		if _, up := clock.Context[ref]; up {
			heard = append(heard, Clock{ref, context})
		}
	}
	clear(s.heard)
	slices.SortFunc(heard, func(a, b Clock) int { return a.Replica.Compare(b.Replica) })
	for _, ref := range clock.Ahead(heard) {
		s.request++
		out = append(out, Envelope[M]{To: ref.Name, Message: Message[M]{
			Kind: Request, From: s.config.Replica, ID: s.request, Context: maps.Clone(clock.Context),
		}})
	}
	return out
}

// merge takes in somebody's knowledge and keeps it for those who ask.
func (s *Shard[M]) merge(d Delta[M]) Diff[M] {
	d = s.state.known(d)
	joins, leaves := s.state.Merge(d)
	s.generations.Push(d)
	return Diff[M]{joins, leaves}
}

func (s *Shard[M]) apply(changes []Change) (diff Diff[M]) {
	s.changes = append(s.changes, changes...)
	for _, c := range changes {
		switch c.Status {
		case Up:
			diff = diff.then(Diff[M]{Joins: s.state.ReplicaUp(c.Replica)})
		case Down:
			diff = diff.then(Diff[M]{Leaves: s.state.ReplicaDown(c.Replica)})
		case PermDown:
			diff = diff.then(Diff[M]{Leaves: s.state.RemoveDown(c.Replica)})
			s.generations.RemoveDown(c.Replica)
			delete(s.heard, c.Replica)
		}
	}
	return diff
}
