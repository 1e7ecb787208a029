package supervise

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bennu-go/bennu/proc"
)

func (s *scene) dynamic(c DynamicConfig) *Dynamic {
	c.Logger, c.Telemetry, c.System = s.logger(), s.tel, s.sys
	return NewDynamic(c)
}

func TestDynamicAdoptsProcesses(t *testing.T) {
	inBubble(t, func(t *testing.T, s *scene) {
		d := s.dynamic(DynamicConfig{MaxChildren: 3})
		start := func() (*proc.Process, error) {
			return proc.Start(t.Context(), d, proc.Server[int]{
				Info:      proc.Infos[int]{proc.OnInfo(func(ctx, *proc.Self[int], string) error { panic("oh") })},
				Terminate: func(_ ctx, _ *proc.Self[int], reason error) { s.note(reason.Error()) },
			})
		}
		if _, err := start(); !errors.Is(err, ErrNotRunning) {
			t.Errorf("before Run: %v", err)
		}
		stop, result := s.begin(d)
		for range 3 {
			if _, err := start(); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := start(); !errors.Is(err, ErrMaxChildren) {
			t.Errorf("a fourth: %v", err)
		}
		n := 0
		for c := range d.Children() {
			if n++; n == 1 {
				c.Process.Send("crash")
			}
		}
		s.want("a crash", "panic: oh")
		if d.Len() != 2 || n != 3 {
			t.Errorf("%d left of %d, want 2 of 3", d.Len(), n)
		}
		if _, err := start(); err != nil {
			t.Errorf("the place of the crashed one: %v", err)
		}
		stop()
		if err := result(); err != nil {
			t.Error(err)
		}
		s.want("stop", "shutdown shutdown shutdown")
		if _, err := start(); !errors.Is(err, ErrNotRunning) {
			t.Errorf("after Run: %v", err)
		}
		if d.Len() != 0 || s.sys.Count() != 0 {
			t.Errorf("%d children, %d processes left", d.Len(), s.sys.Count())
		}
	})
}

func TestDynamicStopsAllAtTheSameTime(t *testing.T) {
	inBubble(t, func(t *testing.T, s *scene) {
		d := s.dynamic(DynamicConfig{})
		stop, result := s.begin(d)
		for range 100 {
			proc.Start(t.Context(), d, proc.Server[int]{Terminate: func(ctx, *proc.Self[int], error) { time.Sleep(time.Second) }})
		}
		for i := range 100 {
			name := fmt.Sprint(i)
			s.fake(name).end = func(ctx) error { time.Sleep(time.Second); return nil }
			if _, err := d.StartChild(t.Context(), s.child(name, Permanent)); err != nil {
				t.Fatal(err)
			}
		}
		began := time.Now()
		stop()
		if err := result(); err != nil || time.Since(began) != time.Second {
			t.Errorf("%v after %v, want nil after 1s", err, time.Since(began))
		}
	})
}

func TestDynamicRestartsWhatHasADefinition(t *testing.T) {
	for _, restart := range []Restart{Permanent, Transient, Temporary} {
		for _, way := range ways {
			t.Run(fmt.Sprintf("%v/%s", restart, way.name), func(t *testing.T) {
				inBubble(t, func(t *testing.T, s *scene) {
					d := s.dynamic(DynamicConfig{})
					stop, result := s.begin(d)
					ref, err := d.StartChild(t.Context(), s.child("a", restart))
					if err != nil {
						t.Fatal(err)
					}
					s.took()
					s.ends("a", way.do)
					synctest.Wait()
					want, n := "!a", 0
					if restart == Permanent || restart == Transient && way.failure {
						want, n = "!a +a", 1
					}
					s.want("after the end", want)
					if d.Len() != n || ref.Info().Restarts != n {
						t.Errorf("%d children, %d restarts, want %d", d.Len(), ref.Info().Restarts, n)
					}
					if err := ref.Stop(); err != nil {
						t.Error(err)
					}
					if d.Len() != 0 {
						t.Errorf("%d children after Stop", d.Len())
					}
					stop()
					if err := result(); err != nil {
						t.Error(err)
					}
				})
			})
		}
	}
}

func TestDynamicRestartsProcesses(t *testing.T) {
	inBubble(t, func(t *testing.T, s *scene) {
		d := s.dynamic(DynamicConfig{})
		stop, result := s.begin(d)
		ref, err := d.StartChild(t.Context(), Child{Name: "p", Process: Server(proc.Server[int]{})})
		if err != nil {
			t.Fatal(err)
		}
		first := ref.Process()
		first.Exit(errBoom)
		synctest.Wait()
		if second := ref.Process(); second == first || !second.Alive() {
			t.Errorf("process %v after the crash", second)
		}
		stop()
		if err := result(); err != nil {
			t.Error(err)
		}
		if s.sys.Count() != 0 {
			t.Errorf("%d processes left", s.sys.Count())
		}
	})
}

func TestDynamicGivesUp(t *testing.T) {
	inBubble(t, func(t *testing.T, s *scene) {
		d := s.dynamic(DynamicConfig{MaxRestarts: 2})
		_, result := s.begin(d)
		other, err := d.StartChild(t.Context(), s.child("other", Permanent))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.StartChild(t.Context(), s.child("bad", Permanent)); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			s.fails("bad")
		}
		var ce *ChildError
		if err := result(); !errors.As(err, &ce) || !ce.GaveUp || ce.Child != "bad" || ce.Supervisor != "dynamic" {
			t.Errorf("got %v", err)
		}
		select {
		case <-other.Done():
		default:
			t.Error("the other child lives on")
		}
	})
}

func TestDynamicStartFailures(t *testing.T) {
	inBubble(t, func(t *testing.T, s *scene) {
		d := s.dynamic(DynamicConfig{MaxRestarts: -1})
		stop, result := s.begin(d)
		_, err := d.StartChild(t.Context(), Child{Name: "x", Start: func(ctx) (Service, error) { return nil, errBoom }})
		if !errors.Is(err, errBoom) || err.Error() != "supervise: dynamic/x: boom" {
			t.Errorf("got %v", err)
		}
		if _, err = d.StartChild(t.Context(), Child{}); err == nil {
			t.Error("an empty Child was started")
		}
		began := time.Now()
		_, err = d.StartChild(t.Context(), Child{Name: "slow", StartTimeout: time.Minute, Service: ReadyFunc(func(c ctx) error { <-c.Done(); return nil })})
		if err == nil || time.Since(began) != time.Minute {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		if d.Len() != 0 {
			t.Errorf("%d children", d.Len())
		}
		stop()
		if err := result(); err != nil {
			t.Error(err)
		}
	})
}

func TestDynamicAbandons(t *testing.T) {
	inBubble(t, func(t *testing.T, s *scene) {
		d := s.dynamic(DynamicConfig{StopTimeout: time.Second})
		release := make(chan struct{})
		stop, result := s.begin(d)
		for range 7 {
			p, err := proc.Start(t.Context(), d, proc.Server[int]{Name: "stuck", Info: proc.Infos[int]{
				proc.OnInfo(func(ctx, *proc.Self[int], string) error { hangsHere(release); return nil })}})
			if err != nil {
				t.Fatal(err)
			}
			p.Send("hang")
		}
		slow := s.child("slow", Permanent)
		slow.StopTimeout = 3 * time.Second
		s.fake("slow").end = func(ctx) error { time.Sleep(2 * time.Second); return nil }
		if _, err := d.StartChild(t.Context(), slow); err != nil {
			t.Fatal(err)
		}
		synctest.Wait() // all hang
		began := time.Now()
		stop()
		if err := result(); !errors.Is(err, ErrAbandoned) || time.Since(began) != 2*time.Second {
			t.Errorf("%v after %v, want abandoned after 2s, when the slow one has ended", err, time.Since(began))
		}
		if s.lines("child abandoned") != maxAbandonedStacks || s.lines("count=2") != 1 || !strings.Contains(s.log(), "hangsHere") {
			t.Errorf("log:\n%s", s.log())
		}
		close(release)
	})
}

func TestDynamicAbandonsAChildOfItsOwn(t *testing.T) {
	inBubble(t, func(t *testing.T, s *scene) {
		d := s.dynamic(DynamicConfig{})
		release := make(chan struct{})
		_, result := s.begin(d)
		s.fake("a").end = func(ctx) error { <-release; return nil }
		ref, err := d.StartChild(t.Context(), s.child("a", Permanent))
		if err != nil {
			t.Fatal(err)
		}
		if err := ref.Stop(); !errors.Is(err, ErrAbandoned) {
			t.Errorf("got %v", err)
		}
		if err := result(); !errors.Is(err, ErrAbandoned) {
			t.Errorf("the Dynamic went on: %v", err)
		}
		close(release)
	})
}

// Starting and stopping from many goroutines leaves nothing behind, whoever comes first.
func TestDynamicStopsWhileChildrenStart(t *testing.T) {
	for range 30 {
		inBubble(t, func(t *testing.T, s *scene) {
			d := s.dynamic(DynamicConfig{})
			stop, result := s.begin(d)
			var wg sync.WaitGroup
			for i := range 20 {
				wg.Go(func() {
					for range 5 {
						if i%2 == 0 {
							if p, err := proc.Start(t.Context(), d, proc.Server[int]{}); err == nil && i%4 == 0 {
								p.Exit(nil)
							}
						} else if _, err := d.StartChild(t.Context(), Child{Name: "x", Process: Server(proc.Server[int]{})}); err != nil {
							return
						}
					}
				})
			}
			wg.Go(stop)
			wg.Wait()
			if err := result(); err != nil {
				t.Error(err)
			}
			synctest.Wait()
			if s.sys.Count() != 0 || d.Len() != 0 {
				t.Errorf("%d processes, %d children left", s.sys.Count(), d.Len())
			}
		})
	}
}

func BenchmarkDynamicAdopt(b *testing.B) {
	sys := proc.NewSystem(proc.Config{})
	defer sys.Close()
	d := NewDynamic(DynamicConfig{System: sys})
	done := make(chan error)
	c, cancel := newReady(b.Context())
	go func() { done <- d.Run(c) }()
	<-c.ready
	p, err := proc.StartUnsupervised(b.Context(), sys, proc.Server[int]{})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		d.Adopt(p)
		d.Exited(p, nil)
	}
	cancel()
	<-done
}
