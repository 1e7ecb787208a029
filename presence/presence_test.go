package presence

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bennu-go/bennu/internal/codec"
	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
	"github.com/bennu-go/bennu/pubsub/pubsubtest"
	"github.com/bennu-go/bennu/supervise"
	"github.com/bennu-go/bennu/supervise/supervisetest"
	"github.com/bennu-go/bennu/telemetry"
	"github.com/google/go-cmp/cmp"
)

// alone runs one node.
func alone(t *testing.T, change ...func(*Config)) *node {
	t.Helper()
	return start(t, pubsubtest.NewCluster(), "a", change...)
}

// got replaces refs by what they are to the reader: r1, r2, … in the order in which they are first seen.
func normal(refs *[]string, b []byte) string {
	s := string(b)
	for rest := s; ; {
		i := strings.Index(rest, `"phx_ref`)
		if i < 0 {
			break
		}
		rest = rest[i:]
		rest = rest[strings.Index(rest, `":"`)+3:]
		if ref := rest[:refLen]; !slices.Contains(*refs, ref) {
			*refs = append(*refs, ref)
		}
	}
	for i, ref := range *refs {
		s = strings.ReplaceAll(s, ref, fmt.Sprintf("r%d", i+1))
	}
	return s
}

// payloads collects diffs as clients get them.
type payloads struct {
	mu  sync.Mutex
	all [][]byte
}

func (p *payloads) Deliver(m *pubsub.Message, _ *proc.Process) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all = append(p.all, m.Payload())
}
func (p *payloads) Reset() {}

func (p *payloads) take() [][]byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := p.all
	p.all = nil
	return all
}

func (p *payloads) want(t *testing.T, refs *[]string, want ...string) {
	t.Helper()
	var got []string
	for _, b := range p.take() {
		got = append(got, normal(refs, b))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("diffs (-want +got):\n%s", diff)
	}
}

func TestJSONShapes(t *testing.T) {
	bubble(t, func(t *testing.T) {
		n := alone(t)
		var all payloads
		n.ps.Join("lobby", &all)
		var refs []string
		list := func() string { return normal(&refs, n.presence.List("lobby").JSON()) }

		if got := list(); got != `{}` {
			t.Errorf("an empty topic lists %s", got)
		}
		phone, desk := newClient(t, n.sys, "lobby"), newClient(t, n.sys, "lobby")
		ref, err := n.presence.TrackProcess(phone.p, "lobby", "ada", seat{"phone"})
		if err != nil {
			t.Fatal(err)
		}
		all.want(t, &refs, `{"joins":{"ada":{"metas":[{"device":"phone","phx_ref":"r1"}]}},"leaves":{}}`)
		if ref != refs[0] {
			t.Errorf("got the ref %s, clients got %s", ref, refs[0])
		}
		if err := n.presence.Track(desk, "ada", seat{"desk"}); err != nil {
			t.Fatal(err)
		}
		all.want(t, &refs, `{"joins":{"ada":{"metas":[{"device":"desk","phx_ref":"r2"}]}},"leaves":{}}`)
		if got, want := list(), `{"ada":{"metas":[{"device":"phone","phx_ref":"r1"},{"device":"desk","phx_ref":"r2"}]}}`; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if err := n.presence.Update(phone, "ada", seat{"watch"}); err != nil {
			t.Fatal(err)
		}
		all.want(t, &refs, `{"joins":{"ada":{"metas":[{"device":"watch","phx_ref":"r3","phx_ref_prev":"r1"}]}},"leaves":{"ada":{"metas":[{"device":"phone","phx_ref":"r1"}]}}}`)
		if got, want := list(), `{"ada":{"metas":[{"device":"watch","phx_ref":"r3","phx_ref_prev":"r1"},{"device":"desk","phx_ref":"r2"}]}}`; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if err := n.presence.Update(phone, "ada", seat{"glass"}); err != nil {
			t.Fatal(err)
		}
		all.want(t, &refs, `{"joins":{"ada":{"metas":[{"device":"glass","phx_ref":"r4","phx_ref_prev":"r3"}]}},"leaves":{"ada":{"metas":[{"device":"watch","phx_ref":"r3","phx_ref_prev":"r1"}]}}}`)
		n.presence.Untrack(phone, "ada")
		all.want(t, &refs, `{"joins":{},"leaves":{"ada":{"metas":[{"device":"glass","phx_ref":"r4","phx_ref_prev":"r3"}]}}}`)
		desk.p.Exit(errExit)
		synctest.Wait()
		all.want(t, &refs, `{"joins":{},"leaves":{"ada":{"metas":[{"device":"desk","phx_ref":"r2"}]}}}`)
		if got := list(); got != `{}` {
			t.Errorf("a topic that all have left lists %s", got)
		}
	})
}

func TestListFromTracker(t *testing.T) {
	bubble(t, func(t *testing.T) {
		n := alone(t)
		ada := n.track("lobby", "ada")
		n.track("lobby", "bob")
		n.track("hall", "carl")
		if err := n.presence.Track(ada, "a second key of hers", seat{"phone"}); err != nil {
			t.Fatal(err)
		}
		n.wantKeys("lobby", "a second key of hers ada bob")
		n.wantKeys("hall", "carl")
		n.wantKeys("nowhere", "")

		s := n.presence.List("lobby")
		if s.Len() != 3 {
			t.Errorf("got %d keys, want 3", s.Len())
		}
		if got := slices.Collect(s.Keys()); !slices.Equal(got, []string{"a second key of hers", "ada", "bob"}) {
			t.Errorf("got keys %q", got)
		}
		e, ok := s.Get("ada")
		if !ok || len(e.Metas) != 1 || e.Metas[0].Value != (seat{"a"}) || len(e.Metas[0].Ref) != refLen || e.Metas[0].PrevRef != "" || e.Metas[0].Err != nil {
			t.Errorf("got %+v, %v", e, ok)
		}
		if _, ok := s.Get("carl"); ok {
			t.Error("carl is in another topic")
		}
		if b, err := codec.Marshal(map[string]any{"list": s}); err != nil || string(b) != `{"list":`+string(s.JSON())+"}" {
			t.Errorf("within another value it is %s, %v", b, err)
		}
		ada.p.Exit(nil)
		synctest.Wait()
		if s.Len() != 3 {
			t.Error("a listing has changed after it was made")
		}
		var none State[seat]
		if _, ok := none.Get("ada"); ok || none.Len() != 0 || string(none.JSON()) != "{}" {
			t.Error("the zero State is not empty")
		}
		for range none.All() {
			t.Error("the zero State has an entry")
		}
		for range none.Keys() {
			t.Error("the zero State has a key")
		}
	})
}

func TestGetByKey(t *testing.T) {
	bubble(t, func(t *testing.T) {
		n := alone(t)
		n.track("lobby", "ada")
		n.track("lobby", "ada")
		n.track("lobby", "adam")
		e, ok := n.presence.GetByKey("lobby", "ada")
		if !ok || len(e.Metas) != 2 || e.Metas[0].Ref == e.Metas[1].Ref {
			t.Errorf("got %+v, %v, want two metas", e, ok)
		}
		b, err := json.Marshal(e)
		if want := fmt.Sprintf(`{"metas":[{"device":"a","phx_ref":"%s"},{"device":"a","phx_ref":"%s"}]}`, e.Metas[0].Ref, e.Metas[1].Ref); err != nil || string(b) != want {
			t.Errorf("got %s, %v, want %s", b, err, want)
		}
		for _, where := range [][2]string{{"lobby", "bob"}, {"hall", "ada"}, {"lobby", ""}} {
			if _, ok := n.presence.GetByKey(where[0], where[1]); ok {
				t.Errorf("found somebody at %q", where)
			}
		}
	})
}

func TestDuplicateTracking(t *testing.T) {
	bubble(t, func(t *testing.T) {
		n := alone(t)
		n.watch("lobby")
		ada := n.track("lobby", "ada")
		err := n.presence.Track(ada, "ada", seat{"again"})
		if !errors.Is(err, ErrAlreadyTracked) || !strings.Contains(err.Error(), `"lobby"`) || !strings.Contains(err.Error(), `"ada"`) {
			t.Errorf("got %v, want ErrAlreadyTracked that says what", err)
		}
		if e, _ := n.presence.GetByKey("lobby", "ada"); e.Metas[0].Value.Device != "a" {
			t.Errorf("the refused meta has replaced the first: %+v", e)
		}
		if err := n.presence.Track(ada, "other key", seat{}); err != nil {
			t.Error(err)
		}
		if err := n.presence.Track(ada.in("hall"), "ada", seat{}); err != nil {
			t.Error(err)
		}
		if err := n.presence.Track(newClient(t, n.sys, "lobby"), "ada", seat{}); err != nil {
			t.Error(err)
		}
		n.wantDiffs("lobby", "+ada", "+other key", "+ada")
	})
}

func TestUntrackWithNoTrackedTopicIsANoop(t *testing.T) {
	bubble(t, func(t *testing.T) {
		n := alone(t)
		n.watch("lobby")
		c := newClient(t, n.sys, "lobby")
		n.presence.Untrack(c, "ada")
		n.presence.UntrackAll(c.p)
		if err := n.presence.Track(c, "ada", seat{}); err != nil {
			t.Fatal(err)
		}
		n.presence.Untrack(c.in("hall"), "ada")
		n.presence.Untrack(c, "bob")
		n.wantDiffs("lobby", "+ada")
		n.wantKeys("lobby", "ada")
	})
}

// watches says how many processes the tracker watches: Phoenix's links.
func (n *node) watches() (count int) {
	for _, s := range n.presence.life.Load().shards {
		s.mu.Lock()
		count += len(s.procs)
		s.mu.Unlock()
	}
	return count
}

func TestUntrackWithTopicKeepsTheOthers(t *testing.T) {
	bubble(t, func(t *testing.T) {
		n := alone(t)
		c := n.track("lobby", "ada")
		if err := n.presence.Track(c.in("hall"), "ada", seat{}); err != nil {
			t.Fatal(err)
		}
		n.presence.Untrack(c, "ada")
		n.wantKeys("lobby", "")
		n.wantKeys("hall", "ada")
		if n.watches() != 1 {
			t.Error("a process that is still tracked is not watched")
		}
		n.presence.UntrackProcess(c.p, "hall", "ada")
		n.wantKeys("hall", "")
		if n.watches() != 0 {
			t.Error("a process is watched that has nothing tracked")
		}
	})
}

func TestUntrackFromAllTopics(t *testing.T) {
	bubble(t, func(t *testing.T) {
		n := alone(t, func(c *Config) { c.Shards = 4 })
		c := n.track("lobby", "ada")
		for _, topic := range []string{"hall", "cellar", "roof"} {
			if err := n.presence.Track(c.in(topic), "ada", seat{}); err != nil {
				t.Fatal(err)
			}
		}
		n.presence.UntrackAll(c.p)
		for _, topic := range []string{"lobby", "hall", "cellar", "roof"} {
			n.wantKeys(topic, "")
		}
		if n.watches() != 0 {
			t.Error("a process is watched that has nothing tracked")
		}
	})
}

func TestUpdateWithFunction(t *testing.T) {
	bubble(t, func(t *testing.T) {
		n := alone(t)
		n.watch("lobby")
		ada := n.track("lobby", "ada")
		before, _ := n.presence.GetByKey("lobby", "ada")
		if err := n.presence.UpdateFunc(ada, "ada", func(s seat) seat { s.Device += "+b"; return s }); err != nil {
			t.Fatal(err)
		}
		after, _ := n.presence.GetByKey("lobby", "ada")
		if m := after.Metas[0]; m.Value.Device != "a+b" || m.PrevRef != before.Metas[0].Ref {
			t.Errorf("got %+v", m)
		}
		n.wantDiffs("lobby", "+ada", "+ada -ada")
		// Somebody else updates while the function runs: it is asked again, and nothing is lost.
		calls := 0
		ref, err := n.presence.UpdateProcessFunc(ada.p, "lobby", "ada", func(s seat) seat {
			if calls++; calls == 1 {
				if err := n.presence.Update(ada, "ada", seat{"between"}); err != nil {
					t.Fatal(err)
				}
			}
			s.Device += "+c"
			return s
		})
		after, _ = n.presence.GetByKey("lobby", "ada")
		if m := after.Metas[0]; err != nil || m.Value.Device != "between+c" || calls != 2 || m.Ref != ref {
			t.Errorf("got %+v after %d calls, %v", m, calls, err)
		}
	})
}

func TestUpdatingWithNoPriorPresence(t *testing.T) {
	bubble(t, func(t *testing.T) {
		n := alone(t)
		n.watch("lobby")
		c := newClient(t, n.sys, "lobby")
		called := false
		errs := []error{
			n.presence.Update(c, "ada", seat{}),
			n.presence.UpdateFunc(c, "ada", func(s seat) seat { called = true; return s }),
		}
		for _, err := range errs {
			if !errors.Is(err, ErrNotTracked) || !strings.Contains(err.Error(), `"ada"`) {
				t.Errorf("got %v, want ErrNotTracked that says what", err)
			}
		}
		if called {
			t.Error("the function was called with nothing to update")
		}
		n.wantDiffs("lobby")
	})
}

func TestProcessesThatHaveEndedAreNotTracked(t *testing.T) {
	bubble(t, func(t *testing.T) {
		n := alone(t)
		c := newClient(t, n.sys, "lobby")
		c.p.Exit(nil)
		synctest.Wait()
		if err := n.presence.Track(c, "ada", seat{}); !errors.Is(err, proc.ErrNoProcess) {
			t.Errorf("got %v, want proc.ErrNoProcess", err)
		}
		n.wantKeys("lobby", "")
		other := proc.NewSystem(proc.Config{})
		defer other.Close()
		if err := n.presence.Track(newClient(t, other, "lobby"), "ada", seat{}); err == nil || !strings.Contains(err.Error(), "another proc.System") {
			t.Errorf("got %v for a process of another System", err)
		}
		if n.watches() != 0 {
			t.Error("a process is watched that has nothing tracked")
		}
	})
}

func TestSubscribedProcessesGetDiffs(t *testing.T) {
	bubble(t, func(t *testing.T) {
		n := alone(t)
		got := make(chan *pubsub.Message, 10)
		p, err := proc.StartUnsupervised(t.Context(), n.sys, proc.Server[struct{}]{
			Any: func(_ context.Context, _ *proc.Self[struct{}], msg any) error {
				got <- msg.(*pubsub.Message)
				return nil
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := n.ps.Subscribe(p, "lobby", nil); err != nil {
			t.Fatal(err)
		}
		n.track("lobby", "ada")
		synctest.Wait()
		if m := <-got; m.Name != "presence_diff" || m.Kind != pubsub.Event || m.Topic != "lobby" {
			t.Errorf("got %+v", m)
		}
	})
}

func TestWindowMerges(t *testing.T) {
	const window = 50 * time.Millisecond
	bubble(t, func(t *testing.T) {
		n := alone(t, func(c *Config) { c.Window = 0 }) // the default
		n.watch("lobby")
		ada := n.track("lobby", "ada")
		n.wantDiffs("lobby", "+ada") // a quiet topic does not wait
		bob := n.track("lobby", "bob")
		n.track("lobby", "carl")
		n.presence.Untrack(bob, "bob")
		if err := n.presence.Update(ada, "ada", seat{"moved"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(window - time.Millisecond)
		n.wantDiffs("lobby")
		time.Sleep(2 * time.Millisecond)
		n.wantDiffs("lobby", "+ada +carl -ada") // bob was not seen
		n.wantSynced("lobby")

		time.Sleep(2 * window)
		n.track("lobby", "dora")
		n.wantDiffs("lobby", "+dora") // quiet again
		emil := n.track("lobby", "emil")
		n.presence.List("lobby")
		n.presence.Untrack(emil, "emil")
		time.Sleep(2 * window)
		n.wantDiffs("lobby", "-emil") // whom somebody may have seen
		n.wantSynced("lobby")

		// 1,000 joins within a window are two diffs.
		time.Sleep(window)
		for i := range 1_000 {
			n.track("lobby", fmt.Sprintf("user%d", i))
		}
		time.Sleep(2 * window)
		if got := n.watched["lobby"].take(); len(got) != 2 {
			t.Errorf("1,000 joins cost %d diffs, want 2", len(got))
		}
		n.wantSynced("lobby")
	})
}

func TestTopicsLeaveNothingBehind(t *testing.T) {
	for _, window := range []time.Duration{NoWindow, 0} {
		bubble(t, func(t *testing.T) {
			n := alone(t, func(c *Config) { c.Window = window })
			for i := range 100 {
				topic := fmt.Sprintf("room:%d", i)
				c := n.track(topic, "ada")
				n.presence.List(topic)
				if err := n.presence.Update(c, "ada", seat{}); err != nil {
					t.Fatal(err)
				}
				c.p.Exit(nil)
			}
			time.Sleep(time.Second)
			s := n.presence.life.Load().shards[0]
			s.mu.Lock()
			defer s.mu.Unlock()
			if len(s.topics)+len(s.procs)+len(s.dirty)+len(s.ready) != 0 {
				t.Errorf("window %v: %d topics, %d processes, %d and %d waiting are left", window, len(s.topics), len(s.procs), len(s.dirty), len(s.ready))
			}
		})
	}
}

func TestPool(t *testing.T) {
	for _, shards := range []int{1, 2, 8, 512} {
		t.Run(fmt.Sprint(shards), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				c := pubsubtest.NewCluster()
				pool := func(c *Config) { c.Shards = shards }
				a, b := start(t, c, "a", pool), start(t, c, "b", pool)
				ada := newClient(t, a.sys, "")
				topic := func(i int) string { return fmt.Sprintf("topic %d", i) }
				for i := range 100 {
					if err := a.presence.Track(ada.in(topic(i)), "ada", seat{"first"}); err != nil {
						t.Fatal(err)
					}
					a.wantKeys(topic(i), "ada")
				}
				time.Sleep(8 * period)
				for i := range 100 {
					b.wantKeys(topic(i), "ada")
				}
				a.presence.Untrack(ada.in(topic(0)), "ada")
				a.wantKeys(topic(0), "")
				a.wantKeys(topic(1), "ada")
				if err := a.presence.Update(ada.in(topic(1)), "ada", seat{"second"}); err != nil {
					t.Fatal(err)
				}
				if err := a.presence.UpdateFunc(ada.in(topic(1)), "ada", func(s seat) seat { s.Device += " and third"; return s }); err != nil {
					t.Fatal(err)
				}
				if e, _ := a.presence.GetByKey(topic(1), "ada"); e.Metas[0].Value.Device != "second and third" {
					t.Errorf("got %+v", e)
				}
				a.presence.UntrackAll(ada.p)
				for i := range 100 {
					a.wantKeys(topic(i), "")
				}
				if err := a.presence.Track(ada.in("last"), "ada", seat{}); err != nil {
					t.Fatal(err)
				}
				time.Sleep(settled)
				b.wantKeys("last", "ada")
				_ = a.stop() // gracefully
				synctest.Wait()
				b.wantKeys("last", "")
				a.run()
				a.wantKeys("last", "")
				b.wantReplicas("a up", "a down", "a permanent_down")
			})
		})
	}
}

func TestRestartRebuildsEverything(t *testing.T) {
	supervisetest.TestRestart(t, func(t testing.TB) supervisetest.Subject {
		sys := proc.NewSystem(proc.Config{Logger: quiet()})
		t.Cleanup(sys.Close)
		ps := pubsub.New(pubsub.Config{System: sys})
		p := New[seat](Config{
			PubSub: ps, Name: "online", Logger: quiet(), Shards: 3,
			Fetch:       func(context.Context, string, map[string][]json.RawMessage) (map[string]any, error) { return nil, nil },
			HandleMetas: OnMetas(nil, func(_ context.Context, n int, _ Change[seat]) (int, error) { return n + 1, nil }),
		})
		return supervisetest.Subject{
			Child: supervise.Child{Service: p},
			Check: func(t testing.TB) {
				if n := p.List("lobby").Len(); n != 0 {
					t.Errorf("got %d presences of an earlier life", n)
				}
				c := newClient(t, sys, "lobby")
				if err := p.Track(c, "ada", seat{}); err != nil {
					t.Error(err)
				}
				if n := p.List("lobby").Len(); n != 1 {
					t.Errorf("got %d presences, want 1", n)
				}
			},
		}
	})
}

func TestRestartEndsTrackedProcesses(t *testing.T) {
	bubble(t, func(t *testing.T) {
		n := alone(t)
		ada := n.track("lobby", "ada")
		bob := n.track("lobby", "bob")
		n.presence.Untrack(bob, "bob")
		var reason error
		ada.p.Watch(func(err error) { reason = err })
		_ = n.stop()
		if !ada.p.Alive() {
			t.Error("the end of a Presence ends processes that nothing replaces")
		}
		if err := n.presence.Track(ada, "again", seat{}); !errors.Is(err, ErrNotRunning) {
			t.Errorf("got %v, want ErrNotRunning", err)
		}
		n.wantKeys("lobby", "")
		n.run()
		synctest.Wait()
		if !errors.Is(reason, ErrRestarted) {
			t.Errorf("the tracked process ended for %v, want ErrRestarted", reason)
		}
		if !bob.p.Alive() {
			t.Error("a process that was not tracked any more has ended")
		}
		n.track("lobby", "ada")
		n.wantKeys("lobby", "ada")
	})
}

func TestRunTwiceIsRefused(t *testing.T) {
	bubble(t, func(t *testing.T) {
		n := alone(t)
		if err := n.presence.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "running already") {
			t.Errorf("got %v", err)
		}
		n.track("lobby", "ada")
		n.wantKeys("lobby", "ada")
	})
}

func TestNotRunning(t *testing.T) {
	sys := proc.NewSystem(proc.Config{})
	defer sys.Close()
	p := New[seat](Config{PubSub: pubsub.New(pubsub.Config{System: sys}), Name: "online"})
	c := newClient(t, sys, "lobby")
	for _, err := range []error{
		p.Track(c, "ada", seat{}), p.Update(c, "ada", seat{}), p.UpdateFunc(c, "ada", func(s seat) seat { return s }),
	} {
		if !errors.Is(err, ErrNotRunning) {
			t.Errorf("got %v, want ErrNotRunning", err)
		}
	}
	p.Untrack(c, "ada")
	p.UntrackAll(c.p)
	if _, ok := p.GetByKey("lobby", "ada"); ok || p.List("lobby").Len() != 0 {
		t.Error("somebody is present")
	}
}

func TestKeys(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := pubsubtest.NewCluster()
		n, strict := start(t, c, "a"), start(t, c, "b", func(c *Config) { c.RefusePrototypeKeys = true })
		odd := []string{"__proto__", "constructor", "toString", "", "\x00\n\"\\", "</script>", "日本", "\u2028"}
		for _, key := range odd {
			n.track("lobby", key)
		}
		want := make(map[string]int)
		for _, key := range odd {
			want[key] = 1
		}
		got := make(map[string]int)
		for key, e := range decode[map[string]jsEntry](n.presence.List("lobby").JSON()) {
			got[key] = len(e.Metas)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("keys of the listing (-want +got):\n%s", diff)
		}
		if err := n.presence.Track(newClient(t, n.sys, "lobby"), "\xff", seat{}); !errors.Is(err, ErrKey) {
			t.Errorf("got %v for a key that is not UTF-8, want ErrKey", err)
		}
		for _, key := range odd {
			err := strict.presence.Track(newClient(t, strict.sys, "hall"), key, seat{})
			if refused := errors.Is(err, ErrKey); refused != prototypeKey(key) {
				t.Errorf("key %q: got %v", key, err)
			}
		}
	})
}

func TestConfig(t *testing.T) {
	sys := proc.NewSystem(proc.Config{})
	defer sys.Close()
	ps := pubsub.New(pubsub.Config{System: sys})
	for _, tc := range []struct {
		name string
		cfg  Config
		want string // in the panic; empty: none
	}{
		{"the least", Config{PubSub: ps, Name: "a"}, ""},
		{"no PubSub", Config{System: sys, Name: "a"}, "Config.PubSub is missing"},
		{"no Name", Config{PubSub: ps}, "Config.Name is missing"},
		{"down_period is validated", Config{PubSub: ps, Name: "a", BroadcastPeriod: time.Second, DownPeriod: 2*time.Second - 1}, "DownPeriod 1.999999999s must be at least"},
		{"permdown_period is validated", Config{PubSub: ps, Name: "a", DownPeriod: time.Minute, PermDownPeriod: time.Minute}, "PermDownPeriod 1m0s must be longer"},
		{"negative", Config{PubSub: ps, Name: "a", Shards: -1}, "must not be negative"},
		{"a listener of other metas", Config{PubSub: ps, Name: "a", HandleMetas: OnMetas(nil, func(_ context.Context, s int, _ Change[string]) (int, error) { return s, nil })}, "metas of type presence.seat, its Config.HandleMetas takes string"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			defer func() {
				if got := fmt.Sprint(recover()); tc.want == "" && got != "<nil>" || !strings.Contains(got, tc.want) {
					t.Errorf("got panic %s, want %q", got, tc.want)
				}
			}()
			New[seat](tc.cfg)
		})
	}
}

func TestTelemetryPresenceDiff(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var got []telemetry.PresenceDiff
		n := alone(t, func(c *Config) {
			telemetry.Attach(c.Telemetry, func(_ context.Context, e telemetry.PresenceDiff) { got = append(got, e) })
		})
		c := n.track("lobby", "ada")
		if err := n.presence.Update(c, "ada", seat{}); err != nil {
			t.Fatal(err)
		}
		n.presence.Untrack(c, "ada")
		want := []telemetry.PresenceDiff{{Topic: "lobby", Joins: 1}, {Topic: "lobby", Joins: 1, Leaves: 1}, {Topic: "lobby", Leaves: 1}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestTwoTrackersOfOneNameAreReported(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var log lines
		n := alone(t)
		cfg := n.presence.cfg
		cfg.Logger = log.logger()
		twin := New[seat](cfg)
		stop := supervisetest.Start(t, twin)
		time.Sleep(2 * period)
		if got := log.String(); !strings.Contains(got, "another tracker of this name") {
			t.Errorf("got the log %q", got)
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

func TestPresenceEndsWithThePubSub(t *testing.T) {
	bubble(t, func(t *testing.T) {
		sys := proc.NewSystem(proc.Config{Logger: quiet()})
		defer sys.Close()
		ps := pubsub.New(pubsub.Config{System: sys})
		stopPubSub := supervisetest.Start(t, ps)
		p := New[seat](Config{PubSub: ps, Name: "online", Logger: quiet()})
		ended := make(chan error, 1)
		go func() { ended <- p.Run(t.Context()) }()
		synctest.Wait()
		_ = stopPubSub()
		supervisetest.Start(t, ps) // its subscribers end
		if err := <-ended; !errors.Is(err, pubsub.ErrRestarted) || !strings.HasPrefix(err.Error(), `presence: "online": `) {
			t.Errorf("got %v, want pubsub.ErrRestarted", err)
		}
	})
}
