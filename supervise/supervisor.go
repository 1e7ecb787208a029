package supervise

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// A Supervisor runs its children. It is a [ReadyService]: ready when all children are. Its methods may be called from any goroutine.
type Supervisor struct {
	cfg      Config
	report   reporter
	children []Child
	wiring   error // what New found wrong

	mu      sync.Mutex // guards the fields below; only Run's goroutine writes slots
	running bool
	slots   []slot
}

// slot is a child's place in the order.
type slot struct {
	in        *instance // its present life; nil between two
	abandoned *instance // a life that did not end when it should have
	status    Status
	restarts  int       // in this run
	since     time.Time // of the status
	reason    error     // of the last end
}

// New makes a Supervisor for the children, in the order of their start. It starts nothing: Run does, and says what is wrong with the wiring.
func New(cfg Config, children ...Child) *Supervisor {
	cfg = cfg.withDefaults()
	return &Supervisor{
		cfg:      cfg,
		report:   reporter{cfg.Name, cfg.Logger, cfg.Telemetry},
		children: slices.Clone(children),
		wiring:   cfg.validate(children),
		slots:    make([]slot, len(children)),
	}
}

// AnnouncesReady implements [ReadyService].
func (s *Supervisor) AnnouncesReady() {}

// run is what lives as long as one Run.
type run struct {
	*Supervisor
	ctx      context.Context
	restarts intensity
	wake     chan struct{} // capacity 1

	mu    sync.Mutex  // guards ended
	ended []*instance // not yet dealt with
}

// errStopped says that the context ended while a child was starting.
var errStopped = errors.New("stopped")

// Run starts the children in order, keeps them running, and stops them in reverse order when ctx ends; then it returns nil. It returns a
// [ChildError] when a child cannot be started at the beginning, when children needed more restarts than the intensity allows, and
// when a child had to be abandoned; a supervisor that ends by AutoShutdown returns nil. It may be called again after it has returned.
func (s *Supervisor) Run(ctx context.Context) error {
	if err := s.begin(); err != nil {
		return err
	}
	defer s.end()
	r := &run{Supervisor: s, ctx: ctx, restarts: intensity{max: s.cfg.MaxRestarts, within: s.cfg.Within}, wake: make(chan struct{}, 1)}
	return r.quit(r.supervise())
}

func (s *Supervisor) begin() error {
	if s.wiring != nil {
		return s.wiring
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running {
		return fmt.Errorf("supervise: %s: %w", s.cfg.Name, ErrRunning)
	}
	for i := range s.slots {
		if in := s.slots[i].abandoned; in != nil {
			select {
			case <-in.done:
			default:
				return &ChildError{Supervisor: s.cfg.Name, Child: s.children[i].Name, Reason: fmt.Errorf("what was abandoned %w", ErrRunning)}
			}
		}
		s.slots[i] = slot{status: Waiting, since: time.Now()}
	}
	s.running = true
	return nil
}

func (s *Supervisor) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running = false
}

// supervise returns when the children are to be stopped, and why.
func (r *run) supervise() error {
	for i := range r.slots {
		if err := r.start(i); err != nil {
			return r.because(i, err)
		}
	}
	Ready(r.ctx)
	for {
		select {
		case <-r.ctx.Done():
			return nil
		case <-r.wake:
		}
		for _, in := range r.takeEnded() {
			if r.ctx.Err() != nil {
				return nil
			}
			if quit, err := r.childEnded(in); quit {
				return err
			}
		}
	}
}

// because wraps why child i ends the supervisor.
func (r *run) because(i int, err error) error {
	if err == errStopped {
		return nil
	}
	return &ChildError{Supervisor: r.cfg.Name, Child: r.children[i].Name, Reason: err}
}

// post queues an instance that has ended. It is called on that instance's goroutine.
func (r *run) post(in *instance) {
	r.mu.Lock()
	r.ended = append(r.ended, in)
	r.mu.Unlock()
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

func (r *run) takeEnded() []*instance {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := r.ended
	r.ended = nil
	return all
}

// start starts child i and waits until it is ready. If it returns an error nothing of the child is left, unless it was abandoned, or the error is errStopped.
func (r *run) start(i int) error {
	if r.ctx.Err() != nil {
		return errStopped
	}
	child := &r.children[i]
	in := newInstance(r.ctx, child, &r.report, r.cfg.System, r.post)
	r.change(i, func(s *slot) { s.in, s.status, s.reason = in, Starting, nil })
	in.launch()
	err := in.await(r.ctx, child.startTimeout())
	switch {
	case err == nil:
		r.change(i, func(s *slot) { s.status = Running })
		return nil
	case r.ctx.Err() != nil:
		return errStopped
	}
	if abandoned := r.stop(i); abandoned != nil && !leftBehind(err) {
		return fmt.Errorf("%w, and %w", err, abandoned)
	}
	r.change(i, func(s *slot) { s.reason = err })
	return err
}

// stop ends child i and waits for it. It returns an error if it, or something below it, had to be abandoned.
func (r *run) stop(i int) error {
	in := r.slots[i].in
	if in == nil {
		return nil
	}
	r.change(i, func(s *slot) { s.status = Stopping })
	in.ask()
	timeout := in.stopTimeout(r.cfg.StopTimeout)
	if !wait(in.done, timeout) {
		in.abandon(timeout)
		r.change(i, func(s *slot) { s.in, s.abandoned, s.status = nil, in, Abandoned })
		return fmt.Errorf("%w after %v", ErrAbandoned, timeout)
	}
	r.change(i, func(s *slot) { s.in, s.status, s.reason = nil, Ended, in.reason })
	if leftBehind(in.reason) {
		return in.reason
	}
	return nil
}

// quit stops all children in reverse order and returns why, err included.
func (r *run) quit(err error) error {
	all := []error{err}
	for i := len(r.slots) - 1; i >= 0; i-- {
		if abandoned := r.stop(i); abandoned != nil {
			all = append(all, r.because(i, abandoned))
		}
	}
	all = slices.DeleteFunc(all, func(err error) bool { return err == nil })
	if len(all) == 1 {
		return all[0] // as it is, so that paths of nested supervisors read as one
	}
	return errors.Join(all...)
}

func (r *run) change(i int, f func(*slot)) {
	r.Supervisor.mu.Lock()
	defer r.Supervisor.mu.Unlock()
	s := &r.slots[i]
	before := s.status
	f(s)
	if s.status != before {
		s.since = time.Now()
	}
}
