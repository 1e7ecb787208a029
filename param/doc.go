// Package param is the parameters of requests: query strings and forms with nested names, decoded and encoded as HTML forms and Phoenix clients write
// them, merged with the values of the path, read by type and bound to structs.
//
// # Terms
//
// A pair is name=value. A name with brackets is a path: user[name] is the key "name" of the map under "user", and user[] appends to a
// list. A [Map] holds what the pairs say: its values are strings, maps (map[string]any) and lists ([]any), the types
// that encoding/json uses, and *[Upload].
//
// The parameters of a request ([Of]) are those of its query, over which lie those of its body, over which lie those of its path.
//
// # Order
//
// Of several plain values under one key the last counts. Where a key is used both as a value and as a path, the one whose first use is
// later counts: a=1&a[b]=2 is a map. Where one is used both as a list and as a map, the last use counts and what does not fit is
// dropped. All maps of one list are the same map, there is no splitting: a[][b]=1&a[][c]=2 is a list of one map of two keys.
// A name is a path only if it ends in "]" and has a "[" after its first byte; every other name is taken as it is.
//
// Functions that take a request keep what they decoded beside it, if one of Bennu's plugs has seen it before, and belong to its goroutine. All others keep
// no state and may be called from any goroutine. What they return is shared by all who ask, and not to be changed.
//
// # Limits
//
// [MaxLength] bytes, [MaxPairs] pairs, [MaxDepth] levels of nesting. Names and values are UTF-8. What breaks a limit or
// does not decode is refused as a whole.
//
// # Source
//
// WHATWG URL, application/x-www-form-urlencoded; Plug.Conn.Query of Plug 1.18.
package param
