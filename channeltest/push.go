package channeltest

import (
	"fmt"

	"github.com/bennu-go/bennu/internal/wire"
)

// A Push is a message of the client.
type Push struct {
	client            *Client
	ref, topic, event string
}

// WantReply wants a reply to the message.
func (p *Push) WantReply(status string, pattern any) Message {
	p.client.app.t.Helper()
	return p.want(status, pattern, "")
}

func (p *Push) want(status string, pattern any, hint string) Message {
	p.client.app.t.Helper()
	return p.client.want(wanted{
		what: fmt.Sprintf("reply %q with %s to %q on %q, ref %s%s", status, show(pattern), p.event, p.topic, p.ref, hint),
		fits: p.answeredBy, status: status, pattern: pattern})
}

// RefuteReply wants the message to be unanswered yet.
func (p *Push) RefuteReply() {
	p.client.app.t.Helper()
	p.client.refute(wanted{what: fmt.Sprintf("reply to %q on %q, ref %s", p.event, p.topic, p.ref), fits: p.answeredBy, pattern: Any})
}

func (p *Push) answeredBy(m *Message) bool { return m.Event == wire.EventReply && m.Ref == p.ref }
