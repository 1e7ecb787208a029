package main

import (
	"bytes"
	"net/http"

	"github.com/bennu-go/bennu/bench/internal/phx"
	"github.com/bennu-go/bennu/bench/internal/ws"
)

const socketPath = "/socket/websocket"

// peer is one connection as the protocol sees it. It is used by one goroutine
// at a time.
type peer interface {
	// send writes one frame, and reports whether the connection still lives.
	send(frame []byte) bool
	// joined is the token of the topic that was joined, empty before.
	joined() string
	// join subscribes to a topic, instead of the one joined before.
	join(topic []byte)
	leave()
	// shout sends one frame to everyone in the joined topic, and reports
	// whether this connection still lives.
	shout(frame []byte) bool
}

// serve handles every whole frame at the start of in and says how many bytes
// they took. It reports false when the connection is to be closed. Out is
// scratch for one answer; it is returned because it may have grown.
func serve(p peer, in, out []byte) (n int, scratch []byte, alive bool) {
	for {
		f, took, err := ws.Next(in[n:])
		if err != nil {
			breach := err.(*ws.CloseError)
			p.send(closeFrame(breach.Code))
			return n, out, false
		}
		if took == 0 {
			return n, out, true
		}
		n += took
		switch f.Op {
		case ws.OpText:
			out, alive = dispatch(p, f.Payload, out)
		case ws.OpPing:
			alive = p.send(ws.AppendFrame(nil, ws.OpPong, f.Payload))
		case ws.OpPong:
			alive = true
		case ws.OpClose:
			p.send(ws.AppendFrame(nil, ws.OpClose, f.Payload))
			alive = false
		default:
			p.send(closeFrame(ws.CloseUnsupported))
			alive = false
		}
		if !alive {
			return n, out, false
		}
	}
}

// dispatch handles one message in the order that Phoenix's socket does: the
// heartbeat, then joins, then whatever belongs to the joined topic.
func dispatch(p peer, text, out []byte) ([]byte, bool) {
	m, err := phx.Parse(text)
	if err != nil {
		p.send(closeFrame(ws.CloseInternal))
		return out, false
	}
	out = append(out[:0], make([]byte, ws.HeaderRoom)...)
	switch {
	case is(m.Topic, phx.Phoenix) && is(m.Event, phx.Heartbeat):
		out = phx.AppendReply(out, m, "ok", []byte("{}"))
	case is(m.Event, phx.Join) && bytes.HasPrefix(m.Topic, []byte(`"room:`)):
		out = phx.AppendReply(out, m, "ok", []byte("{}"))
		if !p.send(ws.Seal(out, ws.OpText)) {
			return out, false
		}
		p.join(m.Topic)
		return out, true
	case !is(m.Topic, p.joined()):
		m.JoinRef = []byte("null")
		out = phx.AppendReply(out, m, "error", []byte(`{"reason":"unmatched topic"}`))
	case is(m.Event, phx.Leave):
		p.leave()
		out = phx.AppendReply(out, m, "ok", []byte("{}"))
	case is(m.Event, phx.Echo):
		out = phx.AppendReply(out, m, "ok", m.Payload)
	case is(m.Event, phx.Shout):
		out = phx.AppendBroadcast(out, m)
		return out, p.shout(ws.Seal(out, ws.OpText))
	default:
		return out, true
	}
	return out, p.send(ws.Seal(out, ws.OpText))
}

// admit decides about an upgrade's address, for both kinds alike.
func admit(path, query []byte) error {
	switch {
	case string(path) != socketPath:
		return &ws.RefusedError{Status: http.StatusNotFound, Reason: "a floor serves " + socketPath + " only"}
	case !phx.SpeaksV2(query):
		return &ws.RefusedError{Status: http.StatusForbidden, Reason: "a floor speaks vsn=2.0.0 only"}
	}
	return nil
}

func closeFrame(code uint16) []byte {
	return ws.AppendFrame(nil, ws.OpClose, []byte{byte(code >> 8), byte(code)})
}

func is(token []byte, want string) bool { return string(token) == want }
