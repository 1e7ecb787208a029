package proc

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"
)

// plain is the smallest behaviour.
type plain struct {
	Process
	handle func(msg any) error
}

func (b *plain) Label() string                  { return "plain" }
func (b *plain) Handle(_ *Process, m any) error { return b.handle(m) }
func (b *plain) Terminate(*Process, error)      {}
func (b *plain) Dropped(*Process, any)          {}
func (b *plain) Exited(*Process, error)         {}

func spawnPlain(tb testing.TB, s *System, handle func(msg any) error) *plain {
	p := &plain{handle: handle}
	if err := s.Spawn(&p.Process, Spec{Behaviour: p}); err != nil {
		tb.Fatal(err)
	}
	return p
}

// BenchmarkSendHandle is a round trip: one message to an idle process, which wakes a worker, and the news that it was handled.
func BenchmarkSendHandle(b *testing.B) {
	s := NewSystem(quiet())
	defer s.Close()
	done := make(chan struct{}, 1)
	p := spawnPlain(b, s, func(any) error { done <- struct{}{}; return nil })
	b.ReportAllocs()
	for b.Loop() {
		if err := p.Send(nil); err != nil {
			b.Fatal(err)
		}
		<-done
	}
}

// BenchmarkSendBusy is what a message costs that finds its process awake.
func BenchmarkSendBusy(b *testing.B) {
	s := NewSystem(quiet())
	defer s.Close()
	const batch = 500
	n, done := 0, make(chan struct{})
	p := spawnPlain(b, s, func(any) error {
		if n++; n%batch == 0 {
			done <- struct{}{}
		}
		return nil
	})
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if err := p.Send(nil); err != nil {
			b.Fatal(err)
		}
		if i++; i%batch == 0 {
			<-done
		}
	}
	for ; i%batch != 0; i++ {
		p.Send(nil)
		if (i+1)%batch == 0 {
			<-done
		}
	}
}

func BenchmarkSendParallel(b *testing.B) {
	for _, procs := range []int{1, 1_000} {
		b.Run(fmt.Sprintf("processes=%d", procs), func(b *testing.B) {
			s := NewSystem(quiet())
			defer s.Close()
			all := make([]*plain, procs)
			for i := range all {
				all[i] = spawnPlain(b, s, func(any) error { return nil })
			}
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for i := 0; pb.Next(); i++ {
					for all[i%procs].Send(nil) == ErrFull {
						runtime.Gosched()
					}
				}
			})
		})
	}
}

func BenchmarkCall(b *testing.B) {
	s := NewSystem(quiet())
	defer s.Close()
	p, err := StartUnsupervised(b.Context(), s, counter(new([]string)))
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(b.Context(), time.Hour)
	defer cancel()
	for name, ctx := range map[string]context.Context{"deadline": ctx, "default": b.Context()} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Call[int](ctx, p, increment{1}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkSpawnExit(b *testing.B) {
	s := NewSystem(quiet())
	defer s.Close()
	done := make(chan struct{}, 1)
	b.ReportAllocs()
	for b.Loop() {
		p := spawnPlain(b, s, func(any) error { return ErrNormal })
		p.Watch(func(error) { done <- struct{}{} })
		p.Send(nil)
		<-done
	}
}

func BenchmarkTimerSetStop(b *testing.B) {
	s := NewSystem(quiet())
	defer s.Close()
	p := spawnPlain(b, s, func(any) error { return nil })
	b.ReportAllocs()
	for b.Loop() {
		p.SendAfter(time.Minute, nil).Stop()
	}
}

func BenchmarkMonitor(b *testing.B) {
	s := NewSystem(quiet())
	defer s.Close()
	p, q := spawnPlain(b, s, func(any) error { return nil }), spawnPlain(b, s, func(any) error { return nil })
	b.ReportAllocs()
	for b.Loop() {
		p.Monitor(&q.Process)()
	}
}

func BenchmarkRegistryLookup(b *testing.B) {
	s := NewSystem(quiet())
	defer s.Close()
	p := spawnPlain(b, s, func(any) error { return nil })
	names := NewUnique[string, int]()
	for i := range 10_000 {
		names.Register(fmt.Sprint("room:", i), &p.Process, i)
	}
	b.ReportAllocs()
	for b.Loop() {
		if names.Lookup("room:4711") == nil {
			b.Fatal("not found")
		}
	}
}

// BenchmarkIdleMemory reports the bytes that an idle process keeps: the heap, and what the runtime took for stacks.
func BenchmarkIdleMemory(b *testing.B) {
	memory := func() (heap, sys uint64) {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc, m.StackInuse
	}
	const n = 100_000
	for b.Loop() {
		s := NewSystem(quiet())
		heap, stacks := memory()
		all := make([]plain, n)
		var wg sync.WaitGroup
		wg.Add(n)
		for i := range all {
			p := &all[i]
			p.handle = func(any) error { wg.Done(); return nil }
			if err := s.Spawn(&p.Process, Spec{Behaviour: p}); err != nil {
				b.Fatal(err)
			}
			p.Send(nil) // it has worked, and is idle again
		}
		wg.Wait()
		heap2, stacks2 := memory()
		b.ReportMetric((float64(heap2)-float64(heap))/n, "heapB/process")
		b.ReportMetric((float64(stacks2)-float64(stacks))/n, "stackB/process")
		runtime.KeepAlive(all)
		s.Close()
	}
}

func TestAllocations(t *testing.T) {
	s := NewSystem(quiet())
	defer s.Close()
	done := make(chan struct{}, 1)
	p := spawnPlain(t, s, func(any) error { done <- struct{}{}; return nil })
	a := &ringAt{f: func() {}}
	names := NewUnique[string, int]()
	names.Register("x", &p.Process, 0)
	ctx := p.Context()
	var never Process // was never started
	for _, tc := range []struct {
		name string
		max  float64
		f    func()
	}{
		{"Send and Handle", 0, func() { p.Send(nil); <-done }},
		{"Deliver", 0, func() { p.Deliver(nil); <-done }},
		{"Control", 0, func() { p.Control(nil); <-done }},
		{"an alarm set and cancelled", 0, func() { s.SetAlarm(&a.alarm, a, time.Minute); s.CancelAlarm(&a.alarm) }},
		{"SendAfter and Stop", 1, func() { p.SendAfter(time.Minute, nil).Stop() }},
		{"Lookup", 0, func() { names.Lookup("x") }},
		{"Context, Err, Value, Current", 0, func() { _ = p.Context().Err(); _ = ctx.Value("k"); Current(ctx) }},
		{"Send to a dead process", 0, func() {
			if err := never.Send(nil); !errors.Is(err, ErrNoProcess) {
				t.Error(err)
			}
		}},
	} {
		limit := tc.max
		if race { // sync.Pool forgets at random there
			limit += 3
		}
		if n := testing.AllocsPerRun(200, tc.f); n > limit {
			t.Errorf("%s: %v allocations, want at most %v", tc.name, n, limit)
		}
	}
}
