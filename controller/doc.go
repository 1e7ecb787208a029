// Package controller is what actions answer with: JSON, HTML, text, redirects, downloads, streams, and errors in one shape.
//
// # Terms
//
//   - An action is a func(w http.ResponseWriter, r *http.Request) error. It answers, or returns an error and has not answered.
//   - A [Component] is HTML that writes itself: what templ compiles to, or a html/template by [Template].
//   - A [View] is one thing in the formats that it can be answered in; [Render] chooses by the format of the request (plug.Format). A layout is put around
//     the HTML of views, the root layout around that.
//   - A fallback answers the errors of a scope's actions: [Fallback].
//
// # Order
//
// What is answered is encoded or rendered whole before the header is sent, so that a mistake in it becomes an error page and not half an answer; [Stream] and
// [EventStream] are the exceptions. A Content-Type that was set before stays. All functions are called on the goroutine that serves the request.
//
// # Limits
//
// Answers are held in memory while they are encoded, except downloads and streams. [Redirect] leads to paths of this site only. A stream gives its client 10 seconds to
// take what was written; an [EventStream] sends a comment every 15 seconds in which nothing else was.
//
// # Source
//
// Phoenix 1.9-dev, Phoenix.Controller; RFC 9110, RFC 9457 (problem details), RFC 6266 and RFC 8187 (names of downloads); WHATWG URL; WHATWG HTML, server-sent events.
package controller
