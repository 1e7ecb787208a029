package pubsub_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
)

// crowd is a group that writes down what it gets.
type crowd struct {
	on     func(m *pubsub.Message)
	mu     sync.Mutex // guards the fields below
	got    []string
	froms  []*proc.Process
	resets int
}

func (c *crowd) Deliver(m *pubsub.Message, from *proc.Process) {
	if c.on != nil {
		c.on(m)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.got = append(c.got, m.Topic+"/"+m.Name)
	c.froms = append(c.froms, from)
}

func (c *crowd) Reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.resets++
}

func (c *crowd) want(t testing.TB, want ...string) {
	t.Helper()
	synctest.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	if got, want := strings.Join(c.got, " "), strings.Join(want, " "); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	c.got = nil
}

func TestGroupJoinAndLeave(t *testing.T) {
	forTables(t, func(t *testing.T, ps *pubsub.PubSub) {
		a, b, r := &crowd{}, &crowd{}, newReader(t, ps.System())
		ps.Leave("room:1", a) // no error
		for _, g := range []*crowd{a, b} {
			ps.Join("room:1", g)
		}
		ok(t, ps.Subscribe(r.Process, "room:1", nil))
		ok(t, ps.Broadcast(event(t, "room:1", "1"), nil))
		ps.Leave("room:1", a)
		ps.Leave("room:1", a)
		ok(t, ps.Broadcast(event(t, "room:1", "2"), nil))
		ps.Join("room:1", a)
		ps.Leave("room:1", b)
		ok(t, ps.Broadcast(event(t, "room:1", "3"), nil))
		a.want(t, "room:1/1", "room:1/3")
		b.want(t, "room:1/1", "room:1/2")
		r.want(t, "1", "2", "3")
		ps.Leave("room:1", a)
		ps.Unsubscribe(r.Process, "room:1")
		wantSizes(t, ps, 0, 0)
	})
}

func TestGroupInManyTopics(t *testing.T) {
	forTables(t, func(t *testing.T, ps *pubsub.PubSub) {
		g := &crowd{}
		var want []string
		for i := range 20 {
			topic := fmt.Sprint("room:", i)
			ps.Join(topic, g)
			if i%2 == 0 {
				ps.Leave(topic, g)
			} else {
				want = append(want, topic+"/x")
			}
		}
		for i := range 20 {
			ok(t, ps.Broadcast(event(t, fmt.Sprint("room:", i), "x"), nil))
		}
		g.want(t, want...)
		wantSizes(t, ps, 10, 0)
	})
}

// A group compares from with its members itself, since there may be very many.
func TestGroupIsToldTheSender(t *testing.T) {
	forTables(t, func(t *testing.T, ps *pubsub.PubSub) {
		g, r := &crowd{}, newReader(t, ps.System())
		ps.Join("room:1", g)
		ok(t, ps.Broadcast(event(t, "room:1", "1"), r.Process))
		ok(t, ps.Broadcast(event(t, "room:1", "2"), nil))
		if len(g.froms) != 2 || g.froms[0] != r.Process || g.froms[1] != nil {
			t.Errorf("got senders %v, want the process and nil", g.froms)
		}
	})
}

// No lock is held while a group is handed a message: joins, leaves and broadcasts go on beside it.
func TestLeaveDuringDeliver(t *testing.T) {
	forTables(t, func(t *testing.T, ps *pubsub.PubSub) {
		hold, inside := make(chan struct{}), make(chan struct{})
		slow, last := &crowd{}, &crowd{}
		slow.on = func(m *pubsub.Message) {
			if m.Name == "1" {
				close(inside)
				<-hold
			}
		}
		ps.Join("room:1", slow)
		ps.Join("room:1", last)
		done := make(chan error)
		go func() { done <- ps.Broadcast(event(t, "room:1", "1"), nil) }()
		<-inside
		ps.Leave("room:1", slow)
		ps.Leave("room:1", last)
		late := &crowd{}
		ps.Join("room:1", late)
		ok(t, ps.Broadcast(event(t, "room:1", "2"), nil))
		close(hold)
		ok(t, <-done)
		slow.want(t, "room:1/1")
		last.want(t, "room:1/1") // was on its way when it left
		late.want(t, "room:1/2")
	})
}

func TestTopicsGiveTheirRoomBack(t *testing.T) {
	inBubble(t, func(t *testing.T, sys *proc.System) {
		ps := pubsub.New(pubsub.Config{System: sys, Tables: 1})
		groups := make([]*crowd, 1000)
		for i := range groups {
			groups[i] = &crowd{}
			ps.Join("room:1", groups[i])
		}
		for _, g := range groups[1:] {
			ps.Leave("room:1", g)
		}
		if n := ps.Room("room:1"); n > 64 {
			t.Errorf("there is room for %d groups, want at most 64", n)
		}
		ok(t, ps.Broadcast(event(t, "room:1", "x"), nil))
		groups[0].want(t, "room:1/x")
	})
}

func TestRunAgainEndsSubscribersAndResetsGroups(t *testing.T) {
	forTables(t, func(t *testing.T, ps *pubsub.PubSub) {
		g := &crowd{}
		var readers []*reader
		for i := range 10 {
			r := newReader(t, ps.System())
			readers = append(readers, r)
			ok(t, ps.Subscribe(r.Process, fmt.Sprint("room:", i), nil))
			ok(t, ps.Subscribe(r.Process, "lobby", nil))
		}
		bystander := newReader(t, ps.System())
		ps.Join("room:1", g)

		run := start(ps)
		synctest.Wait()
		ok(t, run())
		for _, r := range readers {
			r.wantEnd(t, nil) // the first run found them waiting
		}
		run = start(ps)
		for _, r := range readers {
			r.wantEnd(t, pubsub.ErrRestarted)
		}
		bystander.wantEnd(t, nil)
		if g.resets != 1 {
			t.Errorf("the group was reset %d times, want once", g.resets)
		}
		wantSizes(t, ps, 1, 0) // a group leaves by itself
		fresh := newReader(t, ps.System())
		ok(t, ps.Subscribe(fresh.Process, "room:1", nil))
		ok(t, ps.Broadcast(event(t, "room:1", "x"), nil))
		fresh.want(t, "x")
		ok(t, run())
	})
}

// A subscriber that is restarted at once, and subscribes while others are still being told, is not told again.
func TestRunAgainTellsEachSubscriberOnce(t *testing.T) {
	forTables(t, func(t *testing.T, ps *pubsub.PubSub) {
		second := &crowd{}
		first := &resetting{f: func() { ps.Join("room:2", second) }}
		for i := range 50 { // whichever table comes first
			ps.Join(fmt.Sprint("room:", i), first)
		}
		ok(t, start(ps)())
		run := start(ps)
		synctest.Wait()
		if second.resets != 0 {
			t.Errorf("a group that joined during the reset was reset %d times", second.resets)
		}
		ok(t, run())
	})
}

type resetting struct {
	crowd
	f func()
}

func (r *resetting) Reset() { r.f() }

func TestRunReportsItsAdapter(t *testing.T) {
	inBubble(t, func(t *testing.T, sys *proc.System) {
		broken := errors.New("no such server")
		for _, c := range []struct {
			err  error
			want string
		}{
			{broken, "pubsub: no such server"},
			{nil, "pubsub: the adapter ended by itself"},
		} {
			ps := pubsub.New(pubsub.Config{System: sys, Adapter: ending{c.err}})
			if err := ps.Run(t.Context()); err == nil || err.Error() != c.want || c.err != nil && !errors.Is(err, c.err) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		}
	})
}

func TestTopicsCountsThoseWithSubscribers(t *testing.T) {
	forTables(t, func(t *testing.T, ps *pubsub.PubSub) {
		a, b := &crowd{}, &crowd{}
		for i := range 100 {
			ps.Join(fmt.Sprint("room:", i), a)
		}
		ps.Join("room:1", b)
		if got := ps.Topics(); got != 100 {
			t.Errorf("got %d topics, want 100", got)
		}
		for i := range 100 {
			ps.Leave(fmt.Sprint("room:", i), a)
		}
		if got := ps.Topics(); got != 1 {
			t.Errorf("got %d topics when one group is left, want 1", got)
		}
		ps.Leave("room:1", b)
		if got := ps.Topics(); got != 0 {
			t.Errorf("got %d topics of nobody", got)
		}
	})
}
