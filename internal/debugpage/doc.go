// Package debugpage shows a developer what went wrong with a request: the error, the stack with its source, the request, what plugs know of it, and the routes if there
// was none. It is for development only: it shows source and data.
//
// # Terms
//
// A [Page] is all of that as data; it writes itself as HTML, Markdown or JSON. Frames of the application are those that are neither the standard library's, nor a
// dependency's, nor Bennu's own.
//
// # Order
//
// Frames keep the order of the stack, the innermost first; those of the application are shown before the others.
//
// # Limits
//
// Parameters, session, headers and values are filtered by [Config].Filter and some more names of secrets; cookies and authorization are never shown. Values are cut
// at 2,000 bytes, source at 5 lines around, of files of at most 1 MiB. The page loads nothing and its Content-Security-Policy lets it run its own script only.
//
// # Source
//
// Plug 1.20, Plug.Debugger.
package debugpage
