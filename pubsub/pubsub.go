package pubsub

import (
	"context"
	"crypto/rand"
	"hash/maphash"
	"log/slog"
	"runtime"
	"sync/atomic"

	"github.com/bennu-go/bennu/proc"
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
	// [PubSub.Mutated] tells which values were changed after they had been published.
	Strict bool
	// Logger for messages that cannot be decoded. Nil means slog.Default(), taken in New.
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

// A PubSub is a service: a supervisor runs it. Without an adapter it also works while it is not running.
type PubSub struct {
	cfg    Config
	seed   maphash.Seed
	tables []table
	runs   atomic.Int64
	strict strictLog
}

// New makes a PubSub. It panics without a System.
func New(cfg Config) *PubSub {
	if cfg.System == nil {
		panic("pubsub: Config.System is missing: pass the application's proc.System")
	}
	cfg = cfg.withDefaults()
	return &PubSub{cfg: cfg, seed: maphash.MakeSeed(), tables: make([]table, cfg.Tables)}
}

// Run connects the adapter and waits for ctx. Run again after it ended, all who were subscribed end, so that they subscribe anew.
func (ps *PubSub) Run(ctx context.Context) error {
	if ps.runs.Add(1) > 1 {
		for i := range ps.tables {
			for _, g := range ps.tables[i].reset() {
				g.Reset()
			}
		}
	}
	if ps.cfg.Adapter == nil {
		<-ctx.Done()
		return nil
	}
	return ps.cfg.Adapter.Run(ctx, ps.cfg.Node, ps.receive)
}

// System returns the System of the subscribing processes.
func (ps *PubSub) System() *proc.System { return ps.cfg.System }

// Node returns this node's name.
func (ps *PubSub) Node() string { return ps.cfg.Node }

func (ps *PubSub) table(topic string) *table {
	return &ps.tables[maphash.String(ps.seed, topic)%uint64(len(ps.tables))]
}

// Join adds a group to a topic. The same group may be in many topics, once in each.
func (ps *PubSub) Join(topic string, g Group) { ps.table(topic).add(topic, g) }

// Leave removes a group from a topic. It is no error if it is not there.
func (ps *PubSub) Leave(topic string, g Group) { ps.table(topic).remove(topic, g) }

// Broadcast sends m to all subscribers of its topic on all nodes but, on this node, from (nil: to all). Other nodes come first: if the
// adapter fails, its error is returned and nobody here gets the message either.
func (ps *PubSub) Broadcast(m *Message, from *proc.Process) error {
	if ps.cfg.Adapter != nil {
		if err := ps.remote(m, ""); err != nil {
			return err
		}
	}
	return ps.LocalBroadcast(m, from)
}

// LocalBroadcast is Broadcast on this node only.
func (ps *PubSub) LocalBroadcast(m *Message, from *proc.Process) error {
	if t := ps.cfg.Telemetry; t != nil && telemetry.Enabled[telemetry.Broadcast](t) {
		telemetry.Emit(context.Background(), t, telemetry.Broadcast{Topic: m.Topic, Event: m.Name, Bytes: len(m.payload), From: from != nil})
	}
	ps.table(m.Topic).deliver(m, from)
	return nil
}

// DirectBroadcast sends m to the subscribers on one node. To a node that is not there it is lost, without an error.
func (ps *PubSub) DirectBroadcast(node string, m *Message) error {
	if node == ps.cfg.Node {
		return ps.LocalBroadcast(m, nil)
	}
	if ps.cfg.Adapter == nil {
		return nil
	}
	return ps.remote(m, node)
}

func (ps *PubSub) remote(m *Message, to string) error {
	payload, err := m.encoded()
	if err != nil {
		return err
	}
	return ps.cfg.Adapter.Publish(Envelope{From: ps.cfg.Node, To: to, Topic: m.Topic, Kind: m.Kind, Name: m.Name, Payload: payload})
}

// receive is called by the adapter.
func (ps *PubSub) receive(e Envelope) {
	if e.From == ps.cfg.Node || e.To != "" && e.To != ps.cfg.Node {
		return
	}
	m := &Message{Topic: e.Topic, Name: e.Name, Kind: e.Kind, payload: e.Payload}
	switch {
	case e.Kind != Event && e.Kind != Binary && e.Kind != Value:
		return // a newer node's: old and new binaries work side by side
	case e.Kind == Event && !isObject(e.Payload):
		ps.cfg.Logger.Warn("pubsub: dropped a message of another node whose payload is no JSON object", "from", e.From, "topic", e.Topic, "event", e.Name)
		return
	}
	ps.LocalBroadcast(m, nil)
}
