package pubsub

import (
	"bytes"
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/bennu-go/bennu/proc"
)

// A Topic carries values of one Go type to processes: Topic[OrderCreated]("orders"). Values of several types may share a topic's name; a subscriber
// gets those of its type. Between nodes a value travels in its own binary form if it has one (encoding.BinaryMarshaler and, on the pointer,
// BinaryUnmarshaler), else as JSON.
type Topic[T any] string

// Broadcast sends v to all subscribers on all nodes. v must not be changed afterwards.
func (t Topic[T]) Broadcast(ps *PubSub, v T) error { return t.BroadcastFrom(ps, nil, v) }

// BroadcastFrom is Broadcast but not to from, if from is on this node.
func (t Topic[T]) BroadcastFrom(ps *PubSub, from *proc.Process, v T) error {
	m, err := t.message(ps, v)
	if err != nil {
		return err
	}
	return ps.Broadcast(m, from)
}

// LocalBroadcast sends v to the subscribers on this node.
func (t Topic[T]) LocalBroadcast(ps *PubSub, v T) error {
	m, err := t.message(ps, v)
	if err != nil {
		return err
	}
	return ps.LocalBroadcast(m, nil)
}

// DirectBroadcast sends v to the subscribers on one node. To a node that is not there it is lost, without an error.
func (t Topic[T]) DirectBroadcast(ps *PubSub, node string, v T) error {
	m, err := t.message(ps, v)
	if err != nil {
		return err
	}
	return ps.DirectBroadcast(node, m)
}

// Subscribe has values put into p's mailbox, as T, until p ends or unsubscribes.
func (t Topic[T]) Subscribe(ps *PubSub, p *proc.Process) error {
	return t.SubscribeAs(ps, p, func(v T) any { return v })
}

// SubscribeAs is Subscribe with a say in what p gets: wrap runs in the publisher's goroutine and must not block.
func (t Topic[T]) SubscribeAs(ps *PubSub, p *proc.Process, wrap func(v T) any) error {
	return ps.Subscribe(p, string(t), func(m *Message) any {
		v, ok := open[T](ps, m)
		if !ok {
			return nil
		}
		return wrap(v)
	})
}

// Unsubscribe ends all of p's subscriptions to the topic, those to other types included.
func (t Topic[T]) Unsubscribe(ps *PubSub, p *proc.Process) { ps.Unsubscribe(p, string(t)) }

func (t Topic[T]) message(ps *PubSub, v T) (*Message, error) {
	m := &Message{Topic: string(t), Name: typeName[T](), Kind: Value, value: v}
	if ps.cfg.Strict {
		b, err := encodeValue(v)
		if err != nil {
			return nil, err
		}
		m.payload = b
		ps.strict.add(m.Topic, v, b)
		m.value = nil
	}
	return m, nil
}

func typeName[T any]() string {
	t := reflect.TypeFor[T]()
	stars := ""
	for t.Kind() == reflect.Pointer {
		t, stars = t.Elem(), stars+"*"
	}
	if t.PkgPath() == "" {
		return stars + t.String()
	}
	return stars + t.PkgPath() + "." + t.Name()
}

// open gives the message's value as T: the published one, or one decoded from bytes, once for all.
func open[T any](ps *PubSub, m *Message) (v T, ok bool) {
	if m.Kind != Value || m.Name != typeName[T]() {
		return v, false
	}
	if m.value != nil {
		v, ok = m.value.(T)
		return v, ok
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.decoded != nil && !ps.cfg.Strict {
		v, ok = m.decoded.(T)
		return v, ok
	}
	v, err := decodeValue[T](m.payload)
	if err != nil {
		ps.cfg.Logger.Warn("pubsub: dropped a value that cannot be decoded", "topic", m.Topic, "type", m.Name, "error", err)
		return v, false
	}
	m.decoded = v
	if ps.cfg.Strict {
		ps.strict.add(m.Topic, v, m.payload)
	}
	return v, true
}

func (m *Message) encoded() ([]byte, error) {
	if m.Kind != Value || m.payload != nil {
		return m.payload, nil
	}
	b, err := encodeValue(m.value)
	if err == nil {
		m.payload = b
	}
	return b, err
}

func encodeValue(v any) ([]byte, error) {
	if b, ok := v.(encoding.BinaryMarshaler); ok {
		p, err := b.MarshalBinary()
		if err != nil {
			return nil, fmt.Errorf("pubsub: encoding a %T: %w", v, err)
		}
		return p, nil
	}
	p, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("pubsub: encoding a %T: %w", v, err)
	}
	return p, nil
}

func decodeValue[T any](p []byte) (v T, err error) {
	if b, ok := any(&v).(encoding.BinaryUnmarshaler); ok {
		return v, b.UnmarshalBinary(bytes.Clone(p))
	}
	return v, json.Unmarshal(p, &v)
}
