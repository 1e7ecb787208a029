package pubsubtest

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/bennu-go/bennu/pubsub"
	"github.com/bennu-go/bennu/supervise"
)

const (
	hello = "pubsubtest:hello" // topic of the envelopes by which nodes find out that they are connected
	fence = "pubsubtest:fence" // topic of the envelopes that come after what must not come
)

// odd are names that an adapter may not take for patterns, separators or text.
var odd = []string{"chat@10.0.0.1", "node two.*.>", "третий/узел", `#4 $%"'\`}

// suite is what the checks of TestAdapter work with.
type suite struct {
	t        testing.TB
	adapters func(nodes int) []pubsub.Adapter
	patience time.Duration // for what must happen
}

// node is an adapter that runs, and what it was handed.
type node struct {
	*suite
	name    string
	adapter pubsub.Adapter
	cancel  context.CancelFunc
	ended   chan error // capacity 1: what Run returned
	on      func(e pubsub.Envelope)

	mu      sync.Mutex // guards the fields below
	got     []received
	met     map[string]map[string]bool // nodes that said hello, and how: to all, to this one
	inside  map[string]bool            // senders whose envelope is being handed over
	running bool
	overlap bool
	changed chan struct{} // closed when one of them changes
}

// received keeps the payload as it was handed over, and as it was then.
type received struct {
	pubsub.Envelope
	payload []byte
}

// start runs n nodes and waits until all have heard of all.
func (s *suite) start(n int) []*node {
	s.t.Helper()
	adapters := s.adapters(n)
	if len(adapters) != n {
		s.t.Fatalf("got %d adapters for %d nodes", len(adapters), n)
	}
	nodes := make([]*node, n)
	for i, a := range adapters {
		name := odd[i%len(odd)] + " " + rand.Text()[:8] // servers that tests share may remember names
		nodes[i] = &node{suite: s, name: name, adapter: a}
	}
	for _, n := range nodes {
		n.run()
	}
	s.meet(nodes)
	return nodes
}

// run runs the adapter, or runs it again, until it is ready.
func (n *node) run() {
	n.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ready := make(chan struct{})
	ended := make(chan error, 1)
	n.mu.Lock()
	n.got, n.met, n.inside, n.running = nil, make(map[string]map[string]bool), make(map[string]bool), true
	n.changed = make(chan struct{})
	n.mu.Unlock()
	n.cancel, n.ended = cancel, ended
	go func() {
		err := n.adapter.Run(supervise.NotifyReady(ctx, func() { close(ready) }), n.name, n.deliver)
		n.mu.Lock()
		n.running = false
		n.mu.Unlock()
		ended <- err
	}()
	n.t.Cleanup(n.stop)
	late := time.NewTimer(n.patience)
	defer late.Stop()
	select {
	case <-ready:
	case err := <-ended:
		ended <- err
		n.t.Fatalf("Run of %q ended before it was ready: %v", n.name, err)
	case <-late.C:
		n.t.Fatalf("Run of %q did not say supervise.Ready within %v", n.name, n.patience)
	}
}

// stop ends Run and waits for it.
func (n *node) stop() {
	n.t.Helper()
	if n.cancel == nil {
		return
	}
	n.cancel()
	n.cancel = nil
	late := time.NewTimer(n.patience)
	defer late.Stop()
	select {
	case err := <-n.ended:
		if err != nil && !errors.Is(err, context.Canceled) {
			n.t.Errorf("Run of %q returned %v after its context had ended, want nil", n.name, err)
		}
	case <-late.C:
		n.t.Fatalf("Run of %q did not return within %v after its context had ended", n.name, n.patience)
	}
	for _, r := range n.received() {
		if !bytes.Equal(r.Payload, r.payload) {
			n.t.Errorf("a payload handed to %q was changed afterwards: topic %q", n.name, r.Topic)
		}
	}
}

func (n *node) deliver(e pubsub.Envelope) {
	n.mu.Lock()
	if !n.running {
		n.t.Errorf("deliver was called after Run of %q had returned", n.name)
	}
	if n.inside[e.From] && !n.overlap {
		n.overlap = true // told once
		n.t.Errorf("deliver was called for %q while it was still busy with an envelope of the same node", n.name)
	}
	n.inside[e.From] = true
	n.mu.Unlock()
	runtime.Gosched() // let who would overlap do so
	if n.on != nil && e.Topic != hello {
		n.on(e)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.inside[e.From] = false
	if e.Topic == hello {
		if n.met[e.From] == nil {
			n.met[e.From] = make(map[string]bool)
		}
		n.met[e.From][e.Name] = true
	} else {
		n.got = append(n.got, received{e, bytes.Clone(e.Payload)})
	}
	close(n.changed)
	n.changed = make(chan struct{})
}

func (n *node) received() []received {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.got)
}

// meet has every node say hello until all have heard of all: being connected is not yet being known everywhere.
func (s *suite) meet(nodes []*node) {
	s.t.Helper()
	deadline := time.Now().Add(s.patience)
	for _, n := range nodes {
		for _, other := range nodes {
			if n == other {
				continue
			}
			for !n.hears(other) {
				if time.Now().After(deadline) {
					s.t.Fatalf("%q has not heard of %q within %v", n.name, other.name, s.patience)
				}
			}
		}
	}
}

// hears has other say hello, and reports whether n has heard of it soon after.
func (n *node) hears(other *node) bool {
	n.t.Helper()
	other.publish(pubsub.Envelope{Topic: hello, Kind: pubsub.Binary, Name: "all"})
	other.publish(pubsub.Envelope{To: n.name, Topic: hello, Kind: pubsub.Binary, Name: "one"})
	soon := time.NewTimer(20 * time.Millisecond)
	defer soon.Stop()
	for {
		n.mu.Lock()
		met, changed := len(n.met[other.name]) == 2, n.changed
		n.mu.Unlock()
		if met {
			return true
		}
		select {
		case <-changed:
		case <-soon.C:
			return false
		}
	}
}

// publish publishes e from n, which must neither fail nor block. It may be called from any goroutine, and reports false if it is better to stop.
func (n *node) publish(e pubsub.Envelope) (ok bool) {
	n.t.Helper()
	e.From = n.name
	done := make(chan error, 1)
	go func() { done <- n.adapter.Publish(e) }()
	late := time.NewTimer(n.patience)
	defer late.Stop()
	select {
	case err := <-done:
		if err != nil {
			n.t.Errorf("Publish of %q to %q: %v", e.Topic, e.To, err)
		}
		return err == nil
	case <-late.C:
		n.t.Errorf("Publish of %q did not return within %v", e.Topic, n.patience)
		return false
	}
}

// wait waits until n has been handed what done wants.
func (n *node) wait(what string, done func(got []received) bool) []received {
	n.t.Helper()
	late := time.NewTimer(n.patience)
	defer late.Stop()
	for {
		n.mu.Lock()
		got, changed := n.got, n.changed // only ever appended to
		n.mu.Unlock()
		if done(got) {
			return slices.Clone(got)
		}
		select {
		case <-changed:
		case <-late.C:
			n.t.Fatalf("%q was not handed %s within %v; it has %s", n.name, what, n.patience, summary(got))
		}
	}
}

// waitFence publishes a last envelope from each sender and waits for all of them at n: what a sender published before is there by then, or never comes.
func (n *node) waitFence(senders ...*node) []received {
	n.t.Helper()
	mark := rand.Text()
	for _, s := range senders {
		if !s.publish(pubsub.Envelope{To: n.name, Topic: fence, Kind: pubsub.Binary, Name: mark}) {
			n.t.FailNow()
		}
	}
	got := n.wait("the fences", func(got []received) bool {
		n := 0
		for _, r := range got {
			if r.Name == mark {
				n++
			}
		}
		return n == len(senders)
	})
	return slices.DeleteFunc(got, func(r received) bool { return r.Topic == fence })
}

func summary(got []received) string {
	s := fmt.Sprintf("%d", len(got))
	for i, r := range got {
		if i == 5 {
			return s + " …"
		}
		s += fmt.Sprintf(" [%.30q %.30q %d bytes]", r.Topic, r.Name, len(r.Payload))
	}
	return s
}
