package channel

import (
	"context"
	"errors"

	"github.com/bennu-go/bennu/proc"
)

// An Error is an answer to the client that says no; the channel lives on. From Join it refuses the join.
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

// reply is what a handler's result means for the client.
type reply struct {
	send    bool
	status  string
	payload any
	stop    error // ends the channel after the reply
	crash   error // neither an answer nor an end: what OnError decides about
}

func resultOf(ctx context.Context, out any, wants bool, err error) reply {
	if err == nil {
		return reply{send: wants, status: "ok", payload: out}
	}
	if e, ok := errors.AsType[Error](err); ok {
		r := reply{send: true, status: e.Status, payload: e.Payload}
		if r.status == "" {
			r.status = "error"
		}
		if r.payload == nil {
			r.payload = reasonPayload{Reason: e.Reason}
			if e.Reason == "" {
				r.payload = struct{}{}
			}
		}
		return r
	}
	if s, ok := errors.AsType[Stop](err); ok {
		r := reply{send: s.Reply != nil, status: "ok", payload: s.Reply, stop: s.Reason}
		if r.stop == nil {
			r.stop = proc.ErrNormal
		}
		return r
	}
	if errors.Is(err, Later) {
		return reply{}
	}
	if e, ok := errors.AsType[*errPayload](err); ok {
		return reply{send: true, status: "error", payload: reasonPayload{"invalid payload", e.why}}
	}
	if e, ok := errors.AsType[Replier](err); ok {
		r := reply{send: true}
		r.status, r.payload = e.ChannelReply()
		return r
	}
	if ctx.Err() != nil && (errors.Is(err, context.Canceled) || errors.Is(err, context.Cause(ctx))) {
		return reply{} // the process is ending anyway: no crash
	}
	return reply{crash: err}
}

type reasonPayload struct {
	Reason string `json:"reason"`
	Detail string `json:"detail,omitempty"`
}
