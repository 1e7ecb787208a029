package channel

import (
	"context"

	"github.com/bennu-go/bennu/internal/wire"
	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
	"github.com/bennu-go/bennu/transport"
)

// What a channel is to its connection. The session's mutex guards it.
const (
	joining  = iota
	joined   // in the session's list, a member of its topic
	leaving  // the client has left; the channel will see it when its turn comes
	detached // replaced in the list by a second join of the topic; it may finish what it is doing
	cut      // it writes nothing more to the client
)

// core is a channel process with its type erased. It is part of a Socket, which is one allocation per joined topic.
type core struct {
	proc    proc.Process
	member  transport.Member
	session *session
	def     *definition
	topic   string
	joinRef wire.Ref // of the join message, or its ref if it had none
	in      *inMsg   // being handled: at first the join, which a successor may look at until it is answered
	began   uint64   // shard's mark when the callback began
	mark    uint64   // what has to pass the shard before the next direct write
	extra   *extra
	next    *core // in the session's list; the session's mutex guards it

	status   uint8 // the session's mutex guards these three
	answered bool  // the join has its reply, or is getting it
	told     bool  // the reply said ok: the client knows that it joined. Written by the channel only

	begun   bool // Join has been called
	noticed bool // the client's side of the end is done with
	rawNull bool // the join message had no join_ref, as from clients with vsn 1.0.0
}

// extra is what few channels have, or have only for a while.
type extra struct {
	after    []func(ctx context.Context) error // AfterJoin
	old      *core                             // channel that this one replaces
	oldGone  <-chan struct{}                   // closed when old has ended
	limiters limiters
}

func (c *core) more() *extra {
	if c.extra == nil {
		c.extra = &extra{}
	}
	return c.extra
}

// rawRef is the join_ref as the client gave it: what notices carry and messages are compared with.
func (c *core) rawRef() wire.Ref {
	if c.rawNull {
		return ""
	}
	return c.joinRef
}

// The messages of a channel process.
type (
	inMsg struct { // pooled, but for joins
		ref     wire.Ref
		handler *handler // nil: unknown event
		event   string   // of an unknown one
		payload Payload
		join    bool
	}
	leaveMsg     struct{ joinRef, ref wire.Ref }
	interceptMsg struct{ m *pubsub.Message }
	run[A any]   struct {
		f func(ctx context.Context, s *Socket[A]) error
	}
)

// Label implements proc.Behaviour.
func (c *core) Label() string { return "channel " + c.def.name + " " + c.topic }

// Inspect implements proc.Inspector.
func (c *core) Inspect() any { return c.def.state(c) }

// Handle implements proc.Behaviour.
func (c *core) Handle(p *proc.Process, msg any) error {
	c.began = c.shard().Mark()
	err := c.handle(p.Context(), msg)
	c.note() // what this callback published goes before what a later one writes
	return err
}

func (c *core) handle(ctx context.Context, msg any) error {
	switch m := msg.(type) {
	case *inMsg:
		if m.join {
			return c.handleJoin(ctx, m)
		}
		return c.handleIn(ctx, m)
	case *leaveMsg:
		c.reply(m.ref, "ok", wire.Payload{})
		return ErrLeft
	case interceptMsg:
		return c.handleOut(ctx, m.m)
	}
	return c.outcome(ctx, "", c.def.info(ctx, c, msg))
}

func (c *core) is(status uint8) bool {
	c.session.mu.Lock()
	defer c.session.mu.Unlock()
	return c.status == status
}

// answerLocked takes the right to answer the join, which only one has. Told says that the answer will be ok.
func (c *core) answerLocked(told bool) (mine bool) {
	if c.answered {
		return false
	}
	c.answered = true
	if told { // not written otherwise: a successor may answer in the channel's place
		c.told = true
	}
	return true
}

func (c *core) wasJoined() bool { return c.member.Conn != nil }
