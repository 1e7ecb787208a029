// Command storm lets thousands of Phoenix clients lose their server, crash its channels and block its callbacks, and says how the server
// comes through.
//
//	go run ./storm -mode kill                 # 10,000 clients, SIGKILL, a new server on the same address
//	go run ./storm -mode drain                # the same with SIGTERM
//	go run ./storm -mode crash                # 1,000 clients join a channel whose every join panics, for 20 s
//	go run ./storm -mode blocked              # 10,000 channels sit in their callbacks for 5 s
//	go run ./storm -mode ignore               # SIGTERM while callbacks ignore it
//
// And it has clients behave badly, beside others who are to notice nothing: these modes are the faults.
//
//	go run ./storm -mode stalled              # 1,000 of 10,000 clients stop reading during a storm of broadcasts
//	go run ./storm -mode half-open            # 2,000 of 10,000 vanish without a word
//	go run ./storm -mode loris                # 5,000 send a byte a second of their upgrade while 5,000 others come
//	go run ./storm -mode resets               # 10,000 reset their connections in ten states, three times
//	go run ./storm -mode drip                 # frames byte by byte on 10,000 connections
//	go run ./storm -mode files                # 2,000 clients and more at a server that may open 2,000 files
//
// # Terms
//
// A crowd is many clients. A client is one WebSocket with its channels; it behaves as phoenix.js 1.8.16 does: it reconnects after every end,
// whatever the code, by the back-off table of that library, joins all its channels when the connection opens, and joins again by the rejoin
// table when a join fails or a channel crashes. A client is back when all its channels are joined. A probe is a connection that sends one
// echo after the other, at a pace, and takes the time.
//
// A flock is the clients who behave well beside a fault: each has one connection, which it never replaces, and knows to the byte what it is to get. In a
// round of broadcasts the first of each room shouts. A base is what the server held at a quiet moment: connections, descriptors, goroutines, processes, topics,
// heap and resident set after a collection, when as many clients have been there once as will be.
//
// # Order
//
// A client is one goroutine, whose read deadline is its clock: heartbeats, join time-outs and rejoins are due when a read times out.
// Requests of others (a push, another join) are written from their goroutine, with refs made under the client's mutex.
//
// # Limits
//
// Linux, addresses of 127.0.0.0/8 only, and as many clients as there are descriptors. Each run ends after -timeout, and prints one line of
// JSON when its outcome was reached; otherwise it fails and says what was missing. A fault prints a line for each thing that must be true, which begins with OK or
// FAILED, and fails if one is not. Memory is back when it is within 15 % of the base (or 0.5 MB of heap, 2 MB of resident set); goroutines are when there are no more than the
// workers that proc keeps idle. Broadcasts go out as fast as all of the flock hear them, four rounds at most on their way. The process that half-open stops is this program,
// with -mode hold. Only the servers that were started here are signalled. The
// server's port lies below the range from which outgoing connections take theirs; otherwise a client that reconnects could occupy it.
//
// The clients need about as much CPU as the server, and both run on the same machine: times until all are back are upper bounds. There is no page
// that is hidden, no long-polling, and no wait for a full send buffer before a connection is given up.
//
// # Source
//
// phoenix.js 1.8.16, Socket, Channel and Timer: the tables and what resets them.
package main
