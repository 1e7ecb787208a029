package wire

import (
	"unicode/utf8"

	"github.com/bennu-go/bennu/internal/frame"
)

// Binary messages of vsn 2.0.0: a kind, one length byte for each string, the strings, and the payload to the end.
const (
	kindPush      = 0
	kindReply     = 1
	kindBroadcast = 2
)

// binary reads a push of a client: lengths of join_ref, ref, topic, event. Servers write pushes without the ref.
func (in *Inbound) binary(b []byte) (at int, bad string) {
	const head = 5
	if len(b) == 0 {
		return 0, cutShort
	}
	if b[0] != kindPush {
		return 0, "binary message is of a kind that only servers send"
	}
	if len(b) < head {
		return len(b), cutShort
	}
	var fields [4][]byte
	at = head
	for n := range fields {
		size := int(b[1+n])
		if size > len(b)-at {
			return len(b), cutShort
		}
		fields[n] = b[at : at+size : at+size]
		if !utf8.Valid(fields[n]) {
			return at, "binary message with a string that is not UTF-8"
		}
		at += size
	}
	in.JoinRef, in.Ref = in.quote(fields[0]), in.quote(fields[1])
	in.Topic, in.Event = fields[2], fields[3]
	in.Payload, in.Binary = b[at:len(b):len(b)], true
	return at, ""
}

// quote returns text as a JSON string.
func (in *Inbound) quote(text []byte) []byte {
	return in.keep(func(dst []byte) []byte { return appendString(dst, text) })
}

func appendBinaryPush(dst []byte, joinRef Ref, topic, event string, payload []byte) ([]byte, frame.Opcode, error) {
	w := fields{dst: dst, from: len(dst)}
	w.begin(kindPush, 3)
	w.ref("join_ref", joinRef)
	w.text("topic", topic)
	w.text("event", event)
	return w.finish(payload)
}

func appendBinaryReply(dst []byte, joinRef, ref Ref, topic, status string, payload []byte) ([]byte, frame.Opcode, error) {
	w := fields{dst: dst, from: len(dst)}
	w.begin(kindReply, 4)
	w.ref("join_ref", joinRef)
	w.ref("ref", ref)
	w.text("topic", topic)
	w.text("status", status)
	return w.finish(payload)
}

func appendBinaryBroadcast(dst []byte, topic, event string, payload []byte) ([]byte, frame.Opcode, error) {
	w := fields{dst: dst, from: len(dst)}
	w.begin(kindBroadcast, 2)
	w.text("topic", topic)
	w.text("event", event)
	return w.finish(payload)
}

// fields writes a binary message: it appends each string and fills in its length afterwards.
type fields struct {
	dst  []byte
	from int // where the message begins
	n    int // fields written
	err  error
}

func (w *fields) begin(kind byte, count int) {
	w.dst = append(w.dst, kind)
	for range count {
		w.dst = append(w.dst, 0)
	}
}

func (w *fields) text(name, s string) {
	size := len(w.dst)
	w.dst = append(w.dst, s...)
	w.measure(name, size)
}

func (w *fields) ref(name string, r Ref) {
	size := len(w.dst)
	w.dst = r.appendText(w.dst)
	w.measure(name, size)
}

// measure notes the length of the field that begins at from.
func (w *fields) measure(name string, from int) {
	size := len(w.dst) - from
	if size > MaxField && w.err == nil {
		w.err = fieldLength(name, size)
	}
	w.n++
	w.dst[w.from+w.n] = byte(size)
}

func (w *fields) finish(payload []byte) ([]byte, frame.Opcode, error) {
	if w.err != nil {
		return w.dst[:w.from], 0, w.err
	}
	return append(w.dst, payload...), frame.Binary, nil
}
