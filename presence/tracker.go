package presence

import (
	"context"
	"fmt"
	"hash/fnv"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bennu-go/bennu/internal/orset"
	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/supervise"
)

// tracker is a Presence without the type of its metas.
type tracker struct {
	cfg      Config
	running  atomic.Bool
	life     atomic.Pointer[life] // nil while not running
	previous *life                // whose processes are to be told
}

// life is one Run.
type life struct {
	cfg       *Config
	ctx       context.Context // ends with the life
	refs      *refs
	shards    []*shard
	tasks     *supervise.Tasks // calls of Fetch
	listener  listening
	ended     chan error // capacity 1: why something that we need has
	fetches   sync.WaitGroup
	lastWarns atomic.Int64 // System.Now of the last warning, in ns
}

func (t *tracker) run(ctx context.Context) error {
	if !t.running.CompareAndSwap(false, true) {
		return fmt.Errorf("presence: %q is running already", t.cfg.Name)
	}
	defer t.running.Store(false)
	if ctx.Err() != nil {
		return nil
	}
	l := &life{cfg: &t.cfg, refs: newRefs(), ended: make(chan error, 1)}
	l.listener.name = t.cfg.Name
	var cancel context.CancelFunc
	l.ctx, cancel = context.WithCancel(ctx)
	l.shards = make([]*shard, t.cfg.Shards)
	for i := range l.shards {
		l.shards[i] = newShard(l)
	}
	stop := l.runHelpers()
	err := l.startShards(ctx)
	if err == nil {
		previous := t.previous
		t.previous = l
		t.life.Store(l)
		previous.restarted()
		supervise.Ready(ctx)
		select {
		case <-ctx.Done():
		case err = <-l.ended:
		}
		t.life.Store(nil)
	}
	l.farewell()
	cancel()
	l.stopShards()
	stop()
	if ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("presence: %q: %w", t.cfg.Name, err)
}

// fetchStopTimeout is shorter than a supervisor's patience with us, so that a Fetch that does not return is reported as such.
const fetchStopTimeout = 3 * time.Second

// runHelpers runs what the shards need, until stop is called.
func (l *life) runHelpers() (stop func()) {
	var services []supervise.Service
	if l.cfg.Fetch != nil {
		l.tasks = supervise.NewTasks(supervise.TasksConfig{
			Name: "presence " + l.cfg.Name + " fetch", MaxTasks: maxStuck,
			StopTimeout: fetchStopTimeout, Logger: l.cfg.Logger, Telemetry: l.cfg.Telemetry,
		})
		services = append(services, l.tasks)
	}
	if l.cfg.HandleMetas != nil {
		services = append(services, supervise.New(
			supervise.Config{Name: "presence " + l.cfg.Name, System: l.cfg.System, Logger: l.cfg.Logger, Telemetry: l.cfg.Telemetry},
			supervise.Child{Name: "listener", Process: l.cfg.HandleMetas.start(&l.listener)},
		))
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(l.ctx))
	var running sync.WaitGroup
	ready := make(chan struct{}, 2*len(services))
	for _, svc := range services {
		running.Go(func() {
			l.lost(svc.Run(supervise.NotifyReady(ctx, func() { ready <- struct{}{} })))
			ready <- struct{}{} // also if it never was
		})
		<-ready
	}
	return func() {
		cancel()
		running.Wait()
	}
}

func (l *life) startShards(ctx context.Context) error {
	for i, s := range l.shards {
		if err := s.start(ctx, i); err != nil {
			return err
		}
	}
	return nil
}

// lost is called when something that the life needs has ended: the first reason counts.
func (l *life) lost(reason error) {
	if reason == nil {
		reason = proc.ErrNormal
	}
	select {
	case l.ended <- fmt.Errorf("a part of the tracker has ended: %w", reason):
	default:
	}
}

// farewell closes the shards and tells other nodes.
func (l *life) farewell() {
	for _, s := range l.shards {
		bye := s.close()
		if s.process != nil && !l.cfg.NoFarewell {
			s.send(context.WithoutCancel(l.ctx), []orset.Envelope[meta]{bye})
		}
	}
}

func (l *life) stopShards() {
	var gone sync.WaitGroup
	for _, s := range l.shards {
		if s.process != nil {
			gone.Add(1)
			s.process.Watch(func(error) { gone.Done() })
			s.process.Exit(proc.ErrShutdown)
		}
	}
	gone.Wait()
	l.fetches.Wait()
}

// restarted ends the processes that an earlier life tracked, so that they track anew.
func (l *life) restarted() {
	if l == nil {
		return
	}
	for _, s := range l.shards {
		for _, p := range s.orphans() {
			p.Exit(ErrRestarted)
		}
	}
}

// warn logs, one line a second at most.
func (l *life) warn(ctx context.Context, msg string, attrs ...slog.Attr) {
	now := l.cfg.System.Now() + time.Second
	last := l.lastWarns.Load()
	if time.Duration(last)+time.Second > now || !l.lastWarns.CompareAndSwap(last, int64(now)) {
		return
	}
	l.cfg.Logger.LogAttrs(ctx, slog.LevelWarn, msg, append(attrs, slog.String("presence", l.cfg.Name))...)
}

// shard returns the shard that holds a topic: the same on all nodes.
func (l *life) shard(topic string) *shard {
	if len(l.shards) == 1 {
		return l.shards[0]
	}
	h := fnv.New32a()
	h.Write([]byte(topic))
	return l.shards[h.Sum32()%uint32(len(l.shards))]
}
