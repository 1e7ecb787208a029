package channel

import (
	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
)

// Broadcast sends an event to all clients that joined topic, on all nodes. The payload is encoded once, as a JSON object, or is Binary. It may be called
// from anywhere: contexts call it after commit.
func Broadcast(ps *pubsub.PubSub, topic, event string, payload any) error {
	return BroadcastFrom(ps, nil, topic, event, payload)
}

// BroadcastFrom is Broadcast without the client of one channel process.
func BroadcastFrom(ps *pubsub.PubSub, from *proc.Process, topic, event string, payload any) error {
	m, err := message(topic, event, payload)
	if err != nil {
		return err
	}
	return ps.Broadcast(m, from)
}

// LocalBroadcast is Broadcast on this node only.
func LocalBroadcast(ps *pubsub.PubSub, topic, event string, payload any) error {
	m, err := message(topic, event, payload)
	if err != nil {
		return err
	}
	return ps.LocalBroadcast(m, nil)
}

// DirectBroadcast is Broadcast on one node only.
func DirectBroadcast(ps *pubsub.PubSub, node, topic, event string, payload any) error {
	m, err := message(topic, event, payload)
	if err != nil {
		return err
	}
	return ps.DirectBroadcast(node, m)
}

// Disconnect ends all connections with this id on all nodes; they are closed with 1001, after which clients connect, and are checked, again.
func Disconnect(ps *pubsub.PubSub, id string) error {
	return Broadcast(ps, id, "disconnect", struct{}{})
}

func message(topic, event string, payload any) (*pubsub.Message, error) {
	p, err := encodeObject("broadcast", event, payload)
	if err != nil {
		return nil, err
	}
	if p.Binary {
		return pubsub.NewBinaryEvent(topic, event, p.Data)
	}
	return pubsub.NewEvent(topic, event, p.Data)
}
