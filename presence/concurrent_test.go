package presence

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bennu-go/bennu/proc"
)

// Many goroutines do everything at once, with every way in which diffs can go out. Clients hold what the tracker does when it is quiet again.
func TestConcurrentUse(t *testing.T) {
	var db database
	for name, change := range map[string]func(*Config){
		"each change by itself": func(c *Config) { c.Window = NoWindow },
		"with a window":         func(c *Config) { c.Window = 5 * time.Millisecond },
		"with a fetch":          func(c *Config) { db.config(c); c.Window = time.Millisecond; c.FetchConcurrency = 2 },
		"with a listener": func(c *Config) {
			var h told
			c.HandleMetas = h.listener()
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				n := alone(t, change, func(c *Config) { c.Shards = 2 })
				topics := []string{"lobby", "hall", "cellar"}
				for _, topic := range topics {
					n.watch(topic)
				}
				var all sync.WaitGroup
				for g := range uint64(8) {
					all.Go(func() {
						r := rand.New(rand.NewPCG(g, 5))
						var mine []*client
						for range 300 {
							topic := topics[r.IntN(len(topics))]
							key := fmt.Sprint(r.IntN(3))
							if len(mine) == 0 || r.IntN(4) == 0 {
								mine = append(mine, newClient(t, n.sys, topic))
							}
							i := r.IntN(len(mine))
							c := mine[i].in(topic)
							var err error
							switch r.IntN(8) {
							case 0, 1, 2:
								err = n.presence.Track(c, key, seat{"x"})
							case 3:
								err = n.presence.Update(c, key, seat{"y"})
							case 4:
								err = n.presence.UpdateFunc(c, key, func(s seat) seat { s.Device += "z"; return s })
							case 5:
								n.presence.Untrack(c, key)
							case 6:
								if !json.Valid(n.presence.List(topic).JSON()) {
									t.Error("a listing is not JSON")
								}
								n.presence.GetByKey(topic, key)
							case 7:
								if r.IntN(2) == 0 {
									n.presence.UntrackAll(c.p)
								} else {
									c.p.Exit(nil)
									mine = append(mine[:i], mine[i+1:]...)
								}
								time.Sleep(time.Millisecond)
							}
							if err != nil && !errors.Is(err, ErrAlreadyTracked) && !errors.Is(err, ErrNotTracked) {
								t.Error(err)
							}
						}
					})
				}
				all.Wait()
				time.Sleep(10 * time.Second)
				synctest.Wait()
				for _, topic := range topics {
					n.wantSynced(topic)
				}
			})
		})
	}
}

// One process untracks and tracks from several goroutines: the watch on it is neither lost nor kept.
func TestConcurrentTrackingOfOneProcess(t *testing.T) {
	bubble(t, func(t *testing.T) {
		n := alone(t)
		for range 50 {
			c := newClient(t, n.sys, "lobby")
			var all sync.WaitGroup
			for g := range 4 {
				all.Go(func() {
					for range 20 {
						err := n.presence.Track(c, fmt.Sprint(g), seat{})
						if err != nil && !errors.Is(err, proc.ErrNoProcess) {
							t.Error(err)
						}
						n.presence.Untrack(c, fmt.Sprint(g))
					}
					if err := n.presence.Track(c, fmt.Sprint(g), seat{}); err != nil && !errors.Is(err, proc.ErrNoProcess) {
						t.Error(err)
					}
				})
			}
			all.Go(func() { c.p.Exit(nil) })
			all.Wait()
			synctest.Wait()
			n.wantKeys("lobby", "")
			if n.watches() != 0 {
				t.Fatal("a process is watched that has ended")
			}
		}
	})
}

// Who still holds a shard of a life that has ended changes nothing, and is told.
func TestAShardThatWasClosed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		n := alone(t)
		s := n.presence.life.Load().shards[0]
		ada := n.track("lobby", "ada")
		_ = n.stop()
		if _, err := s.track(ada.p, "lobby", "more", []byte("{")); !errors.Is(err, ErrNotRunning) {
			t.Errorf("track: got %v", err)
		}
		if _, err := s.update(ada.p, "lobby", "ada", "", []byte("{")); !errors.Is(err, ErrNotRunning) {
			t.Errorf("update: got %v", err)
		}
		s.untrack(ada.p, "lobby", "ada")
		s.untrackAll(ada.p)
		ada.p.Exit(nil)
		synctest.Wait()
		if s.list("lobby") != nil || s.getByKey("lobby", "ada") != nil {
			t.Error("somebody is present")
		}
		if len(s.procs) != 0 {
			t.Error("a process is held that has ended")
		}
	})
}
