package supervisetest

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/supervise"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var quiet = slog.New(slog.DiscardHandler)

// The framework's own services pass.
func TestOurServices(t *testing.T) {
	t.Run("System", func(t *testing.T) {
		TestRestart(t, func(t testing.TB) Subject {
			sys := proc.NewSystem(proc.Config{Logger: quiet})
			return Subject{Child: supervise.Child{Service: sys}, Check: func(t testing.TB) {
				if n := sys.Count(); n != 0 {
					t.Errorf("%d processes of an earlier life", n)
				}
				p, err := proc.StartUnsupervised(t.Context(), sys, proc.Server[int]{})
				if err != nil {
					t.Fatal(err)
				}
				rung := make(chan struct{})
				p.SendAfter(time.Hour, "late") // left for the next life
				p.SendEvery(time.Minute, "tick")
				a := &alarm{rung: rung}
				sys.SetAlarm(&a.Alarm, a, time.Second)
				<-rung
			}}
		})
	})
	t.Run("Dynamic", func(t *testing.T) {
		TestRestart(t, func(t testing.TB) Subject {
			sys := proc.NewSystem(proc.Config{Logger: quiet})
			t.Cleanup(sys.Close)
			d := supervise.NewDynamic(supervise.DynamicConfig{System: sys, Logger: quiet})
			return Subject{Child: supervise.Child{Service: d}, Check: func(t testing.TB) {
				if d.Len() != 0 {
					t.Errorf("%d children of an earlier life", d.Len())
				}
				if _, err := proc.Start(t.Context(), d, proc.Server[int]{}); err != nil {
					t.Error(err)
				}
				if _, err := d.StartChild(t.Context(), supervise.Child{Name: "x", Process: supervise.Server(proc.Server[int]{})}); err != nil {
					t.Error(err)
				}
			}}
		})
	})
	t.Run("Tasks", func(t *testing.T) {
		TestRestart(t, func(t testing.TB) Subject {
			ts := supervise.NewTasks(supervise.TasksConfig{Logger: quiet})
			return Subject{Child: supervise.Child{Service: ts}, Check: func(t testing.TB) {
				if ts.Len() != 0 {
					t.Errorf("%d tasks of an earlier life", ts.Len())
				}
				ts.Start(t.Context(), func(ctx context.Context) error { <-ctx.Done(); return nil })
			}}
		})
	})
	t.Run("Supervisor", func(t *testing.T) {
		TestRestart(t, func(t testing.TB) Subject {
			wait := supervise.Func(func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
			sup := supervise.New(supervise.Config{Logger: quiet}, supervise.Child{Name: "a", Service: wait}, supervise.Child{Name: "b", Service: wait})
			return Subject{Child: supervise.Child{Start: func(context.Context) (supervise.Service, error) { return sup, nil }}, Check: func(t testing.TB) {
				if n := sup.Count().Active; n != 2 {
					t.Errorf("%d children run, want 2", n)
				}
			}}
		})
	})
}

type alarm struct {
	proc.Alarm
	rung chan struct{}
}

func (a *alarm) Ring() { close(a.rung) }

// Each of these is found out.
func TestBadServicesAreFoundOut(t *testing.T) {
	for _, tc := range []struct {
		want string
		run  func(ctx context.Context, life int, release <-chan struct{}) error
	}{
		{"1 goroutines more", func(ctx context.Context, life int, release <-chan struct{}) error {
			go func() { <-release }()
			<-ctx.Done()
			return nil
		}},
		{"did not return within 5s", func(ctx context.Context, life int, release <-chan struct{}) error { <-release; return nil }},
		{"returned an error when it was told to stop: boom", func(ctx context.Context, life int, release <-chan struct{}) error {
			<-ctx.Done()
			return errors.New("boom")
		}},
		{"life 1: Run returned before it was told to", func(ctx context.Context, life int, release <-chan struct{}) error { return nil }},
		{"life 2: Run returned before it was told to: closed already", func(ctx context.Context, life int, release <-chan struct{}) error {
			if life > 1 {
				return errors.New("closed already")
			}
			<-ctx.Done()
			return nil
		}},
		{"with a context that has ended already: Run did not return", func(ctx context.Context, life int, release <-chan struct{}) error {
			if ctx.Err() != nil {
				<-release
			}
			<-ctx.Done()
			return nil
		}},
	} {
		t.Run(tc.want, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				release, life := make(chan struct{}), 0
				svc := supervise.Func(func(ctx context.Context) error { life++; return tc.run(ctx, life, release) })
				wrong := errors.Join(examine(t, Subject{Child: supervise.Child{Service: svc}})...)
				if wrong == nil || !strings.Contains(wrong.Error(), tc.want) {
					t.Errorf("got %v, want ... %s", wrong, tc.want)
				}
				close(release)
			})
		})
	}
	t.Run("never ready", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			release := make(chan struct{})
			svc := supervise.ReadyFunc(func(ctx context.Context) error { <-release; return nil })
			wrong := errors.Join(examine(t, Subject{Child: supervise.Child{Service: svc}})...)
			if wrong == nil || !strings.Contains(wrong.Error(), "not ready within 30s") {
				t.Errorf("got %v", wrong)
			}
			close(release)
		})
	})
}

func TestStart(t *testing.T) {
	for _, byCaller := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			ended := false
			svc := supervise.ReadyFunc(func(ctx context.Context) error {
				time.Sleep(time.Second)
				supervise.Ready(ctx)
				<-ctx.Done()
				ended = true
				return ctx.Err()
			})
			began := time.Now()
			tb := &cleanups{TB: t}
			stop := Start(tb, svc)
			if time.Since(began) != time.Second {
				t.Errorf("Start returned after %v, before the service was ready", time.Since(began))
			}
			if byCaller {
				if err := stop(); !errors.Is(err, context.Canceled) || !ended {
					t.Errorf("stop: %v, ended: %v", err, ended)
				}
			}
			tb.run()
			if !ended || tb.failed != 0 {
				t.Errorf("ended: %v, failures: %d", ended, tb.failed)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		tb := &cleanups{TB: t}
		Start(tb, supervise.Func(func(context.Context) error { return errors.New("boom") }))
		synctest.Wait()
		tb.run()
		if tb.failed != 1 {
			t.Errorf("a service that ended before the test made %d failures, want 1", tb.failed)
		}
	})
}

// cleanups is a testing.TB whose cleanups run when told, and whose failures are counted.
type cleanups struct {
	testing.TB
	all    []func()
	failed int
}

func (c *cleanups) Cleanup(f func())      { c.all = append(c.all, f) }
func (c *cleanups) Errorf(string, ...any) { c.failed++ }
func (c *cleanups) run() {
	for _, f := range c.all {
		f()
	}
}
