package supervise

import (
	"context"
	"sync"
	"time"
)

// A Service is something long-running. Run blocks until ctx ends or something fails, and has stopped all goroutines that it started when it
// returns. After ctx ended it returns nil or the context's error. A service that is restarted is Run again: Run rebuilds all
// state that may be to blame, or the child has a constructor, [Child.Start].
type Service interface {
	Run(ctx context.Context) error
}

// A ReadyService calls [Ready] when it can be used; its supervisor waits for it before it starts the next child. Say so to the
// compiler: var _ supervise.ReadyService = (*Listener)(nil).
type ReadyService interface {
	Service
	// AnnouncesReady is never called. It marks services whose Run calls Ready.
	AnnouncesReady()
}

// A StopService knows how long it may take to end after its context was cancelled: one that tells its clients first, for example. Its supervisor
// waits so long, unless [Child.StopTimeout] says otherwise.
type StopService interface {
	Service
	// StopWithin is called when the child is stopped. Negative is [Infinity].
	StopWithin() time.Duration
}

// Func is a function as a Service, ready when called.
type Func func(ctx context.Context) error

// Run calls f.
func (f Func) Run(ctx context.Context) error { return f(ctx) }

// ReadyFunc is a function as a [ReadyService]: it must call [Ready].
type ReadyFunc func(ctx context.Context) error

// Run calls f.
func (f ReadyFunc) Run(ctx context.Context) error { return f(ctx) }

// AnnouncesReady implements [ReadyService].
func (f ReadyFunc) AnnouncesReady() {}

// readiness is what Ready finds in the context of a service.
type readiness struct {
	once sync.Once
	f    func()
}

type readyKey struct{}

// Ready tells whoever runs the service that it can be used. ctx is the one given to Run, or derived from it. Only the first call
// counts; outside of supervisors it does nothing. A supervisor warns if a service that is no [ReadyService] calls it, because it
// has not waited.
func Ready(ctx context.Context) {
	if r, ok := ctx.Value(readyKey{}).(*readiness); ok {
		r.once.Do(r.f)
	}
}

// NotifyReady returns a context for Run in which the first [Ready] calls f: for the root of a tree, to tell systemd or a test. f must not block.
func NotifyReady(ctx context.Context, f func()) context.Context {
	return context.WithValue(ctx, readyKey{}, &readiness{f: f})
}
