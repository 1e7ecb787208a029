package channel

import (
	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/transport"
)

// Info describes one channel of a client, for inspection and tests.
type Info struct {
	Topic   string
	Channel string        // name of the Channel
	Status  string        // "joining", "joined" or "leaving"
	Process *proc.Process // which proc.Process.State shows the Assigns of
}

// ChannelsOf lists the channels that a client has at this moment, in no order. It is nil for sessions that are of no [UserSocket].
func ChannelsOf(client transport.Session) []Info {
	s, ok := client.(*session)
	if !ok {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]Info, 0, s.joined)
	for c := s.first; c != nil; c = c.next {
		all = append(all, Info{Topic: c.topic, Channel: c.def.name, Status: [...]string{"joining", "joined", "leaving", "", ""}[c.status], Process: &c.proc})
	}
	return all
}
