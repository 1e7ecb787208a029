package orset

import "testing"

func TestStateSetUpCorrectly(t *testing.T) {
	a := New[string](ref("a"))
	want(t, "extract of a fresh set", a.Extract(ref("b"), a.Context()).Parts, nil)
	want(t, "rows", a.List(), nil)
	want(t, "clock", a.Clocks(), Clock{ref("a"), Context{ref("a"): 0}})
	want(t, "has a delta", a.HasDelta(), false)
}

func TestStateUserAddedOnlineIsOnline(t *testing.T) {
	a := New[string](ref("a"))
	row := join(t, a, "lobby", 1, "john")
	want(t, "rows", a.GetByTopic("lobby"), []Row[string]{row})
	want(t, "dot", row.Tag, Tag{ref("a"), 1})
	leave(t, a, "lobby", 1, "john")
	want(t, "rows after leaving", a.GetByTopic("lobby"), nil)
	if _, ok := a.Leave("lobby", 1, "john"); ok {
		t.Error("left twice")
	}
	check(t, a)
}

func TestStateJoinTwiceIsRefused(t *testing.T) {
	a := New[string](ref("a"))
	row := join(t, a, "lobby", 1, "john")
	if _, ok := a.Join("lobby", 1, "john", "other"); ok {
		t.Error("joined twice")
	}
	want(t, "rows", a.List(), []Row[string]{row})
	want(t, "clock", a.Clocks().Context, Context{ref("a"): 1})
	join(t, a, "lobby", 2, "john")
	join(t, a, "lobby", 1, "jane")
	join(t, a, "hall", 1, "john")
	want(t, "number of rows", a.Len(), 4)
}

func TestStateUsersFromOtherServersMerge(t *testing.T) {
	ab := cluster("a", "b")
	a, b := ab[0], ab[1]
	join(t, a, "lobby", 1, "alice")
	join(t, b, "lobby", 1, "bob") // the same number, another process

	wantMerge(t, a, extract(b, a), "bob", "")
	want(t, "keys", keys(a.List()), "alice bob")
	before := dump(a)
	b2 := b.Extract(a.Replica(), Context{b.Replica(): 0})
	wantMerge(t, a, b2, "", "")
	want(t, "state after merging twice", dump(a), before)
	want(t, "own process", keys(a.GetByPid(1)), "alice")

	wantMerge(t, b, extract(a, b), "alice", "")
	leave(t, a, "lobby", 1, "alice")
	wantMerge(t, b, extract(a, b), "", "alice")
	want(t, "keys", keys(b.List()), "bob")
	want(t, "own process", keys(b.GetByPid(1)), "bob")

	join(t, b, "lobby", 3, "carol")
	wantMerge(t, a, extract(b, a), "carol", "")
	want(t, "rows of both", a.List(), b.List())

	// An update arrives as one join and one leave, and changes no index.
	carol := b.GetByKey("lobby", "carol")[0]
	if old, now, ok := b.Update("lobby", 3, "carol", "updated"); !ok || old != carol || now.Meta != "updated" {
		t.Fatalf("Update: got %+v, %+v, %t", old, now, ok)
	}
	want(t, "own process", keys(b.GetByPid(3)), "carol")
	joins, leaves := a.Merge(extract(b, a))
	want(t, "joins", joins, b.GetByKey("lobby", "carol"))
	want(t, "leaves", leaves, []Row[string]{carol})
	want(t, "rows of both", a.List(), b.List())
	check(t, a)
	check(t, b)
}

func TestStateUpdateOfNothing(t *testing.T) {
	a := New[string](ref("a"))
	join(t, a, "lobby", 1, "alice")
	if _, _, ok := a.Update("lobby", 1, "bob", "updated"); ok {
		t.Error("updated a key that is not there")
	}
	want(t, "clock", a.Context(), Context{ref("a"): 1})
}

// An update spends a dot on the removal alone. Were it proved by the new row's
// dot, the tombstone of that row would close the gap that the lost update left.
func TestStateLostUpdateLeavesAGap(t *testing.T) {
	ab := cluster("a", "b")
	a, b := ab[0], ab[1]
	join(t, a, "lobby", 1, "alice")
	wantMerge(t, b, a.Delta(), "alice", "")
	a.ResetDelta()
	a.Update("lobby", 1, "alice", "updated")
	a.ResetDelta() // lost
	leave(t, a, "lobby", 1, "alice")
	wantMerge(t, b, a.Delta(), "", "")
	if b.Context()[ref("a")] >= a.Context()[ref("a")] {
		t.Fatal("b believes to know everything, and still has alice")
	}
	wantMerge(t, b, extract(a, b), "", "alice")
	want(t, "context", b.Context(), Context{ref("a"): 4, ref("b"): 0})
}

func TestStateBasicNetsplit(t *testing.T) {
	ab := cluster("a", "b")
	a, b := ab[0], ab[1]
	join(t, a, "lobby", 1, "alice")
	join(t, b, "lobby", 1, "bob")
	wantMerge(t, a, extract(b, a), "bob", "")
	join(t, a, "lobby", 2, "carol")
	leave(t, a, "lobby", 1, "alice")
	join(t, a, "lobby", 3, "david")

	want(t, "leaves", keys(a.ReplicaDown(ref("b"))), "bob")
	want(t, "keys", keys(a.List()), "carol david")
	want(t, "leaves, once more down", a.ReplicaDown(ref("b")), nil)

	wantMerge(t, a, b.Extract(a.Replica(), Context{b.Replica(): 0}), "", "")
	want(t, "keys", keys(a.List()), "carol david")

	want(t, "joins", keys(a.ReplicaUp(ref("b"))), "bob")
	want(t, "keys", keys(a.List()), "bob carol david")
	want(t, "joins, once more up", a.ReplicaUp(ref("b")), nil)
}

func TestStateJoinsAreObservedViaOtherNode(t *testing.T) {
	abc := cluster("a", "b", "c")
	a, b, c := abc[0], abc[1], abc[2]
	join(t, a, "lobby", 1, "alice")
	wantMerge(t, c, extract(a, c), "alice", "")
	join(t, a, "lobby", 2, "bob") // a and c no longer reach each other

	wantMerge(t, b, extract(a, b), "alice bob", "")
	wantMerge(t, c, extract(b, c), "bob", "")

	// Once c holds a for down, news of a are kept, and shown when it is back.
	want(t, "leaves", keys(c.ReplicaDown(ref("a"))), "alice bob")
	join(t, a, "lobby", 3, "carol")
	wantMerge(t, b, extract(a, b), "carol", "")
	wantMerge(t, c, extract(b, c), "", "")
	want(t, "visible", keys(c.GetByTopic("lobby")), "")
	want(t, "dirty", keys(c.Dirty("lobby")), "alice bob carol")
	want(t, "joins", keys(c.ReplicaUp(ref("a"))), "alice bob carol")
}

func TestStateRemovesAreObservedViaOtherNode(t *testing.T) {
	abc := cluster("a", "b", "c")
	a, b, c := abc[0], abc[1], abc[2]
	join(t, a, "lobby", 1, "alice")
	join(t, a, "lobby", 2, "bob")
	wantMerge(t, b, extract(a, b), "alice bob", "")
	wantMerge(t, c, extract(b, c), "alice bob", "")
	leave(t, a, "lobby", 2, "bob")
	wantMerge(t, b, extract(a, b), "", "bob")
	wantMerge(t, c, extract(b, c), "", "bob")

	want(t, "leaves", keys(c.ReplicaDown(ref("a"))), "alice")
	leave(t, a, "lobby", 1, "alice")
	wantMerge(t, b, extract(a, b), "", "alice")
	wantMerge(t, c, extract(b, c), "", "") // its leave was reported with the downfall
	want(t, "dirty", c.Dirty("lobby"), nil)
	want(t, "joins", c.ReplicaUp(ref("a")), nil)
}

func TestStateGetByPid(t *testing.T) {
	a := New[string](ref("a"))
	want(t, "rows", a.GetByPid(1), nil)
	row := join(t, a, "topic", 1, "key1")
	want(t, "rows", a.GetByPid(1), []Row[string]{row})
	if got, ok := a.Get("topic", 1, "key1"); !ok || got != row {
		t.Errorf("got %+v, %t", got, ok)
	}
	for _, miss := range []struct {
		topic   string
		process uint64
		key     string
	}{{"notopic", 1, "key1"}, {"topic", 1, "nokey"}, {"topic", 2, "key1"}, {"topic", 0, "key1"}} {
		if got, ok := a.Get(miss.topic, miss.process, miss.key); ok {
			t.Errorf("Get(%+v): got %+v", miss, got)
		}
	}
}

func TestStateLeaveAll(t *testing.T) {
	ab := cluster("a", "b")
	a, b := ab[0], ab[1]
	for _, topic := range []string{"t2", "t1", "t3"} {
		join(t, a, topic, 7, "k2")
		join(t, a, topic, 7, "k1")
		join(t, a, topic, 8, "k1")
	}
	wantMerge(t, b, a.Delta(), "k1 k1 k1 k1 k1 k1 k2 k2 k2", "")
	a.ResetDelta()
	left := a.LeaveAll(7)
	var got []string
	for _, r := range left {
		got = append(got, r.Topic+" "+r.Key)
	}
	want(t, "left, in order", got, []string{"t1 k1", "t1 k2", "t2 k1", "t2 k2", "t3 k1", "t3 k2"})
	want(t, "left again", a.LeaveAll(7), nil)
	_, leaves := b.Merge(a.Delta())
	want(t, "leaves at b", leaves, left)
	want(t, "context at b", b.Context(), Context{ref("a"): 10, ref("b"): 0})
	want(t, "rows of both", b.List(), a.List())
	check(t, a)
}

func TestStateGetByKey(t *testing.T) {
	a := New[string](ref("node1"))
	want(t, "rows", a.GetByKey("topic", "key1"), nil)
	a.Join("topic", 1, "key1", "browser")
	a.Join("topic", 2, "key1", "ios")
	a.Join("topic", 2, "key2", "ios")
	a.Join("topic", 2, "key", "ios")
	var metas []string
	for _, r := range a.GetByKey("topic", "key1") {
		metas = append(metas, r.Meta)
	}
	want(t, "metas, by process", metas, []string{"browser", "ios"})
	want(t, "another topic", a.GetByKey("another_topic", "key1"), nil)
	want(t, "another key", a.GetByKey("topic", "another_key"), nil)
}

func TestStateGetByTopic(t *testing.T) {
	s := cluster("node1", "node2", "node3")
	for _, s := range s {
		want(t, "context", s.Context(), Context{ref("node1"): 0, ref("node2"): 0, ref("node3"): 0})
	}
	want(t, "rows", s[0].GetByTopic("topic"), nil)
	join(t, s[0], "topic", 1, "key1")
	join(t, s[0], "topic", 1, "key2")
	join(t, s[1], "topic", 1, "user2")
	join(t, s[2], "topic", 1, "user3")
	want(t, "own", keys(s[0].GetByTopic("topic")), "key1 key2")
	s[0].Merge(extract(s[1], s[0]))
	s[0].Merge(extract(s[2], s[0]))
	want(t, "all replicas online", keys(s[0].GetByTopic("topic")), "key1 key2 user2 user3")
	s[0].ReplicaDown(ref("node2"))
	want(t, "one replica offline", keys(s[0].GetByTopic("topic")), "key1 key2 user3")
	want(t, "key of an offline replica", s[0].GetByKey("topic", "user2"), nil)
	s[0].ReplicaDown(ref("node3"))
	want(t, "two replicas offline", keys(s[0].GetByTopic("topic")), "key1 key2")
	want(t, "number of rows", s[0].Len(), 2)
	want(t, "another topic", s[0].GetByTopic("another:topic"), nil)
	want(t, "clocks without those down", s[0].Clocks(), Clock{ref("node1"), Context{ref("node1"): 2}})
}

func TestStateRemoveDownReplicas(t *testing.T) {
	s := cluster("node1", "node2")
	join(t, s[0], "lobby", 1, "alice")
	join(t, s[1], "lobby", 1, "bob")
	s[1].Merge(extract(s[0], s[1]))
	late := extract(s[0], s[1])
	want(t, "keys", keys(s[1].List()), "alice bob")
	want(t, "leaves", keys(s[1].ReplicaDown(ref("node1"))), "alice")
	want(t, "dirty", keys(s[1].Dirty("lobby")), "alice bob")
	want(t, "leaves, already reported", s[1].RemoveDown(ref("node1")), nil)
	want(t, "dirty", keys(s[1].Dirty("lobby")), "bob")
	want(t, "own process", keys(s[1].GetByPid(1)), "bob")
	want(t, "context", s[1].Context(), Context{ref("node2"): 1})
	check(t, s[1])
	wantMerge(t, s[1], late, "", "") // not resurrected by a late transfer
	want(t, "joins", s[1].ReplicaUp(ref("node1")), nil)
	want(t, "keys", keys(s[1].List()), "bob")

	s[1].Merge(s[0].Extract(ref("node2"), s[1].Context()))
	want(t, "leaves of an up replica", keys(s[1].RemoveDown(ref("node1"))), "alice")
	want(t, "removing itself", s[1].RemoveDown(ref("node2")), nil)
	want(t, "itself down", s[1].ReplicaDown(ref("node2")), nil)
	want(t, "keys", keys(s[1].List()), "bob")
}

func TestStateUnknownReplicasAreIgnored(t *testing.T) {
	a, b := New[string](ref("a")), New[string](ref("b"))
	join(t, a, "lobby", 1, "alice")
	wantMerge(t, b, a.Delta(), "", "")
	want(t, "context", b.Context(), Context{ref("b"): 0})
	want(t, "down", b.ReplicaDown(ref("a")), nil)
	want(t, "removed", b.RemoveDown(ref("a")), nil)
}

func TestStateNobodyKnowsItBetterThanItself(t *testing.T) {
	ab := cluster("a", "b")
	a := ab[0]
	join(t, a, "lobby", 1, "alice")
	wrong := Delta[string]{Parts: []Part[string]{{Replica: ref("a"), End: 9, Seen: Dots{{1, 9}}}}}
	wantMerge(t, a, wrong, "", "")
	want(t, "clock", a.Context()[ref("a")], 1)
	want(t, "keys", keys(a.List()), "alice")
}

func TestStateBasicDeltas(t *testing.T) {
	ab := cluster("a", "b")
	a, b := ab[0], ab[1]
	join(t, a, "lobby", 1, "alice")
	join(t, b, "lobby", 1, "bob")

	wantMerge(t, b, a.Delta(), "alice", "")
	want(t, "clocks", b.Clocks(), Clock{ref("b"), Context{ref("a"): 1, ref("b"): 1}})

	a.ResetDelta()
	want(t, "has a delta", a.HasDelta(), false)
	leave(t, a, "lobby", 1, "alice")
	want(t, "has a delta", a.HasDelta(), true)
	wantMerge(t, b, a.Delta(), "", "alice")
	want(t, "clocks", b.Clocks(), Clock{ref("b"), Context{ref("a"): 2, ref("b"): 1}})

	join(t, a, "lobby", 1, "alice")
	wantMerge(t, b, a.Delta(), "alice", "")
	want(t, "clocks", b.Clocks(), Clock{ref("b"), Context{ref("a"): 3, ref("b"): 1}})
	want(t, "clouds", b.Clouds(ref("a")), nil)
}

func TestStateCloudsWaitForTheGap(t *testing.T) {
	ab := cluster("a", "b")
	a, b := ab[0], ab[1]
	var deltas []Delta[string]
	for p := range uint64(4) {
		join(t, a, "lobby", p, "alice")
		deltas = append(deltas, a.Delta())
		a.ResetDelta()
	}
	b.Merge(deltas[3])
	b.Merge(deltas[1])
	want(t, "context", b.Context()[ref("a")], 0)
	want(t, "clouds", b.Clouds(ref("a")), Dots{{2, 2}, {4, 4}})
	b.Merge(deltas[0])
	want(t, "context", b.Context()[ref("a")], 2)
	b.Merge(deltas[2])
	want(t, "context", b.Context()[ref("a")], 4)
	want(t, "clouds", b.Clouds(ref("a")), nil)
}

func TestStateDeltasAreNotMergedForNonContiguousRanges(t *testing.T) {
	s := New[string](ref("s1"))
	join(t, s, "lobby", 1, "user1")
	first := s.Delta()
	join(t, s, "lobby", 2, "user2")
	both := s.Delta()
	s.ResetDelta()
	join(t, s, "lobby", 3, "user3")
	third := s.Delta()
	for _, pair := range [][2]Delta[string]{{first, third}, {third, first}} {
		if d, ok := pair[0].Merge(pair[1]); ok {
			t.Errorf("merged %+v", d)
		}
	}
	d, ok := third.Merge(both)
	start, end := d.Range()
	if !ok || start[ref("s1")] != 0 || end[ref("s1")] != 3 {
		t.Errorf("adjacent ranges: got %v to %v, %t", start, end, ok)
	}
}

func TestStateExtractedContextContainsOnlyReplicasKnownToRemote(t *testing.T) {
	s1, s2, s3 := New[string](ref("s1")), New[string](ref("s2")), New[string](ref("s3"))
	s1.ReplicaUp(ref("s2"))
	s2.ReplicaUp(ref("s1"))
	s2.ReplicaUp(ref("s3"))
	join(t, s1, "lobby", 1, "user1")
	join(t, s2, "lobby", 1, "user2")
	join(t, s3, "lobby", 1, "user3")
	s2.Merge(s1.Delta())
	s2.Merge(s3.Delta())
	d := extract(s2, s1)
	_, end := d.Range()
	want(t, "context", end, Context{ref("s2"): 1}) // nor of itself
	want(t, "rows", keys(d.Parts[0].Rows), "user2")
	s1.Merge(s2.Delta())
	want(t, "nothing new", extract(s2, s1).Parts, nil)
}

func TestStateMergingDeltas(t *testing.T) {
	s1, s2 := New[string](ref("s1")), New[string](ref("s2"))
	var rows [2][]Row[string]
	for i, s := range []*State[string]{s1, s2} {
		key := "user" + string(rune('1'+i))
		rows[i] = []Row[string]{join(t, s, "lobby", 1, key), join(t, s, "private", 1, key)}
	}
	for _, pair := range [][2]Delta[string]{{s1.Delta(), s2.Delta()}, {s2.Delta(), s1.Delta()}} {
		d, ok := pair[0].Merge(pair[1])
		if !ok {
			t.Fatal("not contiguous")
		}
		want(t, "delta", d, Delta[string]{Parts: []Part[string]{
			{Replica: ref("s1"), End: 2, Seen: Dots{{1, 2}}, Rows: rows[0]},
			{Replica: ref("s2"), End: 2, Seen: Dots{{1, 2}}, Rows: rows[1]},
		}})
		want(t, "size", d.Size(), 8)
	}
}

func TestStateMergingDeltasWithRemoves(t *testing.T) {
	ss := cluster("s1", "s2")
	s1, s2 := ss[0], ss[1]
	// Concurrent add wins: s2 joined and left the same key meanwhile.
	lobby := join(t, s1, "lobby", 1, "user1")
	private := join(t, s1, "private", 1, "user1")
	join(t, s2, "lobby", 1, "user1")
	leave(t, s2, "lobby", 1, "user1")
	s2part := Part[string]{Replica: ref("s2"), End: 2, Seen: Dots{{1, 2}}}
	d, _ := s1.Delta().Merge(s2.Delta())
	both := Delta[string]{Parts: []Part[string]{
		{Replica: ref("s1"), End: 2, Seen: Dots{{1, 2}}, Rows: []Row[string]{lobby, private}},
		s2part,
	}}
	want(t, "delta", d, both)
	again, _ := d.Merge(s2.Delta())
	want(t, "delta after a duplicate", again, both)

	// Observed remove: the tombstone is a seen dot without a row, and stays.
	s1.ResetDelta()
	leave(t, s1, "private", 1, "user1")
	tombstone := s1.Delta()
	want(t, "tombstone", tombstone.Parts[0], Part[string]{Replica: ref("s1"), Start: 2, End: 3, Seen: Dots{{2, 3}}})
	d, _ = d.Merge(tombstone)
	want(t, "delta", d, Delta[string]{Parts: []Part[string]{
		{Replica: ref("s1"), End: 3, Seen: Dots{{1, 3}}, Rows: []Row[string]{lobby}},
		s2part,
	}})
	late, _ := tombstone.Merge(both)
	want(t, "delta, the other way round", late, d)
}

// The removal of a row is known before the row: it never appears.
func TestStateRemovalBeforeAddition(t *testing.T) {
	ab := cluster("a", "b")
	a, b := ab[0], ab[1]
	join(t, a, "lobby", 1, "alice")
	add := a.Delta()
	a.ResetDelta()
	leave(t, a, "lobby", 1, "alice")
	wantMerge(t, b, a.Delta(), "", "")
	wantMerge(t, b, add, "", "")
	want(t, "context", b.Context()[ref("a")], 2)
}

// A late copy of an addition does not bring a removed row back, even while
// dots before it are missing.
func TestStateNoResurrectionFromAGap(t *testing.T) {
	ab := cluster("a", "b")
	a, b := ab[0], ab[1]
	join(t, a, "lobby", 1, "lost")
	a.ResetDelta()
	join(t, a, "lobby", 2, "alice")
	add := a.Delta()
	a.ResetDelta()
	leave(t, a, "lobby", 2, "alice")
	wantMerge(t, b, add, "alice", "")
	wantMerge(t, b, a.Delta(), "", "alice")
	wantMerge(t, b, add, "", "")
}

// Joins and leaves come by topic, process, key; reads by key, process.
func TestStateOrder(t *testing.T) {
	abc := cluster("a", "b", "c")
	a, b, c := abc[0], abc[1], abc[2]
	join(t, b, "t", 2, "x")
	join(t, b, "t", 1, "y")
	join(t, b, "s", 9, "z")
	join(t, a, "t", 5, "y")
	join(t, a, "t", 5, "x")
	d, _ := b.Delta().Merge(a.Delta())
	joins, _ := c.Merge(d)
	format := func(rows []Row[string]) (s []string) {
		for _, r := range rows {
			s = append(s, r.Topic+" "+r.Tag.Replica.Name+string(rune('0'+r.Process))+" "+r.Key)
		}
		return s
	}
	want(t, "joins", format(joins), []string{"s b9 z", "t a5 x", "t a5 y", "t b1 y", "t b2 x"})
	want(t, "list", format(c.List()), format(joins))
	want(t, "topic", format(c.GetByTopic("t")), []string{"t a5 x", "t b2 x", "t a5 y", "t b1 y"})
	_, leaves := c.Merge(Delta[string]{Parts: []Part[string]{
		{Replica: ref("a"), End: 2, Seen: Dots{{1, 2}}},
		{Replica: ref("b"), End: 3, Seen: Dots{{1, 3}}},
	}})
	want(t, "leaves", format(leaves), format(joins))
}
