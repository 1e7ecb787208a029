// Package session reads and writes what an application remembers of a browser between requests.
//
// So far it holds the store whose sessions live in the cookie itself, and what sockets need to read them; the plugs
// that fetch, change, renew and drop a session in a request build on the same [Store].
//
// # Terms
//
// A session is a map from strings to values. A [Store] keeps sessions; the value of the session's cookie is what the
// browser keeps: the session itself in a [CookieStore], a random key in a store on the server. Some keys are taken by
// convention: csrf.SessionKey, phoenix_flash and live_socket_id.
//
// # Order
//
// A store may be used from any goroutine. The map that it returns belongs to the caller. Values come back as decoding
// makes them, not as they were put in: integers as int64, other numbers as float64, lists as []any, maps as
// map[string]any, everything else as strings, bools and nil. In the Phoenix format they may also be terms of package
// etf, atoms for example.
//
// # Limits
//
// A cookie that is missing, was changed, is too old, or was made with secrets or salts no longer listed is an empty
// session, never an error. A session that makes its cookie longer than 4096 bytes, name included, is refused when it
// is written, with [ErrTooLarge], because browsers would drop it without a word.
//
// A session in a cookie is signed, so it cannot be changed, but without an encryption salt it can be read; and whoever
// has a copy of the cookie has the session until it expires, or for as long as the secrets last where [Config.MaxAge]
// is zero. Log-ins that must be revocable keep a random key in the session and the rest in a database.
//
// # Source
//
// Plug 1.20 Plug.Session and Plug.Session.COOKIE; with the format token.Phoenix, cookies are theirs byte for byte.
// Sizes: RFC 6265bis, section 5.6.
package session
