package proc

import (
	"context"
	"log/slog"
	"runtime/pprof"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bennu-go/bennu/telemetry"
)

// Config of a System. The zero Config works.
type Config struct {
	// MaxProcesses alive at once; Spawn then returns ErrTooManyProcesses. Zero means 16,777,216.
	MaxProcesses int
	// Mailbox is the limit of processes that set none. Zero means 1,000 messages.
	Mailbox int
	// ProfileLabels has CPU and goroutine profiles labelled with "process", at the price of about 100 ns per activation. Off by default.
	ProfileLabels bool
	// StopTimeout bounds how long the end of Run waits for callbacks that are still running. Zero means 5 seconds. What has not
	// returned by then is reported with its stack and abandoned.
	StopTimeout time.Duration
	// Logger for crashes. Nil means slog.Default(), taken in NewSystem.
	Logger *slog.Logger
	// Telemetry gets ProcessCrashed, MailboxOverflow and CallbackAbandoned. Nil is off.
	Telemetry *telemetry.Telemetry
}

func (c Config) withDefaults() Config {
	if c.MaxProcesses == 0 {
		c.MaxProcesses = 16 << 20
	}
	if c.Mailbox == 0 {
		c.Mailbox = 1_000
	}
	if c.StopTimeout == 0 {
		c.StopTimeout = 5 * time.Second
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return c
}

const systemShards = 16

// A System holds processes, the workers they borrow and the timing wheel. It is the first child of an application. It starts
// nothing until something is spawned or set, so that tests can make one each.
type System struct {
	cfg     Config
	workers *workers
	wheel   *wheel
	chunks  sync.Pool
	ids     atomic.Uint64
	count   atomic.Int64
	closed  atomic.Bool
	crashes crashLog
	shards  [systemShards]struct {
		mu   sync.Mutex // guards the list
		head *Process
	}
}

// NewSystem makes a System that is ready for use. Close it, or give it to a supervisor, which runs it.
func NewSystem(cfg Config) *System {
	s := &System{cfg: cfg.withDefaults(), workers: newWorkers(), wheel: newWheel()}
	s.crashes.logger = s.cfg.Logger
	s.chunks.New = func() any { return new(chunk) }
	return s
}

// Run is the System as a service: it waits for ctx and then closes the System. It may be run again.
func (s *System) Run(ctx context.Context) error {
	s.closed.Store(false)
	s.workers.open()
	s.wheel.open()
	<-ctx.Done()
	s.Close()
	return nil
}

// Close ends every process with ErrShutdown, waits for them for StopTimeout, and lets all goroutines go.
func (s *System) Close() {
	s.closed.Store(true)
	for p := range s.Processes() {
		p.Exit(ErrShutdown)
	}
	s.wheel.close()
	s.workers.close()
	done := make(chan struct{})
	go func() { s.workers.wg.Wait(); close(done) }()
	late := time.NewTimer(s.cfg.StopTimeout)
	defer late.Stop()
	select {
	case <-done:
	case <-late.C:
		for p := range s.Processes() {
			s.abandoned(p)
		}
	}
}

// Now is the time since the System was made, by the monotonic clock.
func (s *System) Now() time.Duration { return time.Since(s.wheel.start) }

// SetAlarm has target rung at or after d from now, in place of an earlier setting of a.
func (s *System) SetAlarm(a *Alarm, target Ringer, d time.Duration) { s.wheel.set(a, target, d) }

// CancelAlarm says whether a was still set.
func (s *System) CancelAlarm(a *Alarm) bool { return s.wheel.cancel(a) }

// Spec says how to start a process.
type Spec struct {
	Behaviour  Behaviour
	Supervisor Supervisor // nil: nobody restarts it or waits for it
	Mailbox    int        // limit of ordinary messages; zero means the System's
	First      any        // sent as control message before anything else; nil: none
}

// Spawn starts a process in p, which the caller embeds in its own state. It is what Start, channels and live views stand on.
func (s *System) Spawn(p *Process, spec Spec) error {
	if s.closed.Load() {
		return ErrClosed
	}
	if s.count.Add(1) > int64(s.cfg.MaxProcesses) {
		s.count.Add(-1)
		return ErrTooManyProcesses
	}
	p.sys, p.behaviour, p.supervisor = s, spec.Behaviour, spec.Supervisor
	p.id = s.ids.Add(1)
	p.box.limit = uint32(s.cfg.Mailbox)
	if spec.Mailbox > 0 {
		p.box.limit = uint32(spec.Mailbox)
	}
	sh := &s.shards[p.id%systemShards]
	sh.mu.Lock()
	p.next = sh.head
	if p.next != nil {
		p.next.prev = p
	}
	sh.head = p
	sh.mu.Unlock()
	p.mu.Lock()
	p.flags |= live
	p.mu.Unlock()
	if p.supervisor != nil {
		if err := p.supervisor.Adopt(p); err != nil {
			p.mu.Lock()
			p.flags |= dead
			p.mu.Unlock()
			s.remove(p)
			return err
		}
	}
	if s.closed.Load() { // Close may have listed the processes before this one
		p.Exit(ErrShutdown)
	}
	if spec.First != nil {
		p.Control(spec.First)
	}
	return nil
}

func (s *System) remove(p *Process) {
	sh := &s.shards[p.id%systemShards]
	sh.mu.Lock()
	if p.prev != nil {
		p.prev.next = p.next
	} else {
		sh.head = p.next
	}
	if p.next != nil {
		p.next.prev = p.prev
	}
	p.prev, p.next = nil, nil
	sh.mu.Unlock()
	s.count.Add(-1)
}

func (s *System) label(p *Process) {
	if s.cfg.ProfileLabels {
		pprof.SetGoroutineLabels(pprof.WithLabels(context.Background(), pprof.Labels("process", p.Label())))
	}
}

func (s *System) unlabel() {
	if s.cfg.ProfileLabels {
		pprof.SetGoroutineLabels(context.Background())
	}
}
