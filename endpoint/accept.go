package endpoint

import (
	"errors"
	"log/slog"
	"net"
	"sync/atomic"
	"syscall"
	"time"
)

// patient is a listener whose failures to accept are temporary, whatever the system's reason: no descriptors or memory left, a peer that is gone already, a firewall's
// refusal. net/http then tries again, 5 ms later at first and a second later at most, where it would otherwise end the server for good for some of them.
//
// The log says so once a minute, since each of the tries may fail.
type patient struct {
	net.Listener
	log    *slog.Logger
	failed *atomic.Uint64
	logged time.Time // used by the one goroutine that accepts
}

// complaintPeriod is how often a listener that cannot accept says so.
const complaintPeriod = time.Minute

// Accept implements net.Listener.
func (l *patient) Accept() (net.Conn, error) {
	nc, err := l.Listener.Accept()
	if err == nil || !passing(err) {
		return nc, err
	}
	l.failed.Add(1)
	if now := time.Now(); l.logged.IsZero() || now.Sub(l.logged) >= complaintPeriod {
		l.logged = now
		help := "clients wait until it works again"
		if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) {
			help = "no descriptors are left: lower Limits.MaxConnections or raise the open-file limit (LimitNOFILE in systemd, ulimit -n in a shell)"
		}
		l.log.Warn("endpoint: accepting connections: "+help, "error", err, "failed_so_far", l.failed.Load())
	}
	return nil, temporary{err}
}

// passing reports whether accepting may work another time: the system has refused, and not because the listener is closed or none.
func passing(err error) bool {
	var errno syscall.Errno
	return errors.As(err, &errno) && !errors.Is(err, net.ErrClosed) && errno != syscall.EBADF && errno != syscall.EINVAL && errno != syscall.ENOTSOCK
}

// temporary is what net/http waits for and tries again after.
type temporary struct{ error }

// Timeout implements net.Error.
func (temporary) Timeout() bool { return false }

// Temporary implements net.Error.
func (temporary) Temporary() bool { return true }

// Unwrap returns the system's error.
func (t temporary) Unwrap() error { return t.error }

var _ net.Error = temporary{}
