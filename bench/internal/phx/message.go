// Package phx holds the little of the Phoenix V2 text protocol that the floors
// and the servers on other libraries need.
//
// # Terms
//
// A message is the JSON array [join_ref, ref, topic, event, payload]. A token is
// one of its elements as it was written, quotes included. A [Peer] is a connection to
// which [Dispatch] answers.
//
// # Order
//
// Functions of their arguments only; any goroutine may call anything. [Dispatch]
// calls its Peer, in the order of the effects.
//
// # Limits
//
// Tokens are found, not validated: a payload's brackets and strings must
// balance, and nothing else is asked of it. Two spellings of one topic (with
// and without escapes) are two topics. Binary messages are not spoken.
//
// # Source
//
// Phoenix 1.8, the V2 JSON serializer and the socket's dispatch: the shapes of
// replies and broadcasts, the heartbeat, "unmatched topic".
package phx

import (
	"bytes"
	"errors"
)

// Events and the reserved topic, as tokens.
const (
	Heartbeat = `"heartbeat"`
	Join      = `"phx_join"`
	Leave     = `"phx_leave"`
	Echo      = `"echo"`
	Shout     = `"shout"`
	Phoenix   = `"phoenix"`
)

// SocketPath is where the measured servers offer their WebSocket.
const SocketPath = "/socket/websocket"

// ErrMalformed is a text that is no message.
var ErrMalformed = errors.New("phx: a message is the array [join_ref, ref, topic, event, payload]")

// Message is one message of a client as tokens, parts of the text it was read
// from.
type Message struct {
	JoinRef, Ref, Topic, Event, Payload []byte
}

// Parse finds a message's five tokens. Further elements are ignored, as Phoenix
// ignores them. It allocates nothing.
func Parse(text []byte) (m Message, err error) {
	i := skip(text, 0)
	if i >= len(text) || text[i] != '[' {
		return m, ErrMalformed
	}
	for k, field := range [...]*[]byte{&m.JoinRef, &m.Ref, &m.Topic, &m.Event, &m.Payload} {
		start := skip(text, i+1)
		end := value(text, start)
		if end <= start {
			return Message{}, ErrMalformed
		}
		*field = text[start:end]
		i = skip(text, end)
		if i >= len(text) || text[i] != ',' && (k < 4 || text[i] != ']') {
			return Message{}, ErrMalformed
		}
	}
	if m.Topic[0] != '"' || m.Event[0] != '"' {
		return Message{}, ErrMalformed
	}
	return m, nil
}

// AppendReply appends a reply with that status and that response to m.
func AppendReply(dst []byte, m Message, status string, response []byte) []byte {
	dst = append(dst, '[')
	dst = append(dst, m.JoinRef...)
	dst = append(dst, ',')
	dst = append(dst, m.Ref...)
	dst = append(dst, ',')
	dst = append(dst, m.Topic...)
	dst = append(dst, `,"phx_reply",{"status":"`...)
	dst = append(dst, status...)
	dst = append(dst, `","response":`...)
	dst = append(dst, response...)
	return append(dst, "}]"...)
}

// AppendBroadcast appends m as everyone who joined its topic receives it.
func AppendBroadcast(dst []byte, m Message) []byte {
	dst = append(dst, "[null,null,"...)
	dst = append(dst, m.Topic...)
	dst = append(dst, ',')
	dst = append(dst, m.Event...)
	dst = append(dst, ',')
	dst = append(dst, m.Payload...)
	return append(dst, ']')
}

// SpeaksV2 reports whether a query asks for version 2.0 of the serializer.
// Without "vsn" Phoenix speaks 1.0, which a floor does not.
func SpeaksV2(query []byte) bool {
	for len(query) > 0 {
		var pair []byte
		pair, query, _ = bytes.Cut(query, []byte("&"))
		if version, ok := bytes.CutPrefix(pair, []byte("vsn=")); ok {
			return bytes.HasPrefix(version, []byte("2.0."))
		}
	}
	return false
}

func skip(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r') {
		i++
	}
	return i
}

// value returns where the JSON value at i ends, or -1 if it does not.
func value(b []byte, i int) int {
	depth := 0
	for i < len(b) {
		switch c := b[i]; c {
		case '"':
			if i = str(b, i); i < 0 {
				return -1
			}
			if depth == 0 {
				return i
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return i
			}
			if depth--; depth == 0 {
				return i + 1
			}
		case ',', ' ', '\n', '\t', '\r':
			if depth == 0 {
				return i
			}
		}
		i++
	}
	return -1
}

// str returns where the string that opens at i ends, or -1.
func str(b []byte, i int) int {
	for i++; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return -1
}
