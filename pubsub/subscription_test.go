package pubsub_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
)

func TestSubscribeAndUnsubscribe(t *testing.T) {
	forTables(t, func(t *testing.T, ps *pubsub.PubSub) {
		a, b := newReader(t, ps.System()), newReader(t, ps.System())
		ok(t, ps.Broadcast(event(t, "room:1", "before"), nil))
		ok(t, ps.Subscribe(a.Process, "room:1", nil))
		ok(t, ps.Subscribe(b.Process, "room:1", nil))
		ok(t, ps.Broadcast(event(t, "room:1", "to both"), nil))
		a.want(t, "to both")
		b.want(t, "to both")
		ps.Unsubscribe(a.Process, "room:1")
		ok(t, ps.Broadcast(event(t, "room:1", "to b"), nil))
		a.want(t)
		b.want(t, "to b")
		ok(t, ps.Subscribe(a.Process, "room:1", nil))
		ok(t, ps.Broadcast(event(t, "room:1", "again"), nil))
		a.want(t, "again")
		b.want(t, "again")
		wantSizes(t, ps, 2, 2)
	})
}

func TestUnsubscribeWhenNotSubscribed(t *testing.T) {
	forTables(t, func(t *testing.T, ps *pubsub.PubSub) {
		a, b := newReader(t, ps.System()), newReader(t, ps.System())
		ps.Unsubscribe(a.Process, "room:1")
		ok(t, ps.Subscribe(b.Process, "room:1", nil))
		ok(t, ps.Subscribe(a.Process, "room:2", nil))
		ps.Unsubscribe(a.Process, "room:1")
		ps.Unsubscribe(a.Process, "room:3")
		ok(t, ps.Broadcast(event(t, "room:1", "1"), nil))
		ok(t, ps.Broadcast(event(t, "room:2", "2"), nil))
		a.want(t, "2")
		b.want(t, "1")
	})
}

func TestDuplicateSubscriptionsGetDuplicateMessages(t *testing.T) {
	forTables(t, func(t *testing.T, ps *pubsub.PubSub) {
		a, b := newReader(t, ps.System()), newReader(t, ps.System())
		for i := range 3 {
			ok(t, ps.Subscribe(a.Process, "room:1", func(m *pubsub.Message) any { return "a" }))
			if i < 2 {
				ok(t, ps.Subscribe(b.Process, "room:1", func(m *pubsub.Message) any { return "b" }))
			}
		}
		ok(t, ps.Broadcast(event(t, "room:1", "x"), nil))
		a.want(t, "a", "a", "a")
		b.want(t, "b", "b")
		ok(t, ps.Broadcast(event(t, "room:1", "x"), b.Process)) // leaves all of b's out
		a.want(t, "a", "a", "a")
		b.want(t)
		ps.Unsubscribe(a.Process, "room:1") // takes all of a's
		ok(t, ps.Broadcast(event(t, "room:1", "x"), nil))
		a.want(t)
		b.want(t, "b", "b")
		ps.Unsubscribe(b.Process, "room:1")
		wantSizes(t, ps, 0, 0)
	})
}

func TestSubscriptionEndsWithItsProcess(t *testing.T) {
	forTables(t, func(t *testing.T, ps *pubsub.PubSub) {
		a, b := newReader(t, ps.System()), newReader(t, ps.System())
		for i := range 5 {
			topic := fmt.Sprint("room:", i)
			for range 2 {
				ok(t, ps.Subscribe(a.Process, topic, nil))
			}
			ok(t, ps.Subscribe(b.Process, topic, nil))
			ok(t, ps.Subscribe(a.Process, topic, nil))
		}
		wantSizes(t, ps, 20, 20)
		a.Exit(nil)
		a.wantEnd(t, proc.ErrNormal)
		wantSizes(t, ps, 5, 5)
		if err := ps.Subscribe(a.Process, "room:1", nil); err != proc.ErrNoProcess {
			t.Errorf("subscribing a process that has ended: %v, want ErrNoProcess", err)
		}
		ps.Unsubscribe(a.Process, "room:1")
		wantSizes(t, ps, 5, 5)
		ok(t, ps.Broadcast(event(t, "room:1", "x"), nil))
		b.want(t, "x")
		b.Exit(proc.ErrKilled)
		synctest.Wait()
		wantSizes(t, ps, 0, 0)
	})
}

func TestUnsubscribeLeavesNoWatchBehind(t *testing.T) {
	forTables(t, func(t *testing.T, ps *pubsub.PubSub) {
		a := newReader(t, ps.System())
		before := a.Info().Watchers
		for range 100 {
			ok(t, ps.Subscribe(a.Process, "room:1", nil))
			ok(t, ps.Subscribe(a.Process, "room:1", nil))
			ps.Unsubscribe(a.Process, "room:1")
		}
		if n := a.Info().Watchers; n != before {
			t.Errorf("got %d watches on the process, want %d", n, before)
		}
	})
}

// Wrap is Phoenix's dispatcher: a say in what each subscriber gets.
func TestWrap(t *testing.T) {
	forTables(t, func(t *testing.T, ps *pubsub.PubSub) {
		a := newReader(t, ps.System())
		ok(t, ps.Subscribe(a.Process, "room:1", func(m *pubsub.Message) any {
			if m.Name == "typing" {
				return nil
			}
			return strings.ToUpper(m.Name)
		}))
		for _, name := range []string{"new", "typing", "gone"} {
			ok(t, ps.Broadcast(event(t, "room:1", name), nil))
		}
		a.want(t, "NEW", "GONE")
	})
}

// A function of a subscriber that panics ends the subscriber, though it runs on the publisher's goroutine.
func TestWrapThatPanicsEndsItsProcessOnly(t *testing.T) {
	forTables(t, func(t *testing.T, ps *pubsub.PubSub) {
		bad, good := newReader(t, ps.System()), newReader(t, ps.System())
		ok(t, ps.Subscribe(bad.Process, "room:1", func(m *pubsub.Message) any { panic("boom") }))
		ok(t, ps.Subscribe(good.Process, "room:1", nil))
		ok(t, ps.Broadcast(event(t, "room:1", "x"), nil))
		good.want(t, "x")
		good.wantEnd(t, nil)
		var pe *proc.PanicError
		if !asPanic(bad, &pe) || pe.Value != "boom" || !strings.Contains(string(pe.Stack), "TestWrapThatPanics") {
			t.Errorf("the process ended with %v, want a PanicError with its stack", bad.end)
		}
		wantSizes(t, ps, 1, 1)
	})
}

// What a delivery leads to may publish, subscribe and unsubscribe, also on the same topic.
func TestPublishingWithinADelivery(t *testing.T) {
	forTables(t, func(t *testing.T, ps *pubsub.PubSub) {
		a, b := newReader(t, ps.System()), newReader(t, ps.System())
		depth := 0
		ok(t, ps.Subscribe(a.Process, "room:1", func(m *pubsub.Message) any {
			if depth++; depth < 4 {
				ok(t, ps.Broadcast(event(t, "room:1", fmt.Sprint(depth)), nil))
				ok(t, ps.Subscribe(b.Process, fmt.Sprint("other:", depth), nil))
				ps.Unsubscribe(b.Process, "room:1")
			}
			return m
		}))
		ok(t, ps.Subscribe(b.Process, "room:1", nil))
		ok(t, ps.Broadcast(event(t, "room:1", "0"), nil))
		a.want(t, "3", "2", "1", "0")
		wantSizes(t, ps, 4, 4)
	})
}

func TestProcessGetsItsOwnBroadcast(t *testing.T) {
	forTables(t, func(t *testing.T, ps *pubsub.PubSub) {
		a := newReader(t, ps.System())
		ok(t, ps.Subscribe(a.Process, "room:1", nil))
		ok(t, a.Do(t.Context(), func() { ok(t, ps.Broadcast(event(t, "room:1", "own"), nil)) }))
		a.want(t, "own")
	})
}

func TestFullMailboxEndsTheSubscriberAndNobodyElse(t *testing.T) {
	forTables(t, func(t *testing.T, ps *pubsub.PubSub) {
		hold := make(chan struct{})
		slow, quick := newReaderOf(t, ps.System(), 3, hold), newReader(t, ps.System())
		ok(t, ps.Subscribe(slow.Process, "room:1", nil))
		ok(t, ps.Subscribe(quick.Process, "room:1", nil))
		var want []string
		for i := range 4 { // one is being handled, three wait
			want = append(want, fmt.Sprint(i))
			ok(t, ps.Broadcast(event(t, "room:1", fmt.Sprint(i)), nil))
			synctest.Wait()
		}
		slow.wantEnd(t, nil)
		ok(t, ps.Broadcast(event(t, "room:1", "one too many"), nil))
		slow.wantEnd(t, proc.ErrOverloaded)
		ok(t, ps.Broadcast(event(t, "room:1", "after"), nil))
		quick.want(t, append(want, "one too many", "after")...)
		quick.wantEnd(t, nil)
		wantSizes(t, ps, 1, 1)
		close(hold)
	})
}
