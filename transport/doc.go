// Package transport is the connection engine: it carries frames between clients and what stands above, a [Session] per client, over
// WebSocket (RFC 6455) and long-polling.
//
// # Terms
//
// A [Socket] is mounted on a path and decides who may connect. A [Session] is one client as the layer above sees it; a [Conn] is the same client as the
// transport sees it. A [Shard] is one of a few parts into which connections are divided; it owns the members of each topic among them and fans messages out to them. A
// [Member] is one connection's place in one topic.
//
// # Order
//
// Session.Receive is called in the order of the client's messages, never twice at once, and never with a callback of the application
// under it. Writes to one Conn reach the client in the order of the calls. What one goroutine has published to a topic and then writes to
// a Conn through [Shard.Mark] and [Shard.Post] reaches that client in this order too.
//
// # Limits
//
// Frames of 10 MB, reassembled messages of 8 MB, 60 seconds without a byte from the client, 1 MiB waiting to be
// written to a client: beyond that it is closed with 1013 (a long-poll session ends), after which every client reconnects. Reads are never paused. No code that this package chooses is 1000, after
// which phoenix.js before 1.8.16 stays away for good. A long-poll request has 8 MB and 100 lines; a session that is not polled for 1.5 to
// 3 windows of 10 seconds has ended.
//
// # Source
//
// RFC 6455; Phoenix 1.9-dev Phoenix.Transports.WebSocket and LongPoll; Bandit's close codes.
package transport
