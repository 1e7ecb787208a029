package presence

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/bennu-go/bennu/internal/orset"
	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
	"github.com/bennu-go/bennu/telemetry"
)

// NoWindow as [Config.Window] gives every change a diff of its own.
const NoWindow time.Duration = -1

// DefaultWindow is how long changes of a topic are collected, if the Config says nothing else.
const DefaultWindow = 50 * time.Millisecond

// Config of a Presence.
type Config struct {
	// System holds the tracker's processes and those that are tracked. Nil means that of the PubSub.
	System *proc.System
	// PubSub takes the diffs to clients, and news to and from other nodes, whose trackers must have the same Name and Shards. Required.
	PubSub *pubsub.PubSub
	// Name tells this Presence from others on the node. Required.
	Name string

	// Window is how long changes of a topic are collected before they go out as one diff. The first change after a Window of quiet goes out at once.
	// Zero means 50 ms; NoWindow, or any negative value, sends each change by itself, or with those that came
	// while the one before went out.
	Window time.Duration
	// Shards into which topics are divided, each with a lock and a gossip of its own. It must be the same on all nodes. Zero means 1.
	Shards int

	// BroadcastPeriod is how often news goes to other nodes. Zero means 1.5 s.
	BroadcastPeriod time.Duration
	// MaxSilentPeriods is how many periods without news pass before a sign of life is sent all the same. Zero means 10.
	MaxSilentPeriods int
	// DownPeriod is the silence after which another node's presences are hidden. Zero means 2 × MaxSilentPeriods × BroadcastPeriod,
	// 30 s by default. At least 2 × BroadcastPeriod.
	DownPeriod time.Duration
	// PermDownPeriod is the silence after which they are forgotten. Zero means 20 minutes. More than DownPeriod.
	PermDownPeriod time.Duration
	// ClockSamplePeriods is how many periods other nodes' clocks are compared for before one that is ahead is asked for what is missing. Zero means 2.
	ClockSamplePeriods int
	// MaxDeltaSizes are the sizes of the pieces of history that are kept for nodes that missed something. Nil means 100, 1,000 and 10,000.
	MaxDeltaSizes []int
	// NoFarewell is off by default: when Run ends, other nodes are told and forget this node's presences at once. True has them find out
	// by DownPeriod.
	NoFarewell bool
	// MaxMessage is the longest message to another node, in bytes; longer ones go in pieces. Zero means 64 KiB, which every adapter carries.
	MaxMessage int

	// RefusePrototypeKeys has Track refuse the names that every JavaScript object has of its own, "__proto__" and "constructor" among them, with
	// ErrKey. Older clients stumble over them, phoenix.js 1.7 among them. Off by default: current ones take any key.
	RefusePrototypeKeys bool

	// Fetch adds fields to presences before clients see them: see [FetchFunc]. Nil adds none.
	Fetch FetchFunc
	// FetchTimeout is how long a Fetch may take before the diff goes out without it. Zero means 5 s.
	FetchTimeout time.Duration
	// FetchConcurrency is how many topics are fetched for at once, in each shard; changes of the others are collected meanwhile. Zero means 32.
	FetchConcurrency int

	// HandleMetas is told of every diff on this node, after its clients. Make it with OnMetas. Nil: nobody is.
	HandleMetas *Listener

	// Logger for what goes wrong. Nil means slog.Default(), taken in New.
	Logger *slog.Logger
	// Telemetry gets PresenceDiff, PresenceReplica and FetchFailed. Nil is off.
	Telemetry *telemetry.Telemetry
}

func (c Config) withDefaults() Config {
	if c.System == nil && c.PubSub != nil {
		c.System = c.PubSub.System()
	}
	if c.Window == 0 {
		c.Window = DefaultWindow
	}
	c.Window = max(c.Window, 0) // from here on, zero is none
	if c.Shards == 0 {
		c.Shards = 1
	}
	if c.MaxMessage == 0 {
		c.MaxMessage = 64 << 10
	}
	if c.FetchTimeout == 0 {
		c.FetchTimeout = 5 * time.Second
	}
	if c.FetchConcurrency == 0 {
		c.FetchConcurrency = 32
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return c
}

func (c Config) validate() error {
	switch {
	case c.PubSub == nil:
		return fmt.Errorf("presence: Config.PubSub is missing: it carries diffs to clients and news between nodes")
	case c.Name == "":
		return fmt.Errorf("presence: Config.Name is missing: it tells several presences of a node apart, and must be the same on all nodes")
	case c.Shards < 0 || c.MaxMessage < 0 || c.FetchTimeout < 0 || c.FetchConcurrency < 0:
		return fmt.Errorf("presence: %q: Shards %d, MaxMessage %d, FetchTimeout %v and FetchConcurrency %d must not be negative",
			c.Name, c.Shards, c.MaxMessage, c.FetchTimeout, c.FetchConcurrency)
	}
	if _, err := orset.NewShard[meta](c.gossip()); err != nil {
		return fmt.Errorf("presence: %q: %w", c.Name, err)
	}
	return nil
}

// gossip is the configuration of a shard in one life, under a new replica.
func (c *Config) gossip() orset.ShardConfig {
	return orset.ShardConfig{
		Replica:            orset.NewReplica(c.PubSub.Node()),
		BroadcastPeriod:    c.BroadcastPeriod,
		MaxSilentPeriods:   c.MaxSilentPeriods,
		DownPeriod:         c.DownPeriod,
		PermDownPeriod:     c.PermDownPeriod,
		ClockSamplePeriods: c.ClockSamplePeriods,
		MaxDeltaSizes:      c.MaxDeltaSizes,
	}
}
