package pubsubtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bennu-go/bennu/pubsub"
)

// mutant is a node of a Cluster with one fault.
type mutant struct {
	pubsub.Adapter
	mu      sync.Mutex // guards the fields below
	node    string
	deliver func(pubsub.Envelope)
	held    *pubsub.Envelope
	fault
}

// fault is what a mutant does in place of its adapter; nil is nothing.
type fault struct {
	run     func(m *mutant, ctx context.Context, node string, deliver func(pubsub.Envelope)) error
	publish func(m *mutant, e pubsub.Envelope) error
}

func (m *mutant) Run(ctx context.Context, node string, deliver func(pubsub.Envelope)) error {
	m.mu.Lock()
	m.node, m.deliver = node, deliver
	m.mu.Unlock()
	if m.run != nil {
		return m.run(m, ctx, node, deliver)
	}
	return m.Adapter.Run(ctx, node, deliver)
}

func (m *mutant) Publish(e pubsub.Envelope) error {
	if m.publish != nil {
		return m.publish(m, e)
	}
	return m.Adapter.Publish(e)
}

// failure collects what a check finds, in place of a test.
type failure struct {
	testing.TB
	mu       sync.Mutex // guards the fields below
	errs     []string
	cleanups []func()
}

func (f *failure) Helper() {}
func (f *failure) Errorf(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.errs = append(f.errs, fmt.Sprintf(format, args...))
}
func (f *failure) Fatalf(format string, args ...any) { f.Errorf(format, args...); runtime.Goexit() }
func (f *failure) Fatal(args ...any)                 { f.Fatalf("%s", fmt.Sprint(args...)) }
func (f *failure) FailNow()                          { runtime.Goexit() }
func (f *failure) Cleanup(c func())                  { f.cleanups = append(f.cleanups, c) }

// try runs one check against adapters and returns what it found.
func try(t *testing.T, c check, patience time.Duration, adapters func(nodes int) []pubsub.Adapter) []string {
	f := &failure{TB: t}
	inGoroutine := func(do func()) {
		done := make(chan struct{})
		go func() { defer close(done); do() }()
		<-done
	}
	inGoroutine(func() { c.run(&suite{t: f, patience: patience, adapters: adapters}) })
	for i := len(f.cleanups) - 1; i >= 0; i-- {
		inGoroutine(f.cleanups[i])
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.errs
}

// deliverBy makes a Run that hands envelopes over in its own way.
func deliverBy(way func(m *mutant, e pubsub.Envelope, deliver func(pubsub.Envelope))) func(*mutant, context.Context, string, func(pubsub.Envelope)) error {
	return func(m *mutant, ctx context.Context, node string, deliver func(pubsub.Envelope)) error {
		return m.Adapter.Run(ctx, node, func(e pubsub.Envelope) { way(m, e, deliver) })
	}
}

// own is a message of the checks, not of the meeting before.
func own(e pubsub.Envelope) bool { return e.Topic != hello && e.Topic != fence }

// Each fault is found by the check that is named, so the suite has teeth.
func TestSuiteFindsFaults(t *testing.T) {
	for _, c := range []struct {
		name  string
		found string // name of a check
		fault
	}{
		{"loses a message now and then", "order of each goroutine that publishes", fault{run: deliverBy(func(m *mutant, e pubsub.Envelope, deliver func(pubsub.Envelope)) {
			if e.Name != "0/1/30" {
				deliver(e)
			}
		})}},
		{"delivers twice", "publishing reaches every other node once and not the own", fault{run: deliverBy(func(m *mutant, e pubsub.Envelope, deliver func(pubsub.Envelope)) {
			deliver(e)
			if own(e) {
				deliver(e)
			}
		})}},
		{"delivers to the publisher", "publishing reaches every other node once and not the own", fault{publish: func(m *mutant, e pubsub.Envelope) error {
			m.mu.Lock()
			deliver := m.deliver
			m.mu.Unlock()
			if own(e) {
				deliver(e)
			}
			return m.Adapter.Publish(e)
		}}},
		{"ignores To", "publishing to one node reaches that one", fault{publish: func(m *mutant, e pubsub.Envelope) error {
			if own(e) {
				e.To = ""
			}
			return m.Adapter.Publish(e)
		}}},
		{"takes To for a prefix", "publishing to a node that is not there is no error", fault{publish: func(m *mutant, e pubsub.Envelope) error {
			m.Adapter.Publish(e)
			if own(e) && e.To != "" {
				for _, node := range m.Adapter.(*adapter).cluster.Nodes() {
					if node != e.To && strings.HasPrefix(node, e.To) {
						e.To = node
						m.Adapter.Publish(e)
					}
				}
			}
			return nil
		}}},
		{"fails for an unknown node", "publishing to a node that is not there is no error", fault{publish: func(m *mutant, e pubsub.Envelope) error {
			if e.To != "" && !slices.Contains(m.Adapter.(*adapter).cluster.Nodes(), e.To) {
				return errors.New("no such node")
			}
			return m.Adapter.Publish(e)
		}}},
		{"fails when alone", "a node that is alone may publish", fault{publish: func(m *mutant, e pubsub.Envelope) error {
			if len(m.Adapter.(*adapter).cluster.Nodes()) < 2 {
				return errors.New("nobody there")
			}
			return m.Adapter.Publish(e)
		}}},
		{"fails before Run", "publishing while nothing runs loses the message without an error", fault{publish: func(m *mutant, e pubsub.Envelope) error {
			if m.node == "" {
				return errors.New("not running")
			}
			return m.Adapter.Publish(e)
		}}},
		{"cuts names at zero bytes", "envelopes arrive as they were", fault{publish: func(m *mutant, e pubsub.Envelope) error {
			e.Topic, _, _ = strings.Cut(e.Topic, "\x00")
			return m.Adapter.Publish(e)
		}}},
		{"makes text of payloads", "envelopes arrive as they were", fault{publish: func(m *mutant, e pubsub.Envelope) error {
			e.Payload = bytes.ToValidUTF8(e.Payload, []byte("?"))
			return m.Adapter.Publish(e)
		}}},
		{"drops empty payloads", "envelopes arrive as they were", fault{publish: func(m *mutant, e pubsub.Envelope) error {
			if own(e) && len(e.Payload) == 0 {
				return nil
			}
			return m.Adapter.Publish(e)
		}}},
		{"knows three kinds", "envelopes arrive as they were", fault{publish: func(m *mutant, e pubsub.Envelope) error {
			e.Kind &= 3
			return m.Adapter.Publish(e)
		}}},
		{"uses its buffer again", "payloads belong to the publisher after and to the receiver", fault{run: func(m *mutant, ctx context.Context, node string, deliver func(pubsub.Envelope)) error {
			var buf [64]byte
			return m.Adapter.Run(ctx, node, func(e pubsub.Envelope) {
				if len(e.Payload) < len(buf) {
					e.Payload = buf[:copy(buf[:], e.Payload)]
				}
				deliver(e)
			})
		}}},
		{"keeps the publisher's buffer", "payloads belong to the publisher after and to the receiver", fault{publish: func(m *mutant, e pubsub.Envelope) error {
			m.mu.Lock()
			before := m.held
			m.held = nil
			if own(e) {
				m.held = &e
			}
			m.mu.Unlock()
			if before != nil {
				m.Adapter.Publish(*before)
			}
			if own(e) {
				return nil
			}
			return m.Adapter.Publish(e)
		}}},
		{"refuses large payloads", "large payloads arrive in order with small ones", fault{publish: func(m *mutant, e pubsub.Envelope) error {
			if len(e.Payload) > 8000 {
				return errors.New("too large")
			}
			return m.Adapter.Publish(e)
		}}},
		{"lets small payloads overtake", "large payloads arrive in order with small ones", fault{publish: func(m *mutant, e pubsub.Envelope) error {
			m.mu.Lock()
			before := m.held
			m.held = nil
			if len(e.Payload) > 8000 {
				m.held = &e
			}
			held := m.held != nil
			m.mu.Unlock()
			if held {
				return nil
			}
			err := m.Adapter.Publish(e)
			if before != nil {
				m.Adapter.Publish(*before)
			}
			return err
		}}},
		{"delivers on many goroutines", "order of each goroutine that publishes", fault{run: func(m *mutant, ctx context.Context, node string, deliver func(pubsub.Envelope)) error {
			var wg sync.WaitGroup
			defer wg.Wait()
			return m.Adapter.Run(ctx, node, func(e pubsub.Envelope) {
				if !own(e) {
					wg.Wait()
				}
				wg.Go(func() { deliver(e) })
			})
		}}},
		{"returns the end of its context as something else", "Run ends with its context and may be run again", fault{run: func(m *mutant, ctx context.Context, node string, deliver func(pubsub.Envelope)) error {
			m.Adapter.Run(ctx, node, deliver)
			return errors.New("connection closed")
		}}},
		{"delivers what came while it was away", "Run ends with its context and may be run again", fault{run: func(m *mutant, ctx context.Context, node string, deliver func(pubsub.Envelope)) error {
			m.mu.Lock()
			held := m.held
			m.mu.Unlock()
			if held != nil {
				deliver(*held)
			}
			return m.Adapter.Run(ctx, node, func(e pubsub.Envelope) {
				m.mu.Lock()
				if own(e) {
					m.held = &e
				}
				m.mu.Unlock()
				deliver(e)
			})
		}}},
		{"delivers after Run has returned", "publishing while nothing runs loses the message without an error", fault{publish: func(m *mutant, e pubsub.Envelope) error {
			m.mu.Lock()
			node, deliver := m.node, m.deliver
			m.mu.Unlock()
			if node != "" && !slices.Contains(m.Adapter.(*adapter).cluster.Nodes(), node) {
				deliver(pubsub.Envelope{From: "ghost", Topic: hello, Name: "late"})
			}
			return m.Adapter.Publish(e)
		}}},
		{"says nothing when it is ready", "a node that is alone may publish", fault{run: func(m *mutant, ctx context.Context, node string, deliver func(pubsub.Envelope)) error {
			<-ctx.Done()
			return nil
		}}},
		{"is not there", "a PubSub over it", fault{publish: func(m *mutant, e pubsub.Envelope) error { return nil }}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			i := slices.IndexFunc(checks, func(k check) bool { return k.name == c.found })
			if i < 0 {
				t.Fatalf("there is no check %q", c.found)
			}
			found := try(t, checks[i], time.Second, func(nodes int) []pubsub.Adapter {
				all := adaptersOf(nodes)
				for i, a := range all {
					all[i] = &mutant{Adapter: a, fault: c.fault}
				}
				return all
			})
			if len(found) == 0 {
				t.Errorf("%q did not find an adapter that %s", c.found, c.name)
			}
			for _, err := range found[:min(len(found), 3)] {
				t.Logf("%.200s", err)
			}
		})
	}
}
