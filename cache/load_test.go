package cache_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bennu-go/bennu/cache"
	"github.com/bennu-go/bennu/proc"
)

var bg = context.Background()

func TestStampedeIsOneLoad(t *testing.T) {
	inBubble(t, func(t *testing.T, sys *proc.System) {
		s := newSource()
		c := cache.New(cache.Config[string, int]{System: sys, Load: s.load})
		all := make([]<-chan asked, 10_000)
		for i := range all {
			all[i] = ask(bg, c, "k")
		}
		wantLoads(t, s, 1)
		s.give <- answer{value: 7}
		for _, got := range all {
			wantAsked(t, got, 7, nil)
		}
		wantGet(t, c, "k", 7, true)
		want := cache.Stats{Len: 1, Hits: 1, Misses: 10_000, Joined: 9_999, Loads: 1}
		if diff := cmp.Diff(want, c.Stats()); diff != "" {
			t.Error(diff)
		}
	})
}

// Outside of a bubble, with real parallelism: nobody loads what has just been brought.
func TestStampedeWhileTheLoadEnds(t *testing.T) {
	sys := proc.NewSystem(proc.Config{Logger: quiet})
	defer sys.Close()
	var loads atomic.Int64
	c := cache.New(cache.Config[string, int]{System: sys, Load: func(context.Context, string) (int, error) {
		return int(loads.Add(1)), nil
	}})
	for round := range 200 {
		key := fmt.Sprint(round)
		var all [8]<-chan asked
		for i := range all {
			all[i] = ask(bg, c, key)
			runtime.Gosched()
		}
		for _, got := range all {
			if a := <-got; a.value != round+1 || a.err != nil {
				t.Fatalf("round %d: got %d and error %v, want the result of the only load", round, a.value, a.err)
			}
		}
	}
}

func TestFailureReachesAllAndIsNotKept(t *testing.T) {
	inBubble(t, func(t *testing.T, sys *proc.System) {
		s := newSource()
		c := cache.New(cache.Config[string, int]{System: sys, Load: s.load})
		first, second := ask(bg, c, "k"), ask(bg, c, "k")
		wantLoads(t, s, 1)
		s.give <- answer{err: errDown}
		wantAsked(t, first, 0, errDown)
		wantAsked(t, second, 0, errDown)
		third := ask(bg, c, "k")
		s.give <- answer{value: 3}
		wantAsked(t, third, 3, nil)
		wantLoads(t, s, 2)
	})
}

func TestPanicReachesAll(t *testing.T) {
	for name, load := range map[string]func(){"panic": func() { panic("ouch") }, "Goexit": runtime.Goexit} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, sys *proc.System) {
				begin := make(chan struct{})
				c := cache.New(cache.Config[string, int]{System: sys, Load: func(context.Context, string) (int, error) {
					<-begin
					load()
					return 1, nil
				}})
				first, second := ask(bg, c, "k"), ask(bg, c, "k")
				synctest.Wait()
				close(begin)
				for _, got := range []<-chan asked{first, second} {
					a := <-got
					if a.err == nil {
						t.Fatal("got no error")
					}
					if p, is := errors.AsType[*proc.PanicError](a.err); name == "panic" && (!is || p.Value != "ouch") {
						t.Errorf("got %v, want the panic", a.err)
					}
				}
				synctest.Wait() // it is counted when those who wait have been told
				wantGet(t, c, "k", 0, false)
				if n := c.Stats().Failed; n != 1 {
					t.Errorf("got %d failed loads, want 1", n)
				}
				if n := sys.Count(); n != 0 {
					t.Errorf("%d processes are left", n)
				}
			})
		})
	}
}

func TestCancelledWaiterLeavesTheLoad(t *testing.T) {
	inBubble(t, func(t *testing.T, sys *proc.System) {
		s := newSource()
		c := cache.New(cache.Config[string, int]{System: sys, Load: s.load})
		gone := errors.New("gone")
		ctx, cancel := context.WithCancelCause(bg)
		first, second := ask(ctx, c, "k"), ask(bg, c, "k")
		synctest.Wait()
		cancel(gone)
		wantAsked(t, first, 0, gone)
		s.give <- answer{value: 5}
		wantAsked(t, second, 5, nil)
		wantLoads(t, s, 1)
		wantGet(t, c, "k", 5, true)
	})
}

type traceKey struct{}

func TestLoadSeesValuesOfItsCallerAndNotItsProcess(t *testing.T) {
	inBubble(t, func(t *testing.T, sys *proc.System) {
		c := cache.New(cache.Config[string, string]{System: sys, Load: func(ctx context.Context, _ string) (string, error) {
			if proc.Current(ctx) != nil {
				t.Error("the load takes itself for a process that others know")
			}
			return ctx.Value(traceKey{}).(string), nil
		}})
		got, err := c.GetOrLoad(context.WithValue(bg, traceKey{}, "trace"), "k")
		if got != "trace" || err != nil {
			t.Errorf("got %q and %v", got, err)
		}
	})
}

func TestTimeout(t *testing.T) {
	for _, heeds := range []bool{true, false} {
		t.Run(fmt.Sprintf("heeds=%t", heeds), func(t *testing.T) {
			inBubble(t, func(t *testing.T, sys *proc.System) {
				release := make(chan struct{})
				var loads atomic.Int64
				c := cache.New(cache.Config[string, int]{System: sys, LoadTimeout: time.Second, Load: func(ctx context.Context, _ string) (int, error) {
					if loads.Add(1) > 1 {
						return 2, nil
					}
					if heeds {
						<-ctx.Done()
						return 0, fmt.Errorf("query: %w", ctx.Err())
					}
					<-release
					return 1, nil
				}})
				defer close(release)
				begin := time.Now()
				if _, err := c.GetOrLoad(bg, "k"); !errors.Is(err, cache.ErrTimeout) || !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("got %v, want ErrTimeout", err)
				}
				if d := time.Since(begin); d != time.Second {
					t.Errorf("waited %v, want 1s", d)
				}
				if v, err := c.GetOrLoad(bg, "k"); v != 2 || err != nil {
					t.Errorf("got %d and %v, want another load", v, err)
				}
				if !heeds {
					release <- struct{}{}
				}
				synctest.Wait()
				wantGet(t, c, "k", 2, true) // what came too late was thrown away
			})
		})
	}
}

func TestEndOfSystemEndsLoads(t *testing.T) {
	inBubble(t, func(t *testing.T, sys *proc.System) {
		s := newSource()
		c := cache.New(cache.Config[string, int]{System: sys, Load: s.load})
		got := ask(bg, c, "k")
		wantLoads(t, s, 1)
		sys.Close()
		wantAsked(t, got, 0, proc.ErrShutdown)
		if _, err := c.GetOrLoad(bg, "other"); !errors.Is(err, proc.ErrClosed) {
			t.Errorf("got %v, want ErrClosed", err)
		}
	})
}

// What is invalidated while it is loaded reaches those who asked before, and nobody else.
func TestInvalidatingWinsOverLoad(t *testing.T) {
	for name, invalidate := range map[string]func(c *cache.Cache[string, int]){
		"Delete":     func(c *cache.Cache[string, int]) { c.Delete("other", "k") },
		"Clear":      func(c *cache.Cache[string, int]) { c.Clear() },
		"DeleteFunc": func(c *cache.Cache[string, int]) { c.DeleteFunc(func(string, int) bool { return false }) },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, sys *proc.System) {
				s := newSource()
				c := cache.New(cache.Config[string, int]{System: sys, Load: s.load})
				before := ask(bg, c, "k")
				wantLoads(t, s, 1)
				invalidate(c)
				s.give <- answer{value: 1}
				wantAsked(t, before, 1, nil)
				wantGet(t, c, "k", 0, false)
				after := ask(bg, c, "k")
				s.give <- answer{value: 2}
				wantAsked(t, after, 2, nil)
				wantGet(t, c, "k", 2, true)
			})
		})
	}
}

func TestAskedAfterDeleteLoadsAnew(t *testing.T) {
	inBubble(t, func(t *testing.T, sys *proc.System) {
		s := newSource()
		c := cache.New(cache.Config[string, int]{System: sys, Load: s.load})
		before := ask(bg, c, "k")
		wantLoads(t, s, 1)
		c.Delete("k")
		after := ask(bg, c, "k")
		wantLoads(t, s, 2)
		s.give <- answer{value: 1}
		s.give <- answer{value: 1}
		wantAsked(t, before, 1, nil)
		wantAsked(t, after, 1, nil)
		wantGet(t, c, "k", 1, true)
	})
}

func TestPutWinsOverLoad(t *testing.T) {
	inBubble(t, func(t *testing.T, sys *proc.System) {
		s := newSource()
		c := cache.New(cache.Config[string, int]{System: sys, Load: s.load})
		before := ask(bg, c, "k")
		wantLoads(t, s, 1)
		c.Put("k", 9)
		s.give <- answer{value: 1}
		wantAsked(t, before, 1, nil)
		wantGet(t, c, "k", 9, true)
	})
}

// The promise as its users need it: a truth that changes, each change followed by Delete, beside loads that take their time. When all is quiet the
// cache holds the last truth or nothing, and who asks after a Delete never gets what was true before it.
func TestNoStaleValueSurvivesDelete(t *testing.T) {
	sys := proc.NewSystem(proc.Config{Logger: quiet})
	defer sys.Close()
	var truth atomic.Int64
	c := cache.New(cache.Config[string, int64]{System: sys, Load: func(context.Context, string) (int64, error) {
		v := truth.Load()
		runtime.Gosched()
		return v, nil
	}})
	done := make(chan struct{})
	readers := make(chan error, 4)
	var deleted atomic.Int64 // the truth at the last Delete
	for range cap(readers) {
		go func() {
			for {
				select {
				case <-done:
					readers <- nil
					return
				default:
				}
				atLeast := deleted.Load()
				if v, err := c.GetOrLoad(bg, "k"); err != nil || v < atLeast {
					readers <- fmt.Errorf("got %d and error %v, after %d was true", v, err, atLeast)
					return
				}
			}
		}()
	}
	for i := range int64(5_000) {
		truth.Store(i)
		c.Delete("k")
		deleted.Store(i)
	}
	close(done)
	for range cap(readers) {
		if err := <-readers; err != nil {
			t.Error(err)
		}
	}
	if v, err := c.GetOrLoad(bg, "k"); v != 4_999 || err != nil {
		t.Errorf("at the end: got %d and %v, want 4999", v, err)
	}
}

func TestLoadThatWaitsForItself(t *testing.T) {
	inBubble(t, func(t *testing.T, sys *proc.System) {
		var c *cache.Cache[string, int]
		next := map[string]string{"self": "self", "a": "b", "b": "c", "c": "a", "deep": "end"}
		c = cache.New(cache.Config[string, int]{System: sys, Load: func(ctx context.Context, key string) (int, error) {
			if to, more := next[key]; more {
				v, err := c.GetOrLoad(ctx, to)
				return v + 1, err
			}
			return 1, nil
		}})
		begin := time.Now()
		for _, key := range []string{"self", "a"} {
			if _, err := c.GetOrLoad(bg, key); !errors.Is(err, cache.ErrLoop) {
				t.Errorf("%s: got %v, want ErrLoop", key, err)
			}
		}
		if v, err := c.GetOrLoad(bg, "deep"); v != 2 || err != nil {
			t.Errorf("got %d and %v, want 2", v, err)
		}
		if d := time.Since(begin); d != 0 {
			t.Errorf("it took %v to find out", d)
		}
	})
}

func TestGetMany(t *testing.T) {
	inBubble(t, func(t *testing.T, sys *proc.System) {
		var calls [][]string
		fail := false
		c := cache.New(cache.Config[string, int]{System: sys, LoadMany: func(_ context.Context, keys []string) (map[string]int, error) {
			calls = append(calls, keys)
			if fail {
				return nil, errDown
			}
			values := map[string]int{"not asked for": 1}
			for _, key := range keys {
				if key != "none" {
					values[key] = len(key)
				}
			}
			return values, nil
		}})
		c.Put("here", 100)
		got, err := c.GetMany(bg, []string{"a", "here", "bb", "a", "none"})
		if diff := cmp.Diff(map[string]int{"a": 1, "bb": 2, "here": 100}, got); diff != "" || err != nil {
			t.Errorf("error %v\n%s", err, diff)
		}
		if diff := cmp.Diff([][]string{{"a", "bb", "none"}}, calls); diff != "" {
			t.Error(diff)
		}
		wantGet(t, c, "not asked for", 0, false)
		if v, err := c.GetOrLoad(bg, "ccc"); v != 3 || err != nil {
			t.Errorf("one key by LoadMany: got %d and %v", v, err)
		}
		if _, err := c.GetOrLoad(bg, "none"); !errors.Is(err, cache.ErrNotFound) {
			t.Errorf("got %v, want ErrNotFound", err)
		}
		fail = true
		got, err = c.GetMany(bg, []string{"a", "dddd"})
		if diff := cmp.Diff(map[string]int{"a": 1}, got); diff != "" || !errors.Is(err, errDown) {
			t.Errorf("error %v\n%s", err, diff)
		}
		if got, err = c.GetMany(bg, nil); len(got) != 0 || got == nil || err != nil {
			t.Errorf("no keys: got %v and %v", got, err)
		}
	})
}

func TestGetManyJoinsAndSplits(t *testing.T) {
	inBubble(t, func(t *testing.T, sys *proc.System) {
		sizes := make(chan int, 10)
		begin := make(chan struct{})
		c := cache.New(cache.Config[int, int]{System: sys, BatchSize: 2, LoadMany: func(_ context.Context, keys []int) (map[int]int, error) {
			sizes <- len(keys)
			<-begin
			values := map[int]int{}
			for _, k := range keys {
				values[k] = -k
			}
			return values, nil
		}})
		var results [2]chan map[int]int
		for i, keys := range [][]int{{1, 2, 3}, {3, 4, 2}} {
			results[i] = make(chan map[int]int, 1)
			go func() {
				got, err := c.GetMany(bg, keys)
				if err != nil {
					t.Error(err)
				}
				results[i] <- got
			}()
			synctest.Wait()
		}
		close(begin)
		if diff := cmp.Diff(map[int]int{1: -1, 2: -2, 3: -3}, <-results[0]); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(map[int]int{2: -2, 3: -3, 4: -4}, <-results[1]); diff != "" {
			t.Error(diff)
		}
		synctest.Wait()
		close(sizes)
		got := []int{}
		for n := range sizes {
			got = append(got, n)
		}
		slices.Sort(got)
		if diff := cmp.Diff([]int{1, 1, 2}, got); diff != "" { // {1 2} {3} and, of the second, {4}
			t.Error(diff)
		}
	})
}

func TestGetManyWithoutLoadManyLoadsSideBySide(t *testing.T) {
	inBubble(t, func(t *testing.T, sys *proc.System) {
		c := cache.New(cache.Config[int, int]{System: sys, Load: func(_ context.Context, key int) (int, error) {
			time.Sleep(time.Second)
			if key == 3 {
				return 0, fmt.Errorf("row %d: %w", key, cache.ErrNotFound)
			}
			return key * key, nil
		}})
		begin := time.Now()
		got, err := c.GetMany(bg, []int{1, 2, 3})
		if diff := cmp.Diff(map[int]int{1: 1, 2: 4}, got); diff != "" || err != nil {
			t.Errorf("error %v\n%s", err, diff)
		}
		if d := time.Since(begin); d != time.Second {
			t.Errorf("took %v, want 1s", d)
		}
	})
}
