// Package wsconn is a WebSocket as a Phoenix client in Go holds it: dial, read frames, write messages. Thousands of them fit a process.
//
// # Terms
//
// A [Dialer] makes the TCP connection. A [Conn] is a WebSocket after the upgrade. A reason is one word for why a connection failed.
//
// # Order
//
// One goroutine reads a Conn; any may write, as net.Conn serialises writes of whole frames.
//
// # Limits
//
// A message of a server is at most 1 MiB, and fragments and extensions are refused: the measured servers send none that were not asked for. All frames
// have one masking key and all upgrades one key, since nothing stands between the client and a server on loopback.
//
// # Source
//
// RFC 6455 sections 4.1, 5 and 7; the V2 JSON serializer of Phoenix 1.8.
package wsconn
