package pubsubtest

import (
	"context"
	"log/slog"
	"reflect"
	"time"

	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
	"github.com/bennu-go/bennu/supervise"
)

// member is a PubSub over an adapter, with one process that subscribed.
type member struct {
	*suite
	ps  *pubsub.PubSub
	p   *proc.Process
	got chan any // what the process was sent
}

type greeting struct{ From string }

type purchase struct {
	ID    int
	Lines []string
	Note  *string
	At    time.Time
}

const (
	room      = "room:1"
	greetings = pubsub.Topic[greeting]("greetings")
	orders    = pubsub.Topic[purchase](room) // values and events on one topic
)

func (s *suite) members(n int) []*member {
	s.t.Helper()
	var all []*member
	for _, a := range s.adapters(n) {
		m := &member{suite: s, got: make(chan any, 1000)}
		all = append(all, m)
		quiet := slog.New(slog.DiscardHandler)
		sys := proc.NewSystem(proc.Config{Logger: quiet})
		s.t.Cleanup(sys.Close)
		m.ps = pubsub.New(pubsub.Config{System: sys, Adapter: a, Logger: quiet}) // under random names
		m.runs()
		var err error
		m.p, err = proc.StartUnsupervised(context.Background(), sys, proc.Server[struct{}]{
			Name: "member",
			Any:  func(_ context.Context, _ *proc.Self[struct{}], msg any) error { m.got <- msg; return nil },
		})
		if err == nil {
			err = greetings.Subscribe(m.ps, m.p)
		}
		if err != nil {
			s.t.Fatal(err)
		}
	}
	s.greet(all)
	for _, m := range all {
		events := func(msg *pubsub.Message) any {
			if msg.Kind == pubsub.Value {
				return nil
			}
			return msg
		}
		if err := m.ps.Subscribe(m.p, room, events); err != nil {
			s.t.Fatal(err)
		}
		if err := orders.Subscribe(m.ps, m.p); err != nil {
			s.t.Fatal(err)
		}
	}
	return all
}

// runs runs the PubSub until the test ends.
func (m *member) runs() {
	m.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- m.ps.Run(supervise.NotifyReady(ctx, func() { close(ready) })) }()
	m.t.Cleanup(func() {
		cancel()
		if err, ok := within(m.patience, ended); !ok || err != nil {
			m.t.Errorf("Run of the PubSub: %v, returned in time: %v", err, ok)
		}
	})
	if _, ok := within(m.patience, ready); !ok {
		m.t.Fatalf("the PubSub was not ready within %v", m.patience)
	}
}

// greet has all broadcast until each has heard of each.
func (s *suite) greet(all []*member) {
	s.t.Helper()
	deadline := time.Now().Add(s.patience)
	for _, m := range all {
		met := map[string]bool{m.ps.Node(): true}
		for len(met) < len(all) {
			if time.Now().After(deadline) {
				s.t.Fatalf("%q has heard of %d others within %v, want %d", m.ps.Node(), len(met)-1, s.patience, len(all)-1)
			}
			for _, other := range all {
				if err := greetings.Broadcast(other.ps, greeting{other.ps.Node()}); err != nil {
					s.t.Fatal(err)
				}
			}
			for {
				msg, ok := within(20*time.Millisecond, m.got)
				if !ok {
					break
				}
				met[msg.(greeting).From] = true
			}
		}
	}
}

// within receives from c, for as long as d.
func within[T any](d time.Duration, c <-chan T) (v T, ok bool) {
	late := time.NewTimer(d)
	defer late.Stop()
	select {
	case v = <-c:
		return v, true
	case <-late.C:
		return v, false
	}
}

// wants compares what the process was sent, up to an event named "end".
func (m *member) wants(want ...any) {
	m.t.Helper()
	got := []any{}
	for {
		msg, ok := within(m.patience, m.got)
		if !ok {
			m.t.Fatalf("%q was sent %v and no end within %v, want %v", m.ps.Node(), got, m.patience, want)
		}
		switch msg := msg.(type) {
		case greeting: // one that was still on its way
			continue
		case *pubsub.Message:
			if msg.Name != "end" {
				got = append(got, msg.Name+string(msg.Payload()))
				continue
			}
			if !reflect.DeepEqual(got, append([]any{}, want...)) {
				m.t.Errorf("%q was sent %v, want %v", m.ps.Node(), got, want)
			}
			return
		default:
			got = append(got, msg)
		}
	}
}

func overPubSub(s *suite) {
	all := s.members(3)
	a, b, c := all[0], all[1], all[2]
	check := func(err error) {
		s.t.Helper()
		if err != nil {
			s.t.Errorf("broadcasting: %v", err)
		}
	}
	event := func(name string) *pubsub.Message {
		m, err := pubsub.NewEvent(room, name, nil)
		check(err)
		return m
	}
	blob, err := pubsub.NewBinaryEvent(room, "blob", []byte{0, 0xff})
	check(err)
	note := "with care"
	o := purchase{ID: 7, Lines: []string{"a", ""}, Note: &note, At: time.Date(2026, 2, 3, 4, 5, 6, 7, time.UTC)}

	check(a.ps.Broadcast(event("to all"), nil))
	check(a.ps.Broadcast(event("to all others"), a.p))
	check(orders.Broadcast(a.ps, o))
	check(orders.BroadcastFrom(a.ps, a.p, purchase{}))
	check(a.ps.LocalBroadcast(event("here"), nil))
	check(orders.LocalBroadcast(a.ps, purchase{ID: 1}))
	check(a.ps.DirectBroadcast(b.ps.Node(), event("to b")))
	check(orders.DirectBroadcast(a.ps, c.ps.Node(), purchase{ID: 2}))
	check(a.ps.DirectBroadcast("nobody", event("to nobody")))
	check(a.ps.DirectBroadcast(a.ps.Node(), event("to a")))
	check(a.ps.Broadcast(blob, nil))
	check(a.ps.Broadcast(event("end"), nil))

	a.wants("to all{}", o, "here{}", purchase{ID: 1}, "to a{}", "blob\x00\xff")
	b.wants("to all{}", "to all others{}", o, purchase{}, "to b{}", "blob\x00\xff")
	c.wants("to all{}", "to all others{}", o, purchase{}, purchase{ID: 2}, "blob\x00\xff")
}
