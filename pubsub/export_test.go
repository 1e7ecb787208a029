package pubsub

// Sizes counts what is in the tables.
func (ps *PubSub) Sizes() (groups, subscriptions int) {
	for i := range ps.tables {
		t := &ps.tables[i]
		groups += len(t.groups())
		t.mu.RLock()
		for _, subs := range t.subs {
			subscriptions += len(subs)
		}
		t.mu.RUnlock()
	}
	return groups, subscriptions
}

// Receive is what an adapter calls.
func (ps *PubSub) Receive(e Envelope) { ps.receive(e) }

// Room is the capacity held for the groups of a topic.
func (ps *PubSub) Room(topic string) int { return cap(ps.table(topic).topics[topic]) }

const DroppedBurst, DroppedWindow = droppedBurst, droppedWindow
