package pubsub_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"go.uber.org/goleak"

	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var quiet = slog.New(slog.DiscardHandler)

// inBubble runs f with a System in virtual time; everything is gone when it returns.
func inBubble(t *testing.T, f func(t *testing.T, sys *proc.System)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		sys := proc.NewSystem(proc.Config{Logger: quiet})
		defer sys.Close()
		f(t, sys)
	})
}

// forTables runs f for one table and for many, each in a bubble of its own.
func forTables(t *testing.T, f func(t *testing.T, ps *pubsub.PubSub)) {
	t.Helper()
	for _, n := range []int{1, 2, 16} {
		t.Run(fmt.Sprintf("tables=%d", n), func(t *testing.T) {
			inBubble(t, func(t *testing.T, sys *proc.System) {
				f(t, pubsub.New(pubsub.Config{System: sys, Node: "here", Tables: n, Logger: quiet}))
			})
		})
	}
}

// reader is a process that writes down what it gets.
type reader struct {
	*proc.Process
	hold chan struct{} // if not nil, each message waits for it
	mu   sync.Mutex    // guards the fields below
	got  []string
	end  error
}

func newReader(t testing.TB, sys *proc.System) *reader { return newReaderOf(t, sys, 0, nil) }

func newReaderOf(t testing.TB, sys *proc.System, mailbox int, hold chan struct{}) *reader {
	t.Helper()
	r := &reader{hold: hold}
	p, err := proc.StartUnsupervised(context.Background(), sys, proc.Server[struct{}]{Name: "reader", Mailbox: mailbox,
		Any: func(ctx context.Context, _ *proc.Self[struct{}], msg any) error {
			if r.hold != nil {
				select {
				case <-r.hold:
				case <-ctx.Done():
					return nil
				}
			}
			r.mu.Lock()
			defer r.mu.Unlock()
			r.got = append(r.got, describe(msg))
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	r.Process = p
	p.Watch(func(reason error) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.end = reason
	})
	return r
}

func describe(msg any) string {
	if m, ok := msg.(*pubsub.Message); ok {
		if m.Kind == pubsub.Event && string(m.Payload()) == "{}" {
			return m.Name
		}
		return m.Name + string(m.Payload())
	}
	return fmt.Sprint(msg)
}

// want compares what the reader got since the last time.
func (r *reader) want(t testing.TB, want ...string) {
	t.Helper()
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	if got, want := strings.Join(r.got, " | "), strings.Join(want, " | "); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	r.got = nil
}

// wantEnd checks why the process has ended; nil: it has not.
func (r *reader) wantEnd(t testing.TB, want error) {
	t.Helper()
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	if !errors.Is(r.end, want) || want == nil && r.end != nil {
		t.Errorf("the process ended with %v, want %v", r.end, want)
	}
}

func event(t testing.TB, topic, name string) *pubsub.Message {
	t.Helper()
	m, err := pubsub.NewEvent(topic, name, nil)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
}

func wantSizes(t testing.TB, ps *pubsub.PubSub, groups, subscriptions int) {
	t.Helper()
	if g, s := ps.Sizes(); g != groups || s != subscriptions {
		t.Errorf("the tables hold %d groups and %d subscriptions, want %d and %d", g, s, groups, subscriptions)
	}
}

func asPanic(r *reader, target **proc.PanicError) bool {
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	return errors.As(r.end, target)
}
