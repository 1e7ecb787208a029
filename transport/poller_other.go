//go:build !linux

package transport

// poller is for Linux; elsewhere every connection takes the portable path.
type poller struct{}

func (p *poller) forget(int) {}
func (p *poller) wake()      {}

func (s *Shard) poll()   {}
func (s *Shard) glance() {}

func (c *wsConn) handOver([]byte) bool { return false }

func (c *wsConn) writeQueueLocked() (int, error) { return 0, nil }
