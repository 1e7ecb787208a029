// Package cache keeps what is slow to get: values that are loaded when they are first asked for, by one load however many ask, and that
// expire, are evicted, are loaded ahead, and are forgotten on all nodes when they have changed.
//
// # Terms
//
// A load is a call of the Config's Load or LoadMany. Who asks for a key while it is loaded joins that load: a stampede costs one load. A
// value is fresh for its time to live, TTL, and stale afterwards; a stale one is served while it is loaded again, or if that
// fails, for as long as the Config says. A negative entry is the error of a load, kept for a short time. To invalidate a key is to say that what
// is known of it is no longer true: Delete, Put, Clear and DeleteFunc do. A warmer loads values ahead, at intervals. The listener is the process
// that hears of what other nodes invalidate.
//
// # Order
//
// Every method may be called from any goroutine. What is done to one key is linearizable on one node. Invalidating wins over every load that
// has begun: what the load finds is given to those who had joined it before, and is not kept; who asks afterwards has it loaded anew. So what changes the
// source calls Delete or Put after the change is there for all to read, that is after a commit, and this node never keeps the old value.
//
// There is one load per key at a time, unless it was invalidated or timed out meanwhile. A load runs in a process of the System, so it goes
// on when those who wait for it go away. It ends with LoadTimeout or the System; then all who wait get the error, and a
// Load that does not heed its context goes on unwatched while the key is free for another. A panic in a load is reported by the System,
// and is the error of all who wait, a [proc.PanicError].
//
// Other nodes hear of Delete, Put and Clear by PubSub: they forget the key, whatever their own loads of it are doing, and are sent no
// values. That is at most once, and soon, not at once: a node that is cut off keeps an old value for as long as it is
// fresh. A TTL bounds that. Whenever the listener starts, the cache is emptied, because it may have missed something.
//
// Config functions are called with no lock held. They may use the cache; a load that comes to wait for itself gets ErrLoop.
//
// Values are shared, not copied: do not change what the cache holds or has given you.
//
// # Limits
//
// A cache without MaxSize is bounded by TTL and memory only. One with MaxSize evicts by W-TinyLFU and exceeds the limit for moments. The number of loads
// that run at once is the number of keys that are asked for and not there: bound it where they lead, as a connection pool does. LoadMany gets BatchSize keys at
// most. There is no limit to those who wait for a load but LoadTimeout. While a warmer runs, the keys that are invalidated meanwhile are noted.
//
// # Lock order
//
// The shards by number, then the locks of package ets.
//
// # Cost
//
// # COST
//
// # Source
//
// Single flight is groupcache's; stale-while-revalidate and stale-if-error are RFC 5861, meant for HTTP; warmers and fallbacks are those of Cachex 4. The
// table is package ets.
package cache
