package channeltest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bennu-go/bennu/channel"
	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
)

// Broadcasts are the events that are broadcast to one topic.
type Broadcasts struct {
	app      *App
	topic    string
	messages []*Message // the App's mutex guards it
}

// Observe notes what is broadcast to a topic from now on, whether a client has joined it or not.
func (a *App) Observe(topic string) *Broadcasts {
	b := &Broadcasts{app: a, topic: topic}
	a.cfg.PubSub.Join(topic, b)
	a.t.Cleanup(func() { a.cfg.PubSub.Leave(topic, b) })
	return b
}

// Deliver implements pubsub.Group.
func (b *Broadcasts) Deliver(m *pubsub.Message, _ *proc.Process) {
	if m.Kind == pubsub.Value {
		return
	}
	got := &Message{Topic: m.Topic, Event: m.Name, Payload: m.Payload()}
	if m.Kind == pubsub.Binary {
		got.Payload, got.Binary = nil, append(channel.Binary{}, m.Payload()...)
	}
	b.app.mu.Lock()
	defer b.app.mu.Unlock()
	b.messages = append(b.messages, got)
	b.app.arrivedLocked()
}

// Reset implements pubsub.Group.
func (b *Broadcasts) Reset() { b.app.cfg.PubSub.Join(b.topic, b) }

// Want wants such an event, and takes it.
func (b *Broadcasts) Want(event string, pattern any) Message {
	b.app.t.Helper()
	w := b.wanted(event, pattern)
	var found *Message
	var near []string
	b.app.await(func() bool {
		if found, near = w.find(b.messages); found != nil {
			found.taken = true
		}
		return found != nil
	})
	if found == nil {
		b.app.t.Fatalf("channeltest: no %s%s%s", w.what, list("what comes near it", near), list("what was broadcast", b.all()))
	}
	return *found
}

// Refute wants that there was no such event.
func (b *Broadcasts) Refute(event string, pattern any) {
	b.app.t.Helper()
	w := b.wanted(event, pattern)
	b.app.settle()
	b.app.mu.Lock()
	found, _ := w.find(b.messages)
	b.app.mu.Unlock()
	if found != nil {
		b.app.t.Fatalf("channeltest: refuted %s, but there was %v", w.what, found)
	}
}

func (b *Broadcasts) wanted(event string, pattern any) wanted {
	return wanted{what: fmt.Sprintf("broadcast %q on %q with %s", event, b.topic, show(pattern)),
		fits: func(m *Message) bool { return m.Event == event }, pattern: pattern}
}

func (b *Broadcasts) all() (lines []string) {
	b.app.mu.Lock()
	defer b.app.mu.Unlock()
	for _, m := range b.messages {
		lines = append(lines, m.String())
	}
	return lines
}

func list(title string, lines []string) string {
	if len(lines) == 0 {
		return ""
	}
	return "\n" + title + ":\n  " + strings.Join(slices.Clone(lines), "\n  ")
}
