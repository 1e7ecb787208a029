// Package router sends requests to actions: by method, host and path, through pipelines of plugs, as one value that
// is defined in one closure and never changes afterwards.
//
// # Terms
//
//   - An action is func(http.ResponseWriter, *http.Request) error ([Action]). Anything that is an [http.Handler] goes
//     in with [Scope.Handle] or [Scope.Forward].
//   - A plug is func(http.Handler) http.Handler ([Plug]): any middleware of net/http. A [Pipeline] is a list of plugs
//     with a name.
//   - A [Scope] is a part of the table with a path, pipelines and settings in common. Scopes nest: paths, names,
//     pipelines and values add up; host, fallback, log level, logger and telemetry are replaced by the inner one.
//   - A path is made of segments between slashes: literals, parameters ({id}), parameters after a literal
//     ("post-{id}"), and at the end a glob ({rest...}) that takes all remaining segments, none included. Actions read
//     values with [http.Request.PathValue]. Literals may be percent-encoded: %7B is a brace, %2F a slash within a
//     segment. Hosts have parameters too ([Scope.Host]). Behind the router param.Of has all of them, over those of the body and the query.
//   - The fallback of a scope ([Scope.Fallback]) turns the errors of actions into answers; without one, the nearest error writer does, the
//     endpoint's for example (see [plug.Refuse]), or [WriteError].
//   - A name gives a route a function among the typed paths that [WriteGo] writes.
//
// # Order
//
// Of the routes that match method, host and path, the first defined wins. Two routes that match the same requests are
// refused; [Router.Warnings] lists the pairs in which the order decides and not that one is more specific than the
// other, as /users/new is than /users/{id}. A GET route also matches HEAD, and the server drops the body; whoever
// wants another HEAD defines it before the GET.
//
// A request that matched gets its path values, [http.Request.Pattern] ("GET /users/{id}") and the scope's values,
// then runs through the pipelines from the outermost scope to the innermost, then reaches the action. A plug that
// does not call the next one ends it there. An error the action returns is answered inside the pipelines, so that
// what they add to the answer is there as well. Panics pass through.
//
// Pipelines do not run for what no route matches, except those marked with Always (see [Pipeline]); these run, in
// front of the automatic answers: OPTIONS (204 with Allow), 405 with Allow, and 404. Such an answer belongs to the
// scope of the first route with that path, or, for a 404, to the scope with the longest path above the request's; of
// several scopes with the same path to the first that has an Always pipeline, else a fallback, else to the first. Its
// Always pipelines run and its fallback gets the [NoRouteError] or [MethodNotAllowedError].
//
// Slashes at the end and doubled ones are not there, in definitions and in requests, and there is no redirect.
// Segments are compared after percent-decoding, so that %2F is part of a value. The case of paths counts, that of
// hosts does not.
//
// A [Router] may be used from any number of goroutines. A plug is called once for every route of its scope while New
// runs: what its handlers share (a rate limiter's table) is made outside of it.
//
// # Limits
//
// Wrong definitions make [New] panic with all mistakes, each with its file and line. The same goes for using a scope
// outside its block.
//
// A segment "." or ".." in a request is matched by nothing: browsers resolve them before they ask. A parameter's
// value is never empty. A glob's value joins its segments with slashes, so that a %2F in one of them cannot be told
// from the slash between two.
//
// Behind an endpoint, or any plug that began the exchange, a match of literals allocates nothing up to 16 segments; by itself the router makes two objects for each
// request. Parameters cost what [http.Request.SetPathValue] does. The
// time a match takes grows with the segments and with the routes that share their beginning, never with the number of
// ways to combine them.
//
// An action that has begun to answer should return nil. It may panic with
// http.ErrAbortHandler to break the connection. If it returns an error after all, and there is no fallback, the error is logged and the connection broken, since the
// client would take what it has for the whole answer.
//
// # Source
//
// Phoenix 1.8.9: Phoenix.Router, Phoenix.VerifiedRoutes and mix phx.routes; the syntax of paths is that of
// http.ServeMux. Automatic HEAD and OPTIONS and the 405 follow RFC 9110, sections 9.3.2, 9.3.7 and 15.5.6.
package router
