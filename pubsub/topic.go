package pubsub

import "github.com/bennu-go/bennu/proc"

// A Topic carries values of one Go type to processes: Topic[OrderCreated]("orders"). Values of several types may share a topic's name; a subscriber
// gets those of its type. T is a type declared at package level or a built-in one, and no interface.
//
// Between nodes a value travels in its own binary form if T, or a pointer to it, is both an encoding.BinaryMarshaler and an encoding.BinaryUnmarshaler, else as
// JSON by encoding/json: what that leaves out, such as unexported fields, does not arrive. [Config.Strict] shows it on one node. A value
// that cannot be decoded is dropped, with a line in the log.
type Topic[T any] string

// Broadcast sends v to all subscribers on all nodes. v must not be changed afterwards.
func (t Topic[T]) Broadcast(ps *PubSub, v T) error { return t.BroadcastFrom(ps, nil, v) }

// BroadcastFrom is Broadcast but not to from, if from is on this node.
func (t Topic[T]) BroadcastFrom(ps *PubSub, from *proc.Process, v T) error {
	m, err := t.message(ps, v, ps.cfg.Adapter != nil)
	if err != nil {
		return err
	}
	return ps.Broadcast(m, from)
}

// LocalBroadcast sends v to the subscribers on this node.
func (t Topic[T]) LocalBroadcast(ps *PubSub, v T) error { return t.LocalBroadcastFrom(ps, nil, v) }

// LocalBroadcastFrom is LocalBroadcast but not to from.
func (t Topic[T]) LocalBroadcastFrom(ps *PubSub, from *proc.Process, v T) error {
	m, err := t.message(ps, v, false)
	if err != nil {
		return err
	}
	return ps.LocalBroadcast(m, from)
}

// DirectBroadcast sends v to the subscribers on one node. To a node that is not there it is lost, without an error.
func (t Topic[T]) DirectBroadcast(ps *PubSub, node string, v T) error {
	m, err := t.message(ps, v, node != ps.cfg.Node && ps.cfg.Adapter != nil)
	if err != nil {
		return err
	}
	return ps.DirectBroadcast(node, m)
}

// Subscribe has values put into p's mailbox, as T, until p ends or unsubscribes. Subscribed twice, p gets each value twice.
func (t Topic[T]) Subscribe(ps *PubSub, p *proc.Process) error {
	vt, err := typeOf[T](ps)
	if err != nil {
		return err
	}
	return ps.Subscribe(p, string(t), func(m *Message) any {
		v, _ := ps.open(m, vt) // boxed once for all subscribers
		return v
	})
}

// SubscribeAs is Subscribe with a say in what p gets; nil is nothing. wrap is what it is for [PubSub.Subscribe].
func (t Topic[T]) SubscribeAs(ps *PubSub, p *proc.Process, wrap func(v T) any) error {
	vt, err := typeOf[T](ps)
	if err != nil {
		return err
	}
	return ps.Subscribe(p, string(t), func(m *Message) any {
		v, ok := ps.open(m, vt)
		if !ok {
			return nil
		}
		return wrap(v.(T))
	})
}

// Unsubscribe ends all of p's subscriptions to the topic, those to other types included.
func (t Topic[T]) Unsubscribe(ps *PubSub, p *proc.Process) { ps.Unsubscribe(p, string(t)) }

// message encodes v when it is published if it has to leave the node, and never later: subscribers read the payload without a lock.
func (t Topic[T]) message(ps *PubSub, v T, leaves bool) (*Message, error) {
	vt, err := typeOf[T](ps)
	if err != nil {
		return nil, err
	}
	m := &Message{Topic: string(t), Name: vt.name, Kind: Value, value: v, typ: vt}
	if !leaves && !ps.cfg.Strict {
		return m, nil
	}
	if m.payload, err = vt.bytes(m.value); err != nil {
		return nil, err
	}
	if ps.cfg.Strict {
		ps.strict.add(m.Topic, vt, m.value)
	}
	return m, nil
}
