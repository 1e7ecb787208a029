package supervise

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bennu-go/bennu/internal/stack"
	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/telemetry"
)

// TasksConfig configures Tasks. The zero value works.
type TasksConfig struct {
	// Name stands in errors, logs and listings. Empty means "tasks".
	Name string
	// MaxTasks at once; starting one more fails with ErrMaxTasks. Zero means 100,000.
	MaxTasks int
	// StopTimeout bounds how long the end of Run waits for the tasks, whose contexts it cancels. Zero means 5 seconds; negative is Infinity.
	StopTimeout time.Duration
	// Logger gets panics, and errors of tasks that nobody awaits. Nil means slog.Default(), taken in NewTasks.
	Logger *slog.Logger
	// Telemetry gets ChildExited for the same, and CallbackAbandoned. Nil is off.
	Telemetry *telemetry.Telemetry
}

// Tasks are functions that run once, each on a goroutine of its own, beside whoever started them: Elixir's Task.Supervisor. See [Async],
// [AsyncStream] and [Tasks.Start]. A panic in one becomes its error. They are a Service, ready at once; while they do not run, starting a task fails with [ErrNotRunning].
type Tasks struct {
	cfg    TasksConfig
	report reporter
	run    atomic.Pointer[tasksRun] // nil while not running
}

// NewTasks makes Tasks. It starts nothing.
func NewTasks(cfg TasksConfig) *Tasks {
	if cfg.Name == "" {
		cfg.Name = "tasks"
	}
	if cfg.MaxTasks == 0 {
		cfg.MaxTasks = 100_000
	}
	if cfg.StopTimeout == 0 {
		cfg.StopTimeout = DefaultStopTimeout
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	return &Tasks{cfg: cfg, report: reporter{cfg.Name, cfg.Logger, cfg.Telemetry}}
}

// AnnouncesReady implements [ReadyService].
func (t *Tasks) AnnouncesReady() {}

// tasksRun is what lives as long as one Run.
type tasksRun struct {
	*Tasks
	gone chan struct{} // capacity 1: the last task has gone

	mu     sync.Mutex // guards the fields below
	closed bool
	all    map[*work]struct{}
}

// work is a task without its type.
type work struct {
	cancel    context.CancelCauseFunc
	settle    func(error) // gives its end to whoever waits; the first counts
	goroutine atomic.Uint64
}

// Run takes tasks until ctx ends, then cancels their contexts and waits for them.
func (t *Tasks) Run(ctx context.Context) error {
	r := &tasksRun{Tasks: t, gone: make(chan struct{}, 1), all: map[*work]struct{}{}}
	if !t.run.CompareAndSwap(nil, r) {
		return fmt.Errorf("supervise: %s: %w", t.cfg.Name, ErrRunning)
	}
	defer t.run.Store(nil)
	Ready(ctx)
	<-ctx.Done()
	return r.stop()
}

func (r *tasksRun) stop() error {
	r.mu.Lock()
	r.closed = true
	left := len(r.all)
	for w := range r.all {
		w.cancel(proc.ErrShutdown)
	}
	r.mu.Unlock()
	if left == 0 || wait(r.gone, r.cfg.StopTimeout) {
		return nil
	}
	r.mu.Lock()
	all := r.all
	r.all = nil
	r.mu.Unlock()
	n := 0
	for w := range all {
		if n++; n <= maxAbandonedStacks {
			r.report.abandoned("task", r.cfg.StopTimeout, stack.Of(w.goroutine.Load()))
		}
		w.settle(fmt.Errorf("supervise: %s: task %w", r.cfg.Name, ErrAbandoned))
	}
	if n == 0 {
		return nil
	}
	if n > maxAbandonedStacks {
		r.report.logger.Error("more tasks abandoned", slog.String("supervisor", r.cfg.Name), slog.Int("count", n-maxAbandonedStacks))
	}
	return &ChildError{Supervisor: r.cfg.Name, Child: "task", Reason: fmt.Errorf("%w after %v", ErrAbandoned, r.cfg.StopTimeout)}
}

// begin runs f on a new goroutine. Its context ends with ctx and with the Tasks. settle gets its end.
func (t *Tasks) begin(ctx context.Context, f func(ctx context.Context) error, settle func(error)) (*work, error) {
	w := &work{settle: settle}
	ctx, w.cancel = context.WithCancelCause(proc.Outside(ctx))
	r := t.run.Load()
	if r == nil {
		w.cancel(nil)
		return nil, fmt.Errorf("supervise: %s: %w", t.cfg.Name, ErrNotRunning)
	}
	r.mu.Lock()
	var err error
	switch {
	case r.closed:
		err = fmt.Errorf("supervise: %s: %w", t.cfg.Name, ErrNotRunning)
	case len(r.all) >= t.cfg.MaxTasks:
		err = fmt.Errorf("supervise: %s: %w: MaxTasks is %d", t.cfg.Name, ErrMaxTasks, t.cfg.MaxTasks)
	default:
		r.all[w] = struct{}{}
	}
	r.mu.Unlock()
	if err != nil {
		w.cancel(nil)
		return nil, err
	}
	go r.work(ctx, w, f)
	return w, nil
}

func (r *tasksRun) work(ctx context.Context, w *work, f func(ctx context.Context) error) {
	err := errGoexit
	defer func() {
		if v := recover(); v != nil {
			err = &proc.PanicError{Value: v, Stack: debug.Stack()}
			r.report.exited("task", err, false, false)
		}
		w.cancel(nil)
		w.settle(err)
		r.mu.Lock()
		delete(r.all, w)
		last := r.closed && len(r.all) == 0
		r.mu.Unlock()
		if last {
			close(r.gone)
		}
	}()
	w.goroutine.Store(stack.ID())
	err = f(ctx)
}

// Start runs f and forgets it: it keeps the values of ctx, but not its cancellation, and ends with the Tasks only. An error is logged.
func (t *Tasks) Start(ctx context.Context, f func(ctx context.Context) error) error {
	_, err := t.begin(context.WithoutCancel(ctx), f, func(err error) {
		if pe := (*proc.PanicError)(nil); err != nil && !errors.As(err, &pe) { // a panic has been reported
			t.report.exited("task", err, errors.Is(err, context.Canceled), false)
		}
	})
	return err
}

// Len returns the number of tasks that run.
func (t *Tasks) Len() int {
	r := t.run.Load()
	if r == nil {
		return 0
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.all)
}

func (t *Tasks) kind() string { return "tasks" }

func (t *Tasks) node() node { return node{text: fmt.Sprintf("%d tasks", t.Len())} }
