package channel

import (
	"context"
	"errors"

	"github.com/bennu-go/bennu/internal/wire"
	"github.com/bennu-go/bennu/proc"
)

// An Error is an answer to the client that says no; the channel lives on. From Join it refuses the join, whatever its status.
type Error struct {
	// Reason becomes the payload {"reason": Reason} unless Payload is set.
	Reason string
	// Status of the reply. Empty means "error".
	Status string
	// Payload is any JSON value, or Binary.
	Payload any
}

func (e Error) Error() string {
	if e.Reason != "" {
		return "channel: " + e.Reason
	}
	return "channel: error reply"
}

// A Replier is an error that knows its own reply, such as a changeset's or a not-found.
type Replier interface {
	error
	ChannelReply() (status string, payload any)
}

// Stop ends the channel in order: the client sees phx_close and does not join again.
type Stop struct {
	// Reason given to Terminate. Nil means proc.ErrNormal. A reason that is neither that nor a proc.Shutdown is a crash: the client sees phx_error and joins again.
	Reason error
	// Reply is sent first, with status ok, if it is not nil.
	Reply any
}

func (s Stop) Error() string { return "channel: stop" }

// Later is returned by a handler whose reply will be given through a Ref.
var Later = errors.New("channel: replied later")

// The reasons that channels end for, as Terminate sees them.
var (
	ErrLeft      = proc.Shutdown("left")           // the client left
	ErrDuplicate = proc.Shutdown("duplicate_join") // the client joined the topic again
	ErrDraining  = proc.Shutdown("draining")       // the server is about to end
	errRefused   = proc.Shutdown("join_refused")
)

// ErrNotJoined is returned by what needs a joined channel while Join still runs. Use AfterJoin.
var ErrNotJoined = errors.New("channel: not joined yet: push and broadcast from AfterJoin, not from Join")

// reply is what a callback's result means for the client.
type reply struct {
	send    bool
	status  string
	payload wire.Payload
	stop    error // ends the channel after the reply
	crash   error // neither an answer nor an end: what OnError decides about
}

// resultOf says what a callback's result means. Wants is whether its success is told to the client.
func resultOf(ctx context.Context, p wire.Payload, wants bool, err error) reply {
	if err == nil {
		return reply{send: wants, status: "ok", payload: p}
	}
	if errors.Is(err, Later) {
		return reply{}
	}
	if e, ok := errors.AsType[Error](err); ok {
		return answer(e.answer())
	}
	if s, ok := errors.AsType[Stop](err); ok {
		r := reply{}
		if s.Reply != nil {
			r = answer("ok", s.Reply)
		}
		if r.stop = s.Reason; r.stop == nil {
			r.stop = proc.ErrNormal
		}
		return r
	}
	if e, ok := errors.AsType[*errPayload](err); ok {
		return answer("error", reasonPayload{"invalid payload", e.why})
	}
	if e, ok := errors.AsType[Replier](err); ok {
		return answer(e.ChannelReply())
	}
	if ctx.Err() != nil && (errors.Is(err, context.Canceled) || errors.Is(err, context.Cause(ctx))) {
		return reply{} // the process is ending anyway: no crash
	}
	return reply{crash: err}
}

// answer makes a reply of a status and a payload that is to be encoded.
func answer(status string, payload any) reply {
	p, err := encode(payload)
	if err != nil {
		return reply{crash: err}
	}
	return reply{send: true, status: status, payload: p}
}

func (e Error) answer() (status string, payload any) {
	status, payload = e.Status, e.Payload
	if status == "" {
		status = "error"
	}
	if payload == nil && e.Reason != "" {
		payload = reasonPayload{Reason: e.Reason}
	}
	return status, payload
}

type reasonPayload struct {
	Reason string `json:"reason"`
	Detail string `json:"detail,omitempty"`
}

// reason is a payload with a reason of the protocol, which needs no escaping.
func reason(r string) wire.Payload {
	return wire.Payload{Data: []byte(`{"reason":"` + r + `"}`)}
}
