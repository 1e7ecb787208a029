// Command scale shows how many joined connections one process of Bennu holds, and what they cost: hundreds of thousands of them, on one machine, without a second one
// for the clients.
//
// It makes a network namespace with a TUN device, starts bench/server in it, and is the clients itself: see package crowd. They connect and join a channel, send
// heartbeats for as long as -hold, ask for echoes, hear broadcasts, and are closed with 1012 when the server gets SIGTERM. What is not as it must be (a connection lost, a
// heartbeat unanswered, a broadcast not heard, a client not closed with 1012) is an error. With -faults, clients then behave badly too.
//
// # Terms
//
// A pinned shard is one of the server's with a thread and a table of files of its own, so that -n may be a multiple of the limit of open files: the server is built
// with the tag benchscale. That costs CPU: there are more shards than CPUs, and what workers write is posted to them first.
//
// # Limits
//
// Linux 5.6 and newer; root, or a system that lets users make namespaces; /dev/net/tun. The clients need a CPU of their own at some 200,000 packets a second.
// Memory: about 4.5 KB a connection for the kernel, and what the server needs.
//
// Everything is made for one run and goes with it: the namespace ends with its last process.
package main
