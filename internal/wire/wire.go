// Package wire is the message format of Phoenix Channels: the serializers with vsn 1.0.0 and 2.0.0, their negotiation,
// and the immutable frames in which an encoded message is shared by many connections. It is pure: bytes in, bytes out.
//
// # Terms
//
// A message has a join_ref, a ref, a topic, an event and a payload. Refs are made by the client; the server echoes them
// in kind (a string stays a string, a number a number) and compares them for equality only: see [Ref]. A reply answers
// the message whose ref it carries. A push goes to one client, a broadcast to all of a topic. A payload is JSON or, with
// vsn 2.0.0, bytes that nobody looks into.
//
// Decoding fills an [Inbound] with views of the input wherever the input has the bytes as they are wanted; encoding
// appends to a buffer of the caller. Neither allocates in the common case, and neither goes through encoding/json.
//
// # Order
//
// Serializers have no state and may be used from any goroutine. An Inbound belongs to one goroutine, and what it shows
// is valid until it is decoded into again or until the input's memory is used again. A [Frame] never changes.
// When an Append method returns an error, it returns dst as it was.
//
// # Limits
//
// JSON nests at most [MaxDepth] deep, the envelope included. A ref is at most [MaxRef] bytes, a topic and an event at most
// [MaxName] each, since a server keeps them while a channel lives; Phoenix bounds them by the size of a message alone.
// In binary messages join_ref, ref, topic, event and status are at most [MaxField] bytes each; encoding more is an error.
// Payloads are bounded by the frame that carried them.
//
// What does not decode is a [*DecodeError]; a transport closes such a connection with 1011. JSON is accepted as
// encoding/json accepts it: lone surrogates and bytes that are not UTF-8 become U+FFFD in refs, topics and events.
// The payload is checked, not changed. Binary messages must have UTF-8 in all their strings.
//
// # Source
//
// Phoenix 1.9-dev: Phoenix.Socket.V1.JSONSerializer, Phoenix.Socket.V2.JSONSerializer, Phoenix.Socket.Transport (vsn);
// phoenix.js 1.8.16: serializer.js. JSON is RFC 8259.
package wire

import "github.com/bennu-go/bennu/internal/frame"

// Events and the topic that the protocol keeps for itself.
const (
	EventJoin      = "phx_join"
	EventLeave     = "phx_leave"
	EventReply     = "phx_reply"
	EventError     = "phx_error"
	EventClose     = "phx_close"
	EventHeartbeat = "heartbeat"
	TopicPhoenix   = "phoenix"
)

// Bounds of what is decoded and encoded; see the package comment.
const (
	MaxDepth = 512
	MaxRef   = 1024
	MaxName  = 4096
	MaxField = 255
)

// An Inbound is one message of a client.
type Inbound struct {
	// JoinRef and Ref are JSON tokens in the form that [RefFromBytes] takes: a string with its quotes, a number, or nil
	// for null. The refs of a binary message are strings, the empty one too.
	JoinRef, Ref []byte
	// Topic and Event are text, without quotes or escapes.
	Topic, Event []byte
	// Payload is valid JSON of any kind without space around it or, when Binary is true, bytes.
	Payload []byte
	Binary  bool

	scratch []byte // holds what the input does not have as it is wanted; kept from message to message
}

// keptScratch bounds what an Inbound keeps between messages.
const keptScratch = 4096

func (in *Inbound) reset() {
	scratch := in.scratch[:0]
	if cap(scratch) > keptScratch {
		scratch = nil
	}
	*in = Inbound{scratch: scratch}
}

// IsHeartbeat reports whether in is a heartbeat, which is answered before any channel is looked up.
func IsHeartbeat(in *Inbound) bool {
	return string(in.Topic) == TopicPhoenix && string(in.Event) == EventHeartbeat
}

// AppendHeartbeat appends the answer to the heartbeat in.
func AppendHeartbeat(dst []byte, s Serializer, in *Inbound) ([]byte, frame.Opcode, error) {
	return s.AppendReply(dst, "", borrowRef(in.Ref), TopicPhoenix, "ok", Payload{})
}

// A Payload is the body of a message to a client. Data is JSON unless Binary is true; empty JSON means {}.
// JSON is taken as it is: whoever made it answers for its validity.
type Payload struct {
	Data   []byte
	Binary bool
}

// A Serializer turns messages into bytes and back. Implementations are stateless and safe for concurrent use; the
// Append methods must not keep dst, and must return it as it was beside an error.
//
// joinRef is the ref of the channel's join, null when the client gave none. Close and error notices carry it in the
// place of both refs.
type Serializer interface {
	// Vsn is the serializer's version, such as "2.0.0".
	Vsn() string
	// Index is 0 for V1, 1 for V2 and -1 for all others: the place of an encoded form in a message that keeps one form
	// for each serializer.
	Index() int

	// Decode reads one message from a text or binary frame into in. After an error in's contents mean nothing.
	Decode(op frame.Opcode, data []byte, in *Inbound) error

	AppendReply(dst []byte, joinRef, ref Ref, topic, status string, p Payload) ([]byte, frame.Opcode, error)
	AppendPush(dst []byte, joinRef Ref, topic, event string, p Payload) ([]byte, frame.Opcode, error)
	AppendBroadcast(dst []byte, topic, event string, p Payload) ([]byte, frame.Opcode, error)
	// AppendClose tells the client that a channel has ended in good order: it does not rejoin.
	AppendClose(dst []byte, joinRef Ref, topic string) ([]byte, frame.Opcode, error)
	// AppendError tells the client that a channel has crashed: it rejoins. Phoenix's reason is "channel_crash".
	AppendError(dst []byte, joinRef Ref, topic, reason string) ([]byte, frame.Opcode, error)
}
