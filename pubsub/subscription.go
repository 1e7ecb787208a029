package pubsub

import (
	"errors"
	"slices"

	"github.com/bennu-go/bennu/proc"
)

// errRestarted ends the subscribers of a PubSub that restarted, so that they subscribe anew.
var errRestarted = errors.New("pubsub: restarted, subscriptions are gone")

// subscription is a group of one process.
type subscription struct {
	p     *proc.Process
	index int                  // in the topic's groups
	wrap  func(m *Message) any // what the process gets; nil result: nothing
	stop  func()               // takes the watch on p back
}

func (s *subscription) Deliver(m *Message, from *proc.Process) {
	if s.p == from {
		return
	}
	if msg := s.wrap(m); msg != nil {
		s.p.Deliver(msg)
	}
}

func (s *subscription) Reset() { s.p.Exit(errRestarted) }

// Subscribe has messages of topic put into p's mailbox until p ends or unsubscribes. wrap makes of a message what p gets, or nil for nothing; it runs
// in the publisher's goroutine and must not block. A nil wrap gives the *Message itself. Two subscriptions give two messages. It returns
// proc.ErrNoProcess if p has ended. Values are subscribed to more comfortably by [Topic].
func (ps *PubSub) Subscribe(p *proc.Process, topic string, wrap func(m *Message) any) error {
	if wrap == nil {
		wrap = func(m *Message) any { return m }
	}
	s := &subscription{p: p, wrap: wrap}
	t := ps.table(topic)
	key := subKey{p, topic}
	t.mu.Lock()
	t.addLocked(topic, s)
	if t.subs == nil {
		t.subs = make(map[subKey][]*subscription)
	}
	t.subs[key] = append(t.subs[key], s)
	t.mu.Unlock()
	dead := false
	stop := p.Watch(func(reason error) {
		dead = reason == proc.ErrNoProcess // only then called before Watch returns
		t.drop(key, s)
	})
	if dead {
		return proc.ErrNoProcess
	}
	t.mu.Lock()
	s.stop = stop
	t.mu.Unlock()
	return nil
}

// Unsubscribe ends all of p's subscriptions to topic. It is no error if there are none.
func (ps *PubSub) Unsubscribe(p *proc.Process, topic string) {
	t := ps.table(topic)
	for {
		t.mu.RLock()
		subs := t.subs[subKey{p, topic}]
		t.mu.RUnlock()
		if len(subs) == 0 {
			return
		}
		t.drop(subKey{p, topic}, subs[0])
	}
}

func (t *table) drop(key subKey, s *subscription) {
	t.mu.Lock()
	subs := t.subs[key]
	i := slices.Index(subs, s)
	if i < 0 {
		t.mu.Unlock()
		return
	}
	t.removeAtLocked(key.topic, s.index)
	if len(subs) == 1 {
		delete(t.subs, key)
	} else {
		t.subs[key] = slices.Delete(slices.Clone(subs), i, i+1)
	}
	stop := s.stop
	t.mu.Unlock()
	if stop != nil {
		stop()
	}
}
