package pubsub

import (
	"bytes"
	"encoding"
	"encoding/json"
	"fmt"
	"log/slog"
	"reflect"
)

// A valueType is what PubSub knows of a Go type that travels: its name between nodes, and how its values become bytes and values again.
type valueType struct {
	typ    reflect.Type
	name   string
	encode func(v any) ([]byte, error)
	decode func(p []byte) (any, error)
}

// decodedValue is a value that came as bytes, decoded once for all who subscribed to its type.
type decodedValue struct {
	typ   reflect.Type
	value any
	ok    bool
}

// typeOf describes T, once for each PubSub.
func typeOf[T any](ps *PubSub) (*valueType, error) {
	t := reflect.TypeFor[T]()
	if known, ok := ps.types.Load(t); ok {
		return known.(*valueType), nil
	}
	if t.Kind() == reflect.Interface {
		return nil, fmt.Errorf("pubsub: Topic[%s]: another node could not decode it, since an interface does not say as what; use a struct", t)
	}
	known, _ := ps.types.LoadOrStore(t, describe[T](t))
	return known.(*valueType), nil
}

func describe[T any](t reflect.Type) *valueType {
	vt := &valueType{typ: t, name: typeName(t), encode: encodeJSON[T], decode: decodeJSON[T]}
	switch {
	case t.Kind() == reflect.Pointer && isBinary(t):
		vt.encode, vt.decode = encodeBinaryPointer, decodeBinaryPointer(t)
	case isBinary(reflect.PointerTo(t)): // the pointer has the methods of both
		vt.encode, vt.decode = encodeBinary[T], decodeBinary[T]
	}
	return vt
}

// isBinary wants both halves: with one alone, what is written could not be read.
func isBinary(t reflect.Type) bool {
	return t.Implements(reflect.TypeFor[encoding.BinaryMarshaler]()) && t.Implements(reflect.TypeFor[encoding.BinaryUnmarshaler]())
}

func typeName(t reflect.Type) string {
	stars := ""
	for t.Name() == "" && t.Kind() == reflect.Pointer {
		t, stars = t.Elem(), stars+"*"
	}
	if t.PkgPath() == "" {
		return stars + t.String()
	}
	return stars + t.PkgPath() + "." + t.Name()
}

// Values take encoding/json and not the JSON of the rim, which turns nil slices into empty ones: a value is to arrive as it was.
// They are encoded by pointer, so that methods with pointer receivers count on both sides.

func encodeJSON[T any](v any) ([]byte, error) {
	x := v.(T)
	return json.Marshal(&x)
}

func decodeJSON[T any](p []byte) (any, error) {
	var v T
	err := json.Unmarshal(p, &v)
	return v, err
}

func encodeBinary[T any](v any) ([]byte, error) {
	x := v.(T)
	return any(&x).(encoding.BinaryMarshaler).MarshalBinary()
}

func decodeBinary[T any](p []byte) (any, error) {
	var v T
	err := any(&v).(encoding.BinaryUnmarshaler).UnmarshalBinary(bytes.Clone(p))
	return v, err
}

func encodeBinaryPointer(v any) ([]byte, error) {
	if reflect.ValueOf(v).IsNil() {
		return nil, fmt.Errorf("a nil pointer has no binary form")
	}
	return v.(encoding.BinaryMarshaler).MarshalBinary()
}

func decodeBinaryPointer(t reflect.Type) func(p []byte) (any, error) {
	return func(p []byte) (any, error) {
		v := reflect.New(t.Elem()).Interface()
		err := v.(encoding.BinaryUnmarshaler).UnmarshalBinary(bytes.Clone(p))
		return v, err
	}
}

// bytes encodes v on the goroutine of its publisher, whose panic it is if its methods do.
func (t *valueType) bytes(v any) ([]byte, error) {
	p, err := t.encode(v)
	if err != nil {
		return nil, fmt.Errorf("pubsub: encoding a %s: %w", t.typ, err)
	}
	if p == nil {
		p = []byte{}
	}
	return p, nil
}

// value decodes p. A panic is an error: the bytes are another node's, maybe of another version, and no reason for anybody here to end.
func (t *valueType) value(p []byte) (v any, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	return t.decode(p)
}

// open returns the value of m if it is a t: the published one, or one decoded from bytes, once for all.
func (ps *PubSub) open(m *Message, t *valueType) (any, bool) {
	switch {
	case m.Kind != Value || m.Name != t.name:
		return nil, false
	case m.typ != nil && m.typ.typ != t.typ: // two types of one name: declared within functions
		return nil, false
	case m.typ != nil && !ps.cfg.Strict:
		return m.value, true
	}
	m.mu.Lock()
	d := m.decoded
	m.mu.Unlock()
	if d != nil && d.typ == t.typ && !(ps.cfg.Strict && d.ok) {
		return d.value, d.ok
	}
	d = ps.decode(m, t)
	return d.value, d.ok
}

func (ps *PubSub) decode(m *Message, t *valueType) *decodedValue {
	v, err := t.value(m.payload) // without the lock: it may be the user's code
	d := &decodedValue{typ: t.typ, value: v, ok: err == nil}
	m.mu.Lock()
	other := m.decoded
	if other == nil {
		m.decoded = d
	}
	m.mu.Unlock()
	switch {
	case err != nil:
		d.value = nil
		if other == nil {
			ps.dropped.warn("pubsub: dropped a value that cannot be decoded",
				slog.String("topic", m.Topic), slog.String("type", m.Name), slog.String("error", err.Error()))
		}
	case ps.cfg.Strict:
		ps.strict.add(m.Topic, t, v)
	case other != nil && other.typ == t.typ:
		return other
	}
	return d
}

// encoded returns the payload as it goes to other nodes.
func (m *Message) encoded() ([]byte, error) {
	if m.payload != nil || m.typ == nil {
		return m.payload, nil
	}
	return m.typ.bytes(m.value) // not kept: others may be reading
}
