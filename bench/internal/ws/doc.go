// Package ws holds the little of RFC 6455 that the floors need: the upgrade
// request, frames from a client, frames to a client.
//
// # Terms
//
// An upgrade request is the HTTP/1.1 GET that asks for the WebSocket protocol;
// its key is answered by an accept value. A frame is one header with its
// payload; a client's frames are masked, a server's are not.
//
// # Order
//
// Everything here is a function of its arguments; nothing is kept between
// calls, so any goroutine may call anything.
//
// # Limits
//
// A request head is at most [MaxHead] bytes, a frame's payload at most
// [MaxPayload]. Fragmented messages and extensions are refused: a floor
// measures the least that a server can do, and the load generator sends
// neither.
//
// # Source
//
// RFC 6455 sections 4.2 (server's handshake), 5.2 (framing), 5.3 (masking),
// 5.5 (control frames) and 7.4.1 (close codes); RFC 9110 section 7.6.1 and 7.8
// (Connection and Upgrade as lists of tokens).
package ws
