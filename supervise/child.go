package supervise

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bennu-go/bennu/proc"
)

// Infinity is a time-out that never passes.
const Infinity time.Duration = -1

// The defaults of a Child.
const (
	DefaultStopTimeout  = 5 * time.Second
	DefaultStartTimeout = 30 * time.Second
)

// Restart says after which ends a child is started again.
type Restart uint8

const (
	// Permanent children are always started again. It is the default.
	Permanent Restart = iota
	// Transient children are started again after a failure: an error other than a normal end or shutdown, or a panic.
	Transient
	// Temporary children are never started again.
	Temporary
)

func (r Restart) String() string { return [...]string{"permanent", "transient", "temporary"}[r] }

// after says whether a child that ended for reason is to be started again.
func (r Restart) after(reason error) bool {
	return r == Permanent || r == Transient && !proc.Orderly(reason)
}

// ProcessFunc starts a process under sup and returns it when it is ready: a process definition. It is called again at each restart.
type ProcessFunc func(ctx context.Context, sup proc.Supervisor) (*proc.Process, error)

// Server is the definition of a process from that of its server.
func Server[S any](def proc.Server[S]) ProcessFunc {
	return func(ctx context.Context, sup proc.Supervisor) (*proc.Process, error) {
		return proc.Start(ctx, sup, def)
	}
}

// A Child says what to run and how. Exactly one of Service, Start and Process is set.
type Child struct {
	// Name tells the child from its siblings, in errors, logs and listings. A Supervisor refuses empty and equal names.
	Name string

	// Service is run, and run again at each restart.
	Service Service
	// Start makes the service to run, anew at each restart. Its ctx is the one that Run gets.
	Start func(ctx context.Context) (Service, error)
	// Process starts a process, which is watched by its exit.
	Process ProcessFunc

	// Restart is Permanent by default.
	Restart Restart
	// StartTimeout bounds the wait for readiness, Start included. Zero means 30 seconds, and Infinity for a Service that is a supervisor; negative is Infinity.
	StartTimeout time.Duration
	// StopTimeout bounds the wait for the end after the context was cancelled, or the process asked to exit. Zero means
	// what the service says as a [StopService], Infinity for supervisors, and the supervisor's for all others; negative is Infinity.
	StopTimeout time.Duration
	// Significant children can end their supervisor by ending themselves: see AutoShutdown. Permanent ones cannot.
	Significant bool
}

func (c *Child) validate() error {
	n := 0
	for _, set := range []bool{c.Service != nil, c.Start != nil, c.Process != nil} {
		if set {
			n++
		}
	}
	switch {
	case n != 1:
		return errors.New("exactly one of Service, Start and Process must be set")
	case c.Restart > Temporary:
		return fmt.Errorf("no such Restart: %d", uint8(c.Restart))
	case c.Significant && c.Restart == Permanent:
		return errors.New("a Permanent child never ends by itself, so it cannot be Significant; make it Transient or Temporary")
	}
	return nil
}

// supervisor is what the package's own supervisors have in common, as children.
type supervisor interface {
	ReadyService
	kind() string
	node() node
}

func (c *Child) isSupervisor() bool {
	_, ok := c.Service.(supervisor)
	return ok
}

func (c *Child) startTimeout() time.Duration {
	switch {
	case c.StartTimeout != 0:
		return c.StartTimeout
	case c.isSupervisor():
		return Infinity
	}
	return DefaultStartTimeout
}

// stopTimeout of svc, what the child runs; def is its supervisor's default.
func (c *Child) stopTimeout(svc Service, def time.Duration) time.Duration {
	if c.StopTimeout != 0 {
		return c.StopTimeout
	}
	if _, ok := svc.(supervisor); ok {
		return Infinity
	}
	if s, ok := svc.(StopService); ok {
		return s.StopWithin()
	}
	return def
}

// wait receives from done for at most d, for ever if d is negative.
func wait(done <-chan struct{}, d time.Duration) bool {
	if d < 0 {
		<-done
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-done:
		return true
	case <-t.C:
		select {
		case <-done:
			return true
		default:
			return false
		}
	}
}
