package pubsub

import (
	"slices"
	"sync"

	"github.com/bennu-go/bennu/proc"
)

// A Group is what PubSub knows of subscribers: one process, or all connections of a transport shard that joined a topic.
// Groups are compared by ==.
type Group interface {
	// Deliver hands m to every member but from (nil: to all). It is called on the publisher's goroutine, by several publishers at once, and once or so
	// after Leave by those that were under way. It must not block.
	Deliver(m *Message, from *proc.Process)
	// Reset says that the PubSub has restarted: what other nodes sent meanwhile is lost, so the members must end and subscribe again. The group stays
	// in its topics until it leaves them.
	Reset()
}

// table is a part of the topics, chosen by hash.
type table struct {
	mu     sync.RWMutex // guards the fields below, and the subscriptions'; Deliver is called without it
	topics map[string][]Group
	subs   map[subKey][]*subscription
}

type subKey struct {
	p     *proc.Process
	topic string
}

func (t *table) add(topic string, g Group) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.addLocked(topic, g)
}

func (t *table) addLocked(topic string, g Group) {
	if t.topics == nil {
		t.topics = make(map[string][]Group)
	}
	if s, ok := g.(*subscription); ok {
		s.index = len(t.topics[topic])
	}
	t.topics[topic] = append(t.topics[topic], g)
}

func (t *table) remove(topic string, g Group) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if i := slices.Index(t.topics[topic], g); i >= 0 {
		t.removeAtLocked(topic, i)
	}
}

func (t *table) removeAtLocked(topic string, i int) {
	groups := t.topics[topic]
	last := len(groups) - 1
	if i != last {
		groups[i] = groups[last]
		if s, ok := groups[i].(*subscription); ok {
			s.index = i
		}
	}
	groups[last] = nil
	switch {
	case last == 0:
		delete(t.topics, topic)
		return
	case cap(groups) > 64 && last < cap(groups)/4: // a crowd that has gone leaves no hall behind
		groups = append(make([]Group, 0, 2*last), groups...)
	}
	t.topics[topic] = groups[:last]
}

// deliver hands m to the topic's groups as they are now, copied, so that no lock is held meanwhile.
func (t *table) deliver(m *Message, from *proc.Process, copies *sync.Pool) {
	t.mu.RLock()
	groups := t.topics[m.Topic]
	switch len(groups) {
	case 0:
		t.mu.RUnlock()
		return
	case 1:
		g := groups[0]
		t.mu.RUnlock()
		g.Deliver(m, from)
		return
	}
	copied, _ := copies.Get().(*[]Group)
	if copied == nil {
		copied = new([]Group)
	}
	*copied = append((*copied)[:0], groups...)
	t.mu.RUnlock()
	for i, g := range *copied {
		g.Deliver(m, from)
		(*copied)[i] = nil
	}
	if cap(*copied) <= 1<<16 {
		copies.Put(copied)
	}
}

// groups returns all groups, one that is in many topics many times.
func (t *table) groups() (all []Group) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	for _, gs := range t.topics {
		all = append(all, gs...)
	}
	return all
}
