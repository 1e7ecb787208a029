package supervise

import (
	"errors"
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"

	"github.com/bennu-go/bennu/proc"
)

var errBoom = errors.New("boom")

// ways of ending by itself.
var ways = []struct {
	name    string
	do      func() error
	failure bool
}{
	{"nil", func() error { return nil }, false},
	{"ErrNormal", func() error { return proc.ErrNormal }, false},
	{"shutdown", func() error { return proc.Shutdown("done") }, false},
	{"error", func() error { return errBoom }, true},
	{"panic", func() error { panic("boom") }, true},
	{"Goexit", func() error { runtime.Goexit(); return nil }, true},
}

// TestStrategies has the middle one of three children end in every way, under every strategy and restart rule, and reads the diary: who stopped
// (-) and started (+) in which order.
func TestStrategies(t *testing.T) {
	again := map[Strategy]string{
		OneForOne:  "!b +b",
		OneForAll:  "!b -c -a +a +b +c",
		RestForOne: "!b -c +b +c",
	}
	for strategy, order := range again {
		for _, restart := range []Restart{Permanent, Transient, Temporary} {
			for _, way := range ways {
				t.Run(fmt.Sprintf("%v/%v/%s", strategy, restart, way.name), func(t *testing.T) {
					want := "!b"
					if restart == Permanent || restart == Transient && way.failure {
						want = order
					}
					inBubble(t, func(t *testing.T, s *scene) {
						sup := New(s.config(Config{Strategy: strategy}), s.child("a", Permanent), s.child("b", restart), s.child("c", Permanent))
						stop, result := s.begin(sup)
						s.want("start", "+a +b +c")
						s.ends("b", way.do)
						s.want("after the end of b", want)
						stop()
						if err := result(); err != nil {
							t.Errorf("Run returned %v, want nil", err)
						}
						if last := "-c -b -a"; want == "!b" {
							s.want("stop", "-c -a")
						} else {
							s.want("stop", last)
						}
						if n, want := s.lines("level=ERROR"), 0; way.failure {
							if n != 1 {
								t.Errorf("%d error lines for one failure:\n%s", n, s.log())
							}
						} else if n != want {
							t.Errorf("%d error lines for an end in order:\n%s", n, s.log())
						}
					})
				})
			}
		}
	}
}

func TestTemporarySiblingsThatWereStoppedStayStopped(t *testing.T) {
	inBubble(t, func(t *testing.T, s *scene) {
		sup := New(s.config(Config{Strategy: OneForAll}), s.child("a", Temporary), s.child("b", Permanent), s.child("c", Transient))
		stop, _ := s.begin(sup)
		s.took()
		s.fails("b")
		s.want("a failure", "!b -c -a +b +c")
		stop()
		s.want("stop", "-c -b")
	})
}

func TestOneForAllStartsTransientsAgainThatHadEnded(t *testing.T) {
	inBubble(t, func(t *testing.T, s *scene) {
		sup := New(s.config(Config{Strategy: OneForAll}), s.child("a", Transient), s.child("b", Permanent))
		stop, _ := s.begin(sup)
		s.ends("a", func() error { return nil })
		synctest.Wait()
		if got := sup.Children()[0].Status; got != Ended {
			t.Errorf("a is %v, want ended", got)
		}
		s.took()
		s.fails("b")
		s.want("a failure", "!b +a +b")
		stop()
	})
}

func TestProcessChildrenEndInEveryWay(t *testing.T) {
	type say struct{ do func() error }
	for _, restart := range []Restart{Permanent, Transient, Temporary} {
		for _, way := range append(ways[:5:5], struct {
			name    string
			do      func() error
			failure bool
		}{"kill", nil, true}) {
			t.Run(fmt.Sprintf("%v/%s", restart, way.name), func(t *testing.T) {
				inBubble(t, func(t *testing.T, s *scene) {
					sup := New(s.config(Config{}), Child{Name: "p", Restart: restart, Process: Server(proc.Server[int]{
						Info: proc.Infos[int]{proc.OnInfo(func(_ ctx, self *proc.Self[int], m say) error {
							if err := m.do(); err != nil {
								return err
							}
							self.Stop(nil)
							return nil
						})},
					})})
					stop, result := s.begin(sup)
					first := sup.Process("p")
					if first == nil {
						t.Fatal("no process")
					}
					if way.do == nil {
						first.Exit(proc.ErrKilled)
					} else {
						first.Send(say{way.do})
					}
					synctest.Wait()
					again := restart == Permanent || restart == Transient && way.failure
					if second := sup.Process("p"); (second != nil) != again || second == first {
						t.Errorf("process after the end: %v, restarted: want %v", second, again)
					}
					if n := s.lines("level=ERROR"); way.failure && way.do != nil && n != 1 || !way.failure && n != 0 {
						t.Errorf("%d error lines:\n%s", n, s.log())
					}
					stop()
					if err := result(); err != nil {
						t.Error(err)
					}
					if n := s.sys.Count(); n != 0 {
						t.Errorf("%d processes left", n)
					}
				})
			})
		}
	}
}
