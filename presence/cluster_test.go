package presence

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bennu-go/bennu/internal/orset"
	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
	"github.com/bennu-go/bennu/pubsub/pubsubtest"
	"github.com/bennu-go/bennu/telemetry"
)

// The periods of the nodes in tests.
const (
	period   = 100 * time.Millisecond
	down     = 20 * period
	permDown = 100 * period
)

// settled is time for a change to have reached every node.
const settled = 4 * period

// node is one node of a cluster: a System, a PubSub and a Presence, which run.
type node struct {
	t        *testing.T
	name     string
	sys      *proc.System
	ps       *pubsub.PubSub
	presence *Presence[seat]
	stopAll  func()
	stop     func() error // of the presence
	mayFail  bool         // its Run

	mu       sync.Mutex // guards the fields below
	replicas []string   // what telemetry said of others
	watched  map[string]*watched
}

// watched is a topic as a client of the node sees it.
type watched struct {
	mu     sync.Mutex // guards the fields below
	diffs  []string   // "+key -key"
	client jsClient
}

func (w *watched) Deliver(m *pubsub.Message, _ *proc.Process) {
	if m.Name != event {
		return
	}
	d := decode[jsDiff](m.Payload())
	var line []string
	for _, key := range slices.Sorted(maps.Keys(d.Joins)) {
		line = append(line, strings.Repeat("+"+key, len(d.Joins[key].Metas)))
	}
	for _, key := range slices.Sorted(maps.Keys(d.Leaves)) {
		line = append(line, strings.Repeat("-"+key, len(d.Leaves[key].Metas)))
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.diffs = append(w.diffs, strings.Join(line, " "))
	w.client.syncDiff(d)
}

func (w *watched) Reset() {}

// state is a listing being pushed.
func (w *watched) state(b []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.client.onState(b)
}

// take returns the diffs since it was last called.
func (w *watched) take() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	diffs := w.diffs
	w.diffs = nil
	return diffs
}

// bubble runs a test in virtual time.
func bubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, f)
}

// start runs a node until the end of the test.
func start(t *testing.T, c *pubsubtest.Cluster, name string, change ...func(*Config)) *node {
	t.Helper()
	n := &node{t: t, name: name, watched: map[string]*watched{}}
	n.sys = proc.NewSystem(proc.Config{Logger: quiet()})
	tel := telemetry.New(telemetry.Config{})
	telemetry.Attach(tel, func(_ context.Context, e telemetry.PresenceReplica) {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.replicas = append(n.replicas, e.Replica+" "+e.State)
	})
	n.ps = pubsub.New(pubsub.Config{System: n.sys, Node: name, Adapter: c.Adapter(), Strict: true, Logger: quiet()})
	cfg := Config{
		PubSub: n.ps, Name: "online", Window: NoWindow, Logger: quiet(), Telemetry: tel,
		BroadcastPeriod: period, MaxSilentPeriods: 5, DownPeriod: down, PermDownPeriod: permDown,
	}
	for _, f := range change {
		f(&cfg)
	}
	n.presence = New[seat](cfg)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- n.ps.Run(ctx) }()
	synctest.Wait()
	n.run()
	n.stopAll = sync.OnceFunc(func() {
		_ = n.stop()
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if broken := n.ps.Mutated(); len(broken) > 0 {
			t.Errorf("values were changed after they had been published: %v", broken)
		}
		n.sys.Close()
	})
	t.Cleanup(n.stopAll)
	return n
}

// run runs the presence; stop ends it.
func (n *node) run() {
	n.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- n.presence.Run(ctx) }()
	synctest.Wait()
	n.stop = sync.OnceValue(func() error {
		cancel()
		err := <-ended
		if err != nil && !n.mayFail {
			n.t.Errorf("the presence of %s ended with: %v", n.name, err)
		}
		return err
	})
}

// crash takes the node away without a word.
func (n *node) crash(c *pubsubtest.Cluster) {
	c.Partition([]string{n.name})
	n.stopAll()
	c.Heal()
}

// client starts a process that tracks key in topic.
func (n *node) track(topic, key string) *client {
	n.t.Helper()
	c := newClient(n.t, n.sys, topic)
	if err := n.presence.Track(c, key, seat{n.name}); err != nil {
		n.t.Fatal(err)
	}
	return c
}

// watch has a client take the topic's listing and diffs.
func (n *node) watch(topic string) *watched {
	w := &watched{}
	n.watched[topic] = w
	n.ps.Join(topic, w)
	w.state(n.presence.List(topic).JSON())
	return w
}

// keys returns who is in a topic, one word for each meta.
func (n *node) keys(topic string) string {
	var keys []string
	for key, e := range n.presence.List(topic).All() {
		for range e.Metas {
			keys = append(keys, key)
		}
	}
	return strings.Join(keys, " ")
}

// dirty returns them with those of nodes that are down.
func (n *node) dirty(topic string) string {
	var keys []string
	s := n.presence.life.Load().shard(topic)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, row := range s.set.State().Dirty(topic) {
		keys = append(keys, row.Key)
	}
	return strings.Join(keys, " ")
}

func (n *node) wantKeys(topic, want string) {
	n.t.Helper()
	if got := n.keys(topic); got != want {
		n.t.Errorf("%s lists %q in %q, want %q", n.name, got, topic, want)
	}
}

func (n *node) wantDiffs(topic string, want ...string) {
	n.t.Helper()
	if got := n.watched[topic].take(); !slices.Equal(got, want) {
		n.t.Errorf("clients of %s got the diffs %q in %q, want %q", n.name, got, topic, want)
	}
}

// wantSynced checks that clients hold what the tracker does.
func (n *node) wantSynced(topic string) {
	n.t.Helper()
	w := n.watched[topic]
	w.mu.Lock()
	defer w.mu.Unlock()
	if got, want := w.client.state.String(), listed(n.presence.List(topic).JSON()).String(); got != want {
		n.t.Errorf("clients of %s hold %q, the tracker %q", n.name, got, want)
	}
}

// wantReplicas checks what telemetry said since it was last asked.
func (n *node) wantReplicas(want ...string) {
	n.t.Helper()
	n.mu.Lock()
	defer n.mu.Unlock()
	if !slices.Equal(n.replicas, want) {
		n.t.Errorf("%s saw replicas %q, want %q", n.name, n.replicas, want)
	}
	n.replicas = nil
}

// traffic counts gossip by kind, from and to: "request b>a".
type traffic struct {
	mu    sync.Mutex // guards the field below
	count map[string]int
}

var kinds = map[orset.Kind]string{orset.Heartbeat: "heartbeat", orset.Request: "request", orset.Answer: "answer", orset.Farewell: "farewell"}

// tap counts what is sent from now on, and loses what lose says.
func tap(c *pubsubtest.Cluster, lose func(kind string, from, to string) bool) *traffic {
	tr := &traffic{count: map[string]int{}}
	c.Drop(func(e pubsub.Envelope, to string) bool {
		if !strings.HasPrefix(e.Topic, "phx_presence:") {
			return false
		}
		kind := "piece"
		if e.Payload[0] == wholeMessage {
			m, err := wireCodec.Decode(e.Payload[1:])
			if err != nil {
				panic(err)
			}
			kind = kinds[m.Kind]
		}
		tr.mu.Lock()
		tr.count[fmt.Sprintf("%s %s>%s", kind, e.From, to)]++
		tr.mu.Unlock()
		return lose != nil && lose(kind, e.From, to)
	})
	return tr
}

// take returns the counts of a kind and starts anew.
func (tr *traffic) take(kind string) map[string]int {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	counts := map[string]int{}
	for what, n := range tr.count {
		if strings.HasPrefix(what, kind) {
			counts[what] = n
		}
	}
	tr.count = map[string]int{}
	return counts
}

var errExit = errors.New("told to")

func isNotTracked(err error) bool { return errors.Is(err, ErrNotTracked) }
