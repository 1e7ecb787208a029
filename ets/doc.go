// Package ets keeps values in tables in memory that many goroutines share: typed sets, bags, ordered sets and counters,
// with expiry, a size limit, an owner, and files to be kept in. It is what Erlang's ets is to its programs.
//
// # Terms
//
// A [Set] holds one value per key, a [Bag] several different ones, an [Ordered] one per key in the order of keys, and
// [Counters] an integer per key. An entry may expire: its time to live, TTL, is the table's or its own. An expired
// entry is not seen by anybody; a sweep gives its memory back. A bounded table evicts entries that are not likely to be
// asked for again. The owner of a table is a process: when it ends the table is closed, or goes to its heir.
// A closed table is empty and stays so.
//
// Values are shared, not copied as Erlang does: do not change what a table holds or has given you, put another value.
// Who may read and write is Go's visibility: whoever has the table may do both. To let others read only, keep the table unexported
// and export a function.
//
// # Order
//
// Every operation may be called from any goroutine. Operations on one key are linearizable, whatever the kind of table: each
// takes effect at one instant between its call and its return. Get and Member take no lock in a Set, a Bag and Counters.
// Functions given to Update, DeleteFunc and Select are called with no lock held, so they may use the table; that of Update is called again
// when the entry was changed meanwhile. Only the comparison of an Ordered runs under its lock: it must not use the table.
//
// All of a Set, a Bag and Counters sees each key at most once, as it was at some moment during the iteration.
// Snapshot, Save and every iteration of an Ordered see the table as it was at one moment (what a bounded table evicts meanwhile may
// be missing).
//
// # Limits
//
// A table without MaxSize is bounded by memory only. One with MaxSize evicts by W-TinyLFU, counts what it evicts, and exceeds the limit for moments
// only. Expired entries count in Len until they are swept: at intervals of SweepEvery, if the table has a System, by a process that costs no
// goroutine while it waits, and no timer while nothing can expire.
// Inserting into and deleting from a Bag takes time in proportion to the number of values under that key. Files hold as many entries as
// memory does.
//
// # Lock order
//
// The gate of a table, then the hash table's bucket, then a counter's cell. What else the table knows has a mutex that is taken last.
//
// # Cost
//
// Measured with this package's benchmarks on two cores of a Xeon that had other work, Go 1.26: Get of a Set 0.19 µs, of a bounded one 0.44 µs, both with
// a TTL, which costs reading the clock; Put 0.2 and 0.58 µs; Add to a counter that exists 0.18 µs; Get of an Ordered 0.23 µs, a Range of 100 entries 2 µs; a sweep 0.35 ms for
// each thousand entries. Get and Add allocate nothing.
//
// # Source
//
// Erlang/OTP 27, module ets: kinds of table, heir, update_counter, tab2file. The tables are github.com/puzpuzpuz/xsync (CLHT),
// github.com/tidwall/btree (copy on write) and github.com/maypok86/otter (W-TinyLFU: G. Einziger, R. Friedman and B. Manes, 2017).
package ets
