package pubsubtest

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/bennu-go/bennu/pubsub"
)

// message is an envelope with a name of its own, so that it is known again.
func message(to, topic, name string) pubsub.Envelope {
	return pubsub.Envelope{To: to, Topic: topic, Kind: pubsub.Event, Name: name, Payload: []byte(`{"name":"` + name + `"}`)}
}

// want compares names, in order.
func (n *node) want(got []received, want ...string) {
	n.t.Helper()
	names := []string{}
	for _, r := range got {
		names = append(names, r.Name)
	}
	if !slices.Equal(names, want) {
		n.t.Errorf("%q was handed %.300q, want %.300q", n.name, names, want)
	}
}

func reachesOthers(s *suite) {
	nodes := s.start(3)
	a, b, c := nodes[0], nodes[1], nodes[2]
	a.publish(message("", "room:1", "from a"))
	b.want(b.waitFence(a), "from a")
	c.want(c.waitFence(a), "from a")
	c.publish(message("", "room:1", "from c"))
	a.want(a.waitFence(b, c), "from c") // its own does not come back, not even by way of others
	b.want(b.waitFence(a, c), "from a", "from c")
	c.want(c.waitFence(a, b), "from a")
}

func reachesOne(s *suite) {
	nodes := s.start(3)
	a, b, c := nodes[0], nodes[1], nodes[2]
	a.publish(message(b.name, "room:1", "to b"))
	a.publish(message(c.name, "room:1", "to c"))
	b.want(b.waitFence(a), "to b")
	c.want(c.waitFence(a), "to c")
	a.want(a.waitFence(b, c))
}

func reachesNobody(s *suite) {
	nodes := s.start(2)
	a, b := nodes[0], nodes[1]
	a.publish(message("nobody", "room:1", "lost"))
	a.publish(message(b.name+"x", "room:1", "lost"))
	a.publish(message(b.name[:len(b.name)-1], "room:1", "lost"))
	a.publish(message("*", "room:1", "lost"))
	a.publish(message(">", "room:1", "lost"))
	a.publish(message(b.name, "room:1", "found"))
	b.want(b.waitFence(a), "found")
}

func alone(s *suite) {
	n := s.start(1)[0]
	n.publish(message("", "room:1", "to all"))
	n.publish(message("nobody", "room:1", "to nobody"))
	n.stop()
	n.want(n.received())
}

func notRunning(s *suite) {
	adapters := s.adapters(2)
	early := &node{suite: s, name: "early bird", adapter: adapters[0]}
	early.publish(message("", "room:1", "too early"))
	late := &node{suite: s, name: "late owl", adapter: adapters[1]}
	early.run()
	late.run()
	s.meet([]*node{early, late})
	late.stop()
	late.publish(message("", "room:1", "too late"))
	early.publish(message("", "room:1", "nobody left"))
	early.publish(message(late.name, "room:1", "nobody left"))
	late.run()
	s.meet([]*node{early, late})
	early.want(early.waitFence(late))
	late.want(late.waitFence(early))
}

func arrivesWhole(s *suite) {
	nodes := s.start(2)
	a, b := nodes[0], nodes[1]
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	strange := []string{"", " ", ".", "a.b.*.>", "..", "$SYS.>", "phx:x", "room:é/日本語/😀", "a\x00b", "line\nfeed\r\n", "tab\tquote\"'`\\", "%s%d{}", "-1", "\xff\xfe", "é" /* not composed */ + "é", strings.Repeat("long/", 200)}
	var sent []pubsub.Envelope
	add := func(e pubsub.Envelope) { sent = append(sent, e) }
	for _, text := range strange {
		add(pubsub.Envelope{Topic: text, Kind: pubsub.Event, Name: "n", Payload: []byte("{}")})
		add(pubsub.Envelope{Topic: "t", Kind: pubsub.Value, Name: text, Payload: []byte(text)})
	}
	for _, payload := range [][]byte{nil, {}, {0}, every, []byte("\n"), []byte(" {} "), []byte("null"), bytes.Repeat([]byte{0xff}, 1000)} {
		for _, kind := range []pubsub.Kind{pubsub.Event, pubsub.Binary, pubsub.Value, 0, 200, 255} {
			add(pubsub.Envelope{Topic: "t", Kind: kind, Name: "n", Payload: payload})
		}
	}
	for i, e := range sent {
		if i%2 == 1 {
			e.To = b.name
			sent[i].To = b.name
		}
		a.publish(e)
	}
	got := b.waitFence(a)
	if len(got) != len(sent) {
		s.t.Fatalf("%d envelopes arrived, want %d", len(got), len(sent))
	}
	for i, want := range sent {
		g := got[i]
		if g.From != a.name || g.To != want.To || g.Topic != want.Topic || g.Kind != want.Kind || g.Name != want.Name || !bytes.Equal(g.Payload, want.Payload) {
			want.From = a.name
			s.t.Errorf("envelope %d:\ngot  %.300q\nwant %.300q", i, fmt.Sprintf("%+v", g.Envelope), fmt.Sprintf("%+v", want))
		}
	}
}

func ownsPayloads(s *suite) {
	nodes := s.start(3)
	a := nodes[0]
	buf := make([]byte, 64)
	const n = 100
	for i := range n {
		text := fmt.Appendf(buf[:0], "payload %d", i)
		a.publish(pubsub.Envelope{Topic: "t", Kind: pubsub.Binary, Name: fmt.Sprint(i), Payload: text})
		clear(buf) // the publisher's again
	}
	for _, other := range nodes[1:] { // stop compares what they keep with what they were handed
		got := other.waitFence(a)
		if len(got) != n {
			s.t.Fatalf("%d payloads arrived, want %d", len(got), n)
		}
		for i, r := range got {
			if want := fmt.Sprint("payload ", i); string(r.Payload) != want {
				s.t.Errorf("got payload %q, want %q: was it kept after Publish had returned?", r.Payload, want)
			}
		}
	}
}

func large(s *suite) {
	nodes := s.start(2)
	a, b := nodes[0], nodes[1]
	var want [][]byte
	for i := range 10 {
		size := 10
		if i%2 == 0 {
			size = 100_000
		}
		p := bytes.Repeat([]byte{byte(i), 0, 0xff, '\n'}, size/4)
		want = append(want, p)
		a.publish(pubsub.Envelope{Topic: "t", Kind: pubsub.Binary, Name: fmt.Sprint(i), Payload: p})
	}
	got := b.waitFence(a)
	if len(got) != len(want) {
		s.t.Fatalf("%d payloads arrived, want %d", len(got), len(want))
	}
	for i, r := range got {
		if !bytes.Equal(r.Payload, want[i]) {
			s.t.Errorf("payload %d: got %d bytes that differ from the %d published", i, len(r.Payload), len(want[i]))
		}
	}
}

func manyTopics(s *suite) {
	nodes := s.start(2)
	a, b := nodes[0], nodes[1]
	var want []string
	for i := range 1000 {
		topic := fmt.Sprintf("room:%d", i)
		want = append(want, topic)
		a.publish(message("", topic, topic))
	}
	got := b.waitFence(a)
	b.want(got, want...)
	for _, r := range got {
		if r.Topic != r.Name {
			s.t.Fatalf("%q came on topic %q", r.Name, r.Topic)
		}
	}
}

func order(s *suite) {
	const nodes, publishers, each = 3, 4, 60
	all := s.start(nodes)
	var wg sync.WaitGroup
	for i, n := range all {
		for p := range publishers {
			wg.Go(func() {
				for k := range each {
					e := message("", fmt.Sprintf("topic %d", k%5), fmt.Sprintf("%d/%d/%d", i, p, k))
					if k%7 == 0 { // to one and to all keep one order
						for _, other := range all {
							e.To = other.name
							if other != n && !n.publish(e) {
								return
							}
						}
						continue
					}
					if !n.publish(e) {
						return
					}
				}
			})
		}
	}
	wg.Wait()
	for i, n := range all {
		others := slices.Delete(slices.Clone(all), i, i+1)
		next := make(map[string]int)
		for _, r := range n.waitFence(others...) {
			var from, p, k int
			if _, err := fmt.Sscanf(r.Name, "%d/%d/%d", &from, &p, &k); err != nil {
				s.t.Fatalf("got name %q: %v", r.Name, err)
			}
			publisher := fmt.Sprintf("%d/%d", from, p)
			if k != next[publisher] {
				s.t.Fatalf("%q was handed message %d of publisher %s, want %d", n.name, k, publisher, next[publisher])
			}
			next[publisher]++
		}
		if len(next) != (nodes-1)*publishers {
			s.t.Errorf("%q heard %d publishers, want %d", n.name, len(next), (nodes-1)*publishers)
		}
		for publisher, k := range next {
			if k != each {
				s.t.Errorf("%q was handed %d messages of publisher %s, want %d", n.name, k, publisher, each)
			}
		}
	}
}

func publishesInDeliver(s *suite) {
	adapters := s.adapters(2)
	a := &node{suite: s, name: "ping", adapter: adapters[0]}
	b := &node{suite: s, name: "pong", adapter: adapters[1]}
	const rounds = 50
	answer := func(n *node) func(e pubsub.Envelope) {
		return func(e pubsub.Envelope) {
			if len(e.Name) < rounds {
				if err := n.adapter.Publish(pubsub.Envelope{From: n.name, Topic: "t", Kind: pubsub.Binary, Name: e.Name + "."}); err != nil {
					s.t.Errorf("Publish within deliver: %v", err)
				}
			}
		}
	}
	a.on, b.on = answer(a), answer(b)
	a.run()
	b.run()
	s.meet([]*node{a, b})
	a.publish(pubsub.Envelope{Topic: "t", Kind: pubsub.Binary, Name: "."})
	a.wait("the last answer", func(got []received) bool {
		return slices.ContainsFunc(got, func(r received) bool { return len(r.Name) == rounds })
	})
}

func runsAgain(s *suite) {
	nodes := s.start(3)
	a, b, c := nodes[0], nodes[1], nodes[2]
	for life := range 3 {
		name := fmt.Sprint("life ", life)
		a.publish(message("", "t", name))
		b.publish(message("", "t", name))
		if got := b.waitFence(a); len(got) == 0 || got[len(got)-1].Name != name {
			s.t.Fatalf("%s: %q was handed %s", name, b.name, summary(got))
		}
		a.want(a.waitFence(b), name) // only what was published in this life
		a.stop()
		b.publish(message("", "t", "to who is left"))
		b.publish(message(a.name, "t", "to nobody"))
		a.run()
		s.meet(nodes)
	}
	got := c.waitFence(a, b)
	if len(got) != 9 {
		s.t.Errorf("%q was handed %s, want three messages of each life", c.name, summary(got))
	}
}

func endsInTraffic(s *suite) {
	nodes := s.start(2)
	a, b := nodes[0], nodes[1]
	quit := make(chan struct{})
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			tick := time.NewTicker(time.Millisecond)
			defer tick.Stop()
			for {
				select {
				case <-quit:
					return
				case <-tick.C:
				}
				for range 10 {
					if !a.publish(message("", "t", "traffic")) {
						return
					}
				}
			}
		})
	}
	stopTraffic := sync.OnceFunc(func() { close(quit); wg.Wait() })
	defer stopTraffic() // also when a check below gives up
	for range 3 {
		b.wait("some traffic", func(got []received) bool { return len(got) >= 20 })
		b.stop()
		b.run()
	}
	stopTraffic()
}
