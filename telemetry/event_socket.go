package telemetry

import (
	"encoding/json"
	"time"
)

// SocketConnected is emitted when a user socket's connect callback has returned,
// also when it refused.
type SocketConnected struct {
	Socket    string         // name of the user socket
	Transport string         // "websocket", "longpoll" or a custom transport's name
	Vsn       string         // serializer version that was negotiated: "1.0.0" or "2.0.0"
	Params    map[string]any // connect parameters as the client sent them: Filter them before showing them
	Duration  time.Duration  // time spent in the connect callback
	Err       error          // why the connection was refused; nil if it was accepted
	Log       LogLevel       // level of the log line; zero means info
}

// EventName returns "bennu.socket.connected".
func (SocketConnected) EventName() string { return "bennu.socket.connected" }

// SocketDisconnected is emitted once for every accepted connection, when it has
// ended from either side.
type SocketDisconnected struct {
	Socket    string
	Transport string
	ID        string        // the socket's id; empty if it has none
	Code      int           // WebSocket close code; 1006 if the connection was lost without one; 0 on other transports
	Reason    string        // reason sent or received with the code; the client's own words if it closed
	Duration  time.Duration // time from accepted to ended
}

// EventName returns "bennu.socket.disconnected".
func (SocketDisconnected) EventName() string { return "bennu.socket.disconnected" }

// SocketDrain is emitted for each batch of connections that is told to go away
// while the endpoint shuts down.
type SocketDrain struct {
	Socket   string
	Count    int           // connections in this batch
	Total    int           // connections of the socket when draining began
	Index    int           // number of this batch, from 1
	Rounds   int           // number of batches
	Interval time.Duration // pause between batches
	Log      LogLevel      // level of the log line; zero means info
}

// EventName returns "bennu.socket.drain".
func (SocketDrain) EventName() string { return "bennu.socket.drain" }

// SlowClient is emitted when a connection is closed because its client does not
// read what is sent to it and the bytes waiting have reached their cap.
type SlowClient struct {
	Socket    string
	Transport string
	ID        string // the socket's id; empty if it has none
	Queued    int    // bytes waiting to be written
	Limit     int    // the cap in bytes
}

// EventName returns "bennu.socket.slow_client".
func (SlowClient) EventName() string { return "bennu.socket.slow_client" }

// RequestRefused is emitted when a request to a socket's path is turned away
// before connect is called: wrong origin, bad version, too many connections.
type RequestRefused struct {
	Socket string
	Reason string // short and fixed, such as "origin"
	Status int    // HTTP status of the answer
}

// EventName returns "bennu.socket.request_refused".
func (RequestRefused) EventName() string { return "bennu.socket.request_refused" }

// RateLimited is emitted when a message or a join is answered with an error
// because a rate limit is used up.
type RateLimited struct {
	Scope string // what the limit counts by: "connection", "user", "topic", …
	Topic string
	Event string
	ID    string // the socket's id, or the key that the scope counts by
}

// EventName returns "bennu.rate_limited".
func (RateLimited) EventName() string { return "bennu.rate_limited" }

// ChannelJoined is emitted when a channel's join callback has returned, also
// when it refused. A join that panicked is a [ProcessCrashed] instead.
type ChannelJoined struct {
	Channel  string          // name of the channel
	Topic    string          // topic asked for
	Params   json.RawMessage // join payload, borrowed; nil if it was binary
	Status   string          // status of the reply: "ok", or "error" if refused
	Duration time.Duration   // time spent in the join callback
	Err      error           // why it was refused; nil if it was accepted
	Log      LogLevel        // level of the log line; zero means info
}

// EventName returns "bennu.channel.joined".
func (ChannelJoined) EventName() string { return "bennu.channel.joined" }

// ChannelHandledIn is emitted when the callback of an incoming event has
// returned. There is none for phx_leave nor for a callback that panicked.
type ChannelHandledIn struct {
	Channel  string
	Topic    string
	Event    string          // name of the incoming event
	Ref      string          // the client's message ref; empty if it asked for no reply
	Params   json.RawMessage // payload, borrowed; nil if it was binary
	Duration time.Duration   // time spent in the callback
	Log      LogLevel        // level of the log line; zero means debug
}

// EventName returns "bennu.channel.handled_in".
func (ChannelHandledIn) EventName() string { return "bennu.channel.handled_in" }

// ChannelExited is emitted once for every channel that had joined, when its
// process has ended.
type ChannelExited struct {
	Channel string
	Topic   string
	Reason  error // why it ended; nil after leaving or stopping normally
}

// EventName returns "bennu.channel.exited".
func (ChannelExited) EventName() string { return "bennu.channel.exited" }

// ChannelPush is emitted for every message that a channel pushes to its own
// client, when it is handed to the transport. Replies and broadcasts are not
// pushes.
type ChannelPush struct {
	Topic string
	Event string
	Bytes int // encoded payload
}

// EventName returns "bennu.channel.push".
func (ChannelPush) EventName() string { return "bennu.channel.push" }

// Broadcast is emitted once for every broadcast on the node where it is made,
// whatever the number of subscribers.
type Broadcast struct {
	Topic string
	Event string
	Bytes int  // encoded payload; 0 for a Go value that has not been encoded
	From  bool // true if the sender does not receive it itself
}

// EventName returns "bennu.broadcast".
func (Broadcast) EventName() string { return "bennu.broadcast" }

// BroadcastDropped is emitted for every broadcast that part of a node's clients
// did not get because they could not be written to as fast as it was published.
type BroadcastDropped struct {
	Topic   string
	Event   string
	Members int // connections that missed it, of one part of the node's
}

// EventName returns "bennu.broadcast_dropped".
func (BroadcastDropped) EventName() string { return "bennu.broadcast_dropped" }
