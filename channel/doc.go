// Package channel is Phoenix Channels: clients join topics over one connection and exchange events with a process per
// joined topic. Every client that speaks vsn 1.0.0 or 2.0.0 works unchanged.
//
// # Terms
//
// A [UserSocket] is mounted on a path; its Connect turns a request into an identity of your type, which all channels of the connection share. A
// [Channel] defines what happens on topics that match a pattern; its state, Assigns, is your type too. A [Socket] is one joined topic of one client, as
// the callbacks see it. A push is an event to one client, a broadcast an event to all that joined a topic; a reply answers one message.
//
// # Order
//
// Callbacks of one channel never overlap. Channels of one connection run beside each other: a join or a handler that is slow
// holds up neither the connection nor its other topics. The reply to a join reaches the client before anything else of that
// topic. What a channel's callbacks broadcast, push and reply reaches its own client in that order, also what contexts of the application publish on their
// behalf; broadcasts of others come in between. Messages that a client sends behind a join that still runs wait for it.
//
// A leave is answered, then comes phx_close, then what Terminate pushes. A leave, or a second join of the same topic, cancels the context of a join that
// still runs. A second join waits until the channel that it replaces has ended, for 5 seconds at most, after which that one's words go nowhere; then the client sees the
// new reply, the phx_close of the old one, and what the new channel sends. Every join has exactly one reply, every channel that a client
// knows to be joined exactly one phx_close or phx_error, unless the connection ends first.
//
// Delivery is at most once: a client that is away misses messages, unless the application keeps a history.
//
// # Isolation
//
// A panic or an unexpected error in a callback ends that channel only: the client is told with phx_error and joins again. An [Error] is
// an answer, not a crash. [Stop] ends a channel in order; the client does not join again.
//
// # Limits
//
// 100 channels a connection, those that are joining and, apart, those that were replaced and have not ended counted too; a mailbox of 1,000 messages a channel, beyond which a
// client's push is answered with {"reason":"overloaded"} and an intercepted broadcast ends the channel. Leaves and ends are never lost. Rate limits are off until set.
// What clients can have written to the log is 10 lines of each kind a minute.
//
// # Source
//
// Phoenix 1.9-dev: Phoenix.Channel, Phoenix.Channel.Server, Phoenix.Socket.
package channel
