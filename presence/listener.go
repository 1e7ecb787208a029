package presence

import (
	"context"
	"fmt"
	"reflect"
	"sync/atomic"

	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/supervise"
)

// Change is a diff as a listener is told of it.
type Change[M any] struct {
	Topic string
	// Joins and Leaves are what clients were sent.
	Joins, Leaves State[M]
	// Presences is everybody in the topic after the change.
	Presences State[M]
}

// A Listener is told of the diffs of this node: see [OnMetas].
type Listener struct {
	meta  reflect.Type
	start func(l *listening) supervise.ProcessFunc
}

// OnMetas makes a Listener for the Presence of metas M. init makes its state, and may be nil; f gets the state and a change,
// and returns the state to go on with. Both run on a process of their own, one call at a time, changes of one topic in the order in which
// clients got them; presences keep going out while f works.
//
// If f panics or returns an error, the listener starts again with init; so it does when it lags 1,000 changes behind. What it misses it finds in
// the Presences of the next change. A listener that ends more than 3 times in 5 seconds ends the Presence, for whose supervisor it then is.
func OnMetas[M, S any](init func(ctx context.Context) (S, error), f func(ctx context.Context, state S, c Change[M]) (S, error)) *Listener {
	return &Listener{meta: reflect.TypeFor[M](), start: func(l *listening) supervise.ProcessFunc {
		return supervise.Server(proc.Server[S]{
			Name: "presence " + l.name + " listener",
			Init: func(ctx context.Context, s *proc.Self[S]) (err error) {
				if init != nil {
					s.State, err = init(ctx)
				}
				l.process.Store(s.Process())
				return err
			},
			Info: proc.Infos[S]{proc.OnInfo(func(ctx context.Context, s *proc.Self[S], o occurrence) error {
				state, err := f(ctx, s.State, Change[M]{o.topic, State[M]{o.joins}, State[M]{o.leaves}, State[M]{o.after}})
				if err != nil {
					return fmt.Errorf("presence: HandleMetas for topic %q: %w", o.topic, err)
				}
				s.State = state
				return nil
			})},
		})
	}}
}

// occurrence is a Change without its type.
type occurrence struct {
	topic                string
	joins, leaves, after *snapshot
}

// listening is a Listener in one life of the tracker.
type listening struct {
	name    string
	process atomic.Pointer[proc.Process]
}

func (l *listening) tell(o occurrence) {
	if p := l.process.Load(); p != nil {
		p.Deliver(o)
	}
}
