package presence

import (
	"context"
	"errors"
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
	ended     chan struct{} // capacity 1: a process of ours has
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
	l := &life{cfg: &t.cfg, refs: newRefs(), ended: make(chan struct{}, 1)}
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
		case <-l.ended:
		}
		t.life.Store(nil)
	}
	l.farewell()
	cancel()
	l.stopShards()
	if helpers := stop(); err == nil {
		err = helpers
	}
	switch {
	case ctx.Err() != nil:
		return nil
	case err == nil:
		err = errEnded
	}
	return fmt.Errorf("presence: %q: %w", t.cfg.Name, err)
}

// fetchStopTimeout is shorter than a supervisor's patience with us, so that a Fetch that does not return is reported as such.
const fetchStopTimeout = 3 * time.Second

var errEnded = errors.New("a process of the tracker has ended")

// runHelpers runs what the shards need, until stop is called.
func (l *life) runHelpers() (stop func() error) {
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
	errs := make(chan error, len(services))
	ready := make(chan struct{}, 2*len(services))
	for _, svc := range services {
		go func() {
			err := svc.Run(supervise.NotifyReady(ctx, func() { ready <- struct{}{} }))
			if ctx.Err() != nil {
				err = nil
			}
			errs <- err
			l.lost(nil)
			ready <- struct{}{}
		}()
		<-ready
	}
	return func() (err error) {
		cancel()
		for range services {
			err = errors.Join(err, <-errs)
		}
		return err
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

// lost is called when something that the life needs has ended.
func (l *life) lost(error) {
	select {
	case l.ended <- struct{}{}:
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
