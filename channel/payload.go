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
func decode[In any](p Payload) (in In, err error) {
	switch v := any(&in).(type) {
	case *Payload:
		*v = p
		return in, nil
	case *Binary:
		if !p.Binary {
			return in, &errPayload{"bytes are wanted, not JSON"}
		}
		*v = p.Data
		return in, nil
	case *struct{}:
		return in, nil
	}
	if p.Binary {
		return in, &errPayload{"JSON is wanted, not bytes"}
	}
	if v, ok := any(&in).(*json.RawMessage); ok {
		*v = p.Data
		return in, nil
	}
	if err := codec.Unmarshal(p.Data, &in); err != nil {
		return in, &errPayload{err.Error()}
	}
	return in, nil
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
		if len(v) > 0 {
			return wire.Payload{Data: v}, nil
		}
		return wire.Payload{}, nil
	case Payload:
		return wire.Payload{Data: v.Data, Binary: v.Binary}, nil
	}
	b, err := codec.Marshal(v)
	if err != nil {
		return wire.Payload{}, fmt.Errorf("channel: encoding a payload of type %T: %w", v, err)
	}
	return wire.Payload{Data: b}, nil
}

var errNotObject = errors.New("channel: pushes and broadcasts carry a JSON object or bytes: wrap other values in a map or a struct")

// encodeObject gives the payload of a push or a broadcast.
func encodeObject(v any) (wire.Payload, error) {
	p, err := encode(v)
	if err != nil || p.Binary || len(p.Data) == 0 {
		return p, err
	}
	for _, c := range p.Data {
		switch c {
		case ' ', '\t', '\r', '\n':
			continue
		case '{':
			return p, nil
		}
		break
	}
	return p, fmt.Errorf("%w (got %T)", errNotObject, v)
}
