package channeltest

import (
	"fmt"
	"strings"

	"github.com/bennu-go/bennu/internal/wire"
)

// wanted says which message is looked for.
type wanted struct {
	what    string
	fits    func(m *Message) bool // but for status and payload
	status  string                // empty: any
	pattern any
}

// find returns the first message that nothing has taken and that fits; near is why others, which nearly fit, do not.
func (w *wanted) find(messages []*Message) (found *Message, near []string) {
	for _, m := range messages {
		if m.taken || !w.fits(m) {
			continue
		}
		if w.status != "" && m.Status != w.status {
			near = append(near, fmt.Sprintf("%v: the status is %q", m, m.Status))
			continue
		}
		why := match(w.pattern, m)
		if why == "" {
			return m, nil
		}
		near = append(near, fmt.Sprintf("%v: %s", m, why))
	}
	return nil, near
}

func (c *Client) want(w wanted) Message {
	c.app.t.Helper()
	var found *Message
	var near []string
	c.app.await(func() bool {
		if found, near = w.find(c.messages); found != nil {
			found.taken = true
		}
		return found != nil
	})
	if found == nil {
		c.failNear(near, "no %s", w.what)
	}
	return *found
}

func (c *Client) refute(w wanted) {
	c.app.t.Helper()
	c.app.settle()
	c.app.mu.Lock()
	found, _ := w.find(c.messages)
	c.app.mu.Unlock()
	if found != nil {
		c.fail("refuted %s, but it has come: %v", w.what, found)
	}
}

// fail ends the test with what is wrong and what the client has got.
func (c *Client) fail(format string, args ...any) {
	c.app.t.Helper()
	c.failNear(nil, format, args...)
}

func (c *Client) failNear(near []string, format string, args ...any) {
	c.app.t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "channeltest: %s: ", c.name)
	fmt.Fprintf(&b, format, args...)
	if len(near) > 0 {
		fmt.Fprintf(&b, "\nwhat comes near it:\n  %s", strings.Join(near, "\n  "))
	}
	c.app.mu.Lock()
	c.describeLocked(&b)
	c.app.mu.Unlock()
	c.app.t.Fatalf("%s", b.String())
}

// describeLocked tells all that the client has got.
func (c *Client) describeLocked(b *strings.Builder) {
	if len(c.messages) == 0 {
		b.WriteString("\nthe client has got nothing yet")
	} else {
		b.WriteString("\nthe client has got (+ is what was asked for already):")
	}
	crashed := false
	for _, m := range c.messages {
		mark := " "
		if m.taken {
			mark = "+"
		}
		fmt.Fprintf(b, "\n %s %v", mark, m)
		crashed = crashed || m.Event == wire.EventError || strings.Contains(string(m.Payload), "join crashed")
	}
	if c.closed {
		fmt.Fprintf(b, "\nthe connection is closed, code %d %s", c.code, c.reason)
	}
	if crashed {
		for label, reason := range c.app.crashes {
			fmt.Fprintf(b, "\ncrashed: %s: %v", label, reason)
		}
	}
}

// reportCrashes fails the test for each crash that nothing has asked for.
func (c *Client) reportCrashes() {
	c.app.mu.Lock()
	defer c.app.mu.Unlock()
	for _, m := range c.messages {
		if m.Event != wire.EventError || m.taken {
			continue
		}
		var b strings.Builder
		fmt.Fprintf(&b, "channeltest: %s: the channel on %q crashed, and no WantError has asked for it", c.name, m.Topic)
		c.describeLocked(&b)
		c.app.t.Error(b.String())
		return
	}
}
