// Package crowd is hundreds of thousands of WebSocket clients in one goroutine, without a socket of their own: they speak TCP themselves, packet by packet.
//
// # Terms
//
// A client has connected (TCP), upgraded (HTTP) and joined (channel); it is joined until it is closed, in order or not. A link carries the packets between the
// clients and the server: a TUN device, or a test. A heartbeat sweep visits every client once in a period, at equal distances.
//
// # Order
//
// A [Crowd] belongs to one goroutine, and does something only while one of its methods runs: between two of them packets wait in the link.
//
// # Limits
//
// A client costs 32 bytes, and has one message of its own unacknowledged at most: what is lost of it is said again after a second. It takes data in order only, acknowledges
// every second segment at once and the rest when nothing more has come, does not scale its window and knows no timestamps and no selective
// acknowledgements. An answer of HTTP must be one segment. A message cut in two is put together; one of more than 1 MB counts as a protocol error. All frames are masked
// with the same key, which nobody checks.
//
// # Source
//
// RFC 9293 (TCP), RFC 6455 (WebSocket), Phoenix's V2 serializer.
package crowd
