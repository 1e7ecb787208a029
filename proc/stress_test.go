package proc

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// stressed counts what happens to one process, and what must happen exactly once or never.
type stressed struct {
	Process
	t          *testing.T
	inside     atomic.Int32
	accepted   atomic.Int64 // messages that Send took
	seen       atomic.Int64 // handled or dropped
	terminated atomic.Int32
	exited     atomic.Int32
	killed     atomic.Bool
}

func (r *stressed) Label() string { return "stressed" }

func (r *stressed) Handle(p *Process, msg any) error {
	if r.inside.Add(1) != 1 {
		r.t.Error("two callbacks overlap")
	}
	defer r.inside.Add(-1)
	if r.terminated.Load() != 0 {
		r.t.Error("a message after Terminate")
	}
	switch m := msg.(type) {
	case *Request:
		m.Reply(m.Message, nil)
	case int:
		r.seen.Add(1)
		switch m % 50 {
		case 0:
			return errors.New("error")
		case 1:
			panic("panic")
		case 2:
			c, cancel := context.WithTimeout(p.Context(), time.Microsecond)
			<-c.Done()
			cancel()
		}
	}
	return nil
}

func (r *stressed) Terminate(p *Process, reason error) { r.terminated.Add(1) }

func (r *stressed) Dropped(p *Process, msg any) {
	if _, ok := msg.(int); ok {
		r.seen.Add(1)
	}
}

func (r *stressed) Exited(p *Process, reason error) {
	if r.exited.Add(1) != 1 {
		r.t.Error("exited twice")
	}
}

// stressSup is a supervisor that checks what it is told.
type stressSup struct {
	sys     *System
	mu      sync.Mutex
	adopted map[*Process]bool
	wrong   atomic.Int32
}

func (s *stressSup) System() *System { return s.sys }
func (s *stressSup) Adopt(p *Process) error {
	if p.ID()%13 == 0 {
		return errors.New("refused")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.adopted[p] = true
	return nil
}
func (s *stressSup) Exited(p *Process, reason error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.adopted[p] {
		s.wrong.Add(1)
	}
	delete(s.adopted, p)
}

// TestStress does everything to everybody from many goroutines at once, closes the System in the middle of it, and then counts.
func TestStress(t *testing.T) {
	for round := range 10 {
		t.Run(fmt.Sprint(round), func(t *testing.T) { stress(t, uint64(round)) })
	}
}

func stress(t *testing.T, seed uint64) {
	sys := NewSystem(quiet())
	sup := &stressSup{sys: sys, adopted: map[*Process]bool{}}
	names, groups := NewUnique[int, int](), NewDuplicate[int, int]()
	var (
		mu      sync.Mutex
		all     []*stressed
		watched atomic.Int64 // watches set
		told    atomic.Int64 // watches called or taken back
		wg      sync.WaitGroup
	)
	pick := func(r *rand.Rand) *stressed {
		mu.Lock()
		defer mu.Unlock()
		if len(all) == 0 {
			return nil
		}
		return all[max(0, len(all)-1-r.IntN(20))]
	}
	const actors, steps = 8, 1500
	for a := range actors {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(seed, uint64(a)))
			for step := range steps {
				p := pick(r)
				if p == nil || r.IntN(20) == 0 {
					p = &stressed{t: t}
					spec := Spec{Behaviour: p, Mailbox: 20}
					if r.IntN(2) == 0 {
						spec.Supervisor = sup
					}
					if err := sys.Spawn(&p.Process, spec); err == nil {
						mu.Lock()
						all = append(all, p)
						mu.Unlock()
					}
					continue
				}
				other := pick(r)
				switch r.IntN(16) {
				case 0, 1, 2, 3:
					if p.Send(step) == nil {
						p.accepted.Add(1)
					}
				case 4:
					if p.Deliver(step) == nil {
						p.accepted.Add(1)
					}
				case 5:
					if r.IntN(4) == 0 {
						p.Exit(ErrShutdown)
					}
				case 6:
					if r.IntN(8) == 0 {
						p.killed.Store(true)
						p.Exit(ErrKilled)
					}
				case 7:
					watched.Add(1)
					var once atomic.Bool
					stop := p.Watch(func(error) {
						if !once.CompareAndSwap(false, true) {
							t.Error("a watch was called twice")
						}
						told.Add(1)
					})
					if r.IntN(2) == 0 {
						stop()
						if once.CompareAndSwap(false, true) {
							told.Add(1)
							once.Store(true)
						}
					}
				case 8:
					stop := other.Monitor(&p.Process)
					if r.IntN(2) == 0 {
						stop()
					}
				case 9:
					tm := p.SendAfter(time.Duration(r.IntN(3_000))*time.Microsecond, "timer")
					if r.IntN(2) == 0 {
						tm.Stop()
					}
				case 10:
					tm := p.SendEvery(time.Duration(1+r.IntN(2_000))*time.Microsecond, "tick")
					if r.IntN(2) == 0 {
						tm.Stop()
					}
				case 11:
					if n, err := Call[int](t.Context(), &p.Process, step); err == nil && n != step {
						t.Errorf("Call answered %d for %d", n, step)
					} else if err != nil && !errors.Is(err, ErrNoProcess) && !errors.Is(err, ErrFull) {
						t.Errorf("Call: %v", err)
					}
				case 12:
					names.Register(r.IntN(10), &p.Process, 0)
					groups.Register(r.IntN(3), &p.Process, 0)
					groups.Lookup(r.IntN(3))
				case 13:
					names.Unregister(r.IntN(10), &p.Process)
					groups.Unregister(r.IntN(3), &p.Process)
				case 14:
					p.Go(func(ctx context.Context) { <-ctx.Done() })
					p.Info()
					p.Stop()
				case 15:
					p.Do(t.Context(), func() {})
				}
				if a == 0 && step == steps*9/10 {
					sys.Close()
				}
			}
		})
	}
	wg.Wait()
	sys.Close()
	if n := sys.Count(); n != 0 {
		t.Errorf("%d processes left", n)
	}
	if n := sys.workers.running.Load(); n != 0 {
		t.Errorf("%d goroutines left", n)
	}
	if len(sup.adopted) != 0 || sup.wrong.Load() != 0 {
		t.Errorf("the supervisor was not told of %d ends, and was told of %d that it never had", len(sup.adopted), sup.wrong.Load())
	}
	if names.Count() != 0 || groups.Count() != 0 {
		t.Errorf("%d names and %d groups of nobody", names.Count(), groups.Count())
	}
	if watched.Load() != told.Load() {
		t.Errorf("%d watches, %d told", watched.Load(), told.Load())
	}
	for _, p := range all {
		if p.accepted.Load() != p.seen.Load() {
			t.Errorf("%d messages taken, %d handled or dropped", p.accepted.Load(), p.seen.Load())
		}
		if p.exited.Load() != 1 || p.terminated.Load() > 1 || p.terminated.Load() == 0 && !p.killed.Load() {
			t.Errorf("exited %d times, terminated %d times", p.exited.Load(), p.terminated.Load())
		}
		if x := p.extra; x != nil && (x.watchers != nil || x.monitors != nil || x.timers != nil) {
			t.Errorf("a dead process keeps watchers, monitors or timers")
		}
	}
}

// Stop is there so that inspection meets every state.
func (r *stressed) Stop() { r.Process.Stack() }

// No wake-up is lost: with many senders, each message is handled although the process goes idle all the time.
func TestNoWakeUpIsLost(t *testing.T) {
	sys := NewSystem(quiet())
	defer sys.Close()
	const senders, each = 8, 2_000
	for range 5 {
		done := make(chan struct{})
		n := 0
		r := &rec{on: func(*Process, any) error {
			if n++; n == senders*each {
				close(done)
			}
			return nil
		}}
		r.spawn(t, sys, senders*each)
		var wg sync.WaitGroup
		for range senders {
			wg.Go(func() {
				for range each {
					if err := r.Send(nil); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		<-done
	}
}

// Processes that spawn processes while the System closes: none survives, and Close has waited for them all.
func TestCloseWhileCallbacksSpawn(t *testing.T) {
	for range 50 {
		sys := NewSystem(quiet())
		var ended atomic.Int64
		var spawned atomic.Int64
		var breed func(p *Process, msg any) error
		breed = func(p *Process, msg any) error {
			for range 2 {
				child := &rec{on: breed, term: func(error) { ended.Add(1) }}
				if err := sys.Spawn(&child.Process, Spec{Behaviour: child}); err != nil {
					if err != ErrClosed {
						t.Error(err)
					}
					return nil
				}
				spawned.Add(1)
				child.Send("breed")
			}
			return nil
		}
		first := &rec{on: breed, term: func(error) { ended.Add(1) }}
		first.spawn(t, sys, 0)
		spawned.Add(1)
		first.Send("breed")
		for spawned.Load() < 100 {
		}
		sys.Close()
		if sys.Count() != 0 || ended.Load() != spawned.Load() {
			t.Fatalf("%d left, %d of %d terminated when Close returned", sys.Count(), ended.Load(), spawned.Load())
		}
	}
}
