// Command compare measures servers of the Phoenix protocol beside the floors, in
// one run, and prints Markdown tables.
//
//	go run ./compare -loadgen DIR -server 'bennu=go run ./server -addr {addr} -admin {admin}'
//	go run ./compare -loadgen DIR -quick
//	go run ./compare -loadgen DIR -only 'fanout' -rounds 5 -json runs.jsonl
//
// # Terms
//
// A scenario is one way to drive a server: idle connections, fan-out, echo,
// presence. A run is one scenario against one server, started afresh for it. A
// round is one run of each scenario against each server. The floor of a scenario
// is the server that its ratios are taken against.
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
// group.
//
// # Servers
//
// A server is NAME=COMMAND. In the command {addr}, {port} and {admin} stand for
// free loopback addresses; without them the words after -addr and -admin are
// taken as they are. "go run PACKAGE ..." is built once and then run as a
// program. The server stays in the foreground and listens on that address. If it
// has an admin address, it serves GET /debug/settle there (package settle), and
// settled memory is measured; otherwise that cell stays empty.
package main
