package supervise

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bennu-go/bennu/proc"
)

type ctx = context.Context

func TestStartIsOrderedByReadiness(t *testing.T) {
	inBubble(t, func(t *testing.T, s *scene) {
		s.fake("a").start = func(ctx) error { time.Sleep(time.Second); s.note("a is ready"); return nil }
		ready := false
		plain := Child{Name: "plain", Service: Func(func(c ctx) error { s.note("plain runs"); <-c.Done(); return c.Err() })}
		sup := New(s.config(Config{}), s.child("a", Permanent), plain, s.child("b", Permanent))
		c, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- sup.Run(NotifyReady(c, func() { ready = true })) }()
		s.want("before a is ready", "+a")
		if ready || sup.Children()[0].Status != Starting || sup.Children()[1].Status != Waiting {
			t.Errorf("ready=%v, children %v", ready, sup.Children())
		}
		time.Sleep(time.Second)
		if got := s.took(); got != "a is ready plain runs +b" && got != "a is ready +b plain runs" {
			t.Errorf("got %q", got)
		}
		if !ready {
			t.Error("the supervisor did not say that it is ready")
		}
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run returned %v", err)
		}
	})
}

func TestEachChildStopsWhenTheOneAfterItHasEnded(t *testing.T) {
	inBubble(t, func(t *testing.T, s *scene) {
		for _, name := range []string{"a", "b"} {
			s.fake(name).end = func(c ctx) error {
				if cause := context.Cause(c); cause != proc.ErrShutdown {
					t.Errorf("%s was cancelled with %v", name, cause)
				}
				time.Sleep(time.Second)
				s.note(name + " gone")
				return c.Err()
			}
		}
		stop, result := s.begin(New(s.config(Config{}), s.child("a", Permanent), s.child("b", Permanent)))
		s.took()
		stop()
		if err := result(); err != nil {
			t.Error(err)
		}
		s.want("stop", "-b b gone -a a gone")
	})
}

func TestAFailureAtTheBeginningStopsWhatWasStarted(t *testing.T) {
	for _, tc := range []struct {
		name  string
		child Child
		want  string
	}{
		{"an error before ready", Child{Service: ReadyFunc(func(ctx) error { return errBoom })}, "supervise: top/c: boom"},
		{"returning before ready", Child{Service: ReadyFunc(func(ctx) error { return nil })}, "supervise: top/c: ended before it was ready"},
		{"an error of the constructor", Child{Start: func(ctx) (Service, error) { return nil, errBoom }}, "supervise: top/c: boom"},
		{"a panic in the constructor", Child{Start: func(ctx) (Service, error) { panic("oh") }}, "supervise: top/c: panic: oh"},
		{"no service", Child{Start: func(ctx) (Service, error) { return nil, nil }}, "supervise: top/c: Start returned no service"},
		{"never ready", Child{Service: ReadyFunc(func(c ctx) error { <-c.Done(); return c.Err() }), StartTimeout: time.Second}, "supervise: top/c: not ready within 1s"},
		{"an error of Init", Child{Process: Server(proc.Server[int]{Init: func(ctx, *proc.Self[int]) error { return errBoom }})}, "supervise: top/c: boom"},
		{"an Init that hangs", Child{StartTimeout: time.Second, Process: Server(proc.Server[int]{
			Init: func(c ctx, _ *proc.Self[int]) error { <-c.Done(); return c.Err() }})}, "supervise: top/c: not ready within 1s"},
		{"no process", Child{Process: func(ctx, proc.Supervisor) (*proc.Process, error) { return nil, nil }}, "supervise: top/c: Process returned no process"},
		{"a nested failure", Child{Service: New(Config{Name: "inner", Logger: slog.New(slog.DiscardHandler)}, Child{Name: "x", Service: ReadyFunc(func(ctx) error { return errBoom })})}, "supervise: top/c: inner/x: boom"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, s *scene) {
				tc.child.Name = "c"
				_, result := s.begin(New(s.config(Config{}), s.child("a", Permanent), s.child("b", Permanent), tc.child, s.child("d", Permanent)))
				if err := result(); err == nil || err.Error() != tc.want {
					t.Errorf("got %v, want %s", err, tc.want)
				}
				s.want("diary", "+a +b -b -a")
				if n := s.sys.Count(); n != 0 {
					t.Errorf("%d processes left", n)
				}
			})
		})
	}
}

func TestWrongWiringIsRefusedByRun(t *testing.T) {
	svc := Func(func(ctx) error { return nil })
	for want, sup := range map[string]*Supervisor{
		"two children have this name":       New(Config{}, Child{Name: "a", Service: svc}, Child{Name: "a", Service: svc}),
		"child 0 needs a Name":              New(Config{}, Child{Service: svc}),
		"exactly one of":                    New(Config{}, Child{Name: "a"}),
		"needs Config.System":               New(Config{}, Child{Name: "a", Process: Server(proc.Server[int]{})}),
		"it cannot be Significant":          New(Config{AutoShutdown: AnySignificant}, Child{Name: "a", Service: svc, Significant: true}),
		"unless Config.AutoShutdown is set": New(Config{}, Child{Name: "a", Service: svc, Significant: true, Restart: Temporary}),
		"no such Strategy or AutoShutdown":  New(Config{Strategy: 9}),
		"no such Restart":                   New(Config{}, Child{Name: "a", Service: svc, Restart: 7}),
	} {
		if err := sup.Run(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want ... %s", err, want)
		}
	}
}

func TestRestartIntensityIsASlidingWindow(t *testing.T) {
	for _, tc := range []struct {
		name string
		at   []time.Duration // of the failures
		ok   bool
	}{
		{"three at once", []time.Duration{0, 0, 0}, true},
		{"four at once", []time.Duration{0, 0, 0, 0}, false},
		{"the fourth a moment before the first leaves the window", []time.Duration{0, 1, 2, 5*time.Second - 1}, false},
		{"the fourth when the first leaves the window", []time.Duration{0, 1, 2, 5 * time.Second}, true},
		{"slides on", []time.Duration{0, 2 * time.Second, 4 * time.Second, 5 * time.Second, 7 * time.Second, 9 * time.Second}, true},
		{"slides on, then one too many", []time.Duration{0, 2 * time.Second, 4 * time.Second, 5 * time.Second, 6 * time.Second}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, s *scene) {
				stop, result := s.begin(New(s.config(Config{}), s.child("a", Permanent), s.child("b", Permanent)))
				s.took()
				began := time.Now()
				for _, at := range tc.at {
					time.Sleep(time.Until(began.Add(at)))
					s.fails("b")
				}
				synctest.Wait()
				if tc.ok {
					stop()
					if err := result(); err != nil {
						t.Error(err)
					}
					return
				}
				var ce *ChildError
				err := result()
				if !errors.As(err, &ce) || !ce.GaveUp || ce.Child != "b" || !errors.Is(err, errBoom) {
					t.Errorf("got %v", err)
				}
				if got := s.took(); !strings.HasSuffix(got, "!b -a") {
					t.Errorf("the other was not stopped: %s", got)
				}
				if n := s.count("bennu.supervisor.gave_up"); n != 1 {
					t.Errorf("%d gave_up events", n)
				}
			})
		})
	}
}

func TestNoRestartsAtAll(t *testing.T) {
	inBubble(t, func(t *testing.T, s *scene) {
		_, result := s.begin(New(s.config(Config{MaxRestarts: -1}), s.child("a", Permanent)))
		s.fails("a")
		if err := result(); !errors.Is(err, errBoom) {
			t.Error(err)
		}
	})
}

// A child that fails again and again takes three levels down with it, each only when its own intensity is used up.
func TestEscalationThroughThreeLevels(t *testing.T) {
	inBubble(t, func(t *testing.T, s *scene) {
		runs := 0
		bad := Child{Name: "bad", Service: Func(func(ctx) error { runs++; return errBoom })}
		inner := New(s.config(Config{Name: "inner", MaxRestarts: 1}), s.child("y", Permanent), bad)
		middle := New(s.config(Config{Name: "middle", MaxRestarts: 2}), s.child("x", Permanent), Child{Name: "inner", Service: inner})
		top := New(s.config(Config{Name: "app", MaxRestarts: -1}), s.child("w", Permanent), Child{Name: "middle", Service: middle})
		_, result := s.begin(top)
		err := result()
		want := "supervise: app/middle: restarted too often: middle/inner: restarted too often: inner/bad: restarted too often: boom"
		if err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
		if runs != 2*3 {
			t.Errorf("bad ran %d times, want 6: twice in each of three lives of inner", runs)
		}
		s.want("diary", "+w +x +y -y +y -y +y -y -x -w")
	})
}

func TestFailingToStartInARestartCounts(t *testing.T) {
	inBubble(t, func(t *testing.T, s *scene) {
		starts := 0
		b := Child{Name: "b", Start: func(ctx) (Service, error) {
			if starts++; starts > 1 && starts < 4 {
				return nil, errBoom
			}
			return s.fake("b"), nil
		}}
		sup := New(s.config(Config{Strategy: RestForOne}), s.child("a", Permanent), b, s.child("c", Permanent))
		stop, result := s.begin(sup)
		s.took()
		s.fails("b")
		s.want("two failed starts, then a good one", "!b -c +b +c")
		s.fails("b")
		if err := result(); err == nil {
			t.Error("a fourth restart in the window")
		}
		stop()
	})
}

func TestAChildThatIgnoresItsContextIsAbandoned(t *testing.T) {
	inBubble(t, func(t *testing.T, s *scene) {
		release := make(chan struct{})
		s.fake("b").end = func(ctx) error { hangsHere(release); return nil }
		sup := New(s.config(Config{}), s.child("a", Permanent), s.child("b", Permanent), s.child("c", Permanent))
		stop, result := s.begin(sup)
		s.took()
		began := time.Now()
		stop()
		err := result()
		if d := time.Since(began); d != DefaultStopTimeout {
			t.Errorf("stopped after %v", d)
		}
		if !errors.Is(err, ErrAbandoned) || err.Error() != "supervise: top/b: did not stop in time and was abandoned after 5s" {
			t.Errorf("got %v", err)
		}
		s.want("the others stopped all the same", "-c -b -a")
		if n := s.lines("child abandoned"); n != 1 || !strings.Contains(s.log(), "hangsHere") {
			t.Errorf("not reported once, with its stack:\n%s", s.log())
		}
		if got := sup.Children()[1].Status; got != Abandoned {
			t.Errorf("status %v", got)
		}
		if err := sup.Run(t.Context()); !errors.Is(err, ErrRunning) {
			t.Errorf("a second copy beside the abandoned one: %v", err)
		}
		close(release)
		synctest.Wait()
		stop, result = s.begin(sup)
		s.want("once it has ended", "+a +b +c")
		s.fake("b").end = nil
		stop()
		if err := result(); err != nil {
			t.Error(err)
		}
	})
}

func hangsHere(c <-chan struct{}) { <-c }

func TestASiblingAbandonedInARestartEscalates(t *testing.T) {
	inBubble(t, func(t *testing.T, s *scene) {
		release := make(chan struct{})
		s.fake("c").end = func(ctx) error { <-release; return nil }
		_, result := s.begin(New(s.config(Config{Strategy: RestForOne}), s.child("a", Permanent), s.child("b", Permanent), s.child("c", Permanent)))
		s.took()
		s.fails("b")
		if err := result(); !errors.Is(err, ErrAbandoned) {
			t.Error(err)
		}
		s.want("b is not started beside it", "!b -c -a")
		close(release)
	})
}

func TestAProcessThatIgnoresItsContextIsKilledThenAbandoned(t *testing.T) {
	inBubble(t, func(t *testing.T, s *scene) {
		release := make(chan struct{})
		sup := New(s.config(Config{}), Child{Name: "p", StopTimeout: time.Second, Process: Server(proc.Server[int]{
			Info:      proc.Infos[int]{proc.OnInfo(func(ctx, *proc.Self[int], string) error { hangsHere(release); return nil })},
			Terminate: func(ctx, *proc.Self[int], error) { s.note("terminated") },
		})})
		stop, result := s.begin(sup)
		sup.Process("p").Send("hang")
		synctest.Wait()
		stop()
		if err := result(); !errors.Is(err, ErrAbandoned) {
			t.Error(err)
		}
		if !strings.Contains(s.log(), "hangsHere") {
			t.Errorf("no stack:\n%s", s.log())
		}
		close(release)
		s.want("a killed process is not terminated in order", "")
	})
}

func TestInfiniteStopTimeout(t *testing.T) {
	inBubble(t, func(t *testing.T, s *scene) {
		s.fake("a").end = func(ctx) error { time.Sleep(time.Hour); return nil }
		a := s.child("a", Permanent)
		a.StopTimeout = Infinity
		stop, result := s.begin(New(s.config(Config{}), a))
		stop()
		if err := result(); err != nil {
			t.Error(err)
		}
	})
}

func TestSignificantChildren(t *testing.T) {
	significant := func(s *scene, name string, r Restart) Child {
		c := s.child(name, r)
		c.Significant = true
		return c
	}
	for _, tc := range []struct {
		name string
		auto AutoShutdown
		ends func(s *scene)
		want string
	}{
		{"any: a transient one ends in order", AnySignificant, func(s *scene) { s.ends("a", func() error { return nil }) }, "!a -c -b"},
		{"any: a transient one fails", AnySignificant, func(s *scene) { s.fails("a") }, "!a +a"},
		{"any: a temporary one fails", AnySignificant, func(s *scene) { s.fails("b") }, "!b -c -a"},
		{"any: an insignificant one ends", AnySignificant, func(s *scene) { s.ends("c", func() error { return nil }) }, "!c"},
		{"all: one of two ends", AllSignificant, func(s *scene) { s.fails("b") }, "!b"},
		{"all: both end", AllSignificant, func(s *scene) { s.fails("b"); s.ends("a", func() error { return nil }) }, "!b !a -c"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, s *scene) {
				sup := New(s.config(Config{AutoShutdown: tc.auto}), significant(s, "a", Transient), significant(s, "b", Temporary), s.child("c", Transient))
				stop, result := s.begin(sup)
				s.took()
				tc.ends(s)
				s.want("diary", tc.want)
				if !strings.Contains(tc.want, "-") {
					stop()
				}
				if err := result(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func TestStopWhileStarting(t *testing.T) {
	inBubble(t, func(t *testing.T, s *scene) {
		s.fake("b").start = func(c ctx) error { <-c.Done(); return c.Err() }
		stop, result := s.begin(New(s.config(Config{}), s.child("a", Permanent), s.child("b", Permanent), s.child("c", Permanent)))
		s.took()
		stop()
		if err := result(); err != nil {
			t.Error(err)
		}
		s.want("diary", "-a")
	})
}

func TestSupervisorRunsAgainAndNotTwiceAtOnce(t *testing.T) {
	inBubble(t, func(t *testing.T, s *scene) {
		sup := New(s.config(Config{}), s.child("a", Permanent))
		for range 3 {
			stop, result := s.begin(sup)
			if err := sup.Run(t.Context()); !errors.Is(err, ErrRunning) {
				t.Errorf("a second Run: %v", err)
			}
			s.fails("a")
			s.want("diary", "+a !a +a")
			if got := sup.Children()[0].Restarts; got != 1 {
				t.Errorf("%d restarts, want 1", got)
			}
			stop()
			if err := result(); err != nil {
				t.Error(err)
			}
			s.want("stop", "-a")
		}
	})
}

func TestAServiceThatCallsReadyMustSaySo(t *testing.T) {
	inBubble(t, func(t *testing.T, s *scene) {
		stop, _ := s.begin(New(s.config(Config{}), Child{Name: "a", Service: Func(func(c ctx) error { Ready(c); <-c.Done(); return nil })}))
		if s.lines("no supervise.ReadyService") != 1 {
			t.Errorf("no warning:\n%s", s.log())
		}
		stop()
	})
}

func TestAPanicIsReportedOnceWithItsStack(t *testing.T) {
	inBubble(t, func(t *testing.T, s *scene) {
		stop, _ := s.begin(New(s.config(Config{}), s.child("a", Permanent)))
		s.ends("a", func() error { panic("oh") })
		synctest.Wait()
		if s.lines("panic: oh") != 2 || s.lines("supervisor_test.go") == 0 || s.lines("child exited") != 1 || s.lines("child restarted") != 1 {
			t.Errorf("want one line with the stack, and one about the restart:\n%s", s.log())
		}
		if n := s.count("bennu.supervisor.child_exited"); n != 1 {
			t.Errorf("%d child_exited", n)
		}
		if n := s.count("bennu.supervisor.child_restarted"); n != 1 {
			t.Errorf("%d child_restarted", n)
		}
		stop()
	})
}

func TestAProcessStartedElsewhereIsWatched(t *testing.T) {
	inBubble(t, func(t *testing.T, s *scene) {
		sup := New(s.config(Config{}), Child{Name: "p", Process: func(c ctx, sup proc.Supervisor) (*proc.Process, error) {
			return proc.StartUnsupervised(c, sup.System(), proc.Server[int]{})
		}}, Child{Name: "q", Process: func(c ctx, sup proc.Supervisor) (*proc.Process, error) {
			p, err := proc.Start(c, sup, proc.Server[int]{})
			if err != nil {
				return nil, err
			}
			if _, err := proc.Start(c, sup, proc.Server[int]{}); err == nil {
				t.Error("a definition started two processes")
			}
			return p, nil
		}})
		stop, result := s.begin(sup)
		first := sup.Process("p")
		first.Exit(nil)
		synctest.Wait()
		if second := sup.Process("p"); second == nil || second == first {
			t.Errorf("p is %v after its end", second)
		}
		stop()
		if err := result(); err != nil {
			t.Error(err)
		}
		if n := s.sys.Count(); n != 0 {
			t.Errorf("%d processes left", n)
		}
	})
}

func TestTheSystemIsAChildLikeAnyOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &scene{t: t, fakes: map[string]*fake{}}
		sys := proc.NewSystem(proc.Config{Logger: s.logger()})
		dyn := NewDynamic(DynamicConfig{Name: "rooms", System: sys, Logger: s.logger()})
		sup := New(Config{Name: "app", System: sys, Logger: s.logger()},
			Child{Name: "processes", Service: sys},
			Child{Name: "counter", Process: Server(proc.Server[int]{Name: "counter"})},
			Child{Name: "rooms", Service: dyn},
			s.child("web", Permanent))
		for range 2 {
			stop, result := s.begin(sup)
			if _, err := proc.Start(t.Context(), dyn, proc.Server[string]{Name: "room"}); err != nil {
				t.Fatal(err)
			}
			want := "app (one_for_one)\n├── processes  service  running\n├── counter  process  running  counter\n├── rooms  dynamic  running  1 children\n└── web  service  running\n"
			if got := sup.Tree(); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			if got, want := sup.Count(), (Counts{Children: 4, Active: 4, Supervisors: 1, Services: 2, Processes: 1}); got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
			stop()
			if err := result(); err != nil {
				t.Error(err)
			}
			if sys.Count() != 0 {
				t.Errorf("%d processes left", sys.Count())
			}
		}
	})
}

func TestWhatIsAbandonedBelowIsToldAbove(t *testing.T) {
	inBubble(t, func(t *testing.T, s *scene) {
		release := make(chan struct{})
		s.fake("x").end = func(ctx) error { <-release; return nil }
		inner := New(s.config(Config{Name: "inner"}), s.child("x", Permanent))
		stop, result := s.begin(New(s.config(Config{}), Child{Name: "web", Service: inner}, s.child("b", Permanent)))
		stop()
		want := "supervise: top/web: inner/x: did not stop in time and was abandoned after 5s"
		if err := result(); !errors.Is(err, ErrAbandoned) || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
		close(release)
	})
}

// A constructor would make a second copy that knows nothing of the first one, whose child still runs.
func TestNoSecondCopyBesideWhatIsAbandonedBelow(t *testing.T) {
	for _, strategy := range []Strategy{OneForAll, OneForOne} {
		inBubble(t, func(t *testing.T, s *scene) {
			release := make(chan struct{})
			s.fake("y").end = func(ctx) error { <-release; return nil }
			made := 0
			inner := Child{Name: "inner", Start: func(ctx) (Service, error) {
				made++
				return New(s.config(Config{Name: "inner", Strategy: OneForAll}), s.child("x", Permanent), s.child("y", Permanent)), nil
			}}
			_, result := s.begin(New(s.config(Config{Strategy: strategy}), inner, s.child("b", Permanent)))
			if strategy == OneForAll {
				s.fails("b") // inner is stopped for the restart, and y with it
			} else {
				s.fails("x") // inner gives up by itself
			}
			if err := result(); !errors.Is(err, ErrAbandoned) || made != 1 {
				t.Errorf("%v: got %v, inner was made %d times", strategy, err, made)
			}
			close(release)
		})
	}
}
