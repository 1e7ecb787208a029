package pubsub

import "context"

// An Adapter carries messages between nodes. It knows bytes only. Package pubsubtest holds the suite that every adapter passes.
type Adapter interface {
	// Run connects as node and hands on what other nodes publish for it, calling deliver from one goroutine at a time per
	// sending node, until ctx ends. It reconnects by itself; an error means that it cannot go on. It says supervise.Ready when it is connected.
	Run(ctx context.Context, node string, deliver func(Envelope)) error
	// Publish sends to other nodes: to all of them, or to e.To. It must not block for long. That nobody got it is no error.
	Publish(e Envelope) error
}

// An Envelope is what travels between nodes.
type Envelope struct {
	From    string // node that published
	To      string // node that it is for; empty: every other node
	Topic   string
	Kind    Kind
	Name    string
	Payload []byte // not to be changed or kept by the adapter after Publish returned
}
