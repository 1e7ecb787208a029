// Command churn lets clients come, join, push, crash, leave and vanish for long, and says whether the server keeps anything of them.
//
//	go run ./churn -for 1h -n 10000
//
// # Terms
//
// A session is one connection's life, from the dial to one of its ends: a closing handshake, a FIN without one, a reset (SO_LINGER 0), silence (the client
// neither reads nor writes until the server has closed it), or, on long-polling, no more polls. A client has one session after the other. A level is how much there is
// at a moment: of memory after garbage collection (bench/settle), goroutines, descriptors and the like. A fault is whatever was not asked for: a
// connection that the server ends, a join refused, an answer that is missing after 30 s, someone else's or wrong, a crash that nobody caused, a broadcast
// dropped.
//
// # Order
//
// First comes a rehearsal: all clients come, stay for a moment and go. What the server holds then is the base, because tables and pools keep their room. Then the churn:
// a sample every -sample, after a warm-up of a tenth of the time, 5 minutes at most. At last all clients go, and the levels are compared with the base.
//
// A slope is least squares over the samples, with its 95 % confidence. A level is flat if its slope over an hour is under 2 % of its mean or two of
// what is counted, or cannot be told from none. Runs under 10 minutes are not judged by slopes.
//
// # Limits
//
// Linux, addresses of 127.0.0.0/8 only, as many clients as there are descriptors. The clients' addresses are 127.77.0.1 to 127.77.0.16, so that the ports of
// 127.0.0.1 stay free for others. The run fails on any fault, a level that is not flat, or a base that is not reached within 3 minutes.
//
// # Source
//
// phoenix.js 1.8.16 for what a client sends and expects; its back-off is not waited for.
package main
