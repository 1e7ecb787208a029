package transport

import (
	"errors"
	"time"
)

// Limits bound what all mounts of an endpoint accept together, over WebSocket and long-polling alike. Whoever comes beyond them is refused before connect is
// asked: with 503 and Retry-After; and with the close code [CloseBusy] if VisibleRefusals is on. Each refusal is a telemetry.RequestRefused and counts in [Stats].
// The zero value bounds connections by the open-file limit, and refuses when the machine is about to run out of memory.
//
// A client counts from before connect is asked until its session has ended. The descriptor of one that is closed may live CloseTimeout longer.
//
// Addresses are those of the other side of the connection. Behind a proxy that is the proxy's, for all clients: then leave MaxPerAddress off and have the
// proxy do it.
type Limits struct {
	// MaxConnections at once. Zero means the open-file limit less what is kept for files, listeners and requests: a 32nd of it, 64 at least and 8192 at most; where
	// the system has no such limit, none. Negative: none.
	MaxConnections int
	// MaxPerAddress of one IP address, or of one /64 network of IPv6, which is what one subscriber has. Zero: none.
	MaxPerAddress int
	// AcceptRate is how many clients a second may begin to connect. Zero: any number.
	AcceptRate int
	// AcceptBurst is how many may come at once. Zero means AcceptRate.
	AcceptBurst int
	// MaxMemory is the bytes that the process may hold from the system, garbage that has not been collected included; it is what a GOMEMLIMIT counts, so stay below
	// that one. Zero: any number.
	MaxMemory int64
	// MinAvailable is the bytes of memory that must be available without swapping: the kernel's MemAvailable, or what the process's cgroups (version 2) leave if that is less. It
	// is known on Linux only. Zero means a 32nd of all memory, 512 MiB at most. Negative: off.
	MinAvailable int64
	// RetryAfter is the least that refused clients are asked to wait; each is told some time up to twice as long, so that they do not come back together.
	// Zero means 5 seconds.
	RetryAfter time.Duration
}

// CloseBusy is the code that a client beyond [Limits] is closed with, if VisibleRefusals is on. Clients try again after it.
const CloseBusy = 4503

// limit is one of the Limits, as a reason.
type limit uint8

const (
	limitConnections limit = iota
	limitAddress
	limitRate
	limitMemory
	limitsCount
)

// String is what telemetry calls the limit.
func (l limit) String() string {
	return [limitsCount]string{"connections", "address", "rate", "memory"}[l]
}

func (l Limits) withDefaults() Limits {
	if l.AcceptBurst == 0 {
		l.AcceptBurst = l.AcceptRate
	}
	if l.RetryAfter == 0 {
		l.RetryAfter = 5 * time.Second
	}
	return l
}

func (l Limits) validate() error {
	var errs []error
	if l.MaxPerAddress < 0 || l.AcceptRate < 0 || l.AcceptBurst < 0 || l.MaxMemory < 0 || l.RetryAfter < 0 {
		errs = append(errs, errors.New("transport: Limits: only MaxConnections and MinAvailable may be negative, which turns them off; zero does for the others"))
	}
	if l.AcceptRate == 0 && l.AcceptBurst > 0 {
		errs = append(errs, errors.New("transport: Limits: AcceptBurst without AcceptRate bounds nothing: set both"))
	}
	return errors.Join(errs...)
}

// What is kept of the open-file limit for everything but sockets.
const (
	keptPart  = 32
	keptLeast = 64
	keptMost  = 8192
)

// connectionsFor is how many connections an open-file limit allows; there is always room for one.
func connectionsFor(files int) (connections, kept int) {
	kept = min(max(files/keptPart, keptLeast), keptMost)
	connections = max(files-kept, 1)
	return connections, files - connections
}
