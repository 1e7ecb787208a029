// Command web compares what a JSON request costs: a bare http.ServeMux with a handler of two lines, chi with the middlewares that an API has, and Bennu's
// endpoint, plugs, router and controller doing the same.
//
//	go run ./web            # all servers, three rounds, about two minutes
//	go run ./web -quick     # whether it works
//
// Servers are processes of this program on one CPU, the load comes from this process, best on another:
//
//	taskset -c 1 go run ./web -cpu 0
//
// Two kinds of load: closed, 64 connections that each ask again as soon as they are answered, which shows what a core can serve; and open, a fixed rate whose
// latencies count from when a request was due, so that a server that stalls cannot hide it. CPU is the server process's own, from /proc. Within a round the
// servers take turns; a ratio is that of one round to the floor of the same round, the table shows medians.
package main
