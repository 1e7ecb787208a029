package pubsub

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"hash/maphash"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/supervise"
	"github.com/bennu-go/bennu/telemetry"
)

// Config of a PubSub.
type Config struct {
	// System holds the subscribing processes. Required.
	System *proc.System
	// Node is this node's name, unique in the cluster. Empty means a random one.
	Node string
	// Adapter reaches other nodes. Nil: there are none.
	Adapter Adapter
	// Tables into which topics are divided. Zero means 4 times GOMAXPROCS.
	Tables int
	// Strict is for tests: every local value is encoded and decoded again for each subscriber, as if it had come from another node, and
	// [PubSub.Mutated] tells which values were changed after they had been published. Off by default.
	Strict bool
	// Logger for messages that cannot be used: 10 lines a minute at most. Nil means slog.Default(), taken in New.
	Logger *slog.Logger
	// Telemetry gets Broadcast. Nil is off.
	Telemetry *telemetry.Telemetry
}

func (c Config) withDefaults() Config {
	if c.Node == "" {
		c.Node = "node-" + rand.Text()[:12]
	}
	if c.Tables <= 0 {
		c.Tables = 4 * runtime.GOMAXPROCS(0)
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return c
}

// A PubSub is a service: a supervisor runs it. Without an adapter it also works while it is not running. Its methods may be called from any goroutine.
type PubSub struct {
	cfg     Config
	seed    maphash.Seed
	tables  []table
	copies  sync.Pool // of *[]Group, for those who deliver
	types   sync.Map  // reflect.Type to *valueType
	runs    atomic.Int64
	strict  strictLog
	dropped droppedLog
}

var _ supervise.ReadyService = (*PubSub)(nil)

// New makes a PubSub. It panics without a System.
func New(cfg Config) *PubSub {
	if cfg.System == nil {
		panic("pubsub: Config.System is missing: pass the application's proc.System")
	}
	cfg = cfg.withDefaults()
	ps := &PubSub{cfg: cfg, seed: maphash.MakeSeed(), tables: make([]table, cfg.Tables)}
	ps.dropped.logger = cfg.Logger
	return ps
}

// Run connects the adapter and waits for ctx. Run again after it ended, all who are subscribed end, with [ErrRestarted], so that they subscribe anew.
func (ps *PubSub) Run(ctx context.Context) error {
	if ps.runs.Add(1) > 1 {
		ps.reset()
	}
	if ps.cfg.Adapter == nil {
		supervise.Ready(ctx)
		<-ctx.Done()
		return nil
	}
	err := ps.cfg.Adapter.Run(ctx, ps.cfg.Node, ps.receive)
	switch {
	case ctx.Err() != nil:
		return nil
	case err == nil:
		return errors.New("pubsub: the adapter ended by itself")
	}
	return fmt.Errorf("pubsub: %w", err)
}

// AnnouncesReady implements supervise.ReadyService: the adapter says when it is connected.
func (ps *PubSub) AnnouncesReady() {}

// reset lists all groups before it tells the first: a process that is restarted meanwhile and subscribes again is not told as well.
func (ps *PubSub) reset() {
	var all []Group
	for i := range ps.tables {
		all = append(all, ps.tables[i].groups()...)
	}
	for _, g := range all {
		g.Reset()
	}
}

// System returns the System of the subscribing processes.
func (ps *PubSub) System() *proc.System { return ps.cfg.System }

// Distributed reports whether there is an adapter, and so may be other nodes.
func (ps *PubSub) Distributed() bool { return ps.cfg.Adapter != nil }

// Node returns this node's name.
func (ps *PubSub) Node() string { return ps.cfg.Node }

func (ps *PubSub) table(topic string) *table {
	return &ps.tables[maphash.String(ps.seed, topic)%uint64(len(ps.tables))]
}

// Topics returns how many topics have subscribers on this node. It is for inspection: under load it is not of one moment.
func (ps *PubSub) Topics() (n int) {
	for i := range ps.tables {
		t := &ps.tables[i]
		t.mu.RLock()
		n += len(t.topics)
		t.mu.RUnlock()
	}
	return n
}

// Join adds a group to a topic. The same group may be in many topics, once in each.
func (ps *PubSub) Join(topic string, g Group) { ps.table(topic).add(topic, g) }

// Leave removes a group from a topic. It is no error if it is not there.
func (ps *PubSub) Leave(topic string, g Group) { ps.table(topic).remove(topic, g) }

// Broadcast sends m to all subscribers of its topic on all nodes but, on this node, from (nil: to all). Other nodes come first: if the
// adapter cannot carry it, its error is returned and nobody here gets the message either.
func (ps *PubSub) Broadcast(m *Message, from *proc.Process) error {
	if ps.cfg.Adapter != nil {
		if err := ps.remote(m, ""); err != nil {
			return err
		}
	}
	return ps.LocalBroadcast(m, from)
}

// LocalBroadcast is Broadcast on this node only. Its error is always nil.
func (ps *PubSub) LocalBroadcast(m *Message, from *proc.Process) error {
	ps.emit(m, from)
	ps.deliver(m, from)
	return nil
}

// DirectBroadcast sends m to the subscribers on one node. To a node that is not there it is lost, without an error.
func (ps *PubSub) DirectBroadcast(node string, m *Message) error {
	if node == ps.cfg.Node {
		return ps.LocalBroadcast(m, nil)
	}
	ps.emit(m, nil)
	if ps.cfg.Adapter == nil || node == "" {
		return nil
	}
	return ps.remote(m, node)
}

func (ps *PubSub) emit(m *Message, from *proc.Process) {
	if t := ps.cfg.Telemetry; t != nil && telemetry.Enabled[telemetry.Broadcast](t) {
		telemetry.Emit(context.Background(), t, telemetry.Broadcast{Topic: m.Topic, Event: m.Name, Bytes: len(m.payload), From: from != nil})
	}
}

func (ps *PubSub) deliver(m *Message, from *proc.Process) {
	ps.table(m.Topic).deliver(m, from, &ps.copies)
}

func (ps *PubSub) remote(m *Message, to string) error {
	payload, err := m.encoded()
	if err != nil {
		return err
	}
	if err := ps.cfg.Adapter.Publish(Envelope{From: ps.cfg.Node, To: to, Topic: m.Topic, Kind: m.Kind, Name: m.Name, Payload: payload}); err != nil {
		return fmt.Errorf("pubsub: publishing %q on %q to other nodes: %w", m.Name, m.Topic, err)
	}
	return nil
}

// receive is called by the adapter.
func (ps *PubSub) receive(e Envelope) {
	if e.From == ps.cfg.Node || e.To != "" && e.To != ps.cfg.Node {
		return
	}
	switch {
	case e.Kind != Event && e.Kind != Binary && e.Kind != Value:
		return // a newer node's: old and new binaries work side by side
	case e.Kind == Event && !isObject(e.Payload):
		ps.dropped.warn("pubsub: dropped a message of another node whose payload is no JSON object",
			slog.String("from", e.From), slog.String("topic", e.Topic), slog.String("event", e.Name))
		return
	}
	ps.deliver(&Message{Topic: e.Topic, Name: e.Name, Kind: e.Kind, payload: e.Payload}, nil)
}
