package pubsubtest

import (
	"testing"

	"github.com/bennu-go/bennu/pubsub"
)

// adaptersOf makes adapters of one new cluster.
func adaptersOf(nodes int) []pubsub.Adapter {
	c := NewCluster()
	all := make([]pubsub.Adapter, nodes)
	for i := range all {
		all[i] = c.Adapter()
	}
	return all
}

func TestClusterIsAnAdapter(t *testing.T) {
	TestAdapter(t, func(t *testing.T, nodes int) []pubsub.Adapter { return adaptersOf(nodes) })
}
