// Package plug is what stands between the server and the actions: small middlewares, one a file, each a func(http.Handler) http.Handler.
//
// # Terms
//
//   - A [Plug] is any middleware of net/http. Those of other packages work among Bennu's, and Bennu's work under an http.ServeMux, chi or httptest.
//   - A pipeline is plugs in order ([Pipeline]); the first is the outermost.
//   - The format of a request is what its answer should be: "html", "json" ([Accepts], [Format]).
//   - Refusing is answering an error instead of calling the next handler. Plugs do not choose what that looks like: [Refuse] asks the nearest
//     error writer ([Errors]), so that a JSON API refuses in JSON and a site with its own page.
//
// # Order
//
// Requests pass plugs from the first to the last, answers the other way. What a plug learns about a request is kept beside it, not in further contexts, so that
// plugs further out see what those further in have set: the log line of [Telemetry] knows the route. What plugs do to the header of the answer they do
// just before it is sent, the innermost first. A request and its answer belong to one goroutine; plugs themselves serve any number at a time.
//
// The order that suits most endpoints is Static, [RequestID], [Telemetry], [RewriteOn], [Compress], [Parsers], [MethodOverride], [Head], the session, the router.
//
// # Limits
//
// Each plug tells its own. All bounds have defaults, those of Plug where it has one. Wrong settings panic where the plug is made, with what to write instead.
//
// # Source
//
// Plug 1.18 and Phoenix 1.8: Plug.Builder, Plug.Parsers, Plug.Static, Plug.RequestId, Plug.Telemetry, Plug.Head, Plug.MethodOverride,
// Plug.RewriteOn and Phoenix.Controller.
package plug
