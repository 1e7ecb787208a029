// Package conntest tests an application's requests from where browsers and API clients stand: in memory, through the real plugs, router and actions; everything but the
// network is what production runs.
//
// # Terms
//
// A [Client] is one browser in front of a handler: an endpoint's Handler, a router, or any http.Handler. It keeps cookies between requests, and so its session and flash, and
// the headers that were set. A [Body] is what a request carries: [JSON], [Form], [Multipart]. A [Response] is what came of a request. Methods that begin with Want fail the test,
// and tell the whole answer, if it is not what they say.
//
// # Order
//
// A request is served on the goroutine of the test, to its end: a [Response] is whole. Time is the test's own, so that bubbles of testing/synctest work. A Client and its
// Responses are used from the goroutine of the test.
//
// A panic that no endpoint recovers fails the test with its stack. The check of CSRF tokens is skipped, as in Phoenix, until [Client.CheckCSRF].
//
// # Limits
//
// There is no network: no time-outs of the server, no WebSockets (channeltest has them), no HTTP/2. An answer that streams is seen when it has ended, up to which the context of
// the request stays alive: it ends with the test.
//
// # Source
//
// Phoenix 1.9-dev, Phoenix.ConnTest, whose helpers all have their counterpart here; Plug.Test.
package conntest
