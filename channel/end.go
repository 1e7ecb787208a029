package channel

import (
	"context"
	"errors"

	"github.com/bennu-go/bennu/internal/frame"
	"github.com/bennu-go/bennu/internal/wire"
	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/telemetry"
)

// Terminate implements proc.Behaviour. An orderly end is told to the client before the application's Terminate, a crash after it, as in Phoenix.
func (c *core) Terminate(p *proc.Process, reason error) {
	if proc.Orderly(reason) {
		c.notice(true)
	} else {
		defer c.notice(false)
	}
	if c.def.terminate != nil && c.begun {
		c.def.terminate(context.WithoutCancel(p.Context()), c, reason)
	}
}

// notice ends, once, what the client has of the channel: its place in the topic and in the session's list; and tells the client. It leaves the topic
// first, so that a client which joins again at once gets nothing twice.
func (c *core) notice(orderly bool) {
	switch {
	case c.noticed:
	case c.told:
		if c.direct() {
			c.leaveTopic()
		}
		c.ordered(func() { c.depart(orderly) })
	case c.begun: // the join has been answered with a refusal, unless its end came from outside
		ref := wire.Ref("")
		c.session.mu.Lock()
		answered := c.answered
		if !answered {
			ref = c.in.ref
		}
		c.session.mu.Unlock()
		if !answered {
			b, _ := c.replyFrame(nil, ref, "error", reason("join crashed"))
			c.ordered(func() { c.refuse(b, nil) })
		}
	default: // the join is in the mailbox still: Dropped answers it
		return
	}
	c.noticed = true
}

// leaveTopic ends the membership. A fan-out that is under way may still know the member: what is written next waits for it.
func (c *core) leaveTopic() {
	if c.wasJoined() && !c.session.isClosed() {
		c.shard().Leave(&c.member)
		c.mark = c.shard().Mark()
	}
}

// depart writes the end and takes the channel off the session's list in one step: what the client sends behind it is answered behind it.
func (c *core) depart(orderly bool) {
	if c.wasJoined() {
		c.shard().Leave(&c.member)
	}
	s := c.session
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.removeLocked(c) || s.closed {
		return
	}
	s.write(func(sr wire.Serializer, b []byte) ([]byte, frame.Opcode, error) {
		if orderly {
			return sr.AppendClose(b, c.rawRef(), c.topic)
		}
		return sr.AppendError(b, c.rawRef(), c.topic, "channel_crash")
	})
}

// Dropped implements proc.Behaviour: the client is answered as if the channel had not been there.
func (c *core) Dropped(p *proc.Process, msg any) {
	switch m := msg.(type) {
	case *inMsg:
		if m.join { // cancelled before it had begun
			replaced := c.awaitOld(p.Context())
			b, _ := c.replyFrame(nil, m.ref, "error", reason("join cancelled"))
			c.ordered(func() { c.refuse(b, replaced) })
			return
		}
		ref := m.ref
		c.ordered(func() { c.session.unmatched(c.topic, ref) })
		m.free()
	case *leaveMsg:
		c.owe(m.joinRef, m.ref, "ok", wire.Payload{})
	}
}

// Exited implements proc.Behaviour.
func (c *core) Exited(p *proc.Process, reason error) {
	c.notice(proc.Orderly(reason)) // of a process that was killed
	c.session.ended(c)
	t := c.session.sock.env.Telemetry
	if t == nil || !c.told || !telemetry.Enabled[telemetry.ChannelExited](t) {
		return
	}
	if errors.Is(reason, ErrLeft) || errors.Is(reason, proc.ErrNormal) {
		reason = nil
	}
	telemetry.Emit(context.Background(), t, telemetry.ChannelExited{Channel: c.def.name, Topic: c.topic, Reason: reason})
}
