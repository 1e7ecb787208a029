package proc

import (
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"
)

type ringAt struct {
	alarm Alarm
	f     func()
}

func (r *ringAt) Ring() { r.f() }

func TestWheelRingsOnTimeWhateverTheDelay(t *testing.T) {
	inBubble(t, quiet(), func(t *testing.T, s *System) {
		rnd := rand.New(rand.NewPCG(1, 2))
		began := time.Now()
		n, rung := 0, 0
		for _, span := range []time.Duration{time.Millisecond, 300 * time.Millisecond, 10 * time.Second, 3 * time.Hour, 90 * 24 * time.Hour} {
			for range 200 {
				d := time.Duration(rnd.Int64N(int64(span)))
				n++
				r := &ringAt{}
				r.f = func() {
					rung++
					if late := time.Since(began) - d; late < 0 || late > 2*time.Millisecond {
						t.Errorf("delay %v rang %v off", d, late)
					}
				}
				s.SetAlarm(&r.alarm, r, d)
			}
		}
		time.Sleep(100 * 24 * time.Hour)
		synctest.Wait()
		if rung != n {
			t.Errorf("%d of %d alarms rang", rung, n)
		}
		if s.wheel.armed != 0 {
			t.Errorf("the runtime timer is armed although nothing is set")
		}
	})
}

func TestWheelSetAgainReplacesAndCancelForgets(t *testing.T) {
	inBubble(t, quiet(), func(t *testing.T, s *System) {
		var at []time.Duration
		began := time.Now()
		r := &ringAt{}
		r.f = func() { at = append(at, time.Since(began)) }
		s.SetAlarm(&r.alarm, r, time.Second)
		s.SetAlarm(&r.alarm, r, 5*time.Second)
		gone := &ringAt{f: func() { t.Error("a cancelled alarm rang") }}
		s.SetAlarm(&gone.alarm, gone, 2*time.Second)
		if !s.CancelAlarm(&gone.alarm) || s.CancelAlarm(&gone.alarm) {
			t.Error("CancelAlarm does not say whether the alarm was set")
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if len(at) != 1 || at[0].Round(10*time.Millisecond) != 5*time.Second {
			t.Errorf("rang at %v, want once at 5s", at)
		}
	})
}

func TestSendAfterAndStop(t *testing.T) {
	inBubble(t, quiet(), func(t *testing.T, s *System) {
		r := &rec{}
		r.spawn(t, s, 0)
		r.SendAfter(2*time.Second, "two")
		r.SendAfter(time.Second, "one")
		stopped := r.SendAfter(1500*time.Millisecond, "never")
		if !stopped.Stop() || stopped.Stop() {
			t.Error("Stop does not say whether it was in time")
		}
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if got := r.got(); got != "one two" {
			t.Errorf("got %q", got)
		}
		if n := r.Info().Timers; n != 0 {
			t.Errorf("%d timers left", n)
		}
	})
}

func TestSendEverySkipsTicksThatASlowProcessMissed(t *testing.T) {
	inBubble(t, quiet(), func(t *testing.T, s *System) {
		n := 0
		r := &rec{}
		r.on = func(*Process, any) error { n++; time.Sleep(3500 * time.Millisecond); return nil }
		r.spawn(t, s, 0)
		r.SendEvery(time.Second, "tick")
		time.Sleep(20 * time.Second)
		synctest.Wait()
		if n < 4 || n > 6 {
			t.Errorf("a process that takes 3.5 s handled %d ticks in 20 s", n)
		}
		if m := r.Mailbox(); m > 1 {
			t.Errorf("%d ticks wait", m)
		}
	})
}

func TestTimersEndWithTheirProcess(t *testing.T) {
	inBubble(t, quiet(), func(t *testing.T, s *System) {
		r := &rec{}
		r.spawn(t, s, 0)
		r.SendEvery(time.Second, "tick")
		r.SendAfter(time.Hour, "late")
		r.Exit(nil)
		synctest.Wait()
		if r.SendAfter(time.Second, "x").Stop() {
			t.Error("a timer of a dead process was set")
		}
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if s.wheel.armed != 0 {
			t.Error("the wheel still turns")
		}
	})
}

func BenchmarkSetAndCancelAlarm(b *testing.B) {
	s := NewSystem(quiet())
	defer s.Close()
	r := &ringAt{f: func() {}}
	b.ReportAllocs()
	for b.Loop() {
		s.SetAlarm(&r.alarm, r, 30*time.Second)
		s.CancelAlarm(&r.alarm)
	}
}
