package wire

import "github.com/bennu-go/bennu/internal/frame"

// V2 is the serializer with vsn 2.0.0: JSON arrays [join_ref, ref, topic, event, payload], and binary messages.
type V2 struct{}

// Vsn returns "2.0.0".
func (V2) Vsn() string { return "2.0.0" }

// Index returns 1.
func (V2) Index() int { return 1 }

// Decode reads a JSON array from a text frame (elements after the fifth are checked and ignored), a binary push from a
// binary one.
func (V2) Decode(op frame.Opcode, data []byte, in *Inbound) error {
	in.reset()
	at, bad := 0, ""
	if op == frame.Binary {
		at, bad = in.binary(data)
	} else {
		at, bad = in.array(data)
	}
	if bad != "" {
		return &DecodeError{bad, at}
	}
	return nil
}

const tooFew = "array has fewer than the five elements [join_ref, ref, topic, event, payload]"

func (in *Inbound) array(b []byte) (at int, bad string) {
	i := skipSpace(b, 0)
	if i == len(b) || b[i] != '[' {
		return i, "not a JSON array"
	}
	i++
	if next := skipSpace(b, i); next < len(b) && b[next] == ']' {
		return next, tooFew
	}
	for n := range 5 {
		switch n {
		case 0:
			in.JoinRef, i, bad = in.ref(b, i, "join_ref")
		case 1:
			in.Ref, i, bad = in.ref(b, i, "ref")
		case 2:
			in.Topic, i, bad = in.name(b, i, "topic")
		case 3:
			in.Event, i, bad = in.name(b, i, "event")
		case 4:
			from := skipSpace(b, i)
			if i, bad = scanValue(b, from, 1); bad == "" {
				in.Payload = b[from:i:i]
			}
		}
		if bad != "" {
			return i, bad
		}
		i = skipSpace(b, i)
		if n < 4 {
			if i == len(b) {
				return i, cutShort
			}
			if b[i] == ']' {
				return i, tooFew
			}
			if b[i] != ',' {
				return i, "array goes on without a comma"
			}
			i++
		}
	}
	for i < len(b) && b[i] == ',' {
		if i, bad = scanValue(b, i+1, 1); bad != "" {
			return i, bad
		}
		i = skipSpace(b, i)
	}
	if i == len(b) {
		return i, cutShort
	}
	if b[i] != ']' {
		return i, "array goes on without a comma"
	}
	return end(b, i+1)
}

// end checks that only space is left.
func end(b []byte, i int) (int, string) {
	if i = skipSpace(b, i); i < len(b) {
		return i, "something follows the message"
	}
	return i, ""
}

// AppendReply appends [joinRef, ref, topic, "phx_reply", {"status": status, "response": payload}], the payload being any
// JSON value, or a binary reply.
func (V2) AppendReply(dst []byte, joinRef, ref Ref, topic, status string, p Payload) ([]byte, frame.Opcode, error) {
	if p.Binary {
		return appendBinaryReply(dst, joinRef, ref, topic, status, p.Data)
	}
	dst = appendEnvelope(dst, joinRef, ref, topic, EventReply)
	dst = appendResponse(dst, status, p)
	return append(dst, ']'), frame.Text, nil
}

// AppendPush appends [joinRef, null, topic, event, payload], or a binary push. The payload must be an object or binary.
func (V2) AppendPush(dst []byte, joinRef Ref, topic, event string, p Payload) ([]byte, frame.Opcode, error) {
	if p.Binary {
		return appendBinaryPush(dst, joinRef, topic, event, p.Data)
	}
	if !p.object() {
		return dst, 0, notObject("push", event)
	}
	return append(p.appendTo(appendEnvelope(dst, joinRef, "", topic, event)), ']'), frame.Text, nil
}

// AppendBroadcast appends [null, null, topic, event, payload], or a binary broadcast. The payload must be an object or
// binary.
func (V2) AppendBroadcast(dst []byte, topic, event string, p Payload) ([]byte, frame.Opcode, error) {
	if p.Binary {
		return appendBinaryBroadcast(dst, topic, event, p.Data)
	}
	if !p.object() {
		return dst, 0, notObject("broadcast", event)
	}
	return append(p.appendTo(appendEnvelope(dst, "", "", topic, event)), ']'), frame.Text, nil
}

// AppendClose appends [joinRef, joinRef, topic, "phx_close", {}].
func (V2) AppendClose(dst []byte, joinRef Ref, topic string) ([]byte, frame.Opcode, error) {
	return append(appendEnvelope(dst, joinRef, joinRef, topic, EventClose), "{}]"...), frame.Text, nil
}

// AppendError appends [joinRef, joinRef, topic, "phx_error", {"reason": reason}].
func (V2) AppendError(dst []byte, joinRef Ref, topic, reason string) ([]byte, frame.Opcode, error) {
	dst = appendReason(appendEnvelope(dst, joinRef, joinRef, topic, EventError), reason)
	return append(dst, ']'), frame.Text, nil
}

// appendEnvelope appends everything before the payload.
func appendEnvelope(dst []byte, joinRef, ref Ref, topic, event string) []byte {
	dst = joinRef.appendJSON(append(dst, '['))
	dst = ref.appendJSON(append(dst, ','))
	dst = appendString(append(dst, ','), topic)
	dst = appendString(append(dst, ','), event)
	return append(dst, ',')
}

func appendReason(dst []byte, reason string) []byte {
	dst = appendString(append(dst, `{"reason":`...), reason)
	return append(dst, '}')
}

func appendResponse(dst []byte, status string, p Payload) []byte {
	dst = appendString(append(dst, `{"status":`...), status)
	dst = append(dst, `,"response":`...)
	return append(p.appendTo(dst), '}')
}

// appendTo appends the JSON of p, {} for none.
func (p Payload) appendTo(dst []byte) []byte {
	if skipSpace(p.Data, 0) == len(p.Data) {
		return append(dst, "{}"...)
	}
	return append(dst, p.Data...)
}

// object reports whether the JSON of p is an object, by its first character.
func (p Payload) object() bool {
	i := skipSpace(p.Data, 0)
	return i == len(p.Data) || p.Data[i] == '{'
}
