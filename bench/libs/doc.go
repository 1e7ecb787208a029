// Command libs serves the rooms of the floors on other WebSocket libraries, so
// that Bennu can be compared with what one would build on them. It is a
// comparison and no example: nobody needs a server that knows rooms and nothing
// else.
//
//	go run ./libs -lib gorilla -addr 127.0.0.1:4101 -admin 127.0.0.1:4191
//
// # Terms
//
// A library is gorilla (github.com/gorilla/websocket), coder
// (github.com/coder/websocket), gws (github.com/lxzan/gws) or nbio
// (github.com/lesismal/nbio). Each has one file, which uses it as its own pages
// advise for many connections. The hub is the part that all share: who is in
// which room.
//
// What is spoken is what the floors speak: see the command floor.
//
// # Order
//
// Messages of one connection are handled in the order they came. A joined client
// has its reply before its first broadcast. Broadcasts of one topic reach
// everyone in one order.
//
// # Limits
//
// Loopback addresses only. One topic a connection: joining a second leaves the
// first. A client that reads nothing holds up its topic for as long as the
// library lets it: no time-outs are set, since they would cost the others in a
// measurement.
package main
