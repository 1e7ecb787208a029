// Package endpoint is where an application meets the network: it owns the listener, mounts sockets beside an http.Handler, answers
// health checks and errors, and stops in order.
//
// # Terms
//
// A mount is a user socket on a path, over WebSocket and, if wanted, long-polling. Liveness says that the program runs; readiness says
// that it wants traffic: it turns off when the endpoint begins to stop. Messages of a mount are compressed if its [transport.WebSocketConfig] says so.
//
// # Order
//
// A request is for the health checks; else it passes Front and is for a mounted socket; else it passes Plugs and reaches the Handler. What goes wrong on the way, panics
// included, is answered by Errors, with the headers that plugs have set until then. When Run's context ends, readiness turns off, and answers ask
// for their connections to be closed; for StopDelay all else is as before; then new WebSockets are refused with 503, new long-polls are told to go at once; every connection is drained (closed with 1012, in batches); then the listener closes and
// requests that run are waited for; what is left is cut off.
//
// # Limits
//
// 10 seconds for a request's header, which may have 1 MiB; 2 minutes idle between requests; bodies and answers have no bound but those of plugs (Parsers, BodyLimit, Timeout). Clients of sockets are bounded by [transport.Limits], whose zero value goes by
// the open-file limit and by the memory that is left. When the system cannot accept, for want of descriptors or otherwise, the endpoint waits, up to a second a time, and
// tries again. A panic in a handler costs its request
// a 500, and is reported once, with its stack; if the answer has begun the connection is cut.
//
// # Source
//
// Phoenix 1.9-dev, Phoenix.Endpoint and Phoenix.Socket.PoolDrainer.
package endpoint
