package transport

import (
	"context"
	"log/slog"

	"github.com/bennu-go/bennu/internal/frame"
	"github.com/bennu-go/bennu/internal/wire"
	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
	"github.com/bennu-go/bennu/telemetry"
)

// Env is what an endpoint gives to the sockets mounted on it.
type Env struct {
	System    *proc.System
	PubSub    *pubsub.PubSub
	Shards    *Shards
	Logger    *slog.Logger
	Telemetry *telemetry.Telemetry
}

// A Definition makes the Socket that an endpoint mounts: channel.UserSocket is one.
type Definition interface {
	NewSocket(env Env) (Socket, error)
}

// A Socket decides about clients. It is used from many goroutines.
type Socket interface {
	// Name is for logs and telemetry.
	Name() string
	// Connect lets a client in, as a Session, or refuses it with an error; a [Refusal] says how. It runs in the request's goroutine and may block.
	Connect(ctx context.Context, r *ConnectRequest) (Session, error)
}

// A Session is one client, seen from above. Its methods are called by the transport and must not block. A panic in one of them costs this
// connection only.
type Session interface {
	// ID is the topic by which the client can be disconnected; empty: none.
	ID() string
	// Open is called once, before anything else, when c can be written to. It is not called for a client that was lost before.
	Open(c Conn)
	// Receive takes one message. Data belongs to the transport and is valid during the call only. After an error the
	// connection is closed with 1011.
	Receive(op frame.Opcode, data []byte) error
	// Drain ends what the client has, because the server is about to end; the transport then closes with 1012.
	Drain()
	// Closed is called once, also if Open was not, with the reason, made by proc.Shutdown: "closed" by the client in order, or what the
	// server closed it for, or "transport_error". It comes after Open has returned; over WebSocket a Receive or Drain that is under way, or from within which the connection was
	// closed, ends after it.
	Closed(reason error)
}

// A Conn is one client, seen from below. Its methods never block and may be called from any goroutine; after the end they do nothing.
type Conn interface {
	// Send queues or writes frames that may be shared with other connections.
	Send(b *Batch)
	// Write queues or writes one complete frame, as made by wire.FinishHeader; p may be reused when it returns.
	Write(p []byte)
	// Close ends the connection with a WebSocket close code and reason, after what is queued. The session's Closed follows.
	Close(code int, reason string)
	// Shard is where the connection belongs.
	Shard() *Shard
	// Serializer is what was negotiated.
	Serializer() wire.Serializer
	// Transport is "websocket" or "longpoll".
	Transport() string
}

// Codes with which connections are closed. None is 1000, so that clients of every generation reconnect.
const (
	CloseGoingAway    = 1001 // disconnected by id, idle, session gone
	CloseInternal     = 1011 // a message that cannot be decoded
	CloseRestart      = 1012 // drained, or the server stops
	CloseTryLater     = 1013 // the client reads too slowly
	CloseUnauthorized = 4401 // refused, if WebSocketConfig.VisibleRefusals is on: 4400 + the last two digits of the HTTP status
)

// The reasons that sessions are closed for.
var (
	ErrClosed       = proc.Shutdown("closed")
	ErrDisconnected = proc.Shutdown("disconnected")
	ErrIdle         = proc.Shutdown("idle")
	ErrRestart      = proc.Shutdown("restart")
	ErrSlow         = proc.Shutdown("slow")
	ErrLost         = proc.Shutdown("transport_error")
	ErrBadMessage   = proc.Shutdown("bad_message")
	ErrInactive     = proc.Shutdown("inactive")
)

// A Batch is one or more neighbouring frames of one topic, to be written at once.
type Batch struct {
	Frames []*wire.Frame
	joined []byte
}

// Bytes returns the frames for a WebSocket, one after the other.
func (b *Batch) Bytes() []byte {
	if len(b.Frames) == 1 {
		return b.Frames[0].WS()
	}
	return b.joined
}

// join prepares Bytes. A Batch is immutable afterwards.
func (b *Batch) join() {
	if len(b.Frames) < 2 {
		return
	}
	n := 0
	for _, f := range b.Frames {
		n += len(f.WS())
	}
	b.joined = make([]byte, 0, n)
	for _, f := range b.Frames {
		b.joined = append(b.joined, f.WS()...)
	}
}
