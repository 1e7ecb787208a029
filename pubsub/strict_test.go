package pubsub_test

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
)

type tags struct {
	Names  []string
	hidden int
}

func strictly(t *testing.T, f func(t *testing.T, ps *pubsub.PubSub, r *reader)) {
	t.Helper()
	inBubble(t, func(t *testing.T, sys *proc.System) {
		f(t, pubsub.New(pubsub.Config{System: sys, Strict: true, Logger: quiet}), newReader(t, sys))
	})
}

func wantMutated(t *testing.T, ps *pubsub.PubSub, want ...string) {
	t.Helper()
	synctest.Wait()
	errs := ps.Mutated()
	if len(errs) != len(want) {
		t.Fatalf("got %d errors %v, want %d", len(errs), errs, len(want))
	}
	for i, err := range errs {
		if !strings.Contains(err.Error(), want[i]) {
			t.Errorf("got %q, want an error with %q", err, want[i])
		}
	}
}

// What a value loses on its way to another node it loses on this one too.
func TestStrictShowsWhatDoesNotTravel(t *testing.T) {
	strictly(t, func(t *testing.T, ps *pubsub.PubSub, r *reader) {
		topic := pubsub.Topic[tags]("tags")
		ok(t, topic.Subscribe(ps, r.Process))
		ok(t, topic.Broadcast(ps, tags{Names: []string{"a"}, hidden: 7}))
		ok(t, topic.LocalBroadcast(ps, tags{hidden: 7}))
		r.want(t, "{[a] 0}", "{[] 0}")
		if err := pubsub.Topic[mute]("tags").LocalBroadcast(ps, mute{}); err == nil {
			t.Error("a value that cannot be encoded was published")
		}
		wantMutated(t, ps)
	})
}

func TestStrictGivesEachSubscriberItsOwnCopy(t *testing.T) {
	strictly(t, func(t *testing.T, ps *pubsub.PubSub, r *reader) {
		topic := pubsub.Topic[*tags]("tags")
		var got []*tags
		for range 2 {
			ok(t, topic.SubscribeAs(ps, r.Process, func(v *tags) any { got = append(got, v); return nil }))
		}
		v := &tags{Names: []string{"a"}}
		ok(t, topic.Broadcast(ps, v))
		if len(got) != 2 || got[0] == got[1] || got[0] == v || got[1] == v {
			t.Errorf("got %p and %p of %p, want two copies", got[0], got[1], v)
		}
		wantMutated(t, ps)
	})
}

func TestMutatedByThePublisher(t *testing.T) {
	strictly(t, func(t *testing.T, ps *pubsub.PubSub, r *reader) {
		names := []string{"a"}
		ok(t, pubsub.Topic[tags]("tags").Broadcast(ps, tags{Names: names}))
		ok(t, pubsub.Topic[tags]("tags").Broadcast(ps, tags{Names: []string{"kept"}}))
		wantMutated(t, ps)
		names[0] = "changed"
		wantMutated(t, ps, `a pubsub_test.tags published on "tags" was changed afterwards`)
	})
}

func TestMutatedByASubscriber(t *testing.T) {
	strictly(t, func(t *testing.T, ps *pubsub.PubSub, r *reader) {
		topic := pubsub.Topic[map[string]int]("counts")
		ok(t, topic.Subscribe(ps, r.Process))
		ok(t, topic.SubscribeAs(ps, r.Process, func(v map[string]int) any { v["b"] = 2; return nil }))
		ok(t, topic.Broadcast(ps, map[string]int{"a": 1}))
		r.want(t, "map[a:1]")
		wantMutated(t, ps, `(was "{\"a\":1}", is "{\"a\":1,\"b\":2}")`)
	})
}

// A type whose bytes differ from those it was decoded from is not taken for changed.
func TestMutatedComparesWithTheValueAsItWasDecoded(t *testing.T) {
	strictly(t, func(t *testing.T, ps *pubsub.PubSub, r *reader) {
		ok(t, pubsub.Topic[lower]("t").Subscribe(ps, r.Process))
		ok(t, pubsub.Topic[lower]("t").Broadcast(ps, lower{"ABC"}))
		r.want(t, `{json "abc"}`)
		wantMutated(t, ps)
	})
}

func TestStrictForgetsOldValues(t *testing.T) {
	strictly(t, func(t *testing.T, ps *pubsub.PubSub, r *reader) {
		old := tags{Names: []string{"old"}}
		ok(t, pubsub.Topic[tags]("t").Broadcast(ps, old))
		for range 10_000 {
			ok(t, pubsub.Topic[tags]("t").Broadcast(ps, tags{Names: []string{"new"}}))
		}
		old.Names[0] = "changed"
		wantMutated(t, ps)
	})
}
