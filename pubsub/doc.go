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
// Messages of one publisher to one topic reach one subscriber in the order published, on each node. Nothing is promised between
// publishers. A subscriber sees what is published after Subscribe has returned; after Unsubscribe a message that
// was on its way may still come. Delivery is at most once: a node that is cut off, a process that is full or a
// client that is away misses messages, and nobody tells the publisher.
//
// Local subscribers of a value share it: it is immutable by contract. [Config.Strict] makes tests fail that break the contract.
//
// # Limits
//
// A process whose mailbox is full when a message comes ends with proc.ErrOverloaded. What an adapter can carry is the adapter's
// to say. Topics and subscriptions are not limited here.
//
// # Source
//
// phoenix_pubsub 2.2.0, Phoenix.PubSub and Phoenix.Channel.Server.dispatch (fastlane).
package pubsub
