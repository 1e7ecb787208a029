package proc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"
)

// rec is a behaviour that records what happens to it.
type rec struct {
	Process
	mu   sync.Mutex
	log  []string
	on   func(p *Process, msg any) error
	term func(reason error)
}

func (r *rec) add(s string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.log = append(r.log, s)
}

func (r *rec) got() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.log, " ")
}

func (r *rec) Label() string { return "rec" }
func (r *rec) Handle(p *Process, msg any) error {
	if r.on != nil {
		return r.on(p, msg)
	}
	r.add(msg.(string))
	return nil
}
func (r *rec) Terminate(p *Process, reason error) {
	r.add("terminate(" + reason.Error() + ")")
	if r.term != nil {
		r.term(reason)
	}
}
func (r *rec) Dropped(p *Process, msg any)     { r.add("dropped(" + msg.(string) + ")") }
func (r *rec) Exited(p *Process, reason error) { r.add("exited(" + reason.Error() + ")") }

// inBubble runs f with a System in virtual time; everything is gone when it returns.
func inBubble(t *testing.T, cfg Config, f func(t *testing.T, s *System)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := NewSystem(cfg)
		defer s.Close()
		f(t, s)
	})
}

func quiet() Config { return Config{Logger: slog.New(slog.DiscardHandler)} }

func (r *rec) spawn(t *testing.T, s *System, mailbox int) {
	t.Helper()
	if err := s.Spawn(&r.Process, Spec{Behaviour: r, Mailbox: mailbox}); err != nil {
		t.Fatal(err)
	}
}

func TestProcessIsSmall(t *testing.T) {
	if n := unsafe.Sizeof(Process{}); n > 96 {
		t.Errorf("a Process takes %d bytes, the budget is 96", n)
	}
	if n := unsafe.Sizeof(chunk{}); n > 128 {
		t.Errorf("a chunk takes %d bytes, want 128", n)
	}
}

func TestMessagesAreHandledInOrderAndNeverOverlap(t *testing.T) {
	inBubble(t, quiet(), func(t *testing.T, s *System) {
		running, last, n := false, 0, 0
		r := &rec{}
		r.on = func(p *Process, msg any) error {
			if running {
				t.Error("two callbacks overlap")
			}
			running = true
			time.Sleep(time.Microsecond)
			if msg.(int) != last+1 {
				t.Errorf("got %d after %d", msg, last)
			}
			last, running = msg.(int), false
			n++
			return nil
		}
		r.spawn(t, s, 100_000)
		for i := range 2_000 {
			if err := r.Send(i + 1); err != nil {
				t.Fatal(err)
			}
			if i%100 == 0 {
				synctest.Wait()
			}
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if n != 2_000 {
			t.Errorf("handled %d messages, want 2000", n)
		}
	})
}

func TestMailboxLimit(t *testing.T) {
	inBubble(t, quiet(), func(t *testing.T, s *System) {
		release := make(chan struct{})
		r := &rec{}
		r.on = func(p *Process, msg any) error { <-release; r.add(msg.(string)); return nil }
		r.spawn(t, s, 2)
		r.Send("a")
		synctest.Wait() // a is being handled
		for _, m := range []string{"b", "c"} {
			if err := r.Send(m); err != nil {
				t.Fatal(err)
			}
		}
		if err := r.Send("d"); err != ErrFull {
			t.Errorf("a third waiting message: %v, want ErrFull", err)
		}
		if err := r.Control("ctl"); err != nil {
			t.Errorf("a control message: %v, want it taken", err)
		}
		if n := r.Mailbox(); n != 3 {
			t.Errorf("mailbox holds %d, want 3", n)
		}
		close(release)
		synctest.Wait()
		if got, want := r.got(), "a b c ctl"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestDeliverToAFullMailboxEndsTheProcess(t *testing.T) {
	inBubble(t, quiet(), func(t *testing.T, s *System) {
		release := make(chan struct{})
		r := &rec{}
		r.on = func(p *Process, msg any) error { <-release; return nil }
		r.spawn(t, s, 1)
		r.Send("a")
		synctest.Wait()
		r.Deliver("b")
		if err := r.Deliver("c"); err != ErrFull {
			t.Errorf("got %v, want ErrFull", err)
		}
		close(release)
		synctest.Wait()
		if got, want := r.got(), "terminate(overloaded) dropped(b) exited(overloaded)"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestWaysToEnd(t *testing.T) {
	boom := errors.New("boom")
	for _, tc := range []struct {
		name string
		do   func(r *rec)
		want string
		logs int
	}{
		{"normal", func(r *rec) { r.Send(ErrNormal) }, "terminate(normal) exited(normal)", 0},
		{"shutdown with a why", func(r *rec) { r.Send(Shutdown("left")) }, "terminate(shutdown: left) exited(shutdown: left)", 0},
		{"error", func(r *rec) { r.Send(boom) }, "terminate(boom) exited(boom)", 1},
		{"panic", func(r *rec) { r.Send("panic") }, "terminate(panic: oh) exited(panic: oh)", 1},
		{"exit from outside", func(r *rec) { r.Exit(nil) }, "terminate(normal) exited(normal)", 0},
		{"kill", func(r *rec) { r.Exit(ErrKilled) }, "exited(killed)", 0},
		{"panic in terminate", func(r *rec) { r.term = func(error) { panic("late") }; r.Exit(ErrShutdown) }, "terminate(shutdown) exited(panic: late)", 1},
		{"error, then panic in terminate", func(r *rec) { r.term = func(error) { panic("late") }; r.Send(boom) }, "terminate(boom) exited(boom)", 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var logged bytes.Buffer
			inBubble(t, Config{Logger: slog.New(slog.NewTextHandler(&logged, nil))}, func(t *testing.T, s *System) {
				r := &rec{}
				r.on = func(p *Process, msg any) error {
					if msg == "panic" {
						panic("oh")
					}
					return msg.(error)
				}
				r.spawn(t, s, 0)
				var seen error
				r.Watch(func(reason error) { seen = reason })
				tc.do(r)
				synctest.Wait()
				if got := r.got(); got != tc.want {
					t.Errorf("got %q, want %q", got, tc.want)
				}
				if !strings.HasSuffix(tc.want, "exited("+seen.Error()+")") {
					t.Errorf("the watcher saw %v", seen)
				}
				if err := r.Send("late"); err != ErrNoProcess {
					t.Errorf("Send after the end: %v, want ErrNoProcess", err)
				}
				if n := s.Count(); n != 0 {
					t.Errorf("%d processes left", n)
				}
			})
			if got := strings.Count(logged.String(), "process crashed"); got != tc.logs {
				t.Errorf("%d crash lines, want %d:\n%s", got, tc.logs, &logged)
			}
			if tc.name == "panic" && !strings.Contains(logged.String(), "process_test.go") {
				t.Errorf("the crash line has no stack: %s", &logged)
			}
		})
	}
}

func TestExitOvertakesTheMailboxAndCancelsTheContext(t *testing.T) {
	inBubble(t, quiet(), func(t *testing.T, s *System) {
		why := Shutdown("why")
		r := &rec{}
		r.on = func(p *Process, msg any) error {
			child, cancel := context.WithCancel(p.Context())
			defer cancel()
			<-child.Done()
			if got := context.Cause(child); got != why {
				t.Errorf("cause %v, want %v", got, why)
			}
			r.add("cancelled")
			return nil
		}
		r.spawn(t, s, 0)
		r.Send("a")
		r.Send("b")
		synctest.Wait()
		r.Exit(why)
		synctest.Wait()
		if got, want := r.got(), "cancelled terminate(shutdown: why) dropped(b) exited(shutdown: why)"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if err := r.Context().Err(); err != context.Canceled {
			t.Errorf("Err of a dead process's context is %v", err)
		}
		if got := context.Cause(r.Context()); got != why {
			t.Errorf("cause after the end %v, want %v", got, why)
		}
	})
}

func TestBlockedProcessesStallNobody(t *testing.T) {
	inBubble(t, quiet(), func(t *testing.T, s *System) {
		release := make(chan struct{})
		const n = 10_000
		for range n {
			r := &rec{on: func(*Process, any) error { <-release; return nil }}
			r.spawn(t, s, 0)
			r.Send("block")
		}
		free := &rec{}
		free.spawn(t, s, 0)
		free.Send("hello")
		synctest.Wait()
		if free.got() != "hello" {
			t.Errorf("a process beside %d blocked ones got %q", n, free.got())
		}
		close(release)
	})
}

func TestGoEndsWithTheProcessAndItsPanicEndsTheProcess(t *testing.T) {
	inBubble(t, quiet(), func(t *testing.T, s *System) {
		r := &rec{}
		r.spawn(t, s, 0)
		r.Go(func(ctx context.Context) { <-ctx.Done(); r.add("work ended") })
		r.Go(func(ctx context.Context) { panic("in work") })
		synctest.Wait()
		if got := r.got(); !strings.Contains(got, "exited(panic: in work)") || !strings.Contains(got, "work ended") {
			t.Errorf("got %q", got)
		}
	})
}

func TestCloseReportsACallbackThatDoesNotReturn(t *testing.T) {
	var logged bytes.Buffer
	synctest.Test(t, func(t *testing.T) {
		s := NewSystem(Config{Logger: slog.New(slog.NewTextHandler(&logged, nil)), StopTimeout: time.Second})
		release := make(chan struct{})
		r := &rec{on: func(*Process, any) error { hang(release); return nil }}
		r.spawn(t, s, 0)
		r.Send("x")
		synctest.Wait()
		began := time.Now()
		s.Close()
		if d := time.Since(began); d != time.Second {
			t.Errorf("Close took %v, want StopTimeout", d)
		}
		close(release)
	})
	if !strings.Contains(logged.String(), "callback abandoned") || !strings.Contains(logged.String(), "proc.hang") {
		t.Errorf("no report with the stack of the callback: %s", &logged)
	}
}

func hang(c <-chan struct{}) { <-c }

func TestCrashLinesOfManyLabelsAreSampledTogether(t *testing.T) {
	var l crashLog
	lines, suppressed := 0, 0
	synctest.Test(t, func(t *testing.T) {
		for i := range 5_000 {
			if ok, _ := l.allow(fmt.Sprint("channel room:", i%1_000)); ok {
				lines++
			}
		}
		time.Sleep(2 * crashWindow)
		_, suppressed = l.allow("channel room:1")
	})
	if lines != crashTotal || suppressed != 5_000-crashTotal {
		t.Errorf("%d lines about 5,000 crashes of 1,000 labels, then %d suppressed; want %d and %d", lines, suppressed, crashTotal, 5_000-crashTotal)
	}
}

func TestCrashLinesAreSampled(t *testing.T) {
	var logged bytes.Buffer
	inBubble(t, Config{Logger: slog.New(slog.NewTextHandler(&logged, nil))}, func(t *testing.T, s *System) {
		crash := func(n int) {
			for range n {
				r := &rec{on: func(*Process, any) error { return errors.New("again") }}
				r.spawn(t, s, 0)
				r.Send("x")
				synctest.Wait()
			}
		}
		crash(1_000)
		time.Sleep(2 * crashWindow)
		crash(1)
	})
	if n := strings.Count(logged.String(), "process crashed"); n != crashBurst+1 {
		t.Errorf("%d lines, want %d", n, crashBurst+1)
	}
	if !strings.Contains(logged.String(), "suppressed=990") {
		t.Errorf("the count of suppressed lines is missing:\n%s", &logged)
	}
}
