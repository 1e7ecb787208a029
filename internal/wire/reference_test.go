package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/bennu-go/bennu/internal/frame"
)

// plain is a message without views and tokens, as the oracles make it.
type plain struct {
	JoinRef, Ref Ref
	Topic, Event string
	Payload      string
	Binary       bool
	Kind         int    // of a binary message for clients
	Status       string // of a binary reply
}

func plainOf(in *Inbound) plain {
	return plain{
		JoinRef: RefFromBytes(in.JoinRef), Ref: RefFromBytes(in.Ref),
		Topic: string(in.Topic), Event: string(in.Event), Payload: string(in.Payload), Binary: in.Binary,
	}
}

var errReference = errors.New("reference refuses")

// referenceV2 decodes a text message of vsn 2.0.0 with encoding/json.
func referenceV2(data []byte) (plain, error) {
	var elements []json.RawMessage
	if !startsWith(data, '[') || json.Unmarshal(data, &elements) != nil || len(elements) < 5 || tooDeep(data) {
		return plain{}, errReference
	}
	return referenceOf(elements[0], elements[1], elements[2], elements[3], elements[4])
}

// referenceV1 decodes a message of vsn 1.0.0 with encoding/json.
func referenceV1(data []byte) (plain, error) {
	var object map[string]json.RawMessage
	if !startsWith(data, '{') || json.Unmarshal(data, &object) != nil || tooDeep(data) {
		return plain{}, errReference
	}
	for _, key := range []string{"topic", "event", "payload", "ref"} {
		if _, ok := object[key]; !ok {
			return plain{}, errReference
		}
	}
	joinRef := object["join_ref"]
	if joinRef == nil {
		joinRef = json.RawMessage("null")
	}
	return referenceOf(joinRef, object["ref"], object["topic"], object["event"], object["payload"])
}

func referenceOf(joinRef, ref, topic, event, payload json.RawMessage) (p plain, err error) {
	for _, r := range []struct {
		raw json.RawMessage
		to  *Ref
	}{{joinRef, &p.JoinRef}, {ref, &p.Ref}} {
		token := string(bytes.TrimSpace(r.raw))
		switch {
		case token == "null":
			continue
		case token[0] == '"':
			var s string
			if err := json.Unmarshal(r.raw, &s); err != nil {
				return p, err
			}
			*r.to = Ref(AppendString(nil, s))
		case strings.ContainsRune("-0123456789", rune(token[0])):
			*r.to = Ref(token)
		default:
			return p, errReference
		}
		if len(*r.to) > MaxRef {
			return p, errReference
		}
	}
	for _, n := range []struct {
		raw json.RawMessage
		to  *string
	}{{topic, &p.Topic}, {event, &p.Event}} {
		if !startsWith(n.raw, '"') || json.Unmarshal(n.raw, n.to) != nil || len(*n.to) > MaxName {
			return p, errReference
		}
	}
	p.Payload = string(bytes.TrimSpace(payload))
	return p, nil
}

func startsWith(data []byte, c byte) bool {
	data = bytes.TrimLeft(data, " \t\r\n")
	return len(data) > 0 && data[0] == c
}

// tooDeep counts brackets outside strings in valid JSON.
func tooDeep(data []byte) bool {
	depth, inString := 0, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case !inString && (c == '[' || c == '{'):
			if depth++; depth > MaxDepth {
				return true
			}
		case !inString && (c == ']' || c == '}'):
			depth--
		}
	}
	return false
}

// referenceBinary decodes a binary push of a client by cutting strings off one by one.
func referenceBinary(data []byte) (p plain, err error) {
	if len(data) < 5 || data[0] != 0 {
		return p, errReference
	}
	sizes, rest := data[1:5], data[5:]
	var parts []string
	for _, n := range sizes {
		if int(n) > len(rest) || !utf8.Valid(rest[:n]) {
			return p, errReference
		}
		parts, rest = append(parts, string(rest[:n])), rest[n:]
	}
	return plain{
		JoinRef: StringRef(parts[0]), Ref: StringRef(parts[1]), Topic: parts[2], Event: parts[3],
		Payload: string(rest), Binary: true,
	}, nil
}

// clientDecode reads a message for a client, as phoenix.js does.
func clientDecode(op frame.Opcode, data []byte) (p plain, err error) {
	if op == frame.Text {
		return referenceV2(data)
	}
	p.Binary, p.Kind = true, int(data[0])
	into := map[int][]*string{
		0: {new(string), &p.Topic, &p.Event},
		1: {new(string), new(string), &p.Topic, &p.Status},
		2: {&p.Topic, &p.Event},
	}[p.Kind]
	if into == nil {
		return p, fmt.Errorf("kind %d", p.Kind)
	}
	rest := data[1+len(into):]
	for i, to := range into {
		n := int(data[1+i])
		*to, rest = string(rest[:n]), rest[n:]
	}
	if p.Kind != 2 {
		p.JoinRef = textRef(*into[0])
	}
	if p.Kind == 1 {
		p.Ref = textRef(*into[1])
	}
	p.Payload = string(rest)
	return p, nil
}

// textRef reads a ref of a binary message for a client, in which the empty string is null.
func textRef(s string) Ref {
	if s == "" {
		return ""
	}
	return StringRef(s)
}

// appendBinaryFromClient writes what phoenix.js sends for a binary push.
func appendBinaryFromClient(dst []byte, joinRef, ref, topic, event string, payload []byte) []byte {
	dst = append(dst, 0, byte(len(joinRef)), byte(len(ref)), byte(len(topic)), byte(len(event)))
	for _, s := range []string{joinRef, ref, topic, event} {
		dst = append(dst, s...)
	}
	return append(dst, payload...)
}
