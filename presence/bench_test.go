package presence

import (
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
	"github.com/bennu-go/bennu/supervise/supervisetest"
)

// real runs a Presence in real time.
func real(t testing.TB, change ...func(*Config)) (*Presence[seat], *proc.System, *pubsub.PubSub) {
	sys := proc.NewSystem(proc.Config{Logger: quiet()})
	t.Cleanup(sys.Close)
	ps := pubsub.New(pubsub.Config{System: sys})
	cfg := Config{PubSub: ps, Name: "online", Logger: quiet()}
	for _, f := range change {
		f(&cfg)
	}
	p := New[seat](cfg)
	supervisetest.Start(t, p)
	return p, sys, ps
}

// counter counts diffs and their bytes, for a crowd of members.
type counter struct{ diffs, bytes atomic.Int64 }

func (c *counter) Deliver(m *pubsub.Message, _ *proc.Process) {
	c.diffs.Add(1)
	c.bytes.Add(int64(len(m.Payload())))
}
func (c *counter) Reset() {}

func clients(t testing.TB, sys *proc.System, n int) []*client {
	all := make([]*client, n)
	for i := range all {
		all[i] = newClient(t, sys, "room:lobby")
	}
	return all
}

func names(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("user-%04d", i)
	}
	return all
}

// A crowd joins a topic at once; each tracks itself and takes an encoded listing. The work of the tracker alone, without connections.
func BenchmarkJoin(b *testing.B) {
	for _, n := range []int{100, 1_000} {
		b.Run(fmt.Sprintf("clients=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			p, sys, ps := real(b)
			var got counter
			ps.Join("room:lobby", &got)
			crowd, keys := clients(b, sys, n), names(n)
			listings := 0
			for b.Loop() {
				for i, c := range crowd {
					if err := p.Track(c, keys[i], seat{"phone"}); err != nil {
						b.Fatal(err)
					}
					listings += len(p.List(c.topic).JSON())
				}
				b.StopTimer()
				for _, c := range crowd {
					p.UntrackAll(c.p)
				}
				b.StartTimer()
			}
			b.ReportMetric(float64(got.diffs.Load())/float64(b.N), "diffs/op")
			b.ReportMetric(float64(listings)/float64(b.N)/1e6, "listing-MB/op")
		})
	}
}

// One of a crowd leaves and comes back.
func BenchmarkLeaveAndJoin(b *testing.B) {
	for _, n := range []int{1, 1_000} {
		b.Run(fmt.Sprintf("clients=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			p, sys, _ := real(b)
			crowd, keys := clients(b, sys, n), names(n)
			for i, c := range crowd {
				if err := p.Track(c, keys[i], seat{"phone"}); err != nil {
					b.Fatal(err)
				}
			}
			for b.Loop() {
				p.Untrack(crowd[0], keys[0])
				if err := p.Track(crowd[0], keys[0], seat{"phone"}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkList(b *testing.B) {
	for _, how := range []string{"unchanged", "changed"} {
		b.Run(how+"/entries=1000", func(b *testing.B) {
			b.ReportAllocs()
			p, sys, _ := real(b)
			crowd, keys := clients(b, sys, 1_000), names(1_000)
			for i, c := range crowd {
				if err := p.Track(c, keys[i], seat{"phone"}); err != nil {
					b.Fatal(err)
				}
			}
			held := p.List("room:lobby")
			b.SetBytes(int64(len(held.JSON())))
			for b.Loop() {
				if how == "changed" {
					if err := p.Update(crowd[0], keys[0], seat{"desk"}); err != nil {
						b.Fatal(err)
					}
				}
				if len(p.List("room:lobby").JSON()) == 0 {
					b.Fatal("nobody is there")
				}
			}
			runtime.KeepAlive(held)
		})
	}
}

func BenchmarkGetByKey(b *testing.B) {
	b.ReportAllocs()
	p, sys, _ := real(b)
	for i, c := range clients(b, sys, 1_000) {
		if err := p.Track(c, names(1_000)[i], seat{"phone"}); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		if _, ok := p.GetByKey("room:lobby", "user-0500"); !ok {
			b.Fatal("user-0500 is not there")
		}
	}
}

// Memory of one tracked entry: 100,000 of them in 100 topics, beyond their processes.
func BenchmarkMemory(b *testing.B) {
	const n = 100_000
	for b.Loop() {
		b.StopTimer()
		sys := proc.NewSystem(proc.Config{Logger: quiet()})
		p := New[seat](Config{PubSub: pubsub.New(pubsub.Config{System: sys}), Name: "online", Logger: quiet()})
		stop := supervisetest.Start(b, p)
		crowd := clients(b, sys, n)
		before := heap()
		b.StartTimer()
		for i, c := range crowd {
			if _, err := p.TrackProcess(c.p, fmt.Sprintf("room:%d", i%100), fmt.Sprintf("user-%d", i), seat{"phone"}); err != nil {
				b.Fatal(err)
			}
		}
		b.StopTimer()
		for range 80 { // until the diffs are out, and other nodes would know
			time.Sleep(50 * time.Millisecond)
		}
		b.ReportMetric(float64(heap()-before)/n, "B/entry")
		runtime.KeepAlive(crowd)
		if err := stop(); err != nil {
			b.Fatal(err)
		}
		sys.Close()
		b.StartTimer()
	}
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestAllocations(t *testing.T) {
	bubble(t, func(t *testing.T) {
		n := alone(t)
		crowd := make([]*client, 50)
		for i := range crowd {
			crowd[i] = n.track("lobby", fmt.Sprint(i))
		}
		held := n.presence.List("lobby")
		_ = held.JSON()
		for _, tc := range []struct {
			name string
			most float64
			f    func()
		}{
			{"an unchanged listing", 0, func() { _ = n.presence.List("lobby").JSON() }},
			{"update", 28, func() {
				if _, err := n.presence.UpdateProcess(crowd[0].p, "lobby", "0", seat{"b"}); err != nil {
					t.Error(err)
				}
			}},
			{"untrack and track", 45, func() {
				n.presence.UntrackProcess(crowd[0].p, "lobby", "0")
				if _, err := n.presence.TrackProcess(crowd[0].p, "lobby", "0", seat{"b"}); err != nil {
					t.Error(err)
				}
			}},
		} {
			if got := testing.AllocsPerRun(100, tc.f); got > tc.most+raceSlack {
				t.Errorf("%s allocates %v times, want at most %v", tc.name, got, tc.most)
			}
		}
		runtime.KeepAlive(held.s)
	})
}
