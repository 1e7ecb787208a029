package transport

import (
	"log/slog"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"github.com/bennu-go/bennu/internal/stack"
	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
	"github.com/bennu-go/bennu/telemetry"
)

// maxJoined is how many bytes of neighbouring messages share a write.
const maxJoined = 16 << 10

// maxSnapshot is how many members a shard that rests has room for.
const maxSnapshot = 1 << 16

// maxTurn is how many items and members are served before the shard looks at its connections again.
const maxTurn = 256

// A Member is one connection's place in one topic. It is embedded in what joined and belongs to its Shard while joined.
type Member struct {
	Conn    Conn
	Process *proc.Process // whose own BroadcastFrom does not come back; may be nil
	Target  Target        // nil: every message goes straight to the client
	group   *group
	index   int
}

// A Target takes messages of a topic itself instead of, or before, the client.
type Target interface {
	// Intercepts reports whether the message goes to Intercepted and not to the client.
	Intercepts(m *pubsub.Message) bool
	// Intercepted must not block.
	Intercepted(m *pubsub.Message)
}

// A Shard owns a part of the connections. It works in a goroutine of its own while it has something to do.
type Shard struct {
	env     *shardEnv
	posted  atomic.Uint64 // items put into the inbox so far
	done    atomic.Uint64 // items dealt with so far
	mu      sync.Mutex    // guards inbox, spare and working
	inbox   []item
	spare   []item
	working bool

	members  sync.Mutex // guards groups, and the members of each
	groups   map[string]*group
	snapshot []*Member // of the group that is being served; used by the working goroutine only
	turn     int       // items and members served since the shard has looked at its connections; used by the working goroutine only

	backlog   backlog
	goroutine atomic.Uint64 // the working one

	conns conns
	pinning
	poller *poller // of the connections under it; nil while there are none; used by the working goroutine only
	asleep bool    // the working goroutine waits in the poller; guarded by mu
}

type shardEnv struct {
	pubsub    *pubsub.PubSub
	report    func(stack []byte, v any)
	logger    *slog.Logger         // nil: nothing is logged
	telemetry *telemetry.Telemetry // nil is off
}

// group is the members of one topic in one shard: what the PubSub knows.
type group struct {
	shard   *Shard
	topic   string
	members []*Member
	size    atomic.Int64 // of members, for who does not hold the lock
}

// item is something for the shard to do, in order.
type item struct {
	group  *group // with msg: fan out
	msg    *pubsub.Message
	from   *proc.Process
	writes int    // with msg: counted in the backlog
	f      func() // else: call
	conn   Conn   // else: write frame
	frame  []byte // prepared
}

// Reset implements pubsub.Group: the members' connections are closed, so that clients join again.
func (g *group) Reset() {
	g.shard.post(item{f: func() {
		g.shard.members.Lock()
		members := append([]*Member(nil), g.members...)
		g.shard.members.Unlock()
		for _, m := range members {
			m.Conn.Close(CloseRestart, "")
		}
	}})
}

// Join makes m a member of topic. Before that, under the same lock, it calls first, which writes what the client must see before any message of
// the topic: the reply to its join.
func (s *Shard) Join(topic string, m *Member, first func()) {
	s.members.Lock()
	defer s.members.Unlock()
	g := s.groups[topic]
	if g == nil {
		g = &group{shard: s, topic: topic}
		s.groups[topic] = g
		s.env.pubsub.Join(topic, g)
	}
	m.group, m.index = g, len(g.members) // also if first panics: Leave finds it
	g.members = append(g.members, m)
	g.size.Store(int64(len(g.members)))
	if first != nil {
		first()
	}
}

// Topic returns the topic as a string, the one that its members share if it has any: a hundred thousand members then keep it once.
func (s *Shard) Topic(topic []byte) string {
	s.members.Lock()
	defer s.members.Unlock()
	if g := s.groups[string(topic)]; g != nil {
		return g.topic
	}
	return string(topic)
}

// Leave ends m's membership, if it has one.
func (s *Shard) Leave(m *Member) {
	s.members.Lock()
	defer s.members.Unlock()
	g := m.group
	if g == nil {
		return
	}
	last := len(g.members) - 1
	moved := g.members[last]
	g.members[m.index] = moved
	moved.index = m.index
	g.members[last] = nil
	g.members = g.members[:last]
	g.size.Store(int64(last))
	m.group = nil
	switch {
	case last == 0:
		delete(s.groups, g.topic)
		s.env.pubsub.Leave(g.topic, g)
	case cap(g.members) > 64 && last < cap(g.members)/4:
		g.members = append(make([]*Member, 0, 2*last), g.members...)
	}
}

// Mark returns a point in the order of what the shard has been given. What a goroutine published before is before the mark.
func (s *Shard) Mark() uint64 { return s.posted.Load() }

// Passed reports whether the shard has dealt with everything before the mark: then a direct write keeps the order.
func (s *Shard) Passed(mark uint64) bool { return s.done.Load() >= mark }

// Post has frame written to c after everything that the shard has been given so far. It keeps frame.
func (s *Shard) Post(c Conn, frame []byte) { s.post(item{conn: c, frame: Prepare(c, frame)}) }

// PostFunc has f called after everything that the shard has been given so far. f must not block.
func (s *Shard) PostFunc(f func()) { s.post(item{f: f}) }

func (s *Shard) post(it item) {
	s.mu.Lock()
	s.inbox = append(s.inbox, it)
	s.posted.Add(1)
	start := !s.working
	if s.asleep {
		s.wake() // under mu: the poller may close itself otherwise, and its descriptor belong to a client
	}
	s.working, s.asleep = true, false
	s.mu.Unlock()
	if start {
		go s.work()
	}
}

// work deals with the inbox until it is empty and, while there are connections under the poller, with them.
func (s *Shard) work() {
	if !s.ownThread() {
		go s.work()
		return
	}
	s.goroutine.Store(stack.ID())
	for {
		s.mu.Lock()
		items := s.inbox
		if len(items) == 0 {
			if cap(s.snapshot) > maxSnapshot {
				s.snapshot = nil
			}
			if s.poller == nil {
				s.working = false
				s.goroutine.Store(0)
				s.mu.Unlock()
				return
			}
			s.mu.Unlock()
			s.poll()
			continue
		}
		s.inbox, s.spare = s.spare[:0], nil
		s.mu.Unlock()
		for i := 0; i < len(items); {
			n := s.do(items[i:])
			s.done.Add(uint64(n))
			for _, it := range items[i : i+n] {
				if it.msg != nil {
					s.backlog.leave(it.writes, len(it.msg.Payload()))
				}
			}
			i += n
			s.served()
		}
		clear(items)
		s.mu.Lock()
		if cap(items) <= 4096 {
			s.spare = items
		}
		s.mu.Unlock()
		s.turn = 0
		s.glance()
	}
}

// served counts what has been served, and looks at the connections when it is their turn: heartbeats wait neither for a long fan-out nor for a long inbox.
func (s *Shard) served() {
	if s.turn++; s.turn >= maxTurn {
		s.turn = 0
		s.glance()
	}
}

// do deals with the first items and says with how many.
func (s *Shard) do(items []item) (n int) {
	n = 1
	defer func() {
		if v := recover(); v != nil {
			s.env.report(debug.Stack(), v)
		}
	}()
	it := &items[0]
	switch {
	case it.msg != nil:
		n = neighbours(items)
		s.fanOut(items[:n])
	case it.f != nil:
		it.f()
	default:
		WritePrepared(it.conn, it.frame)
	}
	return n
}

// neighbours counts the items, from the first on, that can share a write: of one topic, to the same members.
func neighbours(items []item) int {
	n, size := 1, len(items[0].msg.Payload())
	for n < len(items) && items[n].group == items[0].group && items[n].msg != nil && items[n].from == items[0].from {
		if size += len(items[n].msg.Payload()); size > maxJoined {
			break
		}
		n++
	}
	return n
}

// fanOut writes messages of one topic to its members. The members are copied first, so that joins and leaves go on
// meanwhile. A member that leaves may still be written to until the shard has passed a Mark taken after that.
func (s *Shard) fanOut(items []item) {
	s.members.Lock()
	s.snapshot = append(s.snapshot[:0], items[0].group.members...)
	s.members.Unlock()
	var batches batches
	from := items[0].from
	for _, m := range s.snapshot {
		s.served()
		if from == nil || m.Process != from {
			s.deliver(m, items, &batches)
		}
	}
	clear(s.snapshot)
}

// deliver serves one member. A panic costs its connection and keeps nothing from the others.
func (s *Shard) deliver(m *Member, items []item, batches *batches) {
	defer func() {
		if v := recover(); v != nil {
			s.env.report(debug.Stack(), v)
			m.Conn.Close(CloseInternal, "")
		}
	}()
	if m.Target != nil && s.intercepted(m, items) {
		return
	}
	if b := batches.of(m.Conn, items, s.env); b != nil {
		m.Conn.Send(b)
	}
}

// intercepted serves a member that may take some of the messages itself; then the rest go to its client one by one.
func (s *Shard) intercepted(m *Member, items []item) bool {
	any := false
	for i := range items {
		any = any || m.Target.Intercepts(items[i].msg)
	}
	if !any {
		return false
	}
	for i := range items {
		msg := items[i].msg
		if m.Target.Intercepts(msg) {
			m.Target.Intercepted(msg)
			continue
		}
		var one batches
		if b := one.of(m.Conn, items[i:i+1], s.env); b != nil {
			m.Conn.Send(b)
		}
	}
	return true
}

// Shards are all shards of an endpoint.
type Shards struct {
	env   *shardEnv
	all   []*Shard
	next  atomic.Uint64
	phase atomic.Int32
}

// What becomes of new connections.
const (
	phaseAccept  = iota
	phaseDrain   // they are drained at once
	phaseAbandon // they are closed at once
)

// NewShards makes n shards; zero means GOMAXPROCS. report gets a panic in a shard's own work.
func NewShards(n int, ps *pubsub.PubSub, report func(stack []byte, v any)) *Shards {
	if n <= 0 {
		n = runtime.GOMAXPROCS(0)
	}
	env := &shardEnv{pubsub: ps, report: report}
	ss := &Shards{env: env}
	for range n {
		s := &Shard{env: env, groups: make(map[string]*group)}
		s.conns.shard = s
		ss.all = append(ss.all, s)
	}
	return ss
}

// Observe has the shards log and emit BroadcastDropped. It is for who makes the shards, before they are used; either may be nil.
func (ss *Shards) Observe(logger *slog.Logger, t *telemetry.Telemetry) {
	ss.env.logger, ss.env.telemetry = logger, t
}

// Pick chooses a shard for a new connection, in turn.
func (ss *Shards) Pick() *Shard { return ss.all[ss.next.Add(1)%uint64(len(ss.all))] }

// Count returns the number of connections.
func (ss *Shards) Count() int {
	n := 0
	for _, s := range ss.all {
		n += s.conns.count()
	}
	return n
}
