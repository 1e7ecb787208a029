// Package orset is the replicated set behind presence: a delta CRDT of
// (topic, process, key) rows, the clocks and generations that spread it, and
// the gossip that decides what to send to whom. Everything here is a value
// with methods: no goroutine is started, no lock is taken, nothing is read or
// written, and no clock is consulted; callers pass the time in.
//
// # Terms
//
// A [Replica] is one run of one node: a name, and a version that is different
// after every restart. A dot ([Tag]) is one event of one replica, numbered from 1
// without gaps; only that replica makes its dots. A [Row] is what somebody
// tracks; it carries the dot that added it, and only the replica that added
// it removes it. What a replica has seen of another is a set of dots ([Dots]);
// the length of its gapless beginning is the context, the rest are clouds. A
// row is alive at a replica when its dot has been seen and the row is still
// there; "seen, and no row" is how a removal is known, so no tombstones are
// kept. A [Delta] is a piece of such knowledge made for travel; a full state is
// a delta that begins at nothing. A [Context] maps replicas to how far they
// are known, a [Clock] says whose context that is. A down replica is one not
// heard of for a while: its rows are kept and hidden. A permanently down one is
// forgotten.
//
// # Order
//
// Merging is commutative, associative and idempotent: deltas may be lost,
// repeated and reordered in any way, and replicas that exchanged the same
// knowledge hold the same rows. A row that was removed before the news of its
// addition arrives never appears.
//
// A removal always spends a dot of its own, and that dot travels only together
// with the removal. A replica whose context covers another's has therefore
// seen all of its removals, which is what makes comparing contexts enough to
// decide who needs a transfer. (This is why [State.Update] spends two dots: were
// the new row's dot also the proof of the old row's removal, a later removal
// of the new row would close the gap without delivering the older one.)
//
// Joins and leaves are reported for visible rows only, exactly once each: rows
// already reported plus joins minus leaves equal what reads return, at every
// moment. Slices of joins and leaves are sorted by topic, then process (replica
// and id), then key, then dot. Reads of a topic are sorted by key, then process, so
// that the rows of one key stand together and in process order.
//
// A State, Shard, Registry or Generations belongs to one goroutine at a time;
// methods that only read may run beside each other when nobody writes. A Delta
// is immutable once made and may be shared.
//
// # Limits
//
// Reads of a topic cost the rows of that topic, reads of a key its rows and a
// search; a join or leave costs a search in its topic; merging a delta costs
// the delta, not the state. A generation holds at most its configured number
// of rows and dots, or the latest delta alone when that is larger. A message
// of more than [Codec].MaxBytes is refused, decoding allocates in proportion to
// the bytes present, and dots end at 1<<63. A Registry remembers a
// superseded replica for the permanent-down period. If a delta was lost, two rows of one
// topic, process and key can be visible until the transfer that repairs it.
//
// # Source
//
// P. S. Almeida, A. Shoker, C. Baquero, "Delta State Replicated Data Types"
// (2016), sections 5 and 7, and the modules Phoenix.Tracker.State, Clock,
// DeltaGeneration, Replica and Shard of phoenix_pubsub 2.2.0, whose observable
// behaviour is kept, except:
//
//   - Rows of a down replica that arrive through a third one are stored, and
//     reported when the replica is up again. Phoenix reports them at once though
//     its reads hide them; if the replica then stays away, nobody ever hears
//     that they left.
//   - Removing a foreign row keeps its dot as seen, so a late copy of the
//     addition cannot bring it back.
//   - Removals learnt from others are not sent on in one's own delta: contexts
//     reveal them and generations carry them, and in a cluster of n nodes
//     every leave would otherwise travel n times.
//   - Contexts of others are compared only on replicas the asker has up, so
//     that a node that is gone causes no transfers. An answer is put together
//     replica by replica: nothing where the asker is not behind, else the smallest
//     generation that brings it level, else all there is. Phoenix answers with one
//     generation that helps a little, or with everything.
//   - Without a separate full state there is nothing after which all generations
//     are cleared: a transfer joins them like any delta.
//   - A replica that was superseded or that said farewell is not let in again by a
//     late heartbeat.
package orset
