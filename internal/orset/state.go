package orset

import (
	"iter"
	"maps"
	"math"
	"slices"
)

// State is what one replica knows: its own rows and those of the replicas it
// has met. Make one with [New].
type State[M any] struct {
	self      *replica[M]
	replicas  map[Replica]*replica[M]
	topics    map[string]*topic[M]
	processes map[uint64]*entry[M] // own rows, one list for each process
	start     uint64               // own clock when the delta was last reset
	removed   []uint64             // own dots up to start, removed since
}

// replica is what is known of one replica.
type replica[M any] struct {
	ref  Replica
	down bool
	seen Dots
	rows map[uint64]*entry[M] // by dot
}

// New returns the empty state of a replica, which knows only itself.
func New[M any](self Replica) *State[M] {
	s := &State[M]{
		replicas:  make(map[Replica]*replica[M]),
		topics:    make(map[string]*topic[M]),
		processes: make(map[uint64]*entry[M]),
	}
	s.self = s.meet(self)
	return s
}

// Replica returns whose state this is.
func (s *State[M]) Replica() Replica { return s.self.ref }

// Len returns the number of visible rows.
func (s *State[M]) Len() int {
	n := 0
	for _, r := range s.replicas {
		if !r.down {
			n += len(r.rows)
		}
	}
	return n
}

// Join adds a row of an own process. It reports false, and changes nothing, if
// the process already has the key in the topic.
func (s *State[M]) Join(topic string, process uint64, key string, meta M) (Row[M], bool) {
	if s.own(topic, process, key) != nil {
		return Row[M]{}, false
	}
	return s.insert(s.self, topic, process, key, meta, s.tick()).row(), true
}

// Leave removes a row of an own process and returns it. It reports false if
// there is none.
func (s *State[M]) Leave(topic string, process uint64, key string) (Row[M], bool) {
	e := s.own(topic, process, key)
	if e == nil {
		return Row[M]{}, false
	}
	row := e.row()
	s.leave(e)
	s.tick()
	return row, true
}

// LeaveAll removes all rows of an own process and returns them, sorted.
func (s *State[M]) LeaveAll(process uint64) []Row[M] {
	rows := s.GetByPid(process)
	for s.processes[process] != nil {
		s.leave(s.processes[process])
	}
	if len(rows) > 0 {
		s.tick() // one dot proves all of these removals: they travel together
	}
	return rows
}

// Update replaces the meta of a row of an own process and returns the row
// before and after; no read and no delta sees the process without the key. It
// reports false if there is no such row.
func (s *State[M]) Update(topic string, process uint64, key string, meta M) (before, after Row[M], ok bool) {
	e := s.own(topic, process, key)
	if e == nil {
		return before, after, false
	}
	before = e.row()
	s.leave(e)
	s.tick()
	return before, s.insert(s.self, topic, process, key, meta, s.tick()).row(), true
}

// Get returns the row of an own process.
func (s *State[M]) Get(topic string, process uint64, key string) (Row[M], bool) {
	e := s.own(topic, process, key)
	if e == nil {
		return Row[M]{}, false
	}
	return e.row(), true
}

// Topic iterates over the visible rows of a topic, by key, then process. The
// state must not change meanwhile.
func (s *State[M]) Topic(topic string) iter.Seq[Row[M]] {
	return func(yield func(Row[M]) bool) {
		t := s.topics[topic]
		if t == nil {
			return
		}
		for e := range t.from(&place{}) {
			if !e.replica.down && !yield(e.row()) {
				return
			}
		}
	}
}

// Count returns how many rows Topic iterates over at most: hidden ones of down
// replicas count too.
func (s *State[M]) Count(topic string) int {
	if t := s.topics[topic]; t != nil {
		return t.len
	}
	return 0
}

// HasKey reports whether a topic has a visible row of a key.
func (s *State[M]) HasKey(topic, key string) bool {
	if t := s.topics[topic]; t != nil {
		for e := range t.from(&place{key: key}) {
			if e.key != key {
				break
			}
			if !e.replica.down {
				return true
			}
		}
	}
	return false
}

// GetByTopic returns the visible rows of a topic, by key, then process.
func (s *State[M]) GetByTopic(topic string) []Row[M] {
	t := s.topics[topic]
	if t == nil {
		return nil
	}
	return slices.AppendSeq(make([]Row[M], 0, t.len), s.Topic(topic))
}

// Dirty returns all rows of a topic, hidden ones of down replicas included.
func (s *State[M]) Dirty(topic string) []Row[M] {
	var rows []Row[M]
	if t := s.topics[topic]; t != nil {
		for e := range t.from(&place{}) {
			rows = append(rows, e.row())
		}
	}
	return rows
}

// GetByKey returns the visible rows of a key in a topic, by process.
func (s *State[M]) GetByKey(topic, key string) []Row[M] {
	var rows []Row[M]
	if t := s.topics[topic]; t != nil {
		for e := range t.from(&place{key: key}) {
			if e.key != key {
				break
			}
			if !e.replica.down {
				rows = append(rows, e.row())
			}
		}
	}
	return rows
}

// GetByPid returns the rows of an own process, by topic, then key. Processes of
// other replicas are not indexed: only their own replica sees them exit.
func (s *State[M]) GetByPid(process uint64) []Row[M] {
	var entries []*entry[M]
	for e := s.processes[process]; e != nil; e = e.next {
		entries = append(entries, e)
	}
	return sortedRows(entries)
}

// List returns all visible rows, sorted as joins are.
func (s *State[M]) List() []Row[M] {
	var entries []*entry[M]
	for _, r := range s.replicas {
		if !r.down {
			entries = slices.AppendSeq(entries, maps.Values(r.rows))
		}
	}
	return sortedRows(entries)
}

// Context returns what is known of each replica that has been met, down ones
// included.
func (s *State[M]) Context() Context {
	c := make(Context, len(s.replicas))
	for ref, r := range s.replicas {
		c[ref] = r.seen.Context()
	}
	return c
}

// Clocks returns the clock to gossip. Down replicas are left out: somebody who
// has not met one would ask for its rows again and again.
func (s *State[M]) Clocks() Clock {
	c := make(Context, len(s.replicas))
	for ref, r := range s.replicas {
		if !r.down {
			c[ref] = r.seen.Context()
		}
	}
	return Clock{s.self.ref, c}
}

// Clouds returns the dots of a replica that were seen after the first gap.
func (s *State[M]) Clouds(ref Replica) Dots {
	r := s.replicas[ref]
	if r == nil {
		return nil
	}
	return slices.Clone(r.seen.Cloud())
}

// own returns the entry of an own row, or nil.
func (s *State[M]) own(topic string, process uint64, key string) *entry[M] {
	t := s.topics[topic]
	if t == nil {
		return nil
	}
	b, i := t.find(&place{key: key, replica: s.self.ref, process: process})
	if i == len(t.blocks[b]) {
		return nil
	}
	e := t.blocks[b][i]
	if e.key != key || e.replica != s.self || e.process != process {
		return nil
	}
	return e
}

// tick makes the next own dot.
func (s *State[M]) tick() uint64 {
	dot := s.self.seen.Context() + 1
	s.self.seen = s.self.seen.Add(dot, dot)
	return dot
}

// leave removes an own row; the caller ticks.
func (s *State[M]) leave(e *entry[M]) {
	if e.clock <= s.start {
		s.removed = append(s.removed, e.clock)
	}
	s.remove(e)
}

// meet makes a replica known.
func (s *State[M]) meet(ref Replica) *replica[M] {
	r := &replica[M]{ref: ref, rows: make(map[uint64]*entry[M])}
	s.replicas[ref] = r
	return r
}

// insert puts a row in every index.
func (s *State[M]) insert(r *replica[M], name string, process uint64, key string, meta M, dot uint64) *entry[M] {
	t := s.topics[name]
	if t == nil {
		t = &topic[M]{name: name}
		s.topics[name] = t
	}
	e := &entry[M]{topic: t, replica: r, key: key, process: process, clock: dot, meta: meta}
	t.insert(e)
	r.rows[dot] = e
	if r == s.self {
		if first := s.processes[process]; first != nil {
			e.next, first.prev = first, e
		}
		s.processes[process] = e
	}
	return e
}

// remove takes a row out of every index.
func (s *State[M]) remove(e *entry[M]) {
	e.topic.remove(e)
	if e.topic.len == 0 {
		delete(s.topics, e.topic.name)
	}
	delete(e.replica.rows, e.clock)
	if e.replica != s.self {
		return
	}
	if e.next != nil {
		e.next.prev = e.prev
	}
	switch {
	case e.prev != nil:
		e.prev.next = e.next
	case e.next != nil:
		s.processes[e.process] = e.next
	default:
		delete(s.processes, e.process)
	}
	e.prev, e.next = nil, nil
}

// maxKept bounds the memory that a burst of leaves leaves behind.
const maxKept = 1024

// HasDelta reports whether anything happened here since the last ResetDelta.
func (s *State[M]) HasDelta() bool {
	return s.self.seen.Context() > s.start
}

// ResetDelta makes the next delta start here.
func (s *State[M]) ResetDelta() {
	s.start = s.self.seen.Context()
	if cap(s.removed) > maxKept {
		s.removed = nil
	}
	s.removed = s.removed[:0]
}

// Delta returns what happened here since the last ResetDelta. For concurrency
// it counts as a method that writes.
func (s *State[M]) Delta() Delta[M] {
	end := s.self.seen.Context()
	p := Part[M]{Replica: s.self.ref, Start: s.start, End: end}
	slices.Sort(s.removed)
	for _, dot := range s.removed {
		p.Seen = p.Seen.Add(dot, dot)
	}
	if end > s.start {
		p.Seen = p.Seen.Add(s.start+1, end)
	}
	for dot := s.start + 1; dot <= end; dot++ {
		if e := s.self.rows[dot]; e != nil {
			p.Rows = append(p.Rows, e.row())
		}
	}
	return Delta[M]{Parts: []Part[M]{p}}
}

// maxDot is where dots end. Nothing reaches it by counting.
const maxDot = math.MaxInt64
