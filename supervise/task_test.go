package supervise

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bennu-go/bennu/proc"
)

// readyCtx is a context with the news that what runs in it is ready.
type readyCtx struct {
	context.Context
	ready chan struct{}
}

func newReady(parent context.Context) (readyCtx, context.CancelFunc) {
	c := readyCtx{ready: make(chan struct{})}
	inner, cancel := context.WithCancel(parent)
	c.Context = NotifyReady(inner, func() { close(c.ready) })
	return c, cancel
}

func (s *scene) tasks(c TasksConfig) *Tasks {
	c.Logger, c.Telemetry = s.logger(), s.tel
	return NewTasks(c)
}

func TestAsync(t *testing.T) {
	inBubble(t, func(t *testing.T, s *scene) {
		ts := s.tasks(TasksConfig{MaxTasks: 5})
		never := func(c ctx) (int, error) { <-c.Done(); return 0, context.Cause(c) }
		if _, err := Async(t.Context(), ts, never).Await(t.Context()); !errors.Is(err, ErrNotRunning) {
			t.Errorf("before Run: %v", err)
		}
		stop, result := s.begin(ts)
		six := Async(t.Context(), ts, func(ctx) (int, error) { time.Sleep(time.Second); return 6, nil })
		began := time.Now()
		if n, err := six.Await(t.Context()); n != 6 || err != nil || time.Since(began) != time.Second {
			t.Errorf("got %d, %v after %v", n, err, time.Since(began))
		}
		if n, err := six.Await(t.Context()); n != 6 || err != nil {
			t.Errorf("awaited again: %d, %v", n, err)
		}
		if _, err := Async(t.Context(), ts, func(ctx) (int, error) { return 0, errBoom }).Await(t.Context()); err != errBoom {
			t.Errorf("got %v, want the function's error", err)
		}
		var pe *proc.PanicError
		if _, err := Async(t.Context(), ts, func(ctx) (int, error) { panic("oh") }).Await(t.Context()); !errors.As(err, &pe) || !strings.Contains(string(pe.Stack), "task_test.go") {
			t.Errorf("got %v, want a panic with its stack", err)
		}
		if s.lines("panic: oh") != 1 {
			t.Errorf("a panic is to be reported once:\n%s", s.log())
		}

		waiting := Async(t.Context(), ts, never)
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		if _, err := waiting.Await(short); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Await: %v", err)
		}
		cancel()
		waiting.Cancel()
		if _, err := waiting.Await(t.Context()); !errors.Is(err, context.Canceled) {
			t.Errorf("after Cancel: %v", err)
		}

		caller, leave := context.WithCancelCause(t.Context())
		his := Async(caller, ts, never)
		leave(errBoom)
		if _, err := his.Await(t.Context()); err != errBoom {
			t.Errorf("after the caller's context ended: %v", err)
		}

		synctest.Wait()
		var all []*Task[int]
		for range 5 {
			all = append(all, Async(t.Context(), ts, never))
		}
		if _, err := Async(t.Context(), ts, never).Await(t.Context()); !errors.Is(err, ErrMaxTasks) || ts.Len() != 5 {
			t.Errorf("a sixth: %v, with %d", err, ts.Len())
		}
		stop()
		if err := result(); err != nil {
			t.Error(err)
		}
		for _, task := range all {
			if _, err := task.Await(t.Context()); !errors.Is(err, proc.ErrShutdown) {
				t.Errorf("when the tasks stopped: %v", err)
			}
		}
	})
}

func TestTasksAbandonWhatDoesNotEnd(t *testing.T) {
	inBubble(t, func(t *testing.T, s *scene) {
		ts := s.tasks(TasksConfig{StopTimeout: time.Second})
		stop, result := s.begin(ts)
		release := make(chan struct{})
		stuck := Async(t.Context(), ts, func(ctx) (int, error) { hangsHere(release); return 1, nil })
		synctest.Wait()
		stop()
		if err := result(); !errors.Is(err, ErrAbandoned) {
			t.Error(err)
		}
		if _, err := stuck.Await(t.Context()); !errors.Is(err, ErrAbandoned) {
			t.Errorf("who waits for it is told: %v", err)
		}
		if !strings.Contains(s.log(), "hangsHere") {
			t.Errorf("no stack:\n%s", s.log())
		}
		close(release)
		synctest.Wait()
		if v, err := stuck.Await(t.Context()); v != 0 || err == nil {
			t.Errorf("a result changed: %d, %v", v, err)
		}
	})
}

func TestStartForgetsAndReports(t *testing.T) {
	inBubble(t, func(t *testing.T, s *scene) {
		ts := s.tasks(TasksConfig{})
		stop, _ := s.begin(ts)
		type key struct{}
		caller, leave := context.WithCancel(context.WithValue(t.Context(), key{}, "value"))
		ts.Start(caller, func(c ctx) error {
			time.Sleep(time.Second)
			s.note(c.Value(key{}).(string))
			return c.Err()
		})
		ts.Start(caller, func(ctx) error { return errBoom })
		leave()
		time.Sleep(2 * time.Second)
		s.want("it outlives the caller's context", "value")
		if s.lines("reason=boom") != 1 {
			t.Errorf("its error is not logged once:\n%s", s.log())
		}
		ts.Start(caller, func(c ctx) error { <-c.Done(); return c.Err() })
		stop()
		synctest.Wait()
		if s.lines("level=ERROR") != 1 {
			t.Errorf("a task stopped in order is an error:\n%s", s.log())
		}
	})
}

func TestATaskMayCallTheProcessThatStartedIt(t *testing.T) {
	inBubble(t, func(t *testing.T, s *scene) {
		ts := s.tasks(TasksConfig{})
		stop, _ := s.begin(ts)
		p, err := proc.StartUnsupervised(t.Context(), s.sys, proc.Server[int]{Call: proc.Calls[int]{
			proc.OnCall(func(c ctx, self *proc.Self[int], _ string) (*Task[int], error) {
				return Async(c, ts, func(c ctx) (int, error) { return proc.Call[int](c, self.Process(), 20) }), nil
			}),
			proc.OnCall(func(_ ctx, _ *proc.Self[int], n int) (int, error) { return 2 * n, nil }),
		}})
		if err != nil {
			t.Fatal(err)
		}
		task, err := proc.Call[*Task[int]](t.Context(), p, "go")
		if err != nil {
			t.Fatal(err)
		}
		if n, err := task.Await(t.Context()); n != 40 || err != nil {
			t.Errorf("got %d, %v", n, err)
		}
		stop()
	})
}

func collect(seq iter.Seq2[int, error]) (values []int, errs []error) {
	for v, err := range seq {
		if err != nil {
			errs = append(errs, err)
			v = -1
		}
		values = append(values, v)
	}
	return values, errs
}

func TestAsyncStream(t *testing.T) {
	slow := func(c ctx, n int) (int, error) { // the smaller the slower
		select {
		case <-time.After(time.Duration(10-n) * time.Second):
			return n * n, nil
		case <-c.Done():
			return 0, context.Cause(c)
		}
	}
	inputs := slices.Values([]int{1, 2, 3, 4, 5})
	inBubble(t, func(t *testing.T, s *scene) {
		ts := s.tasks(TasksConfig{})
		stop, _ := s.begin(ts)
		for _, tc := range []struct {
			name string
			cfg  StreamConfig
			want []int
			errs int
			took time.Duration
		}{
			{"in order", StreamConfig{MaxConcurrency: 5}, []int{1, 4, 9, 16, 25}, 0, 9 * time.Second},
			{"as they come", StreamConfig{MaxConcurrency: 5, Unordered: true}, []int{25, 16, 9, 4, 1}, 0, 9 * time.Second},
			{"one after the other", StreamConfig{MaxConcurrency: 1}, []int{1, 4, 9, 16, 25}, 0, (9 + 8 + 7 + 6 + 5) * time.Second},
			{"two at once", StreamConfig{MaxConcurrency: 2}, []int{1, 4, 9, 16, 25}, 0, 20 * time.Second}, // 1 and 2, 3 after 8 s, 4 after 9, 5 after 15
			{"with a time-out", StreamConfig{MaxConcurrency: 5, Timeout: 7500 * time.Millisecond}, []int{-1, -1, 9, 16, 25}, 2, 7500 * time.Millisecond},
		} {
			began := time.Now()
			got, errs := collect(AsyncStream(t.Context(), ts, inputs, slow, tc.cfg))
			if !slices.Equal(got, tc.want) || len(errs) != tc.errs || time.Since(began) != tc.took {
				t.Errorf("%s: got %v, %v after %v, want %v after %v", tc.name, got, errs, time.Since(began), tc.want, tc.took)
			}
		}

		got, errs := collect(AsyncStream(t.Context(), ts, inputs, func(_ ctx, n int) (int, error) {
			switch n {
			case 2:
				return 0, errBoom
			case 3:
				panic("oh")
			}
			return n, nil
		}, StreamConfig{}))
		var pe *proc.PanicError
		if !slices.Equal(got, []int{1, -1, -1, 4, 5}) || len(errs) != 2 || errs[0] != errBoom || !errors.As(errs[1], &pe) {
			t.Errorf("errors stay with their input: %v, %v", got, errs)
		}

		pulled := 0
		endless := func(yield func(int) bool) {
			for {
				if pulled++; !yield(9) {
					return
				}
			}
		}
		n := 0
		for range AsyncStream(t.Context(), ts, endless, slow, StreamConfig{MaxConcurrency: 2}) {
			if n++; n == 3 {
				break
			}
		}
		if pulled > 3+4 {
			t.Errorf("pulled %d inputs for 3 results", pulled)
		}
		synctest.Wait()
		if ts.Len() != 0 {
			t.Errorf("%d tasks run on after the consumer broke off", ts.Len())
		}

		short, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
		defer cancel()
		got, errs = collect(AsyncStream(short, ts, endless, slow, StreamConfig{MaxConcurrency: 1}))
		if len(got) < 3 || got[0] != 81 || len(errs) != len(got)-1 || !errors.Is(errs[len(errs)-1], context.DeadlineExceeded) {
			t.Errorf("a stream cut short: %v, %v", got, errs)
		}

		release := make(chan struct{})
		got, errs = collect(AsyncStream(t.Context(), ts, inputs, func(_ ctx, n int) (int, error) {
			if n == 2 {
				<-release
			}
			return n, nil
		}, StreamConfig{MaxConcurrency: 1, Timeout: time.Second}))
		if !slices.Equal(got, []int{1, -1, 3, 4, 5}) {
			t.Errorf("one that ignores its time-out holds up the stream: %v, %v", got, errs)
		}
		close(release)
		stop()
	})
}

func BenchmarkAsync(b *testing.B) {
	ts := NewTasks(TasksConfig{})
	c, cancel := newReady(b.Context())
	done := make(chan error)
	go func() { done <- ts.Run(c) }()
	<-c.ready
	b.ReportAllocs()
	for b.Loop() {
		if n, err := Async(b.Context(), ts, func(context.Context) (int, error) { return 1, nil }).Await(b.Context()); n != 1 || err != nil {
			b.Fatal(n, err)
		}
	}
	cancel()
	<-done
}
