package presence

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"unicode/utf8"

	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/supervise"
)

var (
	// ErrAlreadyTracked says that the process has this key in this topic.
	ErrAlreadyTracked = errors.New("presence: already tracked")
	// ErrNotTracked says that there is nothing to update.
	ErrNotTracked = errors.New("presence: not tracked")
	// ErrNotRunning says that the Presence does not run, or not yet, or is about to be restarted.
	ErrNotRunning = errors.New("presence: not running; a supervisor must run it before anybody is tracked")
	// ErrKey says that a key cannot be used.
	ErrKey = errors.New("presence: key refused")
	// ErrRestarted ends the processes that a Presence tracked before it was restarted, so that their clients join and they track again.
	ErrRestarted = errors.New("presence: restarted, who was tracked is not known any more")
)

// Tracked is who is present somewhere: a channel's socket, for one.
type Tracked interface {
	Process() *proc.Process
	Topic() string
}

// Presence knows who is where: in each topic, under keys, the metas that processes track. It is a service. Its methods may be called from any
// goroutine, callbacks included. M is a struct or a map, which encodes as a JSON object.
type Presence[M any] struct{ tracker }

var _ supervise.ReadyService = (*Presence[struct{}])(nil)

// New makes a Presence. It panics if the configuration cannot work.
func New[M any](cfg Config) *Presence[M] {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		panic(err)
	}
	if h := cfg.HandleMetas; h != nil && h.meta != reflect.TypeFor[M]() {
		panic(fmt.Errorf("presence: %q has metas of type %s, its Config.HandleMetas takes %s", cfg.Name, reflect.TypeFor[M](), h.meta))
	}
	return &Presence[M]{tracker{cfg: cfg}}
}

// Run tracks until ctx ends, then tells other nodes, which forget this one's presences at once. Run again, it begins empty, and
// processes that were tracked before end with ErrRestarted.
func (p *Presence[M]) Run(ctx context.Context) error { return p.run(ctx) }

// AnnouncesReady implements supervise.ReadyService: it is ready when it can track.
func (p *Presence[M]) AnnouncesReady() {}

// Track makes s present in its topic under key, until its process ends or untracks. One process may have several keys in a topic, and many
// processes one key. It returns ErrAlreadyTracked, ErrNotRunning, ErrKey for a key that is not UTF-8, or proc.ErrNoProcess.
func (p *Presence[M]) Track(s Tracked, key string, meta M) error {
	_, err := p.TrackProcess(s.Process(), s.Topic(), key, meta)
	return err
}

// TrackProcess is Track for any process and topic. It returns the meta's phx_ref.
func (p *Presence[M]) TrackProcess(process *proc.Process, topic, key string, meta M) (ref string, err error) {
	if err := p.checkKey(key); err != nil {
		return "", err
	}
	body, err := encodeMeta(meta)
	if err != nil {
		return "", err
	}
	s, err := p.shardOf(process, topic)
	if err != nil {
		return "", err
	}
	return s.track(process, topic, key, body)
}

// Update replaces the meta of s under key: clients see a leave and a join in one diff, and the ref before as phx_ref_prev. It returns ErrNotTracked
// if there is none.
func (p *Presence[M]) Update(s Tracked, key string, meta M) error {
	_, err := p.UpdateProcess(s.Process(), s.Topic(), key, meta)
	return err
}

// UpdateProcess is Update for any process and topic. It returns the meta's new phx_ref.
func (p *Presence[M]) UpdateProcess(process *proc.Process, topic, key string, meta M) (ref string, err error) {
	body, err := encodeMeta(meta)
	if err != nil {
		return "", err
	}
	s, err := p.shardOf(process, topic)
	if err != nil {
		return "", err
	}
	return s.update(process, topic, key, "", body)
}

// UpdateFunc is Update by a function of the meta that is there. f may be called again if somebody else updates at the same time.
func (p *Presence[M]) UpdateFunc(s Tracked, key string, f func(M) M) error {
	_, err := p.UpdateProcessFunc(s.Process(), s.Topic(), key, f)
	return err
}

// UpdateProcessFunc is UpdateFunc for any process and topic.
func (p *Presence[M]) UpdateProcessFunc(process *proc.Process, topic, key string, f func(M) M) (ref string, err error) {
	s, err := p.shardOf(process, topic)
	if err != nil {
		return "", err
	}
	for {
		old, err := s.get(process, topic, key)
		if err != nil {
			return "", err
		}
		var value M
		if err := old.value(&value); err != nil {
			return "", fmt.Errorf("presence: the meta of %q in %q does not decode: %w", key, topic, err)
		}
		body, err := encodeMeta(f(value))
		if err != nil {
			return "", err
		}
		if ref, err := s.update(process, topic, key, old, body); ref != "" || err != nil {
			return ref, err
		}
	}
}

// Untrack ends the presence of s under key. It is no error if there is none.
func (p *Presence[M]) Untrack(s Tracked, key string) { p.UntrackProcess(s.Process(), s.Topic(), key) }

// UntrackProcess is Untrack for any process and topic.
func (p *Presence[M]) UntrackProcess(process *proc.Process, topic, key string) {
	if l := p.life.Load(); l != nil {
		l.shard(topic).untrack(process, topic, key)
	}
}

// UntrackAll ends all presences of a process, in all topics.
func (p *Presence[M]) UntrackAll(process *proc.Process) {
	if l := p.life.Load(); l != nil {
		for _, s := range l.shards {
			s.untrackAll(process)
		}
	}
}

// List returns who is in a topic, as far as this node knows: its own processes at once, others' after a BroadcastPeriod. It is empty while the
// Presence does not run. With a Fetch it may call that for those who have just come.
func (p *Presence[M]) List(topic string) State[M] {
	l := p.life.Load()
	if l == nil {
		return State[M]{}
	}
	return State[M]{l.shard(topic).list(topic)}
}

// GetByKey returns who is in a topic under one key, and false if nobody is.
func (p *Presence[M]) GetByKey(topic, key string) (Entry[M], bool) {
	l := p.life.Load()
	if l == nil {
		return Entry[M]{}, false
	}
	g := l.shard(topic).getByKey(topic, key)
	if g == nil {
		return Entry[M]{}, false
	}
	return entry[M](g), true
}

func (p *Presence[M]) shardOf(process *proc.Process, topic string) (*shard, error) {
	l := p.life.Load()
	switch {
	case l == nil:
		return nil, ErrNotRunning
	case process.System() != p.cfg.System:
		return nil, fmt.Errorf("presence: process %s lives in another proc.System than the Presence %q; pass both the same", process.Label(), p.cfg.Name)
	}
	return l.shard(topic), nil
}

// checkKey refuses what clients could not tell apart, or stumble over.
func (p *Presence[M]) checkKey(key string) error {
	if !utf8.ValidString(key) {
		return fmt.Errorf("%w: %q is not UTF-8, so clients cannot tell it from others", ErrKey, key)
	}
	if p.cfg.RefusePrototypeKeys && prototypeKey(key) {
		return fmt.Errorf("%w: %q is a property of every JavaScript object", ErrKey, key)
	}
	return nil
}

// prototypeKey says whether key is a property of Object.prototype.
func prototypeKey(key string) bool {
	switch key {
	case "__proto__", "constructor", "hasOwnProperty", "isPrototypeOf", "propertyIsEnumerable", "toLocaleString", "toString", "valueOf",
		"__defineGetter__", "__defineSetter__", "__lookupGetter__", "__lookupSetter__":
		return true
	}
	return false
}
