package channeltest

import (
	"fmt"
	"reflect"

	"github.com/bennu-go/bennu/channel"
	"github.com/bennu-go/bennu/internal/wire"
	"github.com/bennu-go/bennu/proc"
)

// A Channel is a client's side of a topic that it has joined, or tried to.
type Channel struct {
	client     *Client
	topic      string
	joinRef    string
	join       *Push
	broadcasts *Broadcasts
	process    *proc.Process
}

// Topic returns the topic.
func (j *Channel) Topic() string { return j.topic }

// Client returns the connection.
func (j *Channel) Client() *Client { return j.client }

// WantReply wants the reply to the join.
func (j *Channel) WantReply(status string, pattern any) Message {
	j.client.app.t.Helper()
	return j.join.WantReply(status, pattern)
}

// RefuteReply wants the join to be unanswered yet.
func (j *Channel) RefuteReply() {
	j.client.app.t.Helper()
	j.join.RefuteReply()
}

// Push sends an event to the channel. The payload becomes JSON, nil being {}, or is channel.Binary.
func (j *Channel) Push(event string, payload any) *Push {
	j.client.app.t.Helper()
	return j.client.push(j.joinRef, j.client.nextRef(), j.topic, event, payload)
}

// WantPush wants an event to have come to the client, pushed or broadcast.
func (j *Channel) WantPush(event string, pattern any) Message {
	j.client.app.t.Helper()
	return j.client.want(wanted{
		what: fmt.Sprintf("event %q on %q with %s", event, j.topic, show(pattern)),
		fits: func(m *Message) bool { return j.concerns(m) && m.Event == event }, pattern: pattern})
}

// RefutePush wants no such event to have come to the client.
func (j *Channel) RefutePush(event string, pattern any) {
	j.client.app.t.Helper()
	j.client.refute(wanted{
		what: fmt.Sprintf("event %q on %q with %s", event, j.topic, show(pattern)),
		fits: func(m *Message) bool { return j.concerns(m) && m.Event == event }, pattern: pattern})
}

// WantBroadcast wants an event to have been broadcast to the topic since the client began to join it, whoever has got it.
func (j *Channel) WantBroadcast(event string, pattern any) Message {
	j.client.app.t.Helper()
	return j.broadcasts.Want(event, pattern)
}

// RefuteBroadcast wants no such event to have been broadcast to the topic.
func (j *Channel) RefuteBroadcast(event string, pattern any) {
	j.client.app.t.Helper()
	j.broadcasts.Refute(event, pattern)
}

// Leave leaves the topic. The reply is ok, [Channel.WantClose] follows.
func (j *Channel) Leave() *Push {
	j.client.app.t.Helper()
	return j.client.push(j.joinRef, j.client.nextRef(), j.topic, wire.EventLeave, nil)
}

// WantClose wants the channel to have ended in order: the client does not join again.
func (j *Channel) WantClose() {
	j.client.app.t.Helper()
	j.client.want(wanted{what: fmt.Sprintf("phx_close of %q", j.topic),
		fits: func(m *Message) bool { return j.concerns(m) && m.Event == wire.EventClose }, pattern: Any})
}

// WantError wants the channel to have crashed: the client would join again.
func (j *Channel) WantError() {
	j.client.app.t.Helper()
	j.client.want(wanted{what: fmt.Sprintf("phx_error of %q", j.topic),
		fits: func(m *Message) bool { return j.concerns(m) && m.Event == wire.EventError }, pattern: Any})
}

// concerns is how phoenix.js decides whether a message is for a channel.
func (j *Channel) concerns(m *Message) bool {
	return m.Topic == j.topic && (m.JoinRef == "" || m.JoinRef == j.joinRef)
}

// Process returns the channel's process, to send to and to monitor; nil if there was none when it was first asked for.
func (j *Channel) Process() *proc.Process {
	j.client.app.t.Helper()
	if j.process == nil {
		for _, ch := range channel.ChannelsOf(j.client.session) {
			if ch.Topic == j.topic {
				j.process = ch.Process
			}
		}
	}
	return j.process
}

// Send sends a message to the channel's process, for its Info.
func (j *Channel) Send(msg any) {
	j.client.app.t.Helper()
	p := j.Process()
	if p == nil {
		j.client.fail("there is no channel on %q to send %T to", j.topic, msg)
	}
	if err := p.Send(msg); err != nil {
		j.client.fail("sending %T to the channel on %q: %v", msg, j.topic, err)
	}
}

// Assigns returns the channel's state, read between two callbacks. It is the state itself, not a copy: look at it, do not keep it.
func Assigns[A any](j *Channel) A {
	t := j.client.app.t
	t.Helper()
	p := j.Process()
	if p == nil {
		t.Fatalf("channeltest: there is no channel on %q whose Assigns could be read", j.topic)
	}
	state, err := p.State(t.Context())
	if err != nil {
		t.Fatalf("channeltest: reading the Assigns of %q: %v", j.topic, err)
	}
	a, ok := state.(A)
	if !ok {
		t.Fatalf("channeltest: the Assigns of %q are a %T, not a %v", j.topic, state, reflect.TypeFor[A]())
	}
	return a
}
