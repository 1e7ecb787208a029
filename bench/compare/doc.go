// Command compare measures servers of the Phoenix protocol beside the floors, in
// one run, and prints Markdown tables.
//
//	go run ./compare -loadgen DIR
//	go run ./compare -loadgen DIR -quick
//	go run ./compare -loadgen DIR -servers 'epoll|hijack|^bennu$' -only 'fanout' -rounds 5 -json runs.jsonl
//	go run ./compare -loadgen DIR -server 'phoenix=env PORT={port} ./phoenix/bin/server'
//
// # Terms
//
// A scenario is one way to drive a server: idle connections, fan-out, echo,
// presence. A run is one scenario against one server, started afresh for it. A
// round is one run of each scenario against each server. The floor of a scenario
// is the server that its ratios are taken against. A budget is what the design
// wants of a figure or of its ratio, of some servers; it holds if the median does.
//
// # Order
//
// Scenario by scenario, the servers of a round follow each other, and every
// round begins with another server: what changes on the machine during the
// minutes of a comparison hits all of them. A ratio is taken within its round,
// between runs that are seconds apart; what is printed is the median over the
// rounds, with the smallest and the largest behind it.
//
// # Limits
//
// Linux only, with taskset from util-linux and two CPUs: servers are pinned to
// one, the generator to the other. Loopback addresses only. Everything has a time
// limit, the whole by -timeout; what ran until then is printed. Only processes
// that were started here are stopped: a server and its children are one process
// group. A run against a server that does not answer gives no figures, and a
// server without figures in some scenario makes the command fail; a budget that
// is missed does not.
//
// # Servers
//
// Built here, unless -servers leaves them out: the floors epoll and hijack; Bennu
// as it comes (bennu), with a goroutine a connection (bennu-portable), with TLS
// (bennu-tls); the floors' rooms on the libraries gorilla, coder, gws and nbio.
// The libraries take part where plain WebSockets are compared, not in presence,
// bursts and the largest numbers. A server with -tls among its words is driven
// through relays (the command relay).
//
// Any other server is NAME=COMMAND. In the command {addr}, {port} and {admin} stand for
// free loopback addresses; without them the words after -addr and -admin are
// taken as they are. "go run PACKAGE ..." is built once and then run as a
// program. The server stays in the foreground and listens on that address. If it
// has an admin address, it serves GET /debug/settle there (package settle), and
// settled memory is measured; otherwise that cell stays empty.
package main
