package pubsubtest

import (
	"testing"
	"time"

	"github.com/bennu-go/bennu/pubsub"
)

// patience is how long the suite waits for what must happen. Nothing waits that long but what fails.
const patience = 20 * time.Second

// TestAdapter runs the suite that every pubsub.Adapter passes. makeAdapters returns one adapter for each node of a cluster that no other call sees, and cleans
// up by t.Cleanup; with servers that are shared, it gives each cluster a name space of its own. Nodes are given odd names, topics and payloads.
//
// The suite works in real time, outside of bubbles: what must arrive has 20 seconds to do so, and that something does not
// arrive is shown by what was published after it.
func TestAdapter(t *testing.T, makeAdapters func(t *testing.T, nodes int) []pubsub.Adapter) {
	t.Helper()
	for _, c := range checks {
		t.Run(c.name, func(t *testing.T) {
			c.run(&suite{t: t, patience: patience, adapters: func(n int) []pubsub.Adapter { return makeAdapters(t, n) }})
		})
	}
}

// check is one part of the contract.
type check struct {
	name string
	run  func(s *suite)
}

// checks are immutable.
var checks = []check{
	{"publishing reaches every other node once and not the own", reachesOthers},
	{"publishing to one node reaches that one", reachesOne},
	{"publishing to a node that is not there is no error", reachesNobody},
	{"a node that is alone may publish", alone},
	{"publishing while nothing runs loses the message without an error", notRunning},
	{"envelopes arrive as they were", arrivesWhole},
	{"payloads belong to the publisher after and to the receiver", ownsPayloads},
	{"large payloads arrive in order with small ones", large},
	{"many topics", manyTopics},
	{"order of each goroutine that publishes", order},
	{"deliver may publish", publishesInDeliver},
	{"Run ends with its context and may be run again", runsAgain},
	{"Run ends in the middle of traffic", endsInTraffic},
	{"a PubSub over it", overPubSub},
}
