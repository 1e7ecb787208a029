package pubsubtest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bennu-go/bennu/pubsub"
)

// site is a cluster in a bubble, whose nodes write down what they are handed and when.
type site struct {
	*Cluster
	t        *testing.T
	adapters map[string]pubsub.Adapter
	cancel   map[string]context.CancelFunc
	ended    map[string]chan error
	mu       sync.Mutex // guards log
	log      []string
}

// inBubble runs f with the nodes a, b and c. Everything has ended when it returns.
func inBubble(t *testing.T, f func(s *site)) {
	t.Helper()
	cluster := NewCluster() // outside, where Clusters may well be made
	synctest.Test(t, func(t *testing.T) {
		s := &site{Cluster: cluster, t: t, adapters: map[string]pubsub.Adapter{}, cancel: map[string]context.CancelFunc{}, ended: map[string]chan error{}}
		for _, name := range []string{"a", "b", "c"} {
			s.adapters[name] = cluster.Adapter()
			s.run(name)
		}
		f(s)
		for _, name := range slices.Sorted(maps.Keys(s.cancel)) {
			s.stop(name)
		}
	})
}

func (s *site) run(name string) {
	s.t.Helper()
	start := time.Now()
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel[name], s.ended[name] = cancel, make(chan error, 1)
	go func() {
		s.ended[name] <- s.adapters[name].Run(ctx, name, func(e pubsub.Envelope) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.log = append(s.log, fmt.Sprintf("%s>%s:%s@%v", e.From, name, e.Name, time.Since(start)))
		})
	}()
	synctest.Wait()
}

func (s *site) stop(name string) {
	s.t.Helper()
	s.cancel[name]()
	if err := <-s.ended[name]; err != nil {
		s.t.Errorf("Run of %s: %v", name, err)
	}
	delete(s.cancel, name)
}

func (s *site) publish(from, to, name string) {
	s.t.Helper()
	if err := s.adapters[from].Publish(pubsub.Envelope{From: from, To: to, Topic: "t", Kind: pubsub.Binary, Name: name}); err != nil {
		s.t.Errorf("Publish: %v", err)
	}
	synctest.Wait()
}

// take returns the log since the last time, in order.
func (s *site) take() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	log := s.log
	s.log = nil
	return log
}

// want compares the log since the last time, sorted: nodes that are handed something at the same instant have no order.
func (s *site) want(after time.Duration, want ...string) {
	s.t.Helper()
	time.Sleep(after)
	synctest.Wait()
	got := s.take()
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		s.t.Errorf("handed over (-want +got):\n%s", diff)
	}
}

func TestClusterPartition(t *testing.T) {
	inBubble(t, func(s *site) {
		s.Partition([]string{"a"}, []string{"b"}) // c is a side of its own
		for _, from := range []string{"a", "b", "c"} {
			s.publish(from, "", "lost")
		}
		s.want(0)
		s.Partition([]string{"a", "b"})
		s.publish("a", "", "1")
		s.publish("c", "", "lost")
		s.want(0, "a>b:1@0s")
		s.Heal()
		s.publish("c", "", "2")
		s.want(time.Hour, "c>a:2@0s", "c>b:2@0s")
	})
}

func TestClusterCutIsOneWay(t *testing.T) {
	inBubble(t, func(s *site) {
		s.Cut("a", "b")
		s.publish("a", "", "1")
		s.publish("b", "", "2")
		s.want(0, "a>c:1@0s", "b>a:2@0s", "b>c:2@0s")
		s.Heal()
		s.publish("a", "b", "3")
		s.want(0, "a>b:3@0s")
	})
}

func TestClusterLosesWhatIsUnderWayOnALinkThatCloses(t *testing.T) {
	inBubble(t, func(s *site) {
		s.Delay("", "", time.Second)
		s.publish("a", "", "1")
		s.publish("c", "", "2")
		time.Sleep(500 * time.Millisecond)
		s.Partition([]string{"a"}, []string{"b", "c"})
		s.Heal() // too late for those
		s.publish("a", "", "3")
		s.want(time.Minute, "c>b:2@1s", "a>b:3@1.5s", "a>c:3@1.5s")
	})
}

func TestClusterDelayKeepsTheOrderOfALink(t *testing.T) {
	inBubble(t, func(s *site) {
		s.Delay("a", "", time.Minute)
		s.Delay("a", "b", 3*time.Second)
		s.publish("a", "b", "1")
		s.publish("c", "b", "2") // links do not wait for each other
		s.Delay("a", "b", time.Second)
		s.publish("a", "b", "3")
		s.Delay("a", "b", 0)
		s.publish("a", "b", "4")
		s.publish("a", "c", "5")
		time.Sleep(time.Hour)
		want := []string{"c>b:2@0s", "a>b:1@3s", "a>b:3@3s", "a>b:4@3s", "a>c:5@1m0s"}
		if diff := cmp.Diff(want, s.take()); diff != "" {
			t.Errorf("handed over (-want +got):\n%s", diff)
		}
		s.publish("a", "b", "6")
		s.want(0, "a>b:6@1h0m0s")
	})
}

func TestClusterDelayInterleavesLinksByTime(t *testing.T) {
	inBubble(t, func(s *site) {
		s.Delay("a", "c", 5*time.Millisecond)
		s.Delay("b", "c", 7*time.Millisecond)
		var want []string
		for i := range 4 { // a at 5, 15, 25, 35; b at 7, 17, 27, 37
			s.publish("b", "c", fmt.Sprint(i))
			s.publish("a", "c", fmt.Sprint(i))
			time.Sleep(10 * time.Millisecond)
			want = append(want, fmt.Sprintf("a>c:%d@%dms", i, 10*i+5), fmt.Sprintf("b>c:%d@%dms", i, 10*i+7))
		}
		if diff := cmp.Diff(want, s.take()); diff != "" {
			t.Errorf("handed over (-want +got):\n%s", diff)
		}
	})
}

func TestClusterDrop(t *testing.T) {
	inBubble(t, func(s *site) {
		var asked []string
		s.Drop(func(e pubsub.Envelope, to string) bool {
			asked = append(asked, e.From+">"+to+":"+e.Name)
			s.Nodes() // may call back
			return to == "c"
		})
		s.publish("a", "", "1")
		s.publish("a", "c", "2")
		s.Cut("a", "c")
		s.publish("a", "c", "3") // nobody asks about what is lost anyway
		s.Drop(nil)
		s.Heal()
		s.publish("a", "c", "4")
		s.want(0, "a>b:1@0s", "a>c:4@0s")
		if got, want := strings.Join(asked, " "), "a>b:1 a>c:1 a>c:2"; got != want {
			t.Errorf("asked about %s, want %s", got, want)
		}
	})
}

func TestClusterNodesComeAndGo(t *testing.T) {
	inBubble(t, func(s *site) {
		s.Delay("", "", time.Second)
		s.publish("a", "", "1")
		s.stop("b")
		if diff := cmp.Diff([]string{"a", "c"}, s.Nodes()); diff != "" {
			t.Errorf("nodes (-want +got):\n%s", diff)
		}
		s.publish("b", "", "from a node that does not run")
		s.publish("a", "b", "to a node that does not run")
		s.run("b")
		s.want(time.Minute, "a>c:1@1s") // what was under way to b is gone with its first life
		s.publish("a", "b", "2")
		s.want(time.Minute, "a>b:2@1m1s")
		s.publish("a", "b", "3")
	}) // 3 is still under way
}

func TestClusterRefusesNamesTwice(t *testing.T) {
	inBubble(t, func(s *site) {
		nothing := func(pubsub.Envelope) {}
		for _, c := range []struct {
			adapter pubsub.Adapter
			name    string
			want    string
		}{
			{s.Adapter(), "a", `pubsubtest: there is a node "a" already`},
			{s.adapters["a"], "d", `pubsubtest: the adapter of node "a" runs already; make one for each node`},
			{s.Adapter(), "", `pubsubtest: a node needs a name`},
		} {
			if err := c.adapter.Run(t.Context(), c.name, nothing); err == nil || err.Error() != c.want {
				t.Errorf("Run as %q: got %v, want %s", c.name, err, c.want)
			}
		}
	})
}
