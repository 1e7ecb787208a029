//go:build !linux

package transport

import "net"

// poller is for Linux; elsewhere every connection takes the portable path.
type poller struct{}

func (p *poller) forget(int) {}
func (p *poller) wake()      {}

func (s *Shard) poll()   {}
func (s *Shard) glance() {}

func (c *wsConn) handOver([]byte) bool { return false }

func directWritev(int, *net.Buffers) (int, error) { return 0, nil }
