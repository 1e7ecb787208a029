package transport

import (
	"log/slog"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
)

// mortal is a client that has nothing but a deadline.
type mortal struct {
	wsConn // for the rest of the interface, which nobody calls
	list   *conns
	at     time.Duration
	died   time.Duration
	onDue  func()
}

func (m *mortal) due(now time.Duration) time.Duration {
	if m.place.place == 0 {
		return 0 // it has gone since the list was read
	}
	if left := m.at - now; left > 0 {
		return left
	}
	m.died = now
	m.list.remove(m)
	if m.onDue != nil {
		m.onDue()
	}
	return 0
}

// onConns runs f in virtual time with an empty list of connections.
func onConns(t *testing.T, f func(l *conns, sys *proc.System)) {
	synctest.Test(t, func(t *testing.T) {
		log := slog.New(slog.DiscardHandler)
		sys := proc.NewSystem(proc.Config{Logger: log})
		ps := pubsub.New(pubsub.Config{System: sys, Logger: log})
		ss := NewShards(1, ps, func(stack []byte, v any) { t.Errorf("panic in a shard: %v\n%s", v, stack) })
		f(&ss.all[0].conns, sys)
		sys.Close()
	})
}

// Thousands of deadlines, some of them moved, many of their owners gone before: none is early, none is later than a sweep and a turn of the wheel.
func TestEveryDeadlineIsKept(t *testing.T) {
	onConns(t, func(l *conns, sys *proc.System) {
		rnd, sweeper := rand.New(rand.NewPCG(1, 2)), rand.New(rand.NewPCG(3, 4)) // one for each goroutine
		var all []*mortal
		var gone int
		for range 5000 {
			m := &mortal{list: l, at: sys.Now() + time.Duration(rnd.Int64N(int64(60*time.Second)))}
			if rnd.IntN(4) == 0 { // takes others with it, from anywhere in the list
				m.onDue = func() {
					for range 3 {
						if o := all[sweeper.IntN(len(all))]; o.died == 0 && o.place.place != 0 {
							l.remove(o)
							gone++
						}
					}
				}
			}
			l.mu.Lock()
			all = append(all, m)
			l.mu.Unlock()
			l.add(m)
			l.within(m.at - sys.Now())
			if rnd.IntN(100) == 0 {
				time.Sleep(time.Duration(rnd.Int64N(int64(time.Second))))
				synctest.Wait() // sweeps read all, too
			}
		}
		for range 200 { // heard in between: their deadlines move
			time.Sleep(100 * time.Millisecond)
			synctest.Wait()
			l.mu.Lock()
			if m := all[rnd.IntN(len(all))]; m.place.place != 0 {
				m.at = sys.Now() + 30*time.Second
			}
			l.mu.Unlock()
		}
		time.Sleep(200 * time.Second)
		synctest.Wait()
		died := 0
		for i, m := range all {
			if m.died == 0 {
				continue
			}
			died++
			if late := m.died - m.at; late < 0 || late > 2*minSweep {
				t.Fatalf("deadline %d, at %v, was kept %v late", i, m.at, late)
			}
		}
		if died+gone != len(all) || l.count() != 0 {
			t.Errorf("%d deadlines were kept and %d went before, of %d; %d are left", died, gone, len(all), l.count())
		}
		if l.at != 0 {
			t.Error("an alarm is set for nobody")
		}
	})
}

func TestAnEarlierDeadlineRearms(t *testing.T) {
	onConns(t, func(l *conns, sys *proc.System) {
		for _, d := range []time.Duration{60, 30, 5, 2} {
			m := &mortal{list: l, at: sys.Now() + d*time.Second}
			l.add(m)
			l.within(d * time.Second)
			defer func() {
				if late := m.died - m.at; m.died == 0 || late < 0 || late > 2*minSweep {
					t.Errorf("the deadline of %d s was kept at %v, want %v", d, m.died, m.at)
				}
			}()
		}
		time.Sleep(100 * time.Second)
		synctest.Wait()
	})
}

// Whoever is in the list from beginning to end of a pass is seen by it, whoever leaves meanwhile.
func TestAPassMissesNobody(t *testing.T) {
	onConns(t, func(l *conns, _ *proc.System) {
		rnd := rand.New(rand.NewPCG(3, 4))
		for range 200 {
			var all []*mortal
			stays := make(map[client]bool)
			for range 1 + rnd.IntN(60) {
				m := &mortal{list: l}
				all = append(all, m)
				stays[m] = true
				l.add(m)
			}
			seen := make(map[client]bool)
			var some [8]client
			for end := 1 << 30; end > 0; {
				n := l.before(&end, some[:])
				for _, c := range some[:n] {
					seen[c] = true
				}
				for range rnd.IntN(6) {
					m := all[rnd.IntN(len(all))]
					l.remove(m)
					delete(stays, m)
				}
				if rnd.IntN(3) == 0 {
					m := &mortal{list: l}
					all = append(all, m)
					l.add(m)
				}
			}
			for c := range stays {
				if !seen[c] {
					t.Fatal("a pass missed a connection that was there all the time")
				}
			}
			for _, m := range all {
				l.remove(m)
			}
		}
	})
}
