//go:build !linux || !benchscale

package transport

// Shards share the process's table of files, and any thread may write to their connections. Only the build tag benchscale, which measures what one table has no room
// for, has it otherwise: see pinned_linux.go.

type pinning struct{}

func (pinning) ownThread() bool    { return true }
func (pinning) pin() error         { return nil }
func (pinning) unpin(int)          {}
func (pinning) adopt(*wsConn) bool { return true }
func (*wsConn) elsewhere() bool    { return false }
func (s *Shard) wake()             { s.poller.wake() }
func (*wsConn) postFlush()         {}
