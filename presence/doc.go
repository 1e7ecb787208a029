// Package presence tells who is present in a topic, on all nodes, to clients and to the server.
//
// # Terms
//
// A process is tracked in a topic under a key with a meta: a channel of a room, under the user's name, with what is known of the device. An
// entry is all metas of one key. A listing is a topic's entries; clients know it as the event "presence_state", which the application pushes. A diff is
// what changed, the event "presence_diff", which every node broadcasts to its own clients. A ref, phx_ref to clients, names one meta as it was
// tracked or updated, and is never used twice. A replica is one run of a tracker on one node.
//
// # Order
//
// Tracking, updating, untracking and the end of a process are seen by listings on this node at once. Diffs of one topic go out one after
// another. The first change in a topic that has been quiet goes out before Track returns; those that follow within [Config.Window] go out
// together: of 1,000 clients that join a topic within a second each gets some 20 diffs, not 1,000. A diff says only what is still true:
// joins are who is here, leaves are the refs that are gone, and a ref that came and went is in neither, unless a listing was served while it was there.
//
// A client that takes a listing, whenever it was made, and then all diffs broadcast since it joined, as phoenix.js does, holds what
// this node's tracker holds: after any interleaving of changes, listings and diffs, once the diffs are out. A diff may tell it of a ref that it has from the listing; it
// gets no ref wrong by that, but its onJoin may be called again. Push a listing once for each join: one that is pushed later may be overtaken by a diff.
//
// Nodes agree eventually: within a BroadcastPeriod if nothing is lost, by transfers if something was. Between them a message may be lost, repeated or
// late. Presences of a node that falls silent are hidden after DownPeriod and forgotten after PermDownPeriod; those of a node whose
// Run ends are gone at once. Delivery of diffs to clients is pubsub's: at most once.
//
// With [Config.Fetch], the diffs of a topic still go out in order, each when its fields are there; topics do not wait for each other.
//
// # Isolation
//
// A Fetch that fails, panics or takes too long costs its own diff the fields, and nothing else. A [Listener] that fails starts again. If the tracker itself
// ends, its supervisor runs it again, empty; the processes that it tracked end with [ErrRestarted], so that their clients join again.
//
// # Keys
//
// A key is any UTF-8 text. Clients keep entries in JavaScript objects, and older ones, phoenix.js 1.7 among them, break on a key such as "__proto__" or "constructor"
// (CVE-2026-56812). Phoenix sends such keys and so does this package, as plain JSON, which harms no current client. Where older ones are served
// and users choose their keys, [Config.RefusePrototypeKeys] refuses them, or give keys a prefix. A meta's fields "phx_ref" and "phx_ref_prev" are ours: what the
// application sets there is dropped, so that a meta that came from a client can be tracked again.
//
// # Limits
//
// Track and Untrack cost a search in their topic; a listing costs its entries, is made once for each version of a topic and encoded once for all
// who ask meanwhile. Listings do not wait for diffs, fetches or other nodes' answers. Changes that cannot go out, because an earlier
// diff of their topic waits for its Fetch, or Config.FetchConcurrency topics do, collect, one for each ref. News of other nodes that finds the tracker's mailbox full (1,000)
// is dropped and asked for again. A shard's whole state, in one message to a node that is new, may
// take 64 MiB, some 500,000 presences: more need more Shards.
//
// # Source
//
// Phoenix.Presence of Phoenix 1.8, Phoenix.Tracker of phoenix_pubsub 2.2.0, and the client in phoenix.js 1.8.16. The set of presences is
// internal/orset.
package presence
