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
// topic. What one callback broadcasts, pushes and replies reaches its own client in that order. Messages that a client sends behind a
// join that still runs wait for it. A leave, or a second join of the same topic, cancels the context of a join that still runs.
// A broadcast and a push from different callbacks have no order.
//
// Delivery is at most once: a client that is away misses messages, unless the application keeps a history.
//
// # Isolation
//
// A panic or an unexpected error in a callback ends that channel only: the client is told with phx_error and joins again. A [Error] is
// an answer, not a crash. Stop ends a channel in order; the client does not join again.
//
// # Limits
//
// 100 channels a connection; a mailbox of 1,000 messages a channel, beyond which a client's push is answered with {"reason":"overloaded"}
// and an intercepted broadcast ends the channel. Rate limits are off until set.
//
// # Source
//
// Phoenix 1.9-dev: Phoenix.Channel, Phoenix.Channel.Server, Phoenix.Socket.
package channel
