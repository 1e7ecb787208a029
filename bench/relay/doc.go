// Command relay stands between a load generator that speaks no TLS and a server
// that does: what a client sends is encrypted and passed on, what the server
// sends is decrypted and passed back.
//
//	go run ./relay -addr 127.0.0.1:4103 -to 127.0.0.1:4104
//
// The server's memory and CPU can be measured so. Rates and latencies are the
// relay's as much as the server's, and say nothing.
//
// # Order
//
// Bytes of one direction of a connection keep their order.
//
// # Limits
//
// Linux and loopback addresses only. The server's certificate is not looked at.
// A client costs two descriptors, so a relay carries about half of what the
// open-file limit says; several relays share one address (SO_REUSEPORT).
package main
