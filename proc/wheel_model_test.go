package proc

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// TestWheelAgainstModel sets, replaces and cancels alarms and lets time pass, and compares each ring with a naive list of due times.
func TestWheelAgainstModel(t *testing.T) {
	spans := []time.Duration{0, time.Millisecond, 256 * time.Millisecond, 257 * time.Millisecond, time.Second, 65_536 * time.Millisecond, 65_537 * time.Millisecond, time.Hour,
		(1 << 24) * time.Millisecond, 30 * 24 * time.Hour, (1 << 32) * time.Millisecond, 10 * 365 * 24 * time.Hour}
	rapid.Check(t, func(rt *rapid.T) {
		type op struct {
			Kind, Alarm int
			D           time.Duration
		}
		delay := rapid.Custom(func(rt *rapid.T) time.Duration {
			base := rapid.SampledFrom(spans).Draw(rt, "span")
			return max(0, base+time.Duration(rapid.IntRange(-2_000_000, 2_000_000).Draw(rt, "off")))
		})
		ops := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) op {
			return op{rapid.IntRange(0, 3).Draw(rt, "kind"), rapid.IntRange(0, 4).Draw(rt, "alarm"), delay.Draw(rt, "delay")}
		}), 1, 40).Draw(rt, "ops")
		offset := time.Duration(rapid.IntRange(0, 1_000_000).Draw(rt, "start"))

		var failure string
		synctest.Test(t, func(t *testing.T) {
			time.Sleep(offset)
			s := NewSystem(quiet())
			defer s.Close()
			fail := func(format string, args ...any) {
				if failure == "" {
					failure = fmt.Sprintf(format, args...)
				}
			}
			var mu sync.Mutex // guards due
			alarms := make([]ringAt, 5)
			due := make([]time.Time, len(alarms)) // zero: not set
			for i := range alarms {
				alarms[i].f = func() {
					mu.Lock()
					defer mu.Unlock()
					now := time.Now()
					switch late := now.Sub(due[i]); {
					case due[i].IsZero():
						fail("alarm %d rang, but is not set", i)
					case late < 0 || late > tick:
						fail("alarm %d rang %v late", i, late)
					}
					due[i] = time.Time{}
				}
			}
			overdue := func() {
				synctest.Wait()
				mu.Lock()
				defer mu.Unlock()
				for i := range due {
					if !due[i].IsZero() && time.Since(due[i]) > tick {
						fail("alarm %d should have rung %v ago", i, time.Since(due[i]))
					}
				}
			}
			for _, o := range ops {
				a := &alarms[o.Alarm]
				switch o.Kind {
				case 0, 1:
					mu.Lock()
					s.SetAlarm(&a.alarm, a, o.D)
					due[o.Alarm] = time.Now().Add(o.D)
					mu.Unlock()
					synctest.Wait() // it may be due at once
				case 2:
					mu.Lock()
					if was := s.CancelAlarm(&a.alarm); was == due[o.Alarm].IsZero() {
						fail("CancelAlarm of %d says %v", o.Alarm, was)
					}
					due[o.Alarm] = time.Time{}
					mu.Unlock()
				case 3:
					if s.Now() > 12*365*24*time.Hour {
						continue // the wheel spans 34 years
					}
					time.Sleep(o.D)
					overdue()
				}
			}
			time.Sleep(11 * 365 * 24 * time.Hour)
			overdue()
			if slices.ContainsFunc(due, func(t time.Time) bool { return !t.IsZero() }) {
				fail("some never rang")
			}
			if s.wheel.armed != 0 {
				fail("the runtime timer is armed for nothing")
			}
		})
		if failure != "" {
			rt.Fatal(failure)
		}
	})
}

func TestRingsDoNotOverlapAndMaySetAgain(t *testing.T) {
	inBubble(t, quiet(), func(t *testing.T, s *System) {
		inside, rings := false, 0
		var again ringAt
		again.f = func() {
			if inside {
				t.Error("two rings overlap")
			}
			inside = true
			rings++
			if rings < 100 {
				s.SetAlarm(&again.alarm, &again, time.Millisecond)
				time.Sleep(3 * time.Millisecond) // it must not, but if it does the next one waits
			}
			inside = false
		}
		s.SetAlarm(&again.alarm, &again, time.Millisecond)
		time.Sleep(time.Second)
		synctest.Wait()
		if rings != 100 {
			t.Errorf("%d rings, want 100", rings)
		}
	})
}

func TestAnIntervalDoesNotDrift(t *testing.T) {
	inBubble(t, quiet(), func(t *testing.T, s *System) {
		time.Sleep(300 * time.Microsecond) // between two ticks of the wheel
		began := time.Now()
		n := 0
		r := &rec{on: func(*Process, any) error {
			n++
			if late := time.Since(began) - time.Duration(n)*1500*time.Microsecond; late < 0 || late > tick {
				t.Errorf("ring %d is %v late", n, late)
			}
			return nil
		}}
		r.spawn(t, s, 0)
		r.SendEvery(1500*time.Microsecond, "tick")
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if n != 1999 && n != 2000 {
			t.Errorf("%d rings in 3 s", n)
		}
	})
}

func TestTheWheelForgetsWhenTheSystemCloses(t *testing.T) {
	inBubble(t, quiet(), func(t *testing.T, s *System) {
		old := &ringAt{f: func() { t.Error("an alarm of an earlier run rang") }}
		s.SetAlarm(&old.alarm, old, 10*time.Second) // the tick of the later one, too
		s.Close()
		s.SetAlarm(&old.alarm, old, 10*time.Second) // ignored
		rerun(t, s)
		rang := false
		a := &ringAt{f: func() { rang = true }}
		s.SetAlarm(&a.alarm, a, 10*time.Second)
		time.Sleep(time.Minute)
		synctest.Wait()
		if !rang {
			t.Error("the wheel stands still in the second run")
		}
	})
}
