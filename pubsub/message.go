package pubsub

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"

	"github.com/bennu-go/bennu/internal/frame"
	"github.com/bennu-go/bennu/internal/wire"
)

// Kind says what a message is.
type Kind uint8

// The kinds of message.
const (
	Event  Kind = 1 // for channel clients and for processes: Name is the event, the payload is a JSON object or bytes
	Binary Kind = 2 // an Event whose payload is bytes
	Value  Kind = 3 // for processes: Name is the type, the payload is the value's encoding
)

// A Message is immutable once published and shared by all who get it.
type Message struct {
	Topic string
	Name  string // event, or name of the value's type
	Kind  Kind

	payload []byte
	value   any        // of a Value published on this node; nil if it came as bytes
	typ     *valueType // of value
	frames  [2]atomic.Pointer[wire.Frame]
	mu      sync.Mutex // guards the fields below
	custom  []customFrame
	small   []deflatedFrame
	decoded *decodedValue
}

// deflatedFrame is a frame and what it is compressed.
type deflatedFrame struct {
	plain *wire.Frame
	level int
	frame *wire.Frame
}

type customFrame struct {
	serializer wire.Serializer
	frame      *wire.Frame
}

// NewEvent makes an event message. Payload is encoded JSON; nil means {}. What is not a JSON object is refused, since clients expect one.
// The payload must not be changed afterwards.
func NewEvent(topic, event string, payload json.RawMessage) (*Message, error) {
	if len(payload) == 0 {
		payload = json.RawMessage("{}")
	}
	if !isObject(payload) {
		return nil, fmt.Errorf("pubsub: the payload of event %q on %q must be a JSON object, not %.20s", event, topic, payload)
	}
	return &Message{Topic: topic, Name: event, Kind: Event, payload: payload}, nil
}

// NewBinaryEvent makes an event message of bytes. Topic and event may take 255 bytes each, which the wire format cannot exceed.
// The payload must not be changed afterwards.
func NewBinaryEvent(topic, event string, payload []byte) (*Message, error) {
	if len(topic) > 255 || len(event) > 255 {
		return nil, fmt.Errorf("pubsub: a binary message carries topics and events of at most 255 bytes, not %d and %d", len(topic), len(event))
	}
	return &Message{Topic: topic, Name: event, Kind: Binary, payload: payload}, nil
}

// isObject looks at the first byte only: whoever encoded the payload is trusted with the rest.
func isObject(p []byte) bool {
	for _, c := range p {
		switch c {
		case ' ', '\t', '\r', '\n':
			continue
		}
		return c == '{'
	}
	return false
}

// Payload returns the encoded payload: JSON of an Event, bytes of a Binary, the codec's bytes of a Value that came from
// another node or went to one. It must not be changed.
func (m *Message) Payload() []byte { return m.payload }

// errNoFrame is one value, so that refusing a Value for each shard costs nothing.
var errNoFrame = errors.New("pubsub: a Go value is for processes and has no wire format; clients get events")

// Frame returns the message as a broadcast in the wire format of s, encoded on first use and shared by all connections. A Value has
// none: it is an error, so that what processes tell each other on a topic never reaches the clients that joined it.
func (m *Message) Frame(s wire.Serializer) (*wire.Frame, error) {
	if m.Kind != Event && m.Kind != Binary {
		return nil, errNoFrame
	}
	i := s.Index()
	if i < 0 || i >= len(m.frames) {
		return m.customFrame(s)
	}
	if f := m.frames[i].Load(); f != nil {
		return f, nil
	}
	f, err := m.encode(s)
	if err != nil {
		return nil, err
	}
	m.frames[i].CompareAndSwap(nil, f)
	return m.frames[i].Load(), nil
}

func (m *Message) encode(s wire.Serializer) (*wire.Frame, error) {
	buf := make([]byte, frame.MaxHeader, frame.MaxHeader+48+len(m.Topic)+len(m.Name)+len(m.payload))
	b, op, err := s.AppendBroadcast(buf, m.Topic, m.Name, wire.Payload{Data: m.payload, Binary: m.Kind == Binary})
	if err != nil {
		return nil, fmt.Errorf("pubsub: encoding event %q on %q: %w", m.Name, m.Topic, err)
	}
	f := wire.FrameFrom(b, frame.MaxHeader, op)
	return &f, nil
}

// customFrame encodes without the lock, since a serializer that is not ours may do anything. If two do so at once, one result stays.
func (m *Message) customFrame(s wire.Serializer) (*wire.Frame, error) {
	shared := reflect.TypeOf(s).Comparable()
	if shared {
		if f := m.sharedFrame(s, nil); f != nil {
			return f, nil
		}
	}
	f, err := m.encode(s)
	if err != nil || !shared {
		return f, err
	}
	return m.sharedFrame(s, f), nil
}

// DeflatedFrame returns Frame compressed for permessage-deflate, or as it is if that makes it no shorter. It is compressed on first use, once for each
// serializer and level, and shared by all connections; who asks meanwhile waits.
func (m *Message) DeflatedFrame(s wire.Serializer, level int) (*wire.Frame, error) {
	plain, err := m.Frame(s)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, d := range m.small {
		if d.plain == plain && d.level == level {
			return d.frame, nil
		}
	}
	f := plain.Deflated(level)
	if s.Index() >= 0 || reflect.TypeOf(s).Comparable() { // else the frame is another one each time
		m.small = append(m.small, deflatedFrame{plain, level, &f})
	}
	return &f, nil
}

// sharedFrame returns the frame kept for s, or keeps f.
func (m *Message) sharedFrame(s wire.Serializer, f *wire.Frame) *wire.Frame {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range m.custom {
		if c.serializer == s {
			return c.frame
		}
	}
	if f != nil {
		m.custom = append(m.custom, customFrame{s, f})
	}
	return f
}
