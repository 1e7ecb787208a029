package presence

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bennu-go/bennu/internal/orset"
	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub/pubsubtest"
)

// What phoenix_pubsub's shard_replication_test asks for, by name, and more of the kind, in virtual time.

func TestHeartbeats(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := pubsubtest.NewCluster()
		tr := tap(c, nil)
		start(t, c, "a")
		start(t, c, "b")
		time.Sleep(settled)
		tr.take("heartbeat")
		time.Sleep(60 * period) // one in 6 periods, as there is no news
		if got := tr.take("heartbeat"); got["heartbeat a>b"] != 10 || got["heartbeat b>a"] != 10 {
			t.Errorf("got %v in 60 periods, want 10 of each", got)
		}
	})
}

func TestGossipFromUnseenNodeTriggersNodeUpAndTransferRequest(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := pubsubtest.NewCluster()
		a := start(t, c, "a")
		a.watch("lobby")
		a.track("lobby", "ada")
		a.wantDiffs("lobby", "+ada")
		time.Sleep(settled)

		tr := tap(c, nil)
		b := start(t, c, "b")
		b.watch("lobby")
		time.Sleep(8 * period)
		a.wantReplicas("b up")
		b.wantReplicas("a up")
		b.wantKeys("lobby", "ada")
		b.wantDiffs("lobby", "+ada")
		a.wantDiffs("lobby")
		counts := tr.take("")
		if counts["request b>a"] != 1 || counts["answer a>b"] != 1 || counts["request a>b"] != 0 {
			t.Errorf("got %v, want one request of b to a, and its answer", counts)
		}
	})
}

func TestRequestsForTransferCollapseClocks(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := pubsubtest.NewCluster()
		chatty := func(c *Config) { c.MaxSilentPeriods = 1 }
		a, b := start(t, c, "a", chatty), start(t, c, "b", chatty)
		a.track("lobby", "ada")
		b.track("lobby", "bob")
		time.Sleep(settled)
		tr := tap(c, nil)
		d := start(t, c, "c", chatty, func(c *Config) { c.ClockSamplePeriods = 6 }) // it hears both before it decides
		time.Sleep(10 * period)
		d.wantKeys("lobby", "ada bob")
		if got := tr.take("request c>"); len(got) != 1 {
			t.Errorf("c asked %v, want one of the two, since they know the same", got)
		}
	})
}

func TestOldProcessesOfANodeArePermDownedWhenItComesBackUp(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := pubsubtest.NewCluster()
		a, b := start(t, c, "a"), start(t, c, "b")
		b.track("lobby", "bob")
		a.watch("lobby")
		time.Sleep(settled)
		a.wantKeys("lobby", "bob")
		a.wantDiffs("lobby", "+bob")
		b.crash(c)
		a.wantKeys("lobby", "bob") // nobody has noticed
		again := start(t, c, "b")
		again.track("lobby", "bert")
		time.Sleep(settled)
		a.wantKeys("lobby", "bert")
		if got := a.dirty("lobby"); got != "bert" {
			t.Errorf("got rows %q, want bert's only", got)
		}
		a.wantReplicas("b up", "b down", "b permanent_down", "b up")
		a.wantSynced("lobby")
	})
}

func TestTempDownsWithNodeUpsOfNewVersionAndPermDowns(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := pubsubtest.NewCluster()
		a, b := start(t, c, "a"), start(t, c, "b")
		a.watch("lobby")
		b.track("lobby", "bob")
		time.Sleep(settled)
		a.wantReplicas("b up")
		a.wantDiffs("lobby", "+bob")

		c.Partition([]string{"a"}, []string{"b"})
		time.Sleep(down + 6*period + settled)
		a.wantReplicas("b down")
		a.wantKeys("lobby", "")
		if got := a.dirty("lobby"); got != "bob" {
			t.Errorf("got rows %q, want bob's, hidden", got)
		}
		a.wantDiffs("lobby", "-bob")

		c.Heal()
		time.Sleep(6*period + settled)
		a.wantReplicas("b up")
		a.wantKeys("lobby", "bob")
		a.wantDiffs("lobby", "+bob") // with the ref that it had

		c.Partition([]string{"a"}, []string{"b"})
		time.Sleep(down + 6*period + settled)
		a.wantReplicas("b down")
		b.crash(c)
		b = start(t, c, "b")
		b.track("lobby", "bob")
		time.Sleep(settled)
		a.wantReplicas("b permanent_down", "b up")
		a.wantKeys("lobby", "bob")
		a.wantDiffs("lobby", "-bob", "+bob")
		a.wantSynced("lobby")

		b.crash(c)
		time.Sleep(permDown + settled)
		a.wantReplicas("b down", "b permanent_down")
		if got := a.dirty("lobby"); got != "" {
			t.Errorf("got rows %q after the permanent down, want none", got)
		}
	})
}

func TestNodeDetectsAndLocallyBroadcastsJoinAndLeave(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := pubsubtest.NewCluster()
		a, b := start(t, c, "a"), start(t, c, "b")
		a.watch("lobby")
		b.watch("lobby")
		time.Sleep(settled)

		ada := a.track("lobby", "ada")
		a.wantDiffs("lobby", "+ada") // at once
		b.wantDiffs("lobby")
		time.Sleep(settled)
		b.wantDiffs("lobby", "+ada")
		b.wantKeys("lobby", "ada")
		a.wantDiffs("lobby") // nothing comes back

		ada.p.Exit(errExit)
		synctest.Wait()
		a.wantDiffs("lobby", "-ada") // at once
		a.wantKeys("lobby", "")
		time.Sleep(settled)
		b.wantDiffs("lobby", "-ada")
		b.wantKeys("lobby", "")
		a.wantDiffs("lobby")
	})
}

func TestDetectsNodeDownAndLocallyBroadcastsLeaves(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := pubsubtest.NewCluster()
		a, b := start(t, c, "a"), start(t, c, "b")
		a.watch("lobby")
		a.track("lobby", "ada")
		b.track("lobby", "bob")
		b.track("lobby", "bert")
		time.Sleep(settled)
		a.wantDiffs("lobby", "+ada", "+bert +bob")
		b.crash(c)
		time.Sleep(down - 5*period)
		a.wantDiffs("lobby")
		time.Sleep(5*period + settled)
		a.wantDiffs("lobby", "-bert -bob")
		a.wantKeys("lobby", "ada")
		if got := a.dirty("lobby"); got != "ada bert bob" {
			t.Errorf("got rows %q, want those of b until it is permanently down", got)
		}
		time.Sleep(permDown)
		if got := a.dirty("lobby"); got != "ada" {
			t.Errorf("got rows %q, want those of a", got)
		}
		a.wantDiffs("lobby")
		a.wantSynced("lobby")
	})
}

func TestUntrackIsSeenOnOtherNodes(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := pubsubtest.NewCluster()
		a, b := start(t, c, "a"), start(t, c, "b")
		b.watch("lobby")
		b.watch("hall")
		ada := a.track("lobby", "ada")
		hall := &client{ada.p, "hall"}
		if err := a.presence.Track(hall, "ada", seat{}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(settled)
		a.presence.Untrack(ada, "ada")
		time.Sleep(settled)
		b.wantDiffs("lobby", "+ada", "-ada")
		b.wantDiffs("hall", "+ada")
		b.wantKeys("hall", "ada")
		a.presence.UntrackAll(ada.p)
		time.Sleep(settled)
		b.wantDiffs("hall", "-ada")
		if !ada.p.Alive() {
			t.Error("untracking has ended the process")
		}
	})
}

func TestUpdateOnOtherNodesIsJoinAndLeaveWithRefPrev(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := pubsubtest.NewCluster()
		a, b := start(t, c, "a"), start(t, c, "b")
		b.watch("lobby")
		ada := a.track("lobby", "ada")
		time.Sleep(settled)
		before, _ := b.presence.GetByKey("lobby", "ada")
		if err := a.presence.Update(ada, "ada", seat{"moved"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(settled)
		b.wantDiffs("lobby", "+ada", "+ada -ada")
		after, _ := b.presence.GetByKey("lobby", "ada")
		if len(after.Metas) != 1 || after.Metas[0].Value.Device != "moved" || after.Metas[0].PrevRef != before.Metas[0].Ref || after.Metas[0].Ref == before.Metas[0].Ref {
			t.Errorf("got %+v after %+v", after, before)
		}
		b.wantSynced("lobby")
	})
}

func TestGracefulExitsWithPermDown(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := pubsubtest.NewCluster()
		a, b := start(t, c, "a"), start(t, c, "b")
		b.watch("lobby")
		a.track("lobby", "ada")
		time.Sleep(settled)
		b.wantDiffs("lobby", "+ada")
		if err := a.stop(); err != nil {
			t.Fatal(err)
		}
		synctest.Wait() // no time passes
		b.wantDiffs("lobby", "-ada")
		b.wantKeys("lobby", "")
		if got := b.dirty("lobby"); got != "" {
			t.Errorf("got rows %q, want none", got)
		}
		b.wantReplicas("a up", "a down", "a permanent_down")
	})
}

func TestGracefulExitWhenTheSystemCloses(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := pubsubtest.NewCluster()
		sys := proc.NewSystem(proc.Config{Logger: quiet()})
		a, b := start(t, c, "a", func(c *Config) { c.System = sys }), start(t, c, "b")
		if err := a.presence.Track(newClient(t, sys, "lobby"), "ada", seat{}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(settled)
		b.wantKeys("lobby", "ada")
		a.mayFail = true
		sys.Close()
		synctest.Wait() // no time passes
		b.wantKeys("lobby", "")
		if err := a.stop(); err == nil {
			t.Error("Run returned nil though nobody had told it to end")
		}
	})
}

func TestNoFarewellLeavesItToTheDownPeriod(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := pubsubtest.NewCluster()
		a, b := start(t, c, "a", func(c *Config) { c.NoFarewell = true }), start(t, c, "b")
		a.track("lobby", "ada")
		time.Sleep(settled)
		_ = a.stop()
		time.Sleep(down - 6*period)
		b.wantKeys("lobby", "ada")
		time.Sleep(7*period + settled)
		b.wantKeys("lobby", "")
	})
}

func TestRollingNodeUpdate(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := pubsubtest.NewCluster()
		a, b := start(t, c, "a"), start(t, c, "b")
		a.track("lobby", "ada")
		b.track("lobby", "bob")
		time.Sleep(settled)
		b.crash(c)
		tr := tap(c, nil)
		n := start(t, c, "b2") // the node that takes b's place
		n.track("lobby", "carl")
		time.Sleep(permDown / 2) // b is down at a, and n has never met it
		n.wantKeys("lobby", "ada carl")
		a.wantKeys("lobby", "ada carl")
		if got := tr.take("request b2>"); got["request b2>a"] != 1 {
			t.Errorf("the new node asked %v, want one request to a and not one for ever", got)
		}
	})
}

func TestALargeTransferArrivesInPieces(t *testing.T) {
	bubble(t, func(t *testing.T) {
		const many = 5_000
		c := pubsubtest.NewCluster()
		a := start(t, c, "a")
		one := newClient(t, a.sys, "lobby")
		for i := range many {
			if err := a.presence.Track(one, fmt.Sprint(i), seat{"a device with quite a long name"}); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(settled)
		tr := tap(c, nil)
		b := start(t, c, "b")
		b.watch("lobby")
		time.Sleep(10 * period)
		if got := b.presence.List("lobby").Len(); got != many {
			t.Errorf("got %d presences, want %d", got, many)
		}
		if got := len(b.watched["lobby"].take()); got != 1 {
			t.Errorf("got %d diffs, want one for all", got)
		}
		if got := tr.take("piece")["piece a>b"]; got < 5 || got > 20 {
			t.Errorf("got %d pieces for one answer", got)
		}
	})
}

func TestNewsThatCannotBeUnderstoodIsDropped(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var log lines
		c := pubsubtest.NewCluster()
		a, b := start(t, c, "a", func(c *Config) { c.Logger = log.logger() }), start(t, c, "b")
		time.Sleep(settled)
		topic := b.presence.life.Load().gossipTopic(0)
		for _, bad := range [][]byte{{}, {7}, {wholeMessage}, {wholeMessage, orset.Version, 99}, {firstPiece, 1, 2}, {wholeMessage, orset.Version + 1, 1, 1, 1}} {
			if err := topic.Broadcast(b.ps, packet{bad}); err != nil {
				t.Fatal(err)
			}
		}
		b.track("lobby", "bob")
		time.Sleep(settled)
		a.wantKeys("lobby", "bob")
		if got := strings.Count(log.String(), "cannot be understood"); got != 1 {
			t.Errorf("got %d lines, want one a second at most: %s", got, log.String())
		}
	})
}

func TestThirdNodeRelaysThroughAPartialPartition(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := pubsubtest.NewCluster()
		a, b, d := start(t, c, "a"), start(t, c, "b"), start(t, c, "c")
		time.Sleep(settled)
		c.Cut("a", "c") // c hears a through b only
		a.watch("lobby")
		d.watch("lobby")
		ada := a.track("lobby", "ada")
		d.track("lobby", "carl")
		time.Sleep(8 * period)
		d.wantKeys("lobby", "ada carl")
		a.wantKeys("lobby", "ada carl")
		a.presence.Untrack(ada, "ada")
		time.Sleep(8 * period)
		d.wantKeys("lobby", "carl")
		d.wantSynced("lobby")
		a.wantSynced("lobby")
		b.wantKeys("lobby", "carl")
	})
}

// Nodes come, go, lose messages and each other for a while; when the network is whole again, all agree, and clients with them.
func TestClusterAgreesAfterStorms(t *testing.T) {
	for seed := range uint64(12) {
		bubble(t, func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 2))
			c := pubsubtest.NewCluster()
			names := []string{"a", "b", "c"}
			nodes := map[string]*node{}
			clients := map[string][]*client{}
			window := func(c *Config) { c.Window = 30 * time.Millisecond; c.Shards = 2; c.MaxMessage = 300 }
			begin := func(name string) {
				nodes[name] = start(t, c, name, window)
				for _, topic := range []string{"lobby", "hall"} {
					nodes[name].watch(topic)
				}
				clients[name] = nil
			}
			for _, name := range names {
				begin(name)
			}
			for range 400 {
				name := names[r.IntN(len(names))]
				n, cs := nodes[name], clients[name]
				topic := []string{"lobby", "hall"}[r.IntN(2)]
				key := string(rune('k' + r.IntN(4)))
				switch what := r.IntN(100); {
				case what < 40:
					clients[name] = append(cs, n.track(topic, key))
				case what < 55 && len(cs) > 0:
					i := r.IntN(len(cs))
					cs[i].p.Exit(errExit)
					clients[name] = append(cs[:i], cs[i+1:]...)
				case what < 65 && len(cs) > 0:
					if err := n.presence.Update(cs[0], key, seat{"new"}); err != nil && !isNotTracked(err) {
						t.Fatal(err)
					}
				case what < 70 && len(cs) > 0:
					n.presence.Untrack(cs[0], key)
				case what < 75:
					n.watched[topic].state(n.presence.List(topic).JSON())
				case what < 78:
					c.Drop(nil)
				case what < 81:
					lost := r.IntN(100)
					tap(c, func(string, string, string) bool { return rand.IntN(100) < lost })
				case what < 84:
					c.Partition([]string{names[r.IntN(3)]})
				case what < 88:
					c.Heal()
				case what < 90:
					c.Delay("", name, time.Duration(r.IntN(300))*time.Millisecond)
				case what < 92:
					n.crash(c)
					begin(name)
				case what < 93:
					n.stopAll()
					begin(name)
				default:
					time.Sleep(time.Duration(r.IntN(int(5 * period))))
				}
				synctest.Wait()
			}
			c.Drop(nil)
			c.Heal()
			for _, name := range names {
				c.Delay("", name, 0)
			}
			time.Sleep(permDown + 2*down)
			for _, topic := range []string{"lobby", "hall"} {
				want := listed(nodes["a"].presence.List(topic).JSON()).String()
				for _, n := range nodes {
					if got := listed(n.presence.List(topic).JSON()).String(); got != want {
						t.Errorf("seed %d: %s lists %q in %q, a lists %q", seed, n.name, got, topic, want)
					}
					n.wantSynced(topic)
				}
			}
			total := 0
			for _, n := range nodes {
				for range maps.Keys(n.watched) {
					total++
				}
			}
			if total != 6 {
				t.Errorf("got %d watched topics, want 6", total)
			}
		})
	}
}
