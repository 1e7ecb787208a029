package pubsub_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
	"github.com/bennu-go/bennu/pubsub/pubsubtest"
	"github.com/bennu-go/bennu/supervise/supervisetest"
	"github.com/bennu-go/bennu/telemetry"
)

func TestNodeName(t *testing.T) {
	sys := proc.NewSystem(proc.Config{})
	defer sys.Close()
	if got := pubsub.New(pubsub.Config{System: sys, Node: "chat@10.0.0.1"}).Node(); got != "chat@10.0.0.1" {
		t.Errorf("got node %q, want the one given", got)
	}
	a, b := pubsub.New(pubsub.Config{System: sys}), pubsub.New(pubsub.Config{System: sys})
	if a.Node() == "" || a.Node() == b.Node() {
		t.Errorf("got nodes %q and %q, want random ones", a.Node(), b.Node())
	}
}

func TestNewWantsASystem(t *testing.T) {
	defer func() {
		if v := fmt.Sprint(recover()); !strings.Contains(v, "Config.System") {
			t.Errorf("got panic %q, want one that names Config.System", v)
		}
	}()
	pubsub.New(pubsub.Config{})
}

func TestBroadcastReachesTheTopicOnly(t *testing.T) {
	forTables(t, func(t *testing.T, ps *pubsub.PubSub) {
		topics := []string{"room:1", "room:10", "room:", "", "room:1\x00", "Room:1", "*", "room:*"}
		readers := map[string]*reader{}
		for _, topic := range topics {
			readers[topic] = newReader(t, ps.System())
			ok(t, ps.Subscribe(readers[topic].Process, topic, nil))
		}
		for _, topic := range append(topics, "room:2") {
			ok(t, ps.Broadcast(event(t, topic, "on "+topic), nil))
		}
		for topic, r := range readers {
			r.want(t, "on "+topic)
		}
	})
}

func TestBroadcastFromSkipsTheSender(t *testing.T) {
	forTables(t, func(t *testing.T, ps *pubsub.PubSub) {
		a, b := newReader(t, ps.System()), newReader(t, ps.System())
		for _, r := range []*reader{a, b} {
			ok(t, ps.Subscribe(r.Process, "room:1", nil))
		}
		ok(t, ps.Broadcast(event(t, "room:1", "1"), a.Process))
		ok(t, ps.LocalBroadcast(event(t, "room:1", "2"), a.Process))
		ok(t, ps.LocalBroadcast(event(t, "room:1", "3"), b.Process))
		ok(t, ps.LocalBroadcast(event(t, "room:1", "4"), nil))
		a.want(t, "3", "4")
		b.want(t, "1", "2", "4")
	})
}

func TestDirectBroadcastWithoutOtherNodes(t *testing.T) {
	forTables(t, func(t *testing.T, ps *pubsub.PubSub) {
		a := newReader(t, ps.System())
		ok(t, ps.Subscribe(a.Process, "room:1", nil))
		ok(t, ps.DirectBroadcast("here", event(t, "room:1", "to here")))
		ok(t, ps.DirectBroadcast("elsewhere", event(t, "room:1", "to elsewhere")))
		ok(t, ps.DirectBroadcast("", event(t, "room:1", "to nowhere")))
		a.want(t, "to here")
	})
}

func TestOrderOfEachPublisher(t *testing.T) {
	forTables(t, func(t *testing.T, ps *pubsub.PubSub) {
		const publishers, each = 4, 200
		a := newReaderOf(t, ps.System(), publishers*each, nil)
		ok(t, ps.Subscribe(a.Process, "room:1", nil))
		for p := range publishers {
			go func() {
				for i := range each {
					ok(t, ps.Broadcast(event(t, "room:1", fmt.Sprint(p, " ", i)), nil))
				}
			}()
		}
		synctest.Wait()
		next := [publishers]int{}
		for _, got := range a.got {
			var p, i int
			fmt.Sscan(got, &p, &i)
			if i != next[p] {
				t.Fatalf("got message %d of publisher %d, want %d", i, p, next[p])
			}
			next[p]++
		}
		if next != [publishers]int{each, each, each, each} {
			t.Errorf("got %v messages, want %d of each", next, each)
		}
	})
}

// nodes are PubSubs of one cluster, each with a reader of room:1.
type nodes struct {
	cluster *pubsubtest.Cluster
	ps      []*pubsub.PubSub
	readers []*reader
	stop    []func() error
}

// newNodes makes nodes with the names n0, n1, … and the given numbers of tables.
func newNodes(t *testing.T, sys *proc.System, tables ...int) *nodes {
	t.Helper()
	ns := &nodes{cluster: pubsubtest.NewCluster()}
	for i, n := range tables {
		ps := pubsub.New(pubsub.Config{System: sys, Node: fmt.Sprint("n", i), Adapter: ns.cluster.Adapter(), Tables: n, Logger: quiet})
		ns.ps, ns.stop = append(ns.ps, ps), append(ns.stop, supervisetest.Start(t, ps))
		r := newReader(t, sys)
		ok(t, ps.Subscribe(r.Process, "room:1", nil))
		ns.readers = append(ns.readers, r)
	}
	return ns
}

// want compares what the reader of each node got, words parted by blanks.
func (ns *nodes) want(t testing.TB, want ...string) {
	t.Helper()
	for i, r := range ns.readers {
		r.want(t, strings.Fields(want[i])...)
	}
}

// Nodes with different numbers of tables understand each other: unlike Phoenix's pools, tables are a node's own affair.
func TestBroadcastBetweenNodes(t *testing.T) {
	for _, tables := range [][]int{{1, 1, 1}, {1, 2, 16}, {16, 1, 2}} {
		t.Run(fmt.Sprint("tables=", tables), func(t *testing.T) {
			inBubble(t, func(t *testing.T, sys *proc.System) {
				ns := newNodes(t, sys, tables...)
				a, b := ns.ps[0], ns.ps[1]
				ok(t, a.Broadcast(event(t, "room:1", "all"), nil))
				ns.want(t, "all", "all", "all")
				ok(t, b.Broadcast(event(t, "room:1", "others"), ns.readers[1].Process))
				ns.want(t, "others", "", "others")
				ok(t, a.LocalBroadcast(event(t, "room:1", "local"), nil))
				ok(t, a.LocalBroadcast(event(t, "room:1", "localfrom"), ns.readers[0].Process))
				ns.want(t, "local", "", "")
				ok(t, a.DirectBroadcast("n2", event(t, "room:1", "direct")))
				ok(t, a.DirectBroadcast("n0", event(t, "room:1", "self")))
				ok(t, a.DirectBroadcast("n9", event(t, "room:1", "nobody")))
				ok(t, a.DirectBroadcast("", event(t, "room:1", "noname")))
				ns.want(t, "self", "", "direct")
				ok(t, a.Broadcast(event(t, "room:2", "elsewhere"), nil))
				ns.want(t, "", "", "")
			})
		})
	}
}

// A sender is left out on its own node. A process that is subscribed on another one has no such mark there.
func TestFromMeansNothingOnOtherNodes(t *testing.T) {
	inBubble(t, func(t *testing.T, sys *proc.System) {
		ns := newNodes(t, sys, 4, 4)
		sender := newReader(t, sys)
		for _, ps := range ns.ps {
			ok(t, ps.Subscribe(sender.Process, "room:1", func(*pubsub.Message) any { return "on " + ps.Node() }))
		}
		ok(t, ns.ps[0].Broadcast(event(t, "room:1", "x"), sender.Process))
		sender.want(t, "on n1")
	})
}

func TestOrderBetweenNodes(t *testing.T) {
	inBubble(t, func(t *testing.T, sys *proc.System) {
		ns := newNodes(t, sys, 4, 4)
		ns.cluster.Delay("n0", "", 3*time.Second)
		var want []string
		for i := range 50 {
			want = append(want, fmt.Sprint(i))
			m := event(t, "room:1", fmt.Sprint(i))
			if i%3 == 0 {
				ok(t, ns.ps[0].DirectBroadcast("n1", m))
			} else {
				ok(t, ns.ps[0].Broadcast(m, nil))
			}
			if i == 20 {
				ns.cluster.Delay("n0", "", time.Second)
			}
		}
		ns.readers[1].want(t)
		time.Sleep(time.Minute)
		ns.readers[1].want(t, want...)
	})
}

func TestEventsOfOtherNodesKeepTheirPayload(t *testing.T) {
	inBubble(t, func(t *testing.T, sys *proc.System) {
		ns := newNodes(t, sys, 4, 4)
		m, err := pubsub.NewEvent("room:1", "new", []byte(` {"a":"<é>"}`))
		ok(t, err)
		b, err := pubsub.NewBinaryEvent("room:1", "blob", []byte("\x00\xff"))
		ok(t, err)
		ok(t, ns.ps[0].Broadcast(m, nil))
		ok(t, ns.ps[0].Broadcast(b, nil))
		for _, r := range ns.readers {
			r.want(t, `new {"a":"<é>"}`, "blob\x00\xff")
		}
	})
}

// failing is an adapter whose errors a test chooses.
type failing struct {
	pubsub.Adapter
	publish error
}

func (f *failing) Publish(e pubsub.Envelope) error {
	if f.publish != nil {
		return f.publish
	}
	return f.Adapter.Publish(e)
}

func TestAdapterErrorKeepsTheMessageFromEverybody(t *testing.T) {
	inBubble(t, func(t *testing.T, sys *proc.System) {
		f := &failing{Adapter: pubsubtest.NewCluster().Adapter(), publish: errors.New("payload too large")}
		ps := pubsub.New(pubsub.Config{System: sys, Adapter: f})
		r := newReader(t, sys)
		ok(t, ps.Subscribe(r.Process, "room:1", nil))
		for _, err := range []error{
			ps.Broadcast(event(t, "room:1", "x"), nil),
			ps.DirectBroadcast("other", event(t, "room:1", "x")),
			pubsub.Topic[int]("room:1").Broadcast(ps, 1),
		} {
			if !errors.Is(err, f.publish) || !strings.HasPrefix(err.Error(), "pubsub: publishing ") {
				t.Errorf("got %v, want the adapter's error and what was published", err)
			}
		}
		ok(t, ps.LocalBroadcast(event(t, "room:1", "local"), nil))
		ok(t, ps.DirectBroadcast(ps.Node(), event(t, "room:1", "self")))
		r.want(t, "local", "self")
	})
}

func TestBroadcastTelemetry(t *testing.T) {
	inBubble(t, func(t *testing.T, sys *proc.System) {
		cluster := pubsubtest.NewCluster()
		var got []string
		tel := telemetry.New(telemetry.Config{})
		tel.AttachAll(func(_ context.Context, e telemetry.Event) { got = append(got, fmt.Sprintf("%+v", e)) })
		a := pubsub.New(pubsub.Config{System: sys, Node: "a", Adapter: cluster.Adapter(), Telemetry: tel})
		b := pubsub.New(pubsub.Config{System: sys, Node: "b", Adapter: cluster.Adapter(), Telemetry: tel})
		supervisetest.Start(t, a)
		supervisetest.Start(t, b)
		r := newReader(t, sys)
		m, err := pubsub.NewEvent("room:1", "new", []byte(`{"a":1}`))
		ok(t, err)
		ok(t, a.Broadcast(m, nil))
		ok(t, a.Broadcast(m, r.Process))
		ok(t, a.LocalBroadcast(m, nil))
		ok(t, a.DirectBroadcast("b", m))
		ok(t, a.DirectBroadcast("a", m))
		synctest.Wait()
		line := func(from bool) string {
			return fmt.Sprintf("{Topic:room:1 Event:new Bytes:7 From:%v}", from)
		}
		want := []string{line(false), line(true), line(false), line(false), line(false)} // once, on the node where it is made
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
	})
}
