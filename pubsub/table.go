package pubsub

import (
	"sync"

	"github.com/bennu-go/bennu/proc"
)

// A Group is what PubSub knows of subscribers: one process, or all connections of a transport shard that joined a topic.
// Groups are compared by ==.
type Group interface {
	// Deliver hands m to every member but from (nil: to all). It must not block and must not call back into the PubSub.
	Deliver(m *Message, from *proc.Process)
	// Reset says that the PubSub has restarted and forgotten the group: its members must end, so that they subscribe again.
	Reset()
}

// table is a part of the topics, chosen by hash.
type table struct {
	mu     sync.RWMutex // guards the fields below; Deliver is called without it
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
	for i, other := range t.topics[topic] {
		if other == g {
			t.removeAtLocked(topic, i)
			return
		}
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
	if last == 0 {
		delete(t.topics, topic)
		return
	}
	t.topics[topic] = groups[:last]
}

// groupsPool holds the copies that publishers make, so that no lock is held while delivering.
var groupsPool = sync.Pool{New: func() any { return new([]Group) }}

func (t *table) deliver(m *Message, from *proc.Process) {
	t.mu.RLock()
	groups := t.topics[m.Topic]
	if len(groups) == 0 {
		t.mu.RUnlock()
		return
	}
	copied := groupsPool.Get().(*[]Group)
	*copied = append((*copied)[:0], groups...)
	t.mu.RUnlock()
	for i, g := range *copied {
		g.Deliver(m, from)
		(*copied)[i] = nil
	}
	if cap(*copied) <= 1<<16 {
		groupsPool.Put(copied)
	}
}

// reset empties the table and returns what was in it.
func (t *table) reset() (groups []Group) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, gs := range t.topics {
		groups = append(groups, gs...)
	}
	t.topics, t.subs = nil, nil
	return groups
}
