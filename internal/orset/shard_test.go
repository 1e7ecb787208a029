package orset

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestShardValidatesDownPeriod(t *testing.T) {
	_, err := NewShard[string](ShardConfig{Replica: ref("a"), BroadcastPeriod: 2 * time.Second, DownPeriod: 3 * time.Second})
	if err == nil || !strings.Contains(err.Error(), "DownPeriod 3s must be at least 2 × BroadcastPeriod, which is 4s") {
		t.Errorf("got %v", err)
	}
}

func TestShardValidatesPermDownPeriod(t *testing.T) {
	_, err := NewShard[string](ShardConfig{Replica: ref("a"), DownPeriod: 5 * time.Second, PermDownPeriod: 5 * time.Second})
	if err == nil || !strings.Contains(err.Error(), "PermDownPeriod 5s must be longer than DownPeriod, which is 5s") {
		t.Errorf("got %v", err)
	}
}

func TestShardValidatesTheRest(t *testing.T) {
	for _, c := range []ShardConfig{{}, {Replica: ref("a"), MaxSilentPeriods: -1}, {Replica: ref("a"), BroadcastPeriod: -1}, {Replica: ref("a"), ClockSamplePeriods: -1}} {
		if _, err := NewShard[string](c); err == nil {
			t.Errorf("%+v is accepted", c)
		}
	}
}

func TestShardDefaults(t *testing.T) {
	s, err := NewShard[string](ShardConfig{Replica: ref("a")})
	if err != nil {
		t.Fatal(err)
	}
	want(t, "config", s.Config(), ShardConfig{
		Replica: ref("a"), BroadcastPeriod: 1500 * time.Millisecond, MaxSilentPeriods: 10,
		DownPeriod: 30 * time.Second, PermDownPeriod: 20 * time.Minute,
		ClockSamplePeriods: 2, MaxDeltaSizes: []int{100, 1000, 10000},
	})
}

// newShard ticks every second, is down after 6 and forgotten after 20.
func newShard(t testing.TB, r Replica) *Shard[string] {
	t.Helper()
	s, err := NewShard[string](ShardConfig{
		Replica: r, BroadcastPeriod: time.Second, MaxSilentPeriods: 2, DownPeriod: 6 * time.Second,
		PermDownPeriod: 20 * time.Second, MaxDeltaSizes: []int{3, 9},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// lan carries messages between shards at once.
type lan struct {
	t      *testing.T
	now    int
	shards map[string]*Shard[string]
	sent   []string // "a>b request", in order
	diffs  []string // "a +alice -bob"
	cut    map[string]bool
}

func newLAN(t *testing.T, names ...string) *lan {
	l := &lan{t: t, shards: make(map[string]*Shard[string]), cut: make(map[string]bool)}
	for _, name := range names {
		l.shards[name] = newShard(t, ref(name))
	}
	return l
}

func (l *lan) names() []string { return slices.Sorted(maps.Keys(l.shards)) }

// tick lets every shard tick n times.
func (l *lan) tick(n int) {
	for range n {
		l.now++
		for _, name := range l.names() {
			out, diff := l.shards[name].Tick(at(l.now))
			l.note(name, diff)
			l.carry(name, out)
		}
	}
}

func (l *lan) carry(from string, out []Envelope[string]) {
	kinds := map[Kind]string{Heartbeat: "heartbeat", Request: "request", Answer: "answer", Farewell: "farewell"}
	for _, e := range out {
		to := []string{e.To}
		if e.To == "" {
			to = slices.DeleteFunc(l.names(), func(n string) bool { return n == from })
		}
		for _, to := range to {
			if l.shards[to] == nil || l.cut[from+to] || l.cut[to+from] {
				continue
			}
			l.sent = append(l.sent, from+">"+to+" "+kinds[e.Message.Kind])
			answers, diff := l.shards[to].Receive(e.Message, at(l.now))
			l.note(to, diff)
			l.carry(to, answers)
		}
	}
}

func (l *lan) note(name string, d Diff[string]) {
	if d.Empty() {
		return
	}
	for _, r := range d.Joins {
		name += " +" + r.Key
	}
	for _, r := range d.Leaves {
		name += " -" + r.Key
	}
	l.diffs = append(l.diffs, name)
}

func (l *lan) wantSent(want ...string) {
	l.t.Helper()
	if !slices.Equal(l.sent, want) {
		l.t.Fatalf("sent %q\nwant %q", l.sent, want)
	}
	l.sent = nil
}

func (l *lan) wantDiffs(want ...string) {
	l.t.Helper()
	if !slices.Equal(l.diffs, want) {
		l.t.Fatalf("diffs %q\nwant %q", l.diffs, want)
	}
	l.diffs = nil
}

func (l *lan) wantKeys(name, want string) {
	l.t.Helper()
	if got := keys(l.shards[name].State().List()); got != want {
		l.t.Fatalf("%s has %q, want %q", name, got, want)
	}
}

func (l *lan) count(message string) (n int) {
	for _, m := range l.sent {
		if strings.HasSuffix(m, message) {
			n++
		}
	}
	return n
}

func TestShardHeartbeats(t *testing.T) {
	l := newLAN(t, "a", "b")
	l.tick(1) // the first tick announces
	l.wantSent("a>b heartbeat", "b>a heartbeat")
	l.tick(2) // silent
	l.wantSent()
	l.tick(1) // a sign of life after two silent periods
	l.wantSent("a>b heartbeat", "b>a heartbeat")
	join(t, l.shards["b"].State(), "lobby", 1, "bob") // news go with the next tick
	l.tick(1)
	l.wantSent("b>a heartbeat")
	l.wantDiffs("a +bob")
	l.tick(2)
	l.wantSent("a>b heartbeat")
}

func TestShardFlush(t *testing.T) {
	l := newLAN(t, "a", "b")
	l.tick(2)
	want(t, "nothing to say", l.shards["a"].Flush(), nil)
	join(t, l.shards["a"].State(), "lobby", 1, "alice")
	l.carry("a", l.shards["a"].Flush())
	l.wantDiffs("b +alice")
	want(t, "nothing more", l.shards["a"].Flush(), nil)
}

func TestShardGossipFromUnseenNodeTriggersUpAndTransferRequest(t *testing.T) {
	l := newLAN(t, "a")
	join(t, l.shards["a"].State(), "lobby", 1, "alice")
	l.tick(5)
	l.sent = nil
	l.shards["b"] = newShard(t, ref("b"))
	join(t, l.shards["b"].State(), "lobby", 2, "bob")
	l.tick(1)
	want(t, "members", l.shards["a"].Members(), []Member{{ref("b"), Up, at(6)}})
	l.tick(3)
	if l.count("b>a request") != 1 || l.count("a>b answer") != 1 {
		t.Errorf("sent %q", l.sent)
	}
	l.wantKeys("a", "alice bob")
	l.wantKeys("b", "alice bob")
}

func TestShardRequestsForTransferCollapseClocks(t *testing.T) {
	requests := func(heard map[string]string) (to []string) {
		d := newShard(t, ref("d"))
		for _, name := range slices.Sorted(maps.Keys(heard)) {
			d.Receive(Message[string]{Kind: Heartbeat, From: ref(name), Context: context(heard[name])}, at(1))
		}
		for second := 2; second < 6; second++ { // two decisions, the second without news
			out, _ := d.Tick(at(second))
			for _, e := range out {
				if e.Message.Kind == Request {
					to = append(to, e.To)
					want(t, "context", e.Message.Context, d.State().Clocks().Context)
				}
			}
		}
		return to
	}
	want(t, "one knows all", requests(map[string]string{"a": "a1", "b": "a1 b1", "c": "a1 b1 c1"}), []string{"c"})
	want(t, "two together know all", requests(map[string]string{"a": "a1", "b": "a1 b1", "c": "c1"}), []string{"b", "c"})
	want(t, "one far ahead on a replica that is not met", requests(map[string]string{"a": "a0 x9"}), nil)
}

func TestShardOldRowsArePermdownedWhenNodeComesBackUp(t *testing.T) {
	l := newLAN(t, "a", "b")
	join(t, l.shards["b"].State(), "lobby", 1, "bob")
	l.tick(3)
	l.wantDiffs("a +bob")
	l.shards["b"] = newShard(t, Replica{"b", 2}) // crashed and started again
	join(t, l.shards["b"].State(), "lobby", 1, "bert")
	l.tick(1)
	l.wantDiffs("a +bert -bob")
	want(t, "dirty", keys(l.shards["a"].State().Dirty("lobby")), "bert")
	want(t, "met", l.shards["a"].State().Context(), Context{ref("a"): 0, Replica{"b", 2}: 1})
}

func TestShardTempdownsWithNodeupsOfNewVersionAndPermdowns(t *testing.T) {
	l := newLAN(t, "a", "b", "c")
	for i, name := range l.names() {
		join(t, l.shards[name].State(), "lobby", uint64(i), "on-"+name)
	}
	l.tick(4)
	l.diffs = nil
	delete(l.shards, "b")
	delete(l.shards, "c")
	l.tick(8)
	l.wantDiffs("a -on-b -on-c")
	want(t, "dirty", keys(l.shards["a"].State().Dirty("lobby")), "on-a on-b on-c")

	l.shards["b"] = newShard(t, Replica{"b", 2})
	l.tick(1)
	l.wantDiffs() // b is new and has nothing; its old rows had left already
	want(t, "dirty", keys(l.shards["a"].State().Dirty("lobby")), "on-a on-c")
	l.tick(2)
	l.wantDiffs("b +on-a") // not on-c, whom it never met
	l.tick(20)
	l.wantDiffs()
	want(t, "dirty", keys(l.shards["a"].State().Dirty("lobby")), "on-a")
	for _, g := range l.shards["a"].generations.List() {
		for _, gone := range []string{"b", "c"} {
			if p := g.part(ref(gone)); p != nil {
				t.Errorf("kept for others: %+v", p)
			}
		}
	}
}

func TestShardDetectsJoinLeaveAndUpdate(t *testing.T) {
	l := newLAN(t, "a", "b")
	l.tick(2)
	s := l.shards["a"].State()
	join(t, s, "lobby", 1, "alice")
	join(t, s, "hall", 1, "alice")
	l.tick(1)
	l.wantDiffs("b +alice +alice")
	s.Update("lobby", 1, "alice", "away")
	l.tick(1)
	l.wantDiffs("b +alice -alice")
	s.LeaveAll(1)
	l.tick(1)
	l.wantDiffs("b -alice -alice")
}

func TestShardDetectsNodedownAndItsReturn(t *testing.T) {
	l := newLAN(t, "a", "b")
	join(t, l.shards["b"].State(), "lobby", 1, "bob")
	l.tick(3)
	l.diffs = nil
	l.cut["ab"] = true
	l.tick(8)
	l.wantDiffs("a -bob")
	l.wantKeys("a", "")
	want(t, "dirty", keys(l.shards["a"].State().Dirty("lobby")), "bob")
	leave(t, l.shards["b"].State(), "lobby", 1, "bob")
	join(t, l.shards["b"].State(), "lobby", 2, "bert")
	l.cut = nil
	l.tick(1)
	l.wantDiffs("a +bert") // back with the news that bob left: bob does not flicker
	l.cut = map[string]bool{"ab": true}
	l.tick(30)
	l.wantDiffs("a -bert")
	want(t, "dirty", keys(l.shards["a"].State().Dirty("lobby")), "")
	l.cut = nil
	l.tick(6)
	l.wantDiffs("a +bert")
	l.wantKeys("a", "bert")
}

func TestShardGracefulExitsWithPermdown(t *testing.T) {
	l := newLAN(t, "a", "b", "c")
	join(t, l.shards["b"].State(), "lobby", 1, "bob")
	l.tick(3)
	l.diffs = nil
	b := l.shards["b"]
	late, _ := b.Tick(at(l.now))
	join(t, b.State(), "lobby", 2, "late")
	late = append(late, b.Flush()...)
	l.carry("b", []Envelope[string]{b.Farewell()})
	delete(l.shards, "b")
	l.wantDiffs("a -bob", "c -bob") // at once
	want(t, "dirty", l.shards["a"].State().Dirty("lobby"), nil)
	want(t, "members", len(l.shards["a"].Members()), 1)
	l.carry("b", late) // a heartbeat that was overtaken
	l.wantDiffs()
	l.shards["b"] = newShard(t, Replica{"b", 2})
	l.tick(1)
	want(t, "members", len(l.shards["a"].Members()), 2)
}

// After a rolling update the new nodes ask once for what they lack, though
// others still hold rows and clocks of the nodes that are gone.
func TestShardRollingNodeUpdate(t *testing.T) {
	l := newLAN(t, "a", "b", "c")
	for i, name := range l.names() {
		join(t, l.shards[name].State(), "lobby", uint64(i), "on-"+name)
	}
	l.tick(4)
	for _, name := range []string{"b", "c"} {
		delete(l.shards, name)
		l.shards[name+"2"] = newShard(t, ref(name+"2")) // under a new name
		l.sent = nil
		l.tick(6)
		if got := l.count(">a request"); got > 2 {
			t.Errorf("%s: %d requests to a: %q", name, got, l.sent)
		}
	}
	l.sent = nil
	l.tick(25)
	if n := l.count("request"); n != 0 {
		t.Errorf("%d requests while nothing happens", n)
	}
	for _, name := range l.names() {
		l.wantKeys(name, "on-a")
	}
}

func TestShardIgnoresItsOwnName(t *testing.T) {
	a := newShard(t, ref("a"))
	twin := newShard(t, Replica{"a", 2})
	join(t, twin.State(), "lobby", 1, "twin")
	messages := append(twin.Flush(), twin.Farewell())
	messages = append(messages, Envelope[string]{Message: Message[string]{Kind: Request, From: Replica{"a", 2}, Context: Context{ref("a"): 0}}})
	join(t, a.State(), "lobby", 1, "alice")
	for _, e := range messages {
		if out, diff := a.Receive(e.Message, at(1)); len(out) != 0 || !diff.Empty() {
			t.Errorf("%+v: got %+v and %+v", e.Message, out, diff)
		}
	}
	want(t, "members", a.Members(), nil)
}

func TestShardOddMessages(t *testing.T) {
	a := newShard(t, ref("a"))
	for _, m := range []Message[string]{
		{}, {Kind: 9, From: ref("b")}, {Kind: Answer, From: ref("b")},
		{Kind: Answer, From: ref("b"), Delta: &Delta[string]{Parts: []Part[string]{{Replica: ref("x"), End: 1, Seen: Dots{{1, 1}}}}}},
		{Kind: Request, From: ref("b")}, {Kind: Farewell, From: ref("b")},
	} {
		if out, diff := a.Receive(m, at(1)); len(out) != 0 || !diff.Empty() {
			t.Errorf("%+v: got %+v and %+v", m, out, diff)
		}
	}
	for _, g := range a.generations.List() {
		want(t, "kept of strangers", len(g.Parts), 0)
	}
}

// A cluster lives through loss, repetition, delay, partitions, crashes, goodbyes,
// sleeping nodes and stepping clocks. What a client of each node was told is
// always what the node would list; when peace returns, all agree and fall silent.
func TestShardLongRandomHistories(t *testing.T) {
	for seed := range uint64(12) {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			s := newStorm(t, seed)
			for range 600 {
				s.step(true)
			}
			s.cut = nil
			for range 40 {
				s.step(false)
			}
			s.requests = 0
			for range 10 {
				s.step(false)
			}
			if s.requests != 0 {
				t.Errorf("%d requests while nothing happens", s.requests)
			}
			var all []Row[string]
			for _, n := range s.nodes {
				for _, e := range n.shard.State().self.rows {
					all = append(all, e.row())
				}
			}
			slices.SortFunc(all, func(a, b Row[string]) int { return compareRows(&a, &b) })
			for _, n := range s.nodes {
				want(t, "rows", n.shard.State().List(), all)
				want(t, "clocks", n.shard.State().Clocks().Context, s.nodes[0].shard.State().Clocks().Context)
			}
		})
	}
}

type storm struct {
	t        *testing.T
	r        *rand.Rand
	codec    Codec[string]
	nodes    []*stormNode
	air      []stormMessage
	cut      map[[2]int]bool
	now      int
	vsn      uint64
	requests int
}

type stormNode struct {
	shard  *Shard[string]
	client []Row[string] // what the diffs so far amount to
	asleep int           // ticks
	clock  int           // steps of its clock so far
}

type stormMessage struct {
	from, to, at int
	bytes        []byte
}

func newStorm(t *testing.T, seed uint64) *storm {
	s := &storm{t: t, r: rand.New(rand.NewPCG(seed, 11)), codec: stringCodec, cut: make(map[[2]int]bool)}
	for i := range 4 {
		s.nodes = append(s.nodes, s.start(i))
	}
	return s
}

func (s *storm) start(i int) *stormNode {
	s.vsn++
	return &stormNode{shard: newShard(s.t, Replica{string(rune('a' + i)), s.vsn})}
}

func (s *storm) send(from int, out []Envelope[string], calm bool) {
	for _, e := range out {
		if e.Message.Kind == Request {
			s.requests++
		}
		b, err := s.codec.Append(nil, &e.Message)
		if err != nil {
			s.t.Fatal(err)
		}
		for to := range s.nodes {
			if to == from || e.To != "" && e.To != string(rune('a'+to)) {
				continue
			}
			copies, delay := 1, 0
			if !calm {
				copies, delay = []int{0, 1, 1, 1, 1, 2}[s.r.IntN(6)], s.r.IntN(3)
			}
			for range copies {
				s.air = append(s.air, stormMessage{from, to, s.now + delay, b})
			}
		}
	}
}

func (s *storm) told(n *stormNode, joins, leaves []Row[string]) {
	s.t.Helper()
	n.client = applied(s.t, n.client, joins, leaves)
	if got := n.shard.State().List(); !slices.Equal(n.client, got) {
		s.t.Fatalf("a client has %+v\nthe node lists %+v", n.client, got)
	}
}

// step is one second.
func (s *storm) step(wild bool) {
	s.now++
	for i, n := range s.nodes {
		if n.asleep > 0 {
			n.asleep--
			continue
		}
		state := n.shard.State()
		if wild {
			s.wild(i, n, state)
			n = s.nodes[i]
		}
		if n.asleep > 0 {
			continue
		}
		out, diff := n.shard.Tick(at(s.now + n.clock))
		s.told(n, diff.Joins, diff.Leaves)
		s.send(i, out, !wild)
	}
	if s.r.IntN(2) == 0 {
		s.r.Shuffle(len(s.air), func(i, j int) { s.air[i], s.air[j] = s.air[j], s.air[i] })
	}
	for len(s.air) > 0 {
		i := slices.IndexFunc(s.air, func(m stormMessage) bool { return m.at <= s.now && s.nodes[m.to].asleep == 0 })
		if i < 0 {
			break
		}
		m := s.air[i]
		s.air = slices.Delete(s.air, i, i+1)
		if s.cut[[2]int{m.from, m.to}] {
			continue
		}
		decoded, err := s.codec.Decode(m.bytes)
		if err != nil {
			s.t.Fatal(err)
		}
		n := s.nodes[m.to]
		out, diff := n.shard.Receive(decoded, at(s.now+n.clock))
		s.told(n, diff.Joins, diff.Leaves)
		s.send(m.to, out, !wild)
	}
	for _, n := range s.nodes {
		check(s.t, n.shard.State())
	}
}

// wild does something to a node.
func (s *storm) wild(i int, n *stormNode, state *State[string]) {
	process, key := uint64(s.r.IntN(4)), string(rune('p'+s.r.IntN(4)))
	switch k := s.r.IntN(100); {
	case k < 25:
		if row, ok := state.Join("t", process, key, fmt.Sprint(s.now)); ok {
			s.told(n, []Row[string]{row}, nil)
		}
	case k < 35:
		if row, ok := state.Leave("t", process, key); ok {
			s.told(n, nil, []Row[string]{row})
		}
	case k < 45:
		if before, after, ok := state.Update("t", process, key, fmt.Sprint(s.now)); ok {
			s.told(n, []Row[string]{after}, []Row[string]{before})
		}
	case k < 50:
		s.told(n, nil, state.LeaveAll(process))
	case k < 52:
		s.send(i, n.shard.Flush(), false)
	case k < 54: // one direction, or both
		j := s.r.IntN(len(s.nodes))
		s.cut[[2]int{i, j}] = true
		if s.r.IntN(3) > 0 {
			s.cut[[2]int{j, i}] = true
		}
	case k < 57:
		clear(s.cut)
	case k == 57: // crash
		s.nodes[i] = s.start(i)
	case k == 58: // deploy
		s.send(i, []Envelope[string]{n.shard.Farewell()}, false)
		s.nodes[i] = s.start(i)
	case k == 59:
		n.asleep = s.r.IntN(30)
	case k == 60:
		n.clock += []int{-3600, 3600}[s.r.IntN(2)]
	}
}
