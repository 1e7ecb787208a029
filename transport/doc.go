// Package transport is the connection engine: it carries frames between clients and what stands above, a [Session] per client, over
// WebSocket (RFC 6455) and long-polling.
//
// # Terms
//
// A [Socket] is mounted on a path and decides who may connect. A [Session] is one client as the layer above sees it; a [Conn] is the same client as the
// transport sees it. A [Shard] is one of a few parts into which connections are divided; it owns the members of each topic among them and fans messages out to them. A
// [Member] is one connection's place in one topic.
//
// An [Engine] is a way to serve WebSockets. Under the poller, which is for plain TCP on Linux and for TLS over a listener of [UnderTLS], a connection belongs to its shard's epoll and
// has no goroutine; it costs a struct of 96 bytes and its places in lists, and over TLS some 7 KB of crypto/tls. On the portable path, for everything else (streams of HTTP/2, other systems, somebody
// else's TLS, connections in memory), a goroutine reads it. The contract of Session and Conn is the same.
//
// permessage-deflate is negotiated where [WebSocketConfig].Compress allows it, without context takeover on either side: a connection keeps nothing for it between messages, and what is
// broadcast is compressed at most once for each serializer and level, whatever the number of clients. It is off by default; [Compression] says why.
//
// # Order
//
// Session.Receive is called in the order of the client's messages, never twice at once, and never with a callback of the application
// under it. Writes to one Conn reach the client in the order of the calls. What one goroutine has published to a topic and then writes to
// a Conn through [Shard.Mark] and [Shard.Post] reaches that client in this order too. Session.Closed comes once, and never before Session.Open has returned.
//
// A shard has one goroutine while it has something to do or connections under its poller. It looks at its connections after every 256 messages it has dealt with or
// written, and reads 1 MiB of one connection before it goes on to the next: neither a long fan-out nor a client that never stops sending holds up heartbeats. A descriptor is closed by
// the shard (on the portable path by its reader) under the connection's lock, which every write takes, so a number that is used again never gets another client's bytes.
//
// # Limits
//
// Frames of 10 MB, reassembled or inflated messages of 8 MB, 60 seconds without a byte from the client, 1 MiB waiting to be
// written to a client: beyond that it is closed with 1013 (a long-poll session ends), after which every client reconnects. Small messages wait in common pieces of 4 KiB, so that they cost what they
// weigh; compressed ones weigh what goes over the wire. A compressed message of a client may become 25 times as long. Over TLS under the poller no more than 16 KiB is encrypted before the socket takes it, above that bound; a client that has crypto/tls
// answer (KeyUpdate) and reads nothing is cut off when 64 KiB of answers wait. A client has 5 seconds to answer a close. Deadlines are kept by a pass over the shard's connections, at most once a
// second, and are late by about that much. Reads are never paused. No code that this package chooses is 1000, after
// which phoenix.js before 1.8.16 stays away for good. A long-poll request has 8 MB and 100 lines; a session that is not polled for 1.5 to
// 3 windows of 10 seconds has ended.
//
// # Source
//
// RFC 6455 and RFC 7692; RFC 8446, for what may come in a TLS connection after the handshake; Phoenix 1.9-dev Phoenix.Transports.WebSocket and LongPoll; Bandit's close codes.
package transport
