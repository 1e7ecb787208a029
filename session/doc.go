// Package session reads and writes what an application remembers of a browser between requests.
//
// The plug [Load] gives requests their [Session], which [Of] finds. Sockets, which must not change it, read it with [Read].
//
// # Terms
//
// A session is a map from strings to values. A [Store] keeps sessions; the value of the session's cookie is what the
// browser keeps: the session itself in a [CookieStore], a random key in a [ServerStore]. Some keys are taken by
// convention: csrf.SessionKey, [FlashKey] and [LiveSocketKey].
//
// The flash is messages for the next page. They leave the session with the first answer that is no redirect, of a request that has looked at
// them or passed [FetchFlash].
//
// # Order
//
// A store may be used from any goroutine. The map that it returns belongs to the caller. Values come back as decoding
// makes them, not as they were put in: integers as int64, other numbers as float64, lists as []any, maps as
// map[string]any, everything else as strings, bools and nil. In the Phoenix format they may also be terms of package
// etf, atoms for example.
//
// A Session is read when it is first used and written just before the answer begins, by a hook, so that plugs and handlers behind Load can change it
// until then. Of two requests of one browser at a time the last to begin its answer wins, key by key nothing is merged; but what one has dropped or renewed
// in a ServerStore no other brings back. A CookieStore cannot prevent that.
//
// # Limits
//
// A cookie that is missing, was changed, is too old, or was made with secrets or salts no longer listed is an empty
// session, never an error. A session that makes its cookie longer than 4096 bytes, name included, is refused when it
// is written, with [ErrTooLarge], because browsers would drop it without a word.
//
// A store that cannot be reached makes the answer 503 or, where writing fails, 500. A session in a ServerStore has at most 1 MiB and lives for two weeks
// without being used, unless configured otherwise; the table holds hashes of keys, so that reading it gives nobody a session.
//
// A session in a cookie is signed, so it cannot be changed, but without an encryption salt it can be read; and whoever
// has a copy of the cookie has the session until it expires, or for as long as the secrets last where [Config.MaxAge]
// is zero. Log-ins that must be revocable keep a random key in the session and the rest in a database.
//
// # Source
//
// Plug 1.20 Plug.Session, Plug.Session.COOKIE and Plug.Session.ETS, Phoenix 1.8 Phoenix.Controller (flash); with the format token.Phoenix, cookies are theirs byte for byte.
// Sizes: RFC 6265bis, section 5.6.
package session
