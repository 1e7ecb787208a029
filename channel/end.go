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

// notice ends, once, what the client has of the channel: its place in the topic, and in the session's list; and tells the client. It leaves first, so
// that a client which joins again at once gets nothing twice.
func (c *core) notice(orderly bool) {
	if c.noticed {
		return
	}
	c.noticed = true
	if c.wasJoined() {
		c.leaveTopic()
	}
	listed := c.session.remove(c)
	if c.told {
		if listed {
			c.writeEnd(orderly)
		}
		return
	}
	s := c.session
	s.mu.Lock()
	ref := wire.Ref("")
	if c.in != nil {
		ref = c.in.ref
	}
	answer := c.begun && c.answerLocked(false) // a join that was not begun is in the mailbox: Dropped answers it
	s.mu.Unlock()
	if answer {
		c.reply(ref, "error", reason("join crashed"))
	}
}

func (c *core) leaveTopic() {
	if c.direct() {
		c.shard().Leave(&c.member)
		return
	}
	c.shard().PostFunc(func() { c.shard().Leave(&c.member) })
	c.mark = c.shard().Mark()
}

func (c *core) writeEnd(orderly bool) error {
	return c.send(func(sr wire.Serializer, b []byte) ([]byte, frame.Opcode, error) {
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
		if m.join {
			c.dropJoin(m)
			return
		}
		c.session.unmatched(c.topic, m.ref)
		m.free()
	case *leaveMsg:
		c.sendAs(m.joinRef, m.ref, "ok", wire.Payload{})
	}
}

// dropJoin answers a join that was cancelled before it had begun.
func (c *core) dropJoin(m *inMsg) {
	c.session.remove(c)
	ref := m.ref
	if c.answer(false) {
		c.reply(ref, "error", reason("join cancelled"))
	}
	c.closeOld(c.releaseOld())
}

// Exited implements proc.Behaviour.
func (c *core) Exited(p *proc.Process, reason error) {
	c.notice(proc.Orderly(reason)) // of a process that was killed
	c.session.gone(c)
	t := c.session.sock.env.Telemetry
	if t == nil || !c.told || !telemetry.Enabled[telemetry.ChannelExited](t) {
		return
	}
	if errors.Is(reason, ErrLeft) || errors.Is(reason, proc.ErrNormal) {
		reason = nil
	}
	telemetry.Emit(context.Background(), t, telemetry.ChannelExited{Channel: c.def.name, Topic: c.topic, Reason: reason})
}
