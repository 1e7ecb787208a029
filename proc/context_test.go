package proc

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
)

// Deriving from a process's context, and AfterFunc, start no goroutine, before its Done was used and after.
func TestDerivingStartsNoGoroutine(t *testing.T) {
	inBubble(t, quiet(), func(t *testing.T, s *System) {
		r := &rec{}
		r.spawn(t, s, 0)
		for name, ctx := range map[string]context.Context{"callback": r.Context(), "work": Outside(r.Context()), "value": context.WithValue(r.Context(), "k", "v")} {
			before := runtime.NumGoroutine()
			var cancels []context.CancelFunc
			for range 100 {
				a, cancel := context.WithCancel(ctx)
				b, cancel2 := context.WithTimeout(a, time.Hour)
				c, cancel3 := context.WithCancelCause(Outside(b))
				context.AfterFunc(ctx, func() {})
				context.AfterFunc(c, func() {})
				cancels = append(cancels, cancel, cancel2, func() { cancel3(nil) })
			}
			if n := runtime.NumGoroutine() - before; n > 0 {
				t.Errorf("%s: %d goroutines for 500 derived contexts", name, n)
			}
			for _, cancel := range cancels {
				cancel()
			}
			synctest.Wait()
		}
	})
}

func TestContextCostsNothingUntilUsed(t *testing.T) {
	inBubble(t, quiet(), func(t *testing.T, s *System) {
		r := &rec{}
		r.spawn(t, s, 0)
		ctx := r.Context()
		_ = ctx.Err()
		_ = ctx.Value("k")
		_, _ = ctx.Deadline()
		if Current(ctx) != &r.Process {
			t.Error("Current does not find the process")
		}
		if r.extra != nil {
			t.Error("asking for Err, Value or Current made an extra")
		}
	})
}

func TestContextOfAProcessThatEnds(t *testing.T) {
	why := errors.New("why")
	for _, early := range []bool{true, false} { // Done asked for before or after the end
		inBubble(t, quiet(), func(t *testing.T, s *System) {
			r := &rec{}
			r.spawn(t, s, 0)
			ctx := r.Context()
			called := make(chan error, 1)
			if early {
				child, cancel := context.WithCancel(ctx)
				defer cancel()
				context.AfterFunc(child, func() { called <- context.Cause(child) })
			}
			if ctx.Err() != nil || context.Cause(ctx) != nil {
				t.Error("ended before its process")
			}
			r.Exit(why)
			synctest.Wait()
			if ctx.Err() != context.Canceled || context.Cause(ctx) != why {
				t.Errorf("Err %v, Cause %v", ctx.Err(), context.Cause(ctx))
			}
			select {
			case <-ctx.Done():
			default:
				t.Error("Done is open")
			}
			if early {
				if cause := <-called; cause != why {
					t.Errorf("AfterFunc saw %v", cause)
				}
			}
			child, cancel := context.WithCancel(ctx)
			defer cancel()
			if child.Err() == nil || context.Cause(child) != why {
				t.Errorf("derived after the end: %v, %v", child.Err(), context.Cause(child))
			}
		})
	}
}

func TestCancelContextLeavesTheProcess(t *testing.T) {
	inBubble(t, quiet(), func(t *testing.T, s *System) {
		gone := errors.New("client gone")
		r := &rec{}
		r.on = func(p *Process, msg any) error {
			<-p.Context().Done()
			r.add(context.Cause(p.Context()).Error())
			return nil
		}
		r.spawn(t, s, 0)
		r.Send("x")
		synctest.Wait()
		r.CancelContext(gone)
		synctest.Wait()
		if got := r.got(); got != "client gone" || !r.Alive() {
			t.Errorf("got %q, alive %v", got, r.Alive())
		}
	})
}

// Done and Err agree at every moment.
func TestErrAndDoneAgree(t *testing.T) {
	s := NewSystem(quiet())
	defer s.Close()
	for range 500 {
		r := &rec{}
		r.spawn(t, s, 0)
		ctx := r.Context()
		ctx.Done()
		go r.Exit(ErrShutdown)
		for ctx.Err() == nil {
			runtime.Gosched()
		}
		select {
		case <-ctx.Done():
		default:
			t.Fatal("Err is set while Done is open")
		}
		if context.Cause(ctx) != ErrShutdown {
			t.Fatalf("cause %v", context.Cause(ctx))
		}
	}
}

func TestWorkMayCallItsProcess(t *testing.T) {
	inBubble(t, quiet(), func(t *testing.T, s *System) {
		p, _ := StartUnsupervised(t.Context(), s, counter(new([]string)))
		got := make(chan error, 1)
		p.Go(func(ctx context.Context) {
			if Current(ctx) != nil {
				t.Error("work is not a callback")
			}
			_, err := Call[int](ctx, p, increment{1})
			got <- err
		})
		if err := <-got; err != nil {
			t.Error(err)
		}
	})
}
