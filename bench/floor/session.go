package main

import (
	"net/http"

	"github.com/bennu-go/bennu/bench/internal/phx"
	"github.com/bennu-go/bennu/bench/internal/ws"
)

// peer is one connection of a floor, which also writes frames as they are.
type peer interface {
	phx.Peer
	// send writes one frame, and reports whether the connection still lives.
	send(frame []byte) bool
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

func dispatch(p peer, text, out []byte) ([]byte, bool) {
	out, alive, err := phx.Dispatch(p, text, out)
	if err != nil {
		p.send(closeFrame(ws.CloseInternal))
	}
	return out, alive
}

// admit decides about an upgrade's address, for both kinds alike.
func admit(path, query []byte) error {
	switch {
	case string(path) != phx.SocketPath:
		return &ws.RefusedError{Status: http.StatusNotFound, Reason: "a floor serves " + phx.SocketPath + " only"}
	case !phx.SpeaksV2(query):
		return &ws.RefusedError{Status: http.StatusForbidden, Reason: "a floor speaks vsn=2.0.0 only"}
	}
	return nil
}

func closeFrame(code uint16) []byte {
	return ws.AppendFrame(nil, ws.OpClose, []byte{byte(code >> 8), byte(code)})
}
