package transport

// Stats are the counters of a [Limiter] at one moment.
type Stats struct {
	WebSocket, LongPoll TransportStats
	// MaxConnections that is in force. Zero: none.
	MaxConnections int
}

// TransportStats are of one transport.
type TransportStats struct {
	// Connections are the clients connected now, those included that connect has not decided about yet.
	Connections int
	// Accepted is how many the limits have let through to connect, since the start.
	Accepted uint64
	// Refused is how many they have not.
	Refused RefusedStats
}

// RefusedStats are refusals by the limit that caused them; see [Limits]. What origin checks and the like refuse is not among them.
type RefusedStats struct {
	Connections, Address, Rate, Memory uint64
}

// Total of all limits.
func (r RefusedStats) Total() uint64 { return r.Connections + r.Address + r.Rate + r.Memory }

// Connections of all transports.
func (s Stats) Connections() int { return s.WebSocket.Connections + s.LongPoll.Connections }

// Refused by all limits on all transports.
func (s Stats) Refused() uint64 { return s.WebSocket.Refused.Total() + s.LongPoll.Refused.Total() }

// Stats returns the counters.
func (l *Limiter) Stats() Stats {
	l.mu.Lock()
	defer l.mu.Unlock()
	return Stats{WebSocket: l.counts[overWebSocket].stats(), LongPoll: l.counts[overLongPoll].stats(), MaxConnections: l.max}
}

func (c *count) stats() TransportStats {
	return TransportStats{Connections: c.open, Accepted: c.accepted, Refused: RefusedStats{
		Connections: c.refused[limitConnections], Address: c.refused[limitAddress], Rate: c.refused[limitRate], Memory: c.refused[limitMemory]}}
}
