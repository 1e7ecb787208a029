package channel

import (
	"context"
	"reflect"

	"github.com/bennu-go/bennu/internal/wire"
	"github.com/bennu-go/bennu/telemetry"
)

// A Channel defines what happens on the topics of a pattern, with the state A. Only Join is required.
type Channel[A any] struct {
	// Name for logs and telemetry. Empty means the name of A.
	Name string
	// Join lets a client into the topic, and makes s.Assigns. An Error refuses it; any other error or a panic is a crash, which the client sees as
	// {"reason":"join crashed"}. It runs beside the connection: what the client sends meanwhile waits.
	Join Handler[A]
	// In holds the handlers of the client's events.
	In Events[A]
	// Any takes events that In does not hold. What it returns is the reply; with the error Later there is none. Nil answers {"reason":"unknown event"}.
	Any func(ctx context.Context, s *Socket[A], event string, p Payload) (any, error)
	// Info takes messages of other processes, by type.
	Info Infos[A]
	// Out intercepts broadcasts of the topic on their way to this client. A NoReply handler pushes what the client is to see itself; of a Reply handler the
	// result is pushed under the same event. An intercepted event costs a decoding and an encoding per client. What a handler takes as Payload, Binary or
	// json.RawMessage is shared by all clients: it must not be changed.
	Out Events[A]
	// Terminate is called when the channel ends, whatever for, if Join has been called. Its context is not cancelled. After an orderly end the client has been
	// told before, after a crash it is told when Terminate has returned.
	Terminate func(ctx context.Context, s *Socket[A], reason error)
	// OnError decides about an error of a callback that is no answer: what it returns counts in place of err, nil being that there is nothing more to say, not
	// even to a client that waits for a reply. An error of Join that it returns nil for is still a crash. Event is "phx_join" for Join and empty where there is none. Nil:
	// such an error ends the channel as a crash.
	OnError func(ctx context.Context, s *Socket[A], event string, err error) error
	// Identity is what Connect must return for this channel: Wants[U](). It is checked when the socket is mounted. The zero value wants nothing.
	Identity Want
	// Mailbox is the number of messages that may wait. Zero means 1,000.
	Mailbox int
	// LogJoin and LogIn are the levels of the JOINED and HANDLED lines. Zero means info and debug.
	LogJoin, LogIn telemetry.LogLevel
}

// Events are handlers by event.
type Events[A any] map[string]Handler[A]

// A Handler is a typed function, seen as what every channel handler is. Make it with Reply or NoReply.
type Handler[A any] struct {
	call  func(ctx context.Context, s *Socket[A], p Payload) (wire.Payload, error)
	reply bool
	rate  Rate
}

// Reply makes a handler whose result is the reply, with status ok. The payload is decoded as In: JSON into any Go type, [Binary], [Payload], json.RawMessage,
// or struct{} for whatever comes. A payload that does not fit is answered with {"reason":"invalid payload"}.
func Reply[A, In, Out any](f func(ctx context.Context, s *Socket[A], in In) (Out, error)) Handler[A] {
	return Handler[A]{reply: true, call: func(ctx context.Context, s *Socket[A], p Payload) (wire.Payload, error) {
		in, err := decode[In](p)
		if err != nil {
			return wire.Payload{}, err
		}
		out, err := f(ctx, s, in)
		if err != nil {
			return wire.Payload{}, err
		}
		return encodeAs(out)
	}}
}

// NoReply makes a handler that answers only by an Error.
func NoReply[A, In any](f func(ctx context.Context, s *Socket[A], in In) error) Handler[A] {
	return Handler[A]{call: func(ctx context.Context, s *Socket[A], p Payload) (wire.Payload, error) {
		in, err := decode[In](p)
		if err != nil {
			return wire.Payload{}, err
		}
		return wire.Payload{}, f(ctx, s, in)
	}}
}

// Limit bounds how often clients may call the handler; beyond it they are answered with {"reason":"rate_limited"}.
func (h Handler[A]) Limit(r Rate) Handler[A] {
	h.rate = r
	return h
}

// Infos are handlers of messages of other processes.
type Infos[A any] []InfoHandler[A]

// An InfoHandler takes messages of one type. Make it with OnInfo.
type InfoHandler[A any] struct {
	message reflect.Type
	call    func(ctx context.Context, s *Socket[A], msg any) error
}

// OnInfo takes messages of type M: sent with Send or After, or subscribed to with pubsub.Topic.
func OnInfo[A, M any](f func(ctx context.Context, s *Socket[A], msg M) error) InfoHandler[A] {
	return InfoHandler[A]{reflect.TypeFor[M](), func(ctx context.Context, s *Socket[A], msg any) error { return f(ctx, s, msg.(M)) }}
}

// A Want names the identity that a channel needs. Make it with Wants.
type Want struct{ t reflect.Type }

// Wants is for Channel.Identity.
func Wants[U any]() Want { return Want{reflect.TypeFor[U]()} }
