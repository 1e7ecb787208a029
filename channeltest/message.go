package channeltest

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/bennu-go/bennu/channel"
	"github.com/bennu-go/bennu/internal/codec"
	"github.com/bennu-go/bennu/internal/frame"
	"github.com/bennu-go/bennu/internal/wire"
)

// A Message is what a client has got.
type Message struct {
	Topic, Event string
	JoinRef, Ref string          // without quotes; empty if they are null
	Status       string          // of a reply
	Payload      json.RawMessage // of a reply its response; nil if it is Binary
	Binary       channel.Binary  // nil unless the payload is bytes

	raw   string
	taken bool // by a Want
}

// Decode decodes the payload by the rules of channels.
func (m Message) Decode(v any) error {
	if m.Binary != nil {
		return fmt.Errorf("channeltest: the payload of %q is %d bytes, not JSON", m.Event, len(m.Binary))
	}
	return codec.Unmarshal(m.Payload, v)
}

// parse reads what a server sends. What it cannot read is shown by its raw form.
func parse(s wire.Serializer, op frame.Opcode, data []byte) *Message {
	m := &Message{raw: text(op, data)}
	switch {
	case op == frame.Binary:
		m.parseBinary([]byte(string(data)))
	case s.Vsn() == "1.0.0":
		var e struct {
			Topic   string          `json:"topic"`
			Event   string          `json:"event"`
			Payload json.RawMessage `json:"payload"`
			Ref     json.RawMessage `json:"ref"`
		}
		if codec.Unmarshal(data, &e) == nil {
			m.Topic, m.Event, m.Payload, m.Ref = e.Topic, e.Event, e.Payload, unquote(e.Ref)
		}
	default:
		var e []json.RawMessage
		if codec.Unmarshal(data, &e) == nil && len(e) == 5 {
			m.JoinRef, m.Ref, m.Topic, m.Event, m.Payload = unquote(e[0]), unquote(e[1]), unquote(e[2]), unquote(e[3]), e[4]
		}
	}
	if m.Event == wire.EventReply && m.Binary == nil {
		var r struct {
			Status   string          `json:"status"`
			Response json.RawMessage `json:"response"`
		}
		if codec.Unmarshal(m.Payload, &r) == nil {
			m.Status, m.Payload = r.Status, r.Response
		}
	}
	return m
}

// parseBinary reads push, reply and broadcast, kinds 0, 1 and 2 of vsn 2.0.0.
func (m *Message) parseBinary(b []byte) {
	if len(b) == 0 || b[0] > 2 {
		return
	}
	fields := [3][]*string{{&m.JoinRef, &m.Topic, &m.Event}, {&m.JoinRef, &m.Ref, &m.Topic, &m.Status}, {&m.Topic, &m.Event}}[b[0]]
	if b[0] == 1 {
		m.Event = wire.EventReply
	}
	at := 1 + len(fields)
	for i, f := range fields {
		n := int(b[1+i])
		*f = string(b[at : at+n])
		at += n
	}
	m.Binary = b[at:len(b):len(b)]
}

func unquote(token json.RawMessage) string {
	var s string
	switch {
	case len(token) == 0 || string(token) == "null":
		return ""
	case codec.Unmarshal(token, &s) == nil:
		return s
	}
	return string(token)
}

// String shows the message for people.
func (m *Message) String() string {
	if m.Topic == "" {
		return m.raw
	}
	var b strings.Builder
	switch m.Event {
	case wire.EventReply:
		fmt.Fprintf(&b, "reply to %s on %s: %s ", orNull(m.Ref), m.Topic, m.Status)
	default:
		fmt.Fprintf(&b, "%s on %s: ", m.Event, m.Topic)
	}
	if m.Binary != nil {
		fmt.Fprintf(&b, "bytes %x", []byte(m.Binary))
	} else {
		b.Write(m.Payload)
	}
	return b.String()
}

func orNull(ref string) string {
	if ref == "" {
		return "null"
	}
	return ref
}
