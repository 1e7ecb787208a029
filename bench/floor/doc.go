// Command floor serves the least that a Phoenix Channels server can do, so that
// a real one can be given as a ratio to it, measured in the same run.
//
//	go run ./floor -kind epoll  -addr 127.0.0.1:4101 -admin 127.0.0.1:4191
//	go run ./floor -kind hijack -addr 127.0.0.1:4102
//
// # Terms
//
// A floor is a server that pays only for what the protocol forces on everyone:
// the system calls, the frames, the five tokens of a message. It has no
// processes, no limits per client, no time-outs, no telemetry.
//
// Kind "epoll", also called "writeloop", is one thread around epoll_wait: a
// request costs one read(2) and one write(2), a broadcast is a plain loop of
// write(2) over the sockets of its topic. It is the floor for fan-out, for
// request and reply, and for memory.
//
// Kind "hijack" is net/http, Hijack, and one goroutine a connection that reads
// into borrowed buffers. It is the floor for connect and join, and for a server
// that has to work everywhere.
//
// Both accept GET /socket/websocket?vsn=2.0.0, join topics that begin with
// "room:", answer "heartbeat" and "echo", and send "shout" to everyone who
// joined its topic. Any other topic is refused with "unmatched topic", which is
// how a generator learns that there is no presence here.
//
// # Order
//
// Frames of one connection are handled in the order they came. A joined client
// has its reply before its first broadcast. Broadcasts of one topic reach
// everyone in one order.
//
// # Limits
//
// Linux and loopback addresses only. One topic a connection: joining a second
// leaves the first. No fragments, no binary messages, frames of at most 64 KiB.
// In kind "epoll" what a client does not read is kept up to 1 MiB, then the
// connection is closed; in kind "hijack" a client that reads nothing for five
// seconds is closed, and holds up its topic until then.
package main
