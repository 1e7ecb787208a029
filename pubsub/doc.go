// Package pubsub carries messages by topic from publishers to subscribers, on this node and, through an [Adapter], on others.
//
// # Terms
//
// A topic is any string. A message is either an event, with a name and a JSON or binary payload, which reaches channel clients and
// the processes that subscribed to it; or a value of a Go type, which reaches processes that subscribed by [Topic]. What PubSub
// knows is subscriber groups: a process is a group of one; a transport shard is one group for all its connections that joined a topic,
// so that a broadcast to 10,000 clients is one hand-over per shard. Fastlane is Phoenix's word for that path: channel
// processes are not involved, and each wire format of a message is made at most once.
//
// # Order
//
// Messages of one publisher, a goroutine, to one topic reach one subscriber in the order published, on each node. Nothing is promised between
// publishers, nor between subscribers. A subscriber sees what is published after Subscribe has returned; after Unsubscribe a message that
// was on its way may still come. Broadcasting returns when every local group has been handed the message, not when processes have
// handled it. A process that publishes to a topic of its own finds the message in its mailbox.
//
// Delivery is at most once: a node that is cut off, a process that is full or a client that is away misses messages, and nobody tells
// the publisher. After a PubSub was run again, its subscribers end and start anew.
//
// Local subscribers of a value share it: it is immutable by contract. [Config.Strict] makes tests fail that break the contract, and shows
// on one node what a value loses on its way to another.
//
// # Isolation
//
// A subscriber that is slow, full or wrong harms nobody else: a full one ends, and so does one whose function (see [PubSub.Subscribe]) panics on a publisher's
// goroutine. A message of another node that cannot be understood is dropped.
//
// # Limits
//
// A process whose mailbox is full when a message comes ends with proc.ErrOverloaded. What an adapter can carry is the adapter's
// to say. Topics and subscriptions are not limited here. Of lines about messages that were dropped there are 10 a minute.
//
// # Source
//
// phoenix_pubsub 2.2.0, Phoenix.PubSub and Phoenix.Channel.Server.dispatch (fastlane).
package pubsub
