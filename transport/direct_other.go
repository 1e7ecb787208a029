//go:build !unix

package transport

import "net"

// directFD: writes without waiting are for unix; elsewhere a goroutine writes while there is something to write.
func directFD(net.Conn) int { return -1 }

func directWrite(int, []byte) (int, error) { return 0, nil }

func (c *wsConn) canShutLocked() bool { return false }

func shutWrite(int) error { return nil }

func (c *wsConn) readAll() { c.readPlain() }
