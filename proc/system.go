package proc

import (
	"context"
	"errors"
	"log/slog"
	"math"
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
	// StopTimeout bounds how long the end of Run waits for callbacks that are still running. Zero means 4 seconds. What has not
	// returned by then is reported with its stack and abandoned. It is shorter than a supervisor's patience, so that
	// the System's own report comes first.
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
		c.StopTimeout = 4 * time.Second
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
	gone    chan struct{} // capacity 1: tells Close that the last process or goroutine has gone
	crashes crashLog
	strays  crashLog // messages that no handler takes; only counts
	shards  [systemShards]struct {
		mu  sync.Mutex // guards all, and the place of each process in it
		all []*Process
	}
}

// NewSystem makes a System that is ready for use. Close it, or give it to a supervisor, which runs it.
func NewSystem(cfg Config) *System {
	s := &System{cfg: cfg.withDefaults(), workers: newWorkers(), wheel: newWheel(), gone: make(chan struct{}, 1)}
	s.workers.gone = s.tellClose
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

// Close ends every process with ErrShutdown, all at once, waits for them and for what they started by Go for StopTimeout, and lets all goroutines
// go. From its beginning Spawn returns ErrClosed, and every alarm is forgotten. It must not be called from a callback: that would wait for itself.
func (s *System) Close() {
	s.closed.Store(true)
	for p := range s.Processes() {
		p.Exit(ErrShutdown)
	}
	s.wheel.close()
	s.workers.close()
	late := time.NewTimer(s.cfg.StopTimeout)
	defer late.Stop()
	for s.count.Load() > 0 || s.workers.running.Load() > 0 {
		select {
		case <-s.gone:
		case <-late.C:
			s.abandonAll()
			return
		}
	}
	s.tellClose() // another Close may be waiting
}

// tellClose wakes Close, if there is one, to count again. Whoever counts down calls it after, Close counts after setting
// closed: one of them sees the other.
func (s *System) tellClose() {
	if s.closed.Load() {
		select {
		case s.gone <- struct{}{}:
		default:
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

var errSpawned = errors.New("proc: Spawn of a Process that was started before; a restart needs a new one")

// Spawn starts a process in p, which the caller embeds in its own state, zero until then. It is what Start, channels and live views stand on.
// No callback runs before the supervisor has adopted p. If it refuses, p ends unseen: without Terminate and Exited.
func (s *System) Spawn(p *Process, spec Spec) error {
	if p.sys != nil {
		return errSpawned
	}
	switch n := s.count.Add(1); {
	case s.closed.Load():
		s.uncount()
		return ErrClosed
	case n > int64(s.cfg.MaxProcesses):
		s.uncount()
		return ErrTooManyProcesses
	}
	p.sys, p.behaviour, p.supervisor = s, spec.Behaviour, spec.Supervisor
	p.id = s.ids.Add(1)
	limit := s.cfg.Mailbox
	if spec.Mailbox > 0 {
		limit = spec.Mailbox
	}
	p.box.limit = uint32(min(uint64(limit), math.MaxUint32)) // the field is small; who asks for more means no limit
	if spec.First != nil {
		p.box.push(s, spec.First, true)
	}
	p.flags = live | scheduled // so that mail which comes meanwhile lends it no worker yet
	s.list(p)
	if p.supervisor != nil {
		if err := p.supervisor.Adopt(p); err != nil {
			s.refused(p, spec.First != nil, err)
			return err
		}
	}
	if s.closed.Load() { // Close may have listed the processes before this one
		p.Exit(ErrShutdown)
	}
	p.mu.Lock()
	if p.box.empty() && p.flags&exiting == 0 {
		p.flags &^= scheduled
		p.mu.Unlock()
		return nil
	}
	p.mu.Unlock()
	s.workers.run(p)
	return nil
}

// refused undoes the start of a process that its supervisor did not adopt, though others may have found it by inspection.
func (s *System) refused(p *Process, first bool, err error) {
	p.mu.Lock()
	x := p.extraLocked()
	x.reason = err
	p.flags |= exiting | ending | terminated | dead | removed | told
	if first {
		p.box.pop(s)
	}
	p.mu.Unlock()
	p.cancelContext(err)
	p.dropMail(err)
	p.stopTimers()
	p.stopMonitors()
	s.remove(p)
	p.notifyWatchers(err)
}

func (s *System) list(p *Process) {
	sh := &s.shards[p.id%systemShards]
	sh.mu.Lock()
	defer sh.mu.Unlock()
	p.place = int32(len(sh.all))
	sh.all = append(sh.all, p)
}

func (s *System) remove(p *Process) {
	sh := &s.shards[p.id%systemShards]
	sh.mu.Lock()
	last := len(sh.all) - 1
	moved := sh.all[last]
	sh.all[p.place], moved.place = moved, p.place
	sh.all[last] = nil
	sh.all = sh.all[:last]
	if cap(sh.all) > 1024 && last < cap(sh.all)/4 {
		sh.all = append(make([]*Process, 0, 2*last), sh.all...)
	}
	sh.mu.Unlock()
	s.uncount()
}

func (s *System) uncount() {
	if s.count.Add(-1) == 0 {
		s.tellClose()
	}
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
