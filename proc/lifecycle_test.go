package proc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// rerun runs s until the test ends.
func rerun(t *testing.T, s *System) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); s.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	synctest.Wait()
}

func TestSystemRunsAgain(t *testing.T) {
	inBubble(t, quiet(), func(t *testing.T, s *System) {
		r := &rec{}
		r.spawn(t, s, 0)
		s.Close()
		if err := s.Spawn(&new(rec).Process, Spec{Behaviour: &rec{}}); err != ErrClosed {
			t.Errorf("Spawn on a closed System: %v", err)
		}
		rerun(t, s)
		again := &rec{}
		again.spawn(t, s, 0)
		again.SendAfter(time.Second, "timer")
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if got := again.got(); got != "timer" {
			t.Errorf("got %q", got)
		}
		if err := s.Spawn(&again.Process, Spec{Behaviour: again}); err == nil {
			t.Error("a Process was started twice")
		}
	})
}

func TestTwoClosesAtOnce(t *testing.T) {
	inBubble(t, quiet(), func(t *testing.T, s *System) {
		r := &rec{term: func(error) { time.Sleep(time.Second) }}
		r.spawn(t, s, 0)
		done := make(chan time.Time, 2)
		began := time.Now()
		for range 2 {
			go func() { s.Close(); done <- time.Now() }()
		}
		for range 2 {
			if d := (<-done).Sub(began); d != time.Second {
				t.Errorf("Close returned after %v, want 1s", d)
			}
		}
	})
}

func TestASupervisorThatRefuses(t *testing.T) {
	inBubble(t, quiet(), func(t *testing.T, s *System) {
		no := errors.New("no")
		r := &rec{}
		sup := supFunc{s, func(p *Process) error {
			p.Send("early")
			p.SendAfter(time.Second, "timer")
			p.Watch(func(reason error) { r.add("watched(" + reason.Error() + ")") })
			return no
		}}
		if err := s.Spawn(&r.Process, Spec{Behaviour: r, Supervisor: sup, First: "first"}); err != no {
			t.Errorf("got %v", err)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if got, want := r.got(), "dropped(early) watched(no)"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if s.Count() != 0 || r.Alive() || context.Cause(r.Context()) != no {
			t.Errorf("%d processes, alive %v, cause %v", s.Count(), r.Alive(), context.Cause(r.Context()))
		}
	})
}

// supFunc is a supervisor that only adopts.
type supFunc struct {
	s     *System
	adopt func(p *Process) error
}

func (f supFunc) System() *System            { return f.s }
func (f supFunc) Adopt(p *Process) error     { return f.adopt(p) }
func (f supFunc) Exited(p *Process, _ error) { p.Behaviour().(*rec).add("supervisor") }

func TestNothingRunsBeforeAdoptionAndFirstIsFirst(t *testing.T) {
	inBubble(t, quiet(), func(t *testing.T, s *System) {
		r := &rec{}
		sup := supFunc{s, func(p *Process) error {
			p.Send("second")
			time.Sleep(time.Second) // a slow supervisor
			r.add("adopted")
			return nil
		}}
		if err := s.Spawn(&r.Process, Spec{Behaviour: r, Supervisor: sup, First: "first"}); err != nil {
			t.Fatal(err)
		}
		r.Watch(func(error) { r.add("watcher") })
		synctest.Wait()
		r.Exit(nil)
		synctest.Wait()
		if got, want := r.got(), "adopted first second terminate(normal) exited(normal) supervisor watcher"; got != want {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	})
}

func TestCloseDuringAdoption(t *testing.T) {
	inBubble(t, quiet(), func(t *testing.T, s *System) {
		r := &rec{}
		sup := supFunc{s, func(p *Process) error {
			go s.Close()
			synctest.Wait()
			r.add("adopted")
			return nil
		}}
		if err := s.Spawn(&r.Process, Spec{Behaviour: r, Supervisor: sup, First: "first"}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if got, want := r.got(), "adopted terminate(shutdown) dropped(first) exited(shutdown) supervisor"; got != want {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	})
}

func TestGoexitEndsTheProcessOnly(t *testing.T) {
	inBubble(t, quiet(), func(t *testing.T, s *System) {
		r := &rec{}
		r.on = func(_ *Process, msg any) error {
			if req, ok := msg.(*Request); ok && req.Message == "die" {
				runtime.Goexit()
			}
			r.add(fmt.Sprint(msg))
			return nil
		}
		r.term = func(error) { runtime.Goexit() }
		r.spawn(t, s, 0)
		r.Send("a")
		if _, err := Call[int](t.Context(), &r.Process, "die"); !errors.Is(err, ErrNoProcess) {
			t.Errorf("the caller got %v", err)
		}
		synctest.Wait()
		if got, want := r.got(), "a terminate(a callback called runtime.Goexit) exited(a callback called runtime.Goexit)"; got != want {
			t.Errorf("got  %q\nwant %q", got, want)
		}
		if s.Count() != 0 {
			t.Error("it is still there")
		}
	})
}

func TestAPanicIsNeverLost(t *testing.T) {
	for _, tc := range []struct {
		name string
		with error // how it is told to exit while the callback runs that will panic
		want string
		logs int
	}{
		{"after an orderly exit it is the reason", ErrShutdown, "terminate(panic: oh) exited(panic: oh)", 1},
		{"after a failure it is reported too", errors.New("bad"), "terminate(bad) exited(bad)", 2},
		{"after a kill it is reported", ErrKilled, "exited(killed)", 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var logged bytes.Buffer
			inBubble(t, Config{Logger: slog.New(slog.NewTextHandler(&logged, nil))}, func(t *testing.T, s *System) {
				release := make(chan struct{})
				r := &rec{on: func(*Process, any) error { <-release; panic("oh") }}
				r.spawn(t, s, 0)
				r.Send("x")
				synctest.Wait()
				r.Exit(tc.with)
				close(release)
				synctest.Wait()
				if got := r.got(); got != tc.want {
					t.Errorf("got %q, want %q", got, tc.want)
				}
			})
			if n := strings.Count(logged.String(), "process crashed"); n != tc.logs || !strings.Contains(logged.String(), "panic: oh") {
				t.Errorf("%d lines, want %d:\n%s", n, tc.logs, &logged)
			}
		})
	}
}

func TestAWatcherThatPanicsHarmsNobody(t *testing.T) {
	inBubble(t, quiet(), func(t *testing.T, s *System) {
		r := &rec{}
		r.spawn(t, s, 0)
		r.Watch(func(error) { r.add("other") })
		r.Watch(func(error) { panic("oh") })
		r.Exit(nil)
		synctest.Wait()
		if got := r.got(); !strings.HasSuffix(got, "other") {
			t.Errorf("got %q", got)
		}
	})
}

func TestMonitorsOnMany(t *testing.T) {
	inBubble(t, quiet(), func(t *testing.T, s *System) {
		const n = 500
		downs := map[*Process]error{}
		r := &rec{on: func(_ *Process, msg any) error { d := msg.(Down); downs[d.Process] = d.Reason; return nil }}
		r.spawn(t, s, 1)
		var all []*rec
		for i := range n {
			o := &rec{}
			o.spawn(t, s, 0)
			all = append(all, o)
			stop := r.Monitor(&o.Process)
			if i%2 == 0 {
				stop()
				stop()
			}
		}
		boom := errors.New("boom")
		for _, o := range all {
			o.Exit(boom)
		}
		synctest.Wait()
		if len(downs) != n/2 {
			t.Errorf("%d downs, want %d: control messages pass a mailbox of 1", len(downs), n/2)
		}
		for p, reason := range downs {
			if reason != boom {
				t.Errorf("%d went down with %v", p.ID(), reason)
			}
		}
		r.Monitor(&all[0].Process)
		r.Monitor(&r.Process) // itself: nobody is left to be told
		synctest.Wait()
		if downs[&all[0].Process] != ErrNoProcess {
			t.Errorf("a monitor of a dead process gave %v", downs[&all[0].Process])
		}
	})
}

// A monitor ends with its owner: a long-lived target does not collect them.
func TestMonitorsEndWithTheirOwner(t *testing.T) {
	inBubble(t, quiet(), func(t *testing.T, s *System) {
		target := &rec{}
		target.spawn(t, s, 0)
		for range 100 {
			r := &rec{}
			r.spawn(t, s, 0)
			r.Monitor(&target.Process)
			r.Exit(nil)
			synctest.Wait()
			r.Monitor(&target.Process)() // by a dead one
		}
		if n := target.Info().Watchers; n != 0 {
			t.Errorf("%d monitors of dead processes", n)
		}
	})
}

func TestNilIsAMessage(t *testing.T) {
	inBubble(t, quiet(), func(t *testing.T, s *System) {
		n := 0
		r := &rec{on: func(_ *Process, msg any) error {
			if msg != nil {
				t.Errorf("got %v", msg)
			}
			n++
			return nil
		}}
		r.spawn(t, s, 0)
		r.Send(nil)
		r.SendAfter(time.Second, nil)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if n != 2 {
			t.Errorf("%d messages", n)
		}
		p, _ := StartUnsupervised(t.Context(), s, Server[int]{})
		p.Send(nil) // only a warning
		if _, err := Call[any](t.Context(), p, nil); err == nil {
			t.Error("nil has a handler")
		}
		if !p.Alive() {
			t.Error("nil killed a server")
		}
	})
}

func TestDo(t *testing.T) {
	inBubble(t, quiet(), func(t *testing.T, s *System) {
		release := make(chan struct{})
		r := &rec{on: func(p *Process, msg any) error {
			if msg == "self" {
				derived, cancel := context.WithTimeout(context.WithValue(p.Context(), "k", "v"), time.Hour)
				defer cancel()
				if err := p.Do(derived, func() {}); err != ErrCallSelf {
					t.Errorf("Do from the process itself, with a derived context: %v", err)
				}
				return nil
			}
			<-release
			return nil
		}}
		r.spawn(t, s, 0)
		r.Send("self")
		synctest.Wait()
		r.Send("block")
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := r.Do(short, func() { t.Error("it ran although nobody waits for it") }); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		close(release)
		var pe *PanicError
		if err := r.Do(t.Context(), func() { panic("oh") }); !errors.As(err, &pe) {
			t.Errorf("got %v, want a PanicError", err)
		}
		if err := r.Do(t.Context(), func() { runtime.Goexit() }); err == nil {
			t.Error("no error after Goexit")
		}
		synctest.Wait()
		if r.Alive() {
			t.Error("Goexit took the worker and left the process")
		}
		if err := r.Do(t.Context(), func() {}); err != ErrNoProcess {
			t.Errorf("got %v", err)
		}
	})
}

func TestCallersThatGaveUpLeaveNothingBehind(t *testing.T) {
	inBubble(t, quiet(), func(t *testing.T, s *System) {
		var notes []string
		p, _ := StartUnsupervised(t.Context(), s, counter(&notes))
		for range 10 {
			short, cancel := context.WithTimeout(t.Context(), time.Second)
			if _, err := Call[string](short, p, "never"); !errors.Is(err, context.DeadlineExceeded) {
				t.Error(err)
			}
			cancel()
		}
		if n := p.Info().Watchers; n != 0 {
			t.Errorf("%d calls are still watched", n)
		}
	})
}

func TestABlockedMailboxAnswersItsRequestsWhenItEnds(t *testing.T) {
	inBubble(t, quiet(), func(t *testing.T, s *System) {
		release := make(chan struct{})
		r := &rec{on: func(*Process, any) error { <-release; return nil }}
		r.spawn(t, s, 0)
		r.Send("block")
		answers := make(chan error, 3)
		for range 3 {
			go func() { _, err := Call[int](t.Context(), &r.Process, "x"); answers <- err }()
		}
		synctest.Wait()
		r.Exit(errors.New("why"))
		close(release)
		for range 3 {
			if err := <-answers; !errors.Is(err, ErrNoProcess) || !strings.Contains(err.Error(), "why") {
				t.Errorf("got %v, want ErrNoProcess with the reason", err)
			}
		}
	})
}

func TestTerminateHasAContextThatIsStillGood(t *testing.T) {
	inBubble(t, quiet(), func(t *testing.T, s *System) {
		called := false
		other, _ := StartUnsupervised(t.Context(), s, counter(new([]string)))
		p, _ := StartUnsupervised(t.Context(), s, Server[int]{Terminate: func(ctx context.Context, self *Self[int], reason error) {
			called = true
			if n, err := Call[int](ctx, other, increment{1}); n != 11 || err != nil {
				t.Errorf("a call from Terminate: %d, %v", n, err)
			}
			if _, err := Call[int](ctx, self.Process(), 1); err != ErrCallSelf {
				t.Errorf("a call to itself: %v", err)
			}
			if _, ok := ctx.Deadline(); !ok {
				t.Error("it is unbounded")
			}
		}})
		p.Exit(nil)
		synctest.Wait()
		if !called {
			t.Error("Terminate was not called")
		}
	})
}

func TestStartReturnsWhenWhatFailedIsGone(t *testing.T) {
	inBubble(t, quiet(), func(t *testing.T, s *System) {
		names := NewUnique[string, int]()
		for range 3 {
			_, err := StartUnsupervised(t.Context(), s, Server[int]{
				Init: func(ctx context.Context, self *Self[int]) error {
					if err := names.Register("x", self.Process(), 0); err != nil {
						t.Error(err)
					}
					return errors.New("bad")
				},
				Terminate: func(context.Context, *Self[int], error) { time.Sleep(time.Second) },
			})
			if err == nil || err.Error() != "bad" {
				t.Error(err)
			}
			if names.Lookup("x") != nil || s.Count() != 0 {
				t.Error("it is still there when Start returns")
			}
		}
	})
}

func TestCloseReportsAtMostSoMany(t *testing.T) {
	var logged bytes.Buffer
	synctest.Test(t, func(t *testing.T) {
		s := NewSystem(Config{Logger: slog.New(slog.NewTextHandler(&logged, nil)), StopTimeout: time.Second})
		release := make(chan struct{})
		for range 100 {
			r := &rec{on: func(*Process, any) error { hang(release); return nil }}
			r.spawn(t, s, 0)
			r.Send("x")
		}
		synctest.Wait()
		s.Close()
		close(release)
	})
	if n := strings.Count(logged.String(), "callback abandoned"); n != maxAbandoned || !strings.Contains(logged.String(), "count=80") {
		t.Errorf("%d lines, want %d and the count of the rest", n, maxAbandoned)
	}
}

func TestCloseReportsWorkThatDoesNotReturn(t *testing.T) {
	var logged bytes.Buffer
	synctest.Test(t, func(t *testing.T) {
		s := NewSystem(Config{Logger: slog.New(slog.NewTextHandler(&logged, nil)), StopTimeout: time.Second})
		release := make(chan struct{})
		r := &rec{}
		r.spawn(t, s, 0)
		r.Go(func(context.Context) { hang(release) })
		s.Close()
		close(release)
	})
	if !strings.Contains(logged.String(), "Process.Go abandoned") || !strings.Contains(logged.String(), "proc.hang") {
		t.Errorf("no report with the stack: %s", &logged)
	}
}

func TestOverflowIsCountedOnce(t *testing.T) {
	inBubble(t, quiet(), func(t *testing.T, s *System) {
		release := make(chan struct{})
		r := &rec{on: func(*Process, any) error { <-release; return nil }}
		r.spawn(t, s, 1)
		r.Send("x")
		synctest.Wait()
		r.Deliver("y")
		if err := r.Deliver("z"); err != ErrFull {
			t.Error(err)
		}
		if err := r.Deliver("z"); err != ErrFull {
			t.Error(err)
		}
		close(release)
	})
}

// An idle worker keeps alive neither the process it served last nor its message.
func TestDeadProcessesAreCollected(t *testing.T) {
	s := NewSystem(quiet())
	defer s.Close()
	var freed atomic.Int32
	const n = 20
	for range n {
		func() {
			done := make(chan struct{})
			r := &rec{on: func(*Process, any) error { return ErrNormal }}
			r.spawn(t, s, 0)
			runtime.AddCleanup(r, func(struct{}) { freed.Add(1) }, struct{}{})
			r.Watch(func(error) { close(done) })
			r.Send(new([1 << 10]byte))
			<-done
		}()
	}
	for range 100 {
		if freed.Load() == n {
			return
		}
		runtime.GC()
		runtime.Gosched()
	}
	if got := freed.Load(); got < n-1 { // the last one may still be on a worker's stack
		t.Errorf("%d of %d dead processes collected", got, n)
	}
}
