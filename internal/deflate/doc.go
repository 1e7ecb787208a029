// Package deflate is permessage-deflate (RFC 7692) without context takeover: what a server answers to a client's offers, and messages
// compressed and inflated one by one.
//
// # Terms
//
// An offer is one extension with its parameters as a client lists it; offers are alternatives, the first that can be kept is taken. Context
// takeover is to refer to earlier messages while compressing. Without it a message means the same to every client, so that a broadcast is
// compressed once for all of them, and a connection between two messages needs no memory for compression on either side.
//
// # Order
//
// A [Writer] is borrowed by one goroutine at a time. [Inflate] may be called from any number of them.
//
// # Limits
//
// A Writer holds 0.8 MB at level 1 and 1 to 1.4 MB above (BenchmarkNewWriter), an inflater 45 KB. Neither belongs to a connection: there are as
// many as goroutines that compress or inflate at once, and the garbage collector takes what rests. Inflate stops at the first byte beyond its limit; its buffer doubles with what came out, so that a short message that claims to become a long one reserves nothing.
//
// # Source
//
// RFC 7692 sections 5 and 7; RFC 6455 section 9.1 for the header's grammar; RFC 1951. github.com/klauspost/compress/flate compresses about twice as
// fast as compress/flate at level 1, to the same size within a tenth, and inflates without allocating.
package deflate
