package supervise

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/telemetry"
)

// DynamicConfig configures a Dynamic. The zero value works, but for the name and, where there are processes, the System.
type DynamicConfig struct {
	// Name stands in errors, logs and listings. Empty means "dynamic".
	Name string
	// System is where its processes live. It is needed for processes only.
	System *proc.System
	// MaxChildren at once; starting one more returns ErrMaxChildren. Zero means no limit but the System's.
	MaxChildren int
	// MaxRestarts within the window Within, of all children together; one more ends the Dynamic. Zero means 3; negative none.
	MaxRestarts int
	// Within is the window. Zero means 5 seconds.
	Within time.Duration
	// StopTimeout of processes adopted by proc.Start, and of children that set none. Zero means 5 seconds; negative is Infinity.
	StopTimeout time.Duration
	// Logger, as that of Config.
	Logger *slog.Logger
	// Telemetry, as that of Config. Processes adopted by proc.Start emit nothing here when they end.
	Telemetry *telemetry.Telemetry
}

// A Dynamic supervises children that come and go: Elixir's DynamicSupervisor. Two kinds:
//
// Processes started by [proc.Start] with the Dynamic as their supervisor are temporary, cost it a map entry, and end with it. Children started
// by [Dynamic.StartChild] are started again as their Restart says.
//
// It is a Service, ready at once, and takes children while it runs; before and after, starting one returns
// [ErrNotRunning]. When it stops, all children stop at the same time. A new Run begins without children.
type Dynamic struct {
	cfg    DynamicConfig
	report reporter
	run    atomic.Pointer[dynamicRun] // nil while not running
}

// NewDynamic makes a Dynamic. It starts nothing.
func NewDynamic(cfg DynamicConfig) *Dynamic {
	if cfg.Name == "" {
		cfg.Name = "dynamic"
	}
	cfg.MaxRestarts, cfg.Within, cfg.StopTimeout = defaults(cfg.MaxRestarts, cfg.Within, cfg.StopTimeout)
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	return &Dynamic{cfg: cfg, report: reporter{cfg.Name, cfg.Logger, cfg.Telemetry}}
}

// AnnouncesReady implements [ReadyService].
func (d *Dynamic) AnnouncesReady() {}

const dynamicShards = 16

// dynamicRun is what lives as long as one Run.
type dynamicRun struct {
	*Dynamic
	ctx    context.Context
	closed atomic.Bool
	count  atomic.Int64
	gone   chan struct{} // capacity 1: the last child has gone
	failed chan error    // capacity 1: the first reason to give up

	shards [dynamicShards]struct {
		mu      sync.Mutex // guards adopted
		adopted map[*proc.Process]struct{}
	}

	mu       sync.Mutex // guards the fields below
	refs     map[*Ref]struct{}
	restarts intensity
}

// Run takes children until ctx ends, or they need more restarts than the intensity allows. Then it stops them all at the same time.
func (d *Dynamic) Run(ctx context.Context) error {
	r := &dynamicRun{
		Dynamic: d, ctx: ctx, gone: make(chan struct{}, 1), failed: make(chan error, 1),
		refs: map[*Ref]struct{}{}, restarts: intensity{max: d.cfg.MaxRestarts, within: d.cfg.Within},
	}
	for i := range r.shards {
		r.shards[i].adopted = map[*proc.Process]struct{}{}
	}
	if !d.run.CompareAndSwap(nil, r) {
		return fmt.Errorf("supervise: %s: %w", d.cfg.Name, ErrRunning)
	}
	defer d.run.Store(nil)
	Ready(ctx)
	var err error
	select {
	case <-ctx.Done():
	case err = <-r.failed:
	}
	if abandoned := r.stop(); err == nil {
		err = abandoned // otherwise the reason to give up says more
	}
	return err
}

// System implements proc.Supervisor.
func (d *Dynamic) System() *proc.System { return d.cfg.System }

// Adopt implements proc.Supervisor: [proc.Start] calls it.
func (d *Dynamic) Adopt(p *proc.Process) error {
	r := d.run.Load()
	if err := d.enter(r); err != nil {
		return err
	}
	sh := &r.shards[p.ID()%dynamicShards]
	sh.mu.Lock()
	sh.adopted[p] = struct{}{}
	sh.mu.Unlock()
	if r.closed.Load() && r.release(p) { // stop may have listed the processes before this one
		return d.errNotRunning()
	}
	return nil
}

// Exited implements proc.Supervisor.
func (d *Dynamic) Exited(p *proc.Process, reason error) {
	if r := d.run.Load(); r != nil {
		r.release(p)
	}
}

// enter counts a child in.
func (d *Dynamic) enter(r *dynamicRun) error {
	if r == nil {
		return d.errNotRunning()
	}
	n := r.count.Add(1)
	switch {
	case r.closed.Load():
		r.leave()
		return d.errNotRunning()
	case d.cfg.MaxChildren > 0 && n > int64(d.cfg.MaxChildren):
		r.leave()
		return fmt.Errorf("supervise: %s: %w: MaxChildren is %d", d.cfg.Name, ErrMaxChildren, d.cfg.MaxChildren)
	}
	return nil
}

func (d *Dynamic) errNotRunning() error {
	return fmt.Errorf("supervise: %s: %w", d.cfg.Name, ErrNotRunning)
}

// leave counts a child out. Whoever counts down looks at closed after, stop counts after closing: one of them sees the other.
func (r *dynamicRun) leave() {
	r.count.Add(-1)
	r.tellStop()
}

func (r *dynamicRun) tellStop() {
	if r.closed.Load() && r.count.Load() == 0 {
		select {
		case r.gone <- struct{}{}:
		default:
		}
	}
}

// release forgets an adopted process and says whether it was there.
func (r *dynamicRun) release(p *proc.Process) bool {
	sh := &r.shards[p.ID()%dynamicShards]
	sh.mu.Lock()
	_, ok := sh.adopted[p]
	delete(sh.adopted, p)
	sh.mu.Unlock()
	if ok {
		r.leave()
	}
	return ok
}

func (r *dynamicRun) adopted() iter.Seq[*proc.Process] {
	return func(yield func(*proc.Process) bool) {
		for i := range r.shards {
			sh := &r.shards[i]
			sh.mu.Lock()
			all := make([]*proc.Process, 0, len(sh.adopted))
			for p := range sh.adopted {
				all = append(all, p)
			}
			sh.mu.Unlock()
			for _, p := range all {
				if !yield(p) {
					return
				}
			}
		}
	}
}

func (r *dynamicRun) allRefs() []*Ref {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := make([]*Ref, 0, len(r.refs))
	for ref := range r.refs {
		all = append(all, ref)
	}
	return all
}

// mayRestart notes a restart; one too many ends the Dynamic.
func (r *dynamicRun) mayRestart(child string, reason error) bool {
	r.mu.Lock()
	ok := r.restarts.allow(time.Now())
	i := r.restarts
	r.mu.Unlock()
	if !ok {
		r.giveUp(r.report.gaveUp(child, reason, i.count()-1, &i))
	}
	return ok
}

func (r *dynamicRun) giveUp(err error) {
	select {
	case r.failed <- err:
	default:
	}
}

// maxAbandonedStacks bounds how many stuck processes are reported with their stacks.
const maxAbandonedStacks = 5

// stop ends all children at once. Refs bound their own ends.
func (r *dynamicRun) stop() (err error) {
	r.closed.Store(true)
	for _, ref := range r.allRefs() {
		ref.cancel()
	}
	for p := range r.adopted() {
		p.Exit(proc.ErrShutdown)
	}
	var late <-chan time.Time
	if r.cfg.StopTimeout >= 0 {
		t := time.NewTimer(r.cfg.StopTimeout)
		defer t.Stop()
		late = t.C
	}
	for r.count.Load() > 0 {
		select {
		case <-r.gone:
		case <-late:
			err = r.abandonAdopted()
		}
	}
	select { // a Ref may have been abandoned meanwhile
	case failed := <-r.failed:
		err = failed
	default:
	}
	return err
}

// abandonAdopted gives up on the adopted processes that are left.
func (r *dynamicRun) abandonAdopted() (err error) {
	n := 0
	for p := range r.adopted() {
		if !r.release(p) {
			continue // it ended just now
		}
		if n++; n <= maxAbandonedStacks {
			r.report.abandoned(p.Label(), r.cfg.StopTimeout, p.Stack())
		}
		err = &ChildError{Supervisor: r.cfg.Name, Child: p.Label(), Reason: fmt.Errorf("%w after %v", ErrAbandoned, r.cfg.StopTimeout)}
		p.Exit(proc.ErrKilled)
	}
	if n > maxAbandonedStacks {
		r.report.logger.Error("more children abandoned", slog.String("supervisor", r.cfg.Name), slog.Int("count", n-maxAbandonedStacks))
	}
	return err
}

// Len returns the number of children.
func (d *Dynamic) Len() int {
	if r := d.run.Load(); r != nil {
		return int(r.count.Load())
	}
	return 0
}

// Children lists the children alive when each part of the list is read, in no particular order. They may come and go meanwhile.
func (d *Dynamic) Children() iter.Seq[ChildInfo] {
	return func(yield func(ChildInfo) bool) {
		r := d.run.Load()
		if r == nil {
			return
		}
		for _, ref := range r.allRefs() {
			if !yield(ref.Info()) {
				return
			}
		}
		for p := range r.adopted() {
			if !yield(ChildInfo{Name: p.Label(), Kind: "process", Status: Running, Restart: Temporary, Process: p}) {
				return
			}
		}
	}
}

func (d *Dynamic) kind() string { return "dynamic" }

func (d *Dynamic) node() node { return node{text: fmt.Sprintf("%d children", d.Len())} }
