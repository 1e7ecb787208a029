package phx

import (
	"bytes"

	"github.com/bennu-go/bennu/bench/internal/ws"
)

// Room is how many bytes of scratch stand before every message that [Dispatch]
// hands out: enough for the header of a frame, so that one can be made without
// a copy ([ws.Seal]).
const Room = ws.HeaderRoom

// Peer is one connection as the protocol sees it. It is used by one goroutine
// at a time. A buffer is [Room] bytes of scratch and then the text of a
// message; it is lent until the method returns.
type Peer interface {
	// Send writes one message, and reports whether the connection still lives.
	Send(buf []byte) bool
	// Joined is the token of the topic that was joined, empty before.
	Joined() string
	// Join sends the reply and subscribes to a topic, instead of the one joined
	// before: no broadcast comes before the reply, and none is missed that is
	// published once the client has it. It reports whether the connection still
	// lives.
	Join(topic, reply []byte) bool
	Leave()
	// Shout sends one message to everyone in the joined topic, and reports
	// whether this connection still lives.
	Shout(buf []byte) bool
}

// Dispatch handles one message in the order that Phoenix's socket does: the
// heartbeat, then joins, then whatever belongs to the joined topic. Alive says
// whether the connection still is. A text that is no message is [ErrMalformed],
// after which the caller closes. Out is scratch for one answer; it is returned
// because it may have grown.
func Dispatch(p Peer, text, out []byte) (scratch []byte, alive bool, err error) {
	m, err := Parse(text)
	if err != nil {
		return out, false, err
	}
	out = append(out[:0], make([]byte, Room)...)
	switch {
	case is(m.Topic, Phoenix) && is(m.Event, Heartbeat):
		out = AppendReply(out, m, "ok", []byte("{}"))
	case is(m.Event, Join) && bytes.HasPrefix(m.Topic, []byte(`"room:`)):
		out = AppendReply(out, m, "ok", []byte("{}"))
		return out, p.Join(m.Topic, out), nil
	case !is(m.Topic, p.Joined()):
		m.JoinRef = []byte("null")
		out = AppendReply(out, m, "error", []byte(`{"reason":"unmatched topic"}`))
	case is(m.Event, Leave):
		p.Leave()
		out = AppendReply(out, m, "ok", []byte("{}"))
	case is(m.Event, Echo):
		out = AppendReply(out, m, "ok", m.Payload)
	case is(m.Event, Shout):
		out = AppendBroadcast(out, m)
		return out, p.Shout(out), nil
	default:
		return out, true, nil
	}
	return out, p.Send(out), nil
}

func is(token []byte, want string) bool { return string(token) == want }
