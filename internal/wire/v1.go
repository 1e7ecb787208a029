package wire

import "github.com/bennu-go/bennu/internal/frame"

// V1 is the serializer with vsn 1.0.0: JSON objects with the keys topic, event, payload and ref. It carries no binary
// payloads and never sends a join_ref. Clients that name no vsn speak it.
type V1 struct{}

// Vsn returns "1.0.0".
func (V1) Vsn() string { return "1.0.0" }

// Index returns 0.
func (V1) Index() int { return 0 }

// Decode reads a JSON object, whatever the opcode. topic, event, payload and ref must be there, join_ref may be; of a
// key that is there twice the last counts, and other keys are ignored.
func (V1) Decode(_ frame.Opcode, data []byte, in *Inbound) error {
	in.reset()
	if at, bad := in.object(data); bad != "" {
		return &DecodeError{bad, at}
	}
	return nil
}

// The keys of an envelope, by the place of their value in a span table.
const (
	keyJoinRef = iota
	keyRef
	keyTopic
	keyEvent
	keyPayload
	keys
	keyOther = -1
)

var keyNames = [keys]string{"join_ref", "ref", "topic", "event", "payload"}

// object first finds the values, then reads them, so that only the last of a repeated key has to be of the right type.
func (in *Inbound) object(b []byte) (at int, bad string) {
	i := skipSpace(b, 0)
	if i == len(b) || b[i] != '{' {
		return i, "not a JSON object"
	}
	var values [keys]struct{ from, to int } // to is 0 for a key that is not there
	i = skipSpace(b, i+1)
	if i < len(b) && b[i] == '}' {
		return i, "object without topic, event, payload and ref"
	}
	for {
		keyFrom := skipSpace(b, i) + 1
		if i, bad = scanKey(b, i); bad != "" {
			return i, bad
		}
		key := envelopeKey(b[keyFrom:i])
		from := skipSpace(b, i)
		if i, bad = scanValue(b, from, 1); bad != "" {
			return i, bad
		}
		if key != keyOther {
			values[key].from, values[key].to = from, i
		}
		i = skipSpace(b, i)
		if i == len(b) {
			return i, cutShort
		}
		if b[i] == '}' {
			break
		}
		if b[i] != ',' {
			return i, "object goes on without a comma"
		}
		i++
	}
	if at, bad = end(b, i+1); bad != "" {
		return at, bad
	}
	for key, v := range values {
		if v.to == 0 {
			if key == keyJoinRef {
				continue
			}
			return i, "object without " + keyNames[key]
		}
		switch key {
		case keyJoinRef:
			in.JoinRef, at, bad = in.ref(b, v.from, "join_ref")
		case keyRef:
			in.Ref, at, bad = in.ref(b, v.from, "ref")
		case keyTopic:
			in.Topic, at, bad = in.name(b, v.from, "topic")
		case keyEvent:
			in.Event, at, bad = in.name(b, v.from, "event")
		case keyPayload:
			in.Payload = b[v.from:v.to:v.to]
		}
		if bad != "" {
			return at, bad
		}
	}
	return i, ""
}

// envelopeKey takes a key from behind its opening quote to behind its colon.
func envelopeKey(b []byte) int {
	quote, escaped, _ := scanString(b, 0)
	b = b[:quote]
	if escaped {
		b = appendUnescaped(nil, b)
	}
	for key, name := range keyNames {
		if string(b) == name {
			return key
		}
	}
	return keyOther
}

// AppendReply appends an object with event "phx_reply", the payload {"status": status, "response": payload} and ref.
func (V1) AppendReply(dst []byte, _, ref Ref, topic, status string, p Payload) ([]byte, frame.Opcode, error) {
	if p.Binary {
		return dst, 0, noBinary("reply")
	}
	dst = appendResponse(appendObject(dst, topic, EventReply), status, p)
	return appendRef(dst, ref), frame.Text, nil
}

// AppendPush appends an object whose ref is null. The payload may be any JSON value.
func (V1) AppendPush(dst []byte, _ Ref, topic, event string, p Payload) ([]byte, frame.Opcode, error) {
	if p.Binary {
		return dst, 0, noBinary("push")
	}
	return appendRef(p.appendTo(appendObject(dst, topic, event)), ""), frame.Text, nil
}

// AppendBroadcast appends an object whose ref is null. The payload may be any JSON value.
func (V1) AppendBroadcast(dst []byte, topic, event string, p Payload) ([]byte, frame.Opcode, error) {
	if p.Binary {
		return dst, 0, noBinary("broadcast")
	}
	return appendRef(p.appendTo(appendObject(dst, topic, event)), ""), frame.Text, nil
}

// AppendClose appends an object with event "phx_close", the payload {} and joinRef for its ref.
func (V1) AppendClose(dst []byte, joinRef Ref, topic string) ([]byte, frame.Opcode, error) {
	return appendRef(append(appendObject(dst, topic, EventClose), "{}"...), joinRef), frame.Text, nil
}

// AppendError appends an object with event "phx_error", the payload {"reason": reason} and joinRef for its ref.
func (V1) AppendError(dst []byte, joinRef Ref, topic, reason string) ([]byte, frame.Opcode, error) {
	return appendRef(appendReason(appendObject(dst, topic, EventError), reason), joinRef), frame.Text, nil
}

// appendObject appends everything before the payload.
func appendObject(dst []byte, topic, event string) []byte {
	dst = appendString(append(dst, `{"topic":`...), topic)
	dst = appendString(append(dst, `,"event":`...), event)
	return append(dst, `,"payload":`...)
}

// appendRef appends everything after the payload.
func appendRef(dst []byte, ref Ref) []byte {
	return append(ref.appendJSON(append(dst, `,"ref":`...)), '}')
}
