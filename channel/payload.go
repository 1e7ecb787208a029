package channel

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/bennu-go/bennu/internal/codec"
	"github.com/bennu-go/bennu/internal/wire"
)

// Binary is a payload of bytes, in both directions. Clients with vsn 2.0.0 over WebSocket have it.
type Binary []byte

// Payload is a message's body before it is decoded. Handlers that take a Payload accept JSON and bytes.
type Payload struct {
	Data   []byte // JSON, or bytes
	Binary bool
}

// errPayload says that what the client sent does not fit the handler's type; the client is told.
type errPayload struct{ why string }

func (e *errPayload) Error() string { return "channel: payload: " + e.why }

// decode gives a payload as In.
func decode[In any](p Payload) (In, error) {
	if in, err, ok := decodeRaw[In](p); ok {
		return in, err
	}
	return decodeJSON[In](p)
}

// decodeRaw deals with what needs no decoding. It is apart from decodeJSON because there in is always allocated.
func decodeRaw[In any](p Payload) (in In, err error, ok bool) {
	switch v := any(&in).(type) {
	case *struct{}:
		return in, nil, true
	case *Payload:
		*v = p
		return in, nil, true
	case *Binary:
		if !p.Binary {
			return in, &errPayload{"bytes are wanted, not JSON"}, true
		}
		*v = p.Data
		return in, nil, true
	case *json.RawMessage:
		if p.Binary {
			return in, errWantsJSON, true
		}
		*v = p.Data
		return in, nil, true
	}
	return in, nil, false
}

func decodeJSON[In any](p Payload) (in In, err error) {
	if p.Binary {
		return in, errWantsJSON
	}
	if err := codec.Unmarshal(p.Data, &in); err != nil {
		return in, &errPayload{err.Error()}
	}
	return in, nil
}

var errWantsJSON = &errPayload{"JSON is wanted, not bytes"}

// encodeAs is encode without the allocation of putting raw payloads into an interface.
func encodeAs[Out any](out Out) (wire.Payload, error) {
	switch v := any(&out).(type) {
	case *json.RawMessage:
		return wire.Payload{Data: *v}, nil
	case *Binary:
		return wire.Payload{Data: *v, Binary: true}, nil
	case *Payload:
		return wire.Payload{Data: v.Data, Binary: v.Binary}, nil
	case *struct{}:
		return wire.Payload{}, nil
	}
	return encode(out)
}

// encode gives a reply's payload: any JSON value, or bytes.
func encode(v any) (wire.Payload, error) {
	switch v := v.(type) {
	case nil:
		return wire.Payload{}, nil
	case struct{}:
		return wire.Payload{}, nil
	case Binary:
		return wire.Payload{Data: v, Binary: true}, nil
	case json.RawMessage:
		return wire.Payload{Data: v}, nil
	case Payload:
		return wire.Payload{Data: v.Data, Binary: v.Binary}, nil
	case interface{ JSON() json.RawMessage }: // has been encoded, as a presence listing has, once for all who ask
		return wire.Payload{Data: v.JSON()}, nil
	}
	b, err := codec.Marshal(v)
	if err != nil {
		return wire.Payload{}, fmt.Errorf("channel: encoding a payload of type %T: %w", v, err)
	}
	return wire.Payload{Data: b}, nil
}

var errNotObject = errors.New("pushes and broadcasts carry a JSON object or bytes: wrap other values in a map or a struct")

// encodeObject gives the payload of a push or a broadcast.
func encodeObject(doing, event string, v any) (wire.Payload, error) {
	p, err := encode(v)
	if err != nil {
		return p, fmt.Errorf("%w, in %s %q", err, doing, event)
	}
	if !isObject(p) {
		return p, fmt.Errorf("channel: %s %q: %w (got %T)", doing, event, errNotObject, v)
	}
	return p, nil
}

// isObject looks at the first character only: what is behind it was encoded, or checked when it was received.
func isObject(p wire.Payload) bool {
	if p.Binary || len(p.Data) == 0 {
		return true
	}
	for _, c := range p.Data {
		switch c {
		case ' ', '\t', '\r', '\n':
			continue
		}
		return c == '{'
	}
	return false
}
