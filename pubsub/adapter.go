package pubsub

import "context"

// An Adapter carries messages between nodes. It knows bytes only: any topic, name and node name (dots, stars, blanks, bytes that are no UTF-8, nothing at
// all), and payloads up to a size that it states, 100 KB at least. Package pubsubtest holds the suite that every adapter passes.
type Adapter interface {
	// Run connects as node and hands on what other nodes publish for it, until ctx ends; then it returns nil. After it has returned deliver is not called.
	// It calls deliver from one goroutine at a time per sending node, in the order in which each goroutine there published. Deliver may keep
	// the payload, and may call Publish. Run says supervise.Ready when it is connected, and connects anew by itself when it is
	// cut off; an error means that it cannot go on. It may be run again, under the same name.
	Run(ctx context.Context, node string, deliver func(Envelope)) error
	// Publish sends to other nodes: to all of them, or to e.To. It may be called from any goroutine and must not block for long, not even when nothing runs or
	// nothing is connected: the message is lost then, without an error, as it is when nobody is there to get it. An error says that this message
	// cannot be carried at all, and keeps it from subscribers on this node too.
	Publish(e Envelope) error
}

// An Envelope is what travels between nodes.
type Envelope struct {
	From    string // node that published
	To      string // node that it is for; empty: every other node
	Topic   string
	Kind    Kind // adapters carry kinds that they do not know, too
	Name    string
	Payload []byte // not to be changed, nor to be kept by the adapter after Publish has returned
}
