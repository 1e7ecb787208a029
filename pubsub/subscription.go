package pubsub

import (
	"errors"
	"runtime/debug"
	"slices"

	"github.com/bennu-go/bennu/proc"
)

// ErrRestarted ends the subscribers of a PubSub that was restarted, so that they subscribe anew: what other nodes sent meanwhile is lost.
var ErrRestarted = errors.New("pubsub: restarted, messages may be lost")

// subscription is a group of one process.
type subscription struct {
	table *table
	topic string
	p     *proc.Process
	wrap  func(m *Message) any // what the process gets; nil result: nothing
	index int                  // in the topic's groups
	gone  bool                 // taken out, or never to be put in
	stop  func()               // takes the watch on p back
}

// Deliver recovers, because wrap is the subscriber's code on the publisher's goroutine, which may even be the adapter's: it is the subscriber that ends.
func (s *subscription) Deliver(m *Message, from *proc.Process) {
	if s.p == from {
		return
	}
	defer func() {
		if v := recover(); v != nil {
			s.p.Exit(&proc.PanicError{Value: v, Stack: debug.Stack()})
		}
	}()
	if msg := s.wrap(m); msg != nil {
		s.p.Deliver(msg)
	}
}

func (s *subscription) Reset() { s.p.Exit(ErrRestarted) }

// Subscribe has messages of topic put into p's mailbox until p ends or unsubscribes. wrap makes of a message what p gets, or nil for nothing; it runs
// in the publisher's goroutine and must not block; it may publish; if it panics, p ends as if it had panicked itself. A nil wrap gives the *Message itself. Two
// subscriptions give two messages. It returns proc.ErrNoProcess if p has ended. Values are subscribed to more comfortably by [Topic].
func (ps *PubSub) Subscribe(p *proc.Process, topic string, wrap func(m *Message) any) error {
	if wrap == nil {
		wrap = func(m *Message) any { return m }
	}
	t := ps.table(topic)
	s := &subscription{table: t, topic: topic, p: p, wrap: wrap}
	stop := p.Watch(s.ended) // first, so that no subscription outlives p
	t.mu.Lock()
	defer t.mu.Unlock()
	if s.gone {
		return proc.ErrNoProcess
	}
	s.stop = stop
	t.addLocked(topic, s)
	if t.subs == nil {
		t.subs = make(map[subKey][]*subscription)
	}
	key := subKey{p, topic}
	t.subs[key] = append(t.subs[key], s)
	return nil
}

// Unsubscribe ends all of p's subscriptions to topic. It is no error if there are none.
func (ps *PubSub) Unsubscribe(p *proc.Process, topic string) {
	t := ps.table(topic)
	key := subKey{p, topic}
	t.mu.Lock()
	subs := t.subs[key]
	delete(t.subs, key)
	for _, s := range subs {
		s.gone = true
		t.removeAtLocked(topic, s.index)
	}
	t.mu.Unlock()
	for _, s := range subs {
		s.stop()
	}
}

// ended is called when p has.
func (s *subscription) ended(error) {
	t := s.table
	t.mu.Lock()
	defer t.mu.Unlock()
	if s.gone {
		return
	}
	s.gone = true
	key := subKey{s.p, s.topic}
	i := slices.Index(t.subs[key], s)
	if i < 0 { // not in yet, and now it never will be
		return
	}
	t.removeAtLocked(s.topic, s.index)
	if len(t.subs[key]) == 1 {
		delete(t.subs, key)
		return
	}
	t.subs[key] = slices.Delete(t.subs[key], i, i+1)
}
