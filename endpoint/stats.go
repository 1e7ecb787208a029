package endpoint

import "github.com/bennu-go/bennu/transport"

// Stats are the endpoint's counters at one moment. Counters go up from New on, over restarts of Run too.
type Stats struct {
	// Stats of all sockets together: connections and refusals by transport, and the bound in force.
	transport.Stats
	// AcceptErrors is how often the system refused to accept a connection, for want of descriptors in most cases.
	AcceptErrors uint64
}

// Stats returns the counters. It is cheap, and may be called from any goroutine.
func (e *Endpoint) Stats() Stats {
	return Stats{Stats: e.limiter.Stats(), AcceptErrors: e.acceptErrors.Load()}
}
