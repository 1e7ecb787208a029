package pubsub_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
	"github.com/bennu-go/bennu/pubsub/pubsubtest"
	"github.com/bennu-go/bennu/supervise/supervisetest"
)

type created struct {
	ID    int
	Lines []string
}

type cancelled struct{ ID int }

// point has a binary form with a value receiver for one half and a pointer receiver for the other, as is usual.
type point struct{ x, y uint16 }

func (p point) MarshalBinary() ([]byte, error) {
	return binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(nil, p.x), p.y), nil
}

func (p *point) UnmarshalBinary(b []byte) error {
	if len(b) != 4 {
		return errors.New("a point has four bytes")
	}
	p.x, p.y = binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
	clear(b) // ours, by the contract of UnmarshalBinary to copy what it keeps
	return nil
}

// both has both halves on the pointer.
type both struct{ n byte }

func (b *both) MarshalBinary() ([]byte, error)   { return []byte{b.n}, nil }
func (b *both) UnmarshalBinary(p []byte) error   { b.n = p[0]; return nil }
func (b *both) MarshalJSON() ([]byte, error)     { panic("has a binary form") }
func (h *half) MarshalBinary() ([]byte, error)   { panic("cannot be read again") }
func (l *lower) MarshalJSON() ([]byte, error)    { return []byte(`"` + strings.ToLower(l.S) + `"`), nil }
func (l *lower) UnmarshalJSON(p []byte) error    { l.S = "json " + string(p); return nil }
func (b bomb) MarshalBinary() ([]byte, error)    { return []byte{1}, nil }
func (b *bomb) UnmarshalBinary(p []byte) error   { panic("boom") }
func (m mute) MarshalBinary() ([]byte, error)    { return nil, errors.New("mute") }
func (m *mute) UnmarshalBinary(p []byte) error   { return nil }
func (e nothing) MarshalBinary() ([]byte, error) { return nil, nil }
func (e *nothing) UnmarshalBinary(p []byte) error {
	e.decoded = len(p) == 0
	return nil
}

type (
	half        struct{ N int }
	lower       struct{ S string }
	bomb        struct{}
	mute        struct{}
	nothing     struct{ decoded bool }
	list        []string
	pair[T any] struct{ A, B T }
)

// roundTrip publishes v on one node and returns what a process on another gets.
func roundTrip[T any](t *testing.T, v T) (got T) {
	t.Helper()
	inBubble(t, func(t *testing.T, sys *proc.System) {
		ns := newNodes(t, sys, 1, 1)
		topic := pubsub.Topic[T]("values")
		n := 0
		ok(t, topic.SubscribeAs(ns.ps[1], ns.readers[1].Process, func(v T) any { got = v; n++; return nil }))
		ok(t, topic.Broadcast(ns.ps[0], v))
		synctest.Wait()
		if n != 1 {
			t.Errorf("a %T arrived %d times, want once", v, n)
		}
	})
	return got
}

func TestTopicValuesBetweenNodes(t *testing.T) {
	same := func(t *testing.T, got, want any) {
		t.Helper()
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %#v, want %#v", got, want)
		}
	}
	u, err := url.Parse("https://example.org/a?b=c#d")
	ok(t, err)
	at := time.Date(2026, 2, 3, 4, 5, 6, 7, time.UTC)
	for name, f := range map[string]func(t *testing.T){
		"struct":              func(t *testing.T) { same(t, roundTrip(t, created{1, []string{"a"}}), created{1, []string{"a"}}) },
		"nil slice stays nil": func(t *testing.T) { same(t, roundTrip(t, created{}), created{}) },
		"empty slice stays":   func(t *testing.T) { same(t, roundTrip(t, created{Lines: []string{}}), created{Lines: []string{}}) },
		"pointer":             func(t *testing.T) { same(t, roundTrip(t, &created{ID: 1}), &created{ID: 1}) },
		"nil pointer":         func(t *testing.T) { same(t, roundTrip(t, (*created)(nil)), (*created)(nil)) },
		"string":              func(t *testing.T) { same(t, roundTrip(t, "é\x00"), "é\x00") },
		"bytes":               func(t *testing.T) { same(t, roundTrip(t, []byte("\xff\x00")), []byte("\xff\x00")) },
		"number":              func(t *testing.T) { same(t, roundTrip(t, uint64(1<<63+1)), uint64(1<<63+1)) },
		"duration":            func(t *testing.T) { same(t, roundTrip(t, 3*time.Second), 3*time.Second) },
		"map":                 func(t *testing.T) { same(t, roundTrip(t, map[string]int{"a": 1}), map[string]int{"a": 1}) },
		"named slice":         func(t *testing.T) { same(t, roundTrip(t, list{"a"}), list{"a"}) },
		"generic": func(t *testing.T) {
			same(t, roundTrip(t, pair[created]{A: created{ID: 1}}), pair[created]{A: created{ID: 1}})
		},
		"unnamed struct":         func(t *testing.T) { same(t, roundTrip(t, struct{ N int }{1}), struct{ N int }{1}) },
		"binary":                 func(t *testing.T) { same(t, roundTrip(t, point{1, 65535}), point{1, 65535}) },
		"binary, by pointer":     func(t *testing.T) { same(t, roundTrip(t, &point{1, 2}), &point{1, 2}) },
		"binary, all on pointer": func(t *testing.T) { same(t, roundTrip(t, both{7}), both{7}) },
		"binary, pointer to it":  func(t *testing.T) { same(t, roundTrip(t, &both{7}), &both{7}) },
		"binary of no bytes":     func(t *testing.T) { same(t, roundTrip(t, nothing{}), nothing{true}) },
		"half a binary form":     func(t *testing.T) { same(t, roundTrip(t, half{3}), half{3}) },
		"half, by pointer":       func(t *testing.T) { same(t, roundTrip(t, &half{3}), &half{3}) },
		"JSON of its own":        func(t *testing.T) { same(t, roundTrip(t, lower{"ABC"}), lower{`json "abc"`}) },
		"time":                   func(t *testing.T) { same(t, roundTrip(t, at), at) },
		"url":                    func(t *testing.T) { same(t, roundTrip(t, *u), *u) },
		"pointer to url":         func(t *testing.T) { same(t, roundTrip(t, u), u) },
	} {
		t.Run(name, f)
	}
}

func TestTopicsOfSeveralTypesOnOneName(t *testing.T) {
	inBubble(t, func(t *testing.T, sys *proc.System) {
		ns := newNodes(t, sys, 4, 4)
		made, gone, byPointer := pubsub.Topic[created]("orders"), pubsub.Topic[cancelled]("orders"), pubsub.Topic[*created]("orders")
		var a, b, c []*reader
		for _, ps := range ns.ps {
			a, b, c = append(a, newReader(t, sys)), append(b, newReader(t, sys)), append(c, newReader(t, sys))
			n := len(a) - 1
			ok(t, made.Subscribe(ps, a[n].Process))
			ok(t, gone.Subscribe(ps, b[n].Process))
			ok(t, made.Subscribe(ps, b[n].Process))
			ok(t, byPointer.SubscribeAs(ps, c[n].Process, func(v *created) any { return fmt.Sprint("pointer ", v.ID) }))
		}
		ok(t, made.Broadcast(ns.ps[0], created{ID: 1}))
		ok(t, gone.Broadcast(ns.ps[0], cancelled{1}))
		ok(t, byPointer.Broadcast(ns.ps[0], &created{ID: 2}))
		ok(t, ns.ps[0].Broadcast(event(t, "orders", "created"), nil)) // an event is no value
		for i := range ns.ps {
			a[i].want(t, "{1 []}")
			b[i].want(t, "{1 []}", "{1}")
			c[i].want(t, "pointer 2")
		}
		gone.Unsubscribe(ns.ps[0], b[0].Process) // all of them
		ok(t, made.Broadcast(ns.ps[0], created{ID: 3}))
		b[0].want(t)
		b[1].want(t, "{3 []}")
	})
}

func TestTopicTargets(t *testing.T) {
	inBubble(t, func(t *testing.T, sys *proc.System) {
		ns := newNodes(t, sys, 4, 4, 4)
		topic := pubsub.Topic[int]("numbers")
		for i, r := range ns.readers {
			ok(t, topic.Subscribe(ns.ps[i], r.Process))
		}
		me := ns.readers[0].Process
		ok(t, topic.Broadcast(ns.ps[0], 1))
		ok(t, topic.BroadcastFrom(ns.ps[0], me, 2))
		ok(t, topic.LocalBroadcast(ns.ps[0], 3))
		ok(t, topic.LocalBroadcastFrom(ns.ps[0], me, 4))
		ok(t, topic.LocalBroadcastFrom(ns.ps[0], ns.readers[1].Process, 5))
		ok(t, topic.DirectBroadcast(ns.ps[0], "n1", 6))
		ok(t, topic.DirectBroadcast(ns.ps[0], "n0", 7))
		ok(t, topic.DirectBroadcast(ns.ps[0], "n9", 8))
		ns.want(t, "1 3 5 7", "1 2 6", "1 2")
	})
}

// On one node all subscribers share the value; one that came as bytes is decoded once for all of them.
func TestSubscribersShareAValue(t *testing.T) {
	inBubble(t, func(t *testing.T, sys *proc.System) {
		ns := newNodes(t, sys, 1, 1)
		topic := pubsub.Topic[*created]("orders")
		got := make([][]*created, 2)
		for i, ps := range ns.ps {
			for range 3 {
				ok(t, topic.SubscribeAs(ps, ns.readers[i].Process, func(v *created) any { got[i] = append(got[i], v); return nil }))
			}
		}
		v := &created{ID: 1}
		ok(t, topic.Broadcast(ns.ps[0], v))
		synctest.Wait()
		if g := got[0]; len(g) != 3 || g[0] != v || g[1] != v || g[2] != v {
			t.Errorf("on the publisher's node: got %v, want the value itself three times", g)
		}
		if g := got[1]; len(g) != 3 || g[0] == v || g[0] == nil || g[1] != g[0] || g[2] != g[0] {
			t.Errorf("on the other node: got %v, want one copy three times", g)
		}
	})
}

func TestTopicRefusesWhatCannotTravel(t *testing.T) {
	inBubble(t, func(t *testing.T, sys *proc.System) {
		alone := pubsub.New(pubsub.Config{System: sys})
		ns := newNodes(t, sys, 1)
		r := newReader(t, sys)
		for name, c := range map[string]struct {
			err  error
			want string
		}{
			"broadcast of an interface":    {pubsub.Topic[any]("t").Broadcast(alone, 1), "an interface does not say as what"},
			"subscription to an interface": {pubsub.Topic[error]("t").Subscribe(alone, r.Process), "an interface does not say as what"},
			"SubscribeAs to an interface":  {pubsub.Topic[fmt.Stringer]("t").SubscribeAs(alone, r.Process, nil), "Topic[fmt.Stringer]"},
			"encoding error":               {pubsub.Topic[mute]("t").Broadcast(ns.ps[0], mute{}), "pubsub: encoding a pubsub_test.mute: mute"},
			"no encoding":                  {pubsub.Topic[chan int]("t").Broadcast(ns.ps[0], nil), "pubsub: encoding a chan int: "},
			"nil pointer in binary":        {pubsub.Topic[*point]("t").Broadcast(ns.ps[0], nil), "a nil pointer has no binary form"},
		} {
			if c.err == nil || !strings.Contains(c.err.Error(), c.want) {
				t.Errorf("%s: got %v, want an error with %q", name, c.err, c.want)
			}
		}
		ok(t, pubsub.Topic[mute]("t").Broadcast(alone, mute{})) // nobody has to encode it
		ok(t, pubsub.Topic[mute]("t").LocalBroadcast(ns.ps[0], mute{}))
		wantSizes(t, alone, 0, 0)
	})
}

// What another node sent and cannot be decoded is dropped with a line, once, whoever subscribed; also if decoding panics.
func TestValueThatCannotBeDecodedIsDropped(t *testing.T) {
	inBubble(t, func(t *testing.T, sys *proc.System) {
		var log bytes.Buffer
		cluster := pubsubtest.NewCluster()
		ps := pubsub.New(pubsub.Config{System: sys, Node: "here", Adapter: cluster.Adapter(), Logger: slog.New(slog.NewTextHandler(&log, nil))})
		supervisetest.Start(t, ps)
		r := newReader(t, sys)
		for range 3 {
			ok(t, pubsub.Topic[created]("t").Subscribe(ps, r.Process))
			ok(t, pubsub.Topic[bomb]("t").Subscribe(ps, r.Process))
			ok(t, pubsub.Topic[point]("t").Subscribe(ps, r.Process))
		}
		const pkg = "github.com/bennu-go/bennu/pubsub_test."
		send := func(name, payload string) {
			ps.Receive(pubsub.Envelope{From: "there", Topic: "t", Kind: pubsub.Value, Name: pkg + name, Payload: []byte(payload)})
		}
		send("created", `{"ID":"no number"}`)
		send("created", ``)
		send("bomb", "\x01")
		send("point", "\x01")
		send("unknown", "{}") // nobody here has this type
		send("created", `{"ID":4,"New":true}`)
		r.want(t, "{4 []}", "{4 []}", "{4 []}")
		r.wantEnd(t, nil)
		for _, want := range []string{"no number", "unexpected end", "panic: boom", "four bytes"} {
			if want == "no number" {
				want = "cannot unmarshal string"
			}
			if n := strings.Count(log.String(), want); n != 1 {
				t.Errorf("got %d lines with %q, want one:\n%s", n, want, &log)
			}
		}
		if n := strings.Count(log.String(), "\n"); n != 4 {
			t.Errorf("got %d lines, want 4:\n%s", n, &log)
		}
	})
}

func TestLinesAboutDroppedMessagesAreBounded(t *testing.T) {
	inBubble(t, func(t *testing.T, sys *proc.System) {
		var log bytes.Buffer
		ps := pubsub.New(pubsub.Config{System: sys, Logger: slog.New(slog.NewTextHandler(&log, nil))})
		flood := func(n int) (lines int) {
			log.Reset()
			for range n {
				ps.Receive(pubsub.Envelope{From: "there", Topic: "t", Kind: pubsub.Event, Name: "e", Payload: []byte("[]")})
			}
			return strings.Count(log.String(), "\n")
		}
		if n := flood(1000); n != pubsub.DroppedBurst {
			t.Errorf("got %d lines, want %d", n, pubsub.DroppedBurst)
		}
		time.Sleep(pubsub.DroppedWindow)
		if n := flood(1); n != 0 {
			t.Errorf("got %d lines at the end of the window, want none", n)
		}
		time.Sleep(time.Second)
		if n := flood(2); n != 2 || !strings.Contains(log.String(), "suppressed=991") {
			t.Errorf("got %d lines after the window, want 2 and what was suppressed:\n%s", n, &log)
		}
	})
}

// A message that came as a value can be handed on, to others here and elsewhere.
func TestReceivedMessageCanBePublishedAgain(t *testing.T) {
	inBubble(t, func(t *testing.T, sys *proc.System) {
		ns := newNodes(t, sys, 1, 1)
		other := newReader(t, sys)
		topic := pubsub.Topic[created]("orders")
		ok(t, topic.Subscribe(ns.ps[1], other.Process))
		again := newReader(t, sys)
		ok(t, ns.ps[0].Subscribe(again.Process, "orders", func(m *pubsub.Message) any {
			ok(t, ns.ps[0].DirectBroadcast("n1", m))
			return nil
		}))
		ok(t, topic.LocalBroadcast(ns.ps[0], created{ID: 5}))
		other.want(t, "{5 []}")
	})
}
