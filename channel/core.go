package channel

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/bennu-go/bennu/internal/frame"
	"github.com/bennu-go/bennu/internal/wire"
	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
	"github.com/bennu-go/bennu/telemetry"
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
	self    any // the *Socket[A] around it
	topic   string
	joinRef wire.Ref // of the join message, or its ref if it had none
	ref     wire.Ref // of the message being handled
	began   uint64   // shard's mark when the callback began
	mark    uint64   // what has to pass the shard before the next direct write
	extra   *extra
	status  uint8
	told    bool // the client knows that it joined; guarded by the session's mutex
	noticed bool // phx_close or phx_error is written, or will not be
	handles bool // a message of the client is being handled
	rawNull bool // the join message had no join_ref, as from clients with vsn 1.0.0
}

// extra is what few channels have, or have only for a while.
type extra struct {
	after    []func(ctx context.Context) error // AfterJoin
	old      *core                             // channel that this one replaces
	limiters limiters
}

// rawRef is the join_ref as the client gave it: what notices carry and messages are compared with.
func (c *core) rawRef() wire.Ref {
	if c.rawNull {
		return ""
	}
	return c.joinRef
}

func (c *core) more() *extra {
	if c.extra == nil {
		c.extra = &extra{}
	}
	return c.extra
}

// The messages of a channel process.
type (
	joinMsg struct {
		ref     wire.Ref
		payload Payload
	}
	inMsg struct { // pooled
		joinRef, ref wire.Ref
		handler      *handler // nil: unknown event
		event        string   // of an unknown one
		payload      Payload
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
	switch m := msg.(type) {
	case *inMsg:
		return c.handleIn(p.Context(), m)
	case *joinMsg:
		return c.handleJoin(p.Context(), m)
	case *leaveMsg:
		c.reply(m.joinRef, m.ref, "ok", wire.Payload{})
		return ErrLeft
	case interceptMsg:
		return c.handleOut(p.Context(), m.m)
	}
	return c.outcome(p.Context(), "", resultOf(p.Context(), nil, false, c.def.info(p.Context(), c, msg)))
}

func (c *core) shard() *transport.Shard { return c.session.conn.Shard() }

func (c *core) handleJoin(ctx context.Context, m *joinMsg) error {
	replaced := c.awaitOld()
	began := time.Now()
	r := c.callJoin(ctx, m)
	if t := c.session.sock.env.Telemetry; t != nil && telemetry.Enabled[telemetry.ChannelJoined](t) {
		e := telemetry.ChannelJoined{Channel: c.def.name, Topic: c.topic, Status: r.status, Duration: time.Since(began), Err: r.crash, Log: c.def.logJoin}
		if !m.payload.Binary {
			e.Params = m.payload.Data
		}
		telemetry.Emit(ctx, t, e)
	}
	p, err := encode(r.payload)
	if err != nil {
		r = reply{crash: err}
	}
	if r.crash != nil {
		p, _ = encode(reasonPayload{Reason: "join crashed"})
		r.status = "error"
	}
	if r.crash != nil || r.status != "ok" || r.stop != nil {
		c.session.remove(c)
		c.noticed = true
		c.reply(c.joinRef, m.ref, r.status, p)
		c.closeOld(replaced)
		switch {
		case r.crash != nil:
			return r.crash
		case r.stop != nil:
			return r.stop
		}
		return errRefused
	}
	c.activate(m.ref, p, replaced)
	return c.afterJoin(ctx)
}

// callJoin runs Join and gives its result; a panic is a crash like any other.
func (c *core) callJoin(ctx context.Context, m *joinMsg) (r reply) {
	defer func() {
		if v := recover(); v != nil {
			r = reply{crash: &proc.PanicError{Value: v, Stack: debug.Stack()}}
		}
	}()
	if c.is(detached) { // joined again before this join had begun
		return reply{status: "error", payload: reasonPayload{Reason: "join cancelled"}}
	}
	out, err := c.def.join(ctx, c, m.payload)
	r = resultOf(ctx, out, true, err)
	if err != nil && !r.send && r.crash == nil && r.stop == nil { // cancelled, or Later, which a join cannot be
		r = reply{status: "error", payload: reasonPayload{Reason: "join cancelled"}}
		if ctx.Err() == nil {
			r = reply{crash: fmt.Errorf("channel: Join of %s returned %w; a join is answered when it returns", c.def.name, err)}
		}
	}
	return r
}

// activate makes the channel a member of its topic: the reply first, then the close of the channel that it replaces, then whatever is broadcast.
func (c *core) activate(ref wire.Ref, p wire.Payload, replaced *core) {
	s := c.session
	s.mu.Lock()
	live := !s.closed && (c.status == joining || c.status == leaving)
	if c.status == joining {
		c.status = joined
	}
	c.told = c.status != cut
	s.mu.Unlock()
	if !live { // the connection has ended, or the topic was joined again meanwhile
		c.reply(c.joinRef, ref, "ok", p)
		return
	}
	c.member = transport.Member{Conn: s.conn, Process: &c.proc}
	if len(c.def.out) > 0 {
		c.member.Target = c
	}
	first := func() {
		s.write(func(sr wire.Serializer, b []byte) ([]byte, frame.Opcode, error) {
			return sr.AppendReply(b, c.joinRef, ref, c.topic, "ok", p)
		})
		if replaced != nil {
			s.write(func(sr wire.Serializer, b []byte) ([]byte, frame.Opcode, error) {
				return sr.AppendClose(b, replaced.rawRef(), c.topic)
			})
		}
	}
	c.ordered(func() { c.shard().Join(c.topic, &c.member, first) })
}

// awaitOld waits until the channel that this one replaces has ended, for 5 seconds at most, and returns it if its client still has to be told.
func (c *core) awaitOld() *core {
	if c.extra == nil || c.extra.old == nil {
		return nil
	}
	old := c.extra.old
	c.extra.old = nil
	gone := make(chan struct{})
	stop := old.proc.Watch(func(error) { close(gone) })
	t := time.NewTimer(replaceTimeout)
	defer t.Stop()
	select {
	case <-gone:
	case <-t.C: // Go cannot kill it; it can write nothing more
		stop()
	case <-c.proc.Context().Done():
		stop()
	}
	c.session.mu.Lock()
	defer c.session.mu.Unlock()
	old.status = cut
	if old.told {
		return old
	}
	return nil
}

const replaceTimeout = 5 * time.Second

func (c *core) wasJoined() bool { return c.member.Conn != nil }

// closeOld tells the client of the end of a replaced channel, when its successor's join was refused.
func (c *core) closeOld(old *core) {
	if old != nil {
		c.send(func(sr wire.Serializer, b []byte) ([]byte, frame.Opcode, error) {
			return sr.AppendClose(b, old.rawRef(), c.topic)
		})
	}
}

func (c *core) afterJoin(ctx context.Context) error {
	for c.extra != nil && len(c.extra.after) > 0 {
		f := c.extra.after[0]
		c.extra.after = c.extra.after[1:]
		if err := c.outcome(ctx, "", resultOf(ctx, nil, false, f(ctx))); err != nil {
			return err
		}
	}
	if c.extra != nil {
		c.extra.after = nil
	}
	return nil
}

func (c *core) handleIn(ctx context.Context, m *inMsg) error {
	h, ref, joinRef, event, payload := m.handler, m.ref, m.joinRef, m.event, m.payload
	*m = inMsg{}
	inMsgs.Put(m)
	if h != nil {
		event = h.event
	}
	if h != nil && h.rate.N > 0 && !c.allow(h) {
		p, _ := encode(reasonPayload{Reason: "rate_limited"})
		c.reply(c.joinRef, ref, "error", p)
		telemetry.Emit(ctx, c.session.sock.env.Telemetry, telemetry.RateLimited{Scope: h.rate.By.String(), Topic: c.topic, Event: event, ID: c.session.id})
		return nil
	}
	t := c.session.sock.env.Telemetry
	observed := t != nil && telemetry.Enabled[telemetry.ChannelHandledIn](t)
	var began time.Time
	if observed {
		began = time.Now()
	}
	c.ref, c.handles = ref, true
	var r reply
	switch {
	case h != nil:
		out, err := h.call(ctx, c, payload)
		r = resultOf(ctx, out, h.reply, err)
	case c.def.any != nil:
		out, err := c.def.any(ctx, c, event, payload)
		r = resultOf(ctx, out, true, err)
	default:
		r = reply{send: true, status: "error", payload: reasonPayload{Reason: "unknown event"}}
	}
	if observed {
		e := telemetry.ChannelHandledIn{Channel: c.def.name, Topic: c.topic, Event: event, Ref: string(ref), Duration: time.Since(began), Log: c.def.logIn}
		if !payload.Binary {
			e.Params = payload.Data
		}
		telemetry.Emit(ctx, t, e)
	}
	err := c.outcomeOf(ctx, event, joinRef, ref, r)
	c.ref, c.handles = "", false
	return err
}

func (c *core) handleOut(ctx context.Context, m *pubsub.Message) error {
	h := c.def.out[m.Name]
	out, err := h.call(ctx, c, Payload{Data: m.Payload(), Binary: m.Kind == pubsub.Binary})
	if err == nil && h.reply {
		err = c.push(m.Name, out)
	}
	return c.outcome(ctx, m.Name, resultOf(ctx, nil, false, err))
}

// outcome is outcomeOf where there is nobody to reply to.
func (c *core) outcome(ctx context.Context, event string, r reply) error {
	if r.send {
		r.crash, r.send = fmt.Errorf("channel: %s answered outside of a client's message: %v", c.def.name, r.payload), false
	}
	return c.outcomeOf(ctx, event, "", "", r)
}

// outcomeOf replies and says how the process goes on: nil, or the reason of its end.
func (c *core) outcomeOf(ctx context.Context, event string, joinRef, ref wire.Ref, r reply) error {
	if r.crash != nil && c.def.onError != nil {
		if err := c.def.onError(ctx, c, event, r.crash); err != nil {
			r = resultOf(ctx, nil, false, err)
		} else {
			r = reply{}
		}
	}
	if r.crash != nil {
		return r.crash
	}
	if r.send {
		p, err := encode(r.payload)
		if err != nil {
			return err
		}
		c.reply(c.joinRef, ref, r.status, p)
	}
	return r.stop
}

// Terminate implements proc.Behaviour. An orderly end is told to the client before the application's Terminate, as in Phoenix.
func (c *core) Terminate(p *proc.Process, reason error) {
	c.began = c.shard().Mark()
	if proc.Orderly(reason) {
		c.notice(true)
	}
	if c.def.terminate != nil {
		c.def.terminate(context.WithoutCancel(p.Context()), c, reason)
	}
}

// notice tells the client, once, that the channel has ended.
func (c *core) notice(orderly bool) {
	if c.noticed {
		return
	}
	c.noticed = true
	if !c.session.remove(c) {
		return // detached, or the connection is gone
	}
	c.send(func(sr wire.Serializer, b []byte) ([]byte, frame.Opcode, error) {
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
		c.session.unmatched(c.topic, m.ref)
	case *leaveMsg:
		c.reply(m.joinRef, m.ref, "ok", wire.Payload{})
	case *joinMsg:
		payload, _ := encode(reasonPayload{Reason: "join cancelled"})
		c.reply(c.joinRef, m.ref, "error", payload)
		c.noticed = true
		c.session.remove(c)
	}
}

// Exited implements proc.Behaviour.
func (c *core) Exited(p *proc.Process, reason error) {
	c.notice(proc.Orderly(reason))
	c.session.gone(c)
	if c.wasJoined() {
		c.ordered(func() { c.shard().Leave(&c.member) })
	}
	if t := c.session.sock.env.Telemetry; t != nil && telemetry.Enabled[telemetry.ChannelExited](t) {
		telemetry.Emit(context.Background(), t, telemetry.ChannelExited{Channel: c.def.name, Topic: c.topic, Reason: reason})
	}
}

// Intercepts implements transport.Target.
func (c *core) Intercepts(m *pubsub.Message) bool { return c.def.out[m.Name] != nil }

// Intercepted implements transport.Target: a full mailbox ends the channel, and the client joins again.
func (c *core) Intercepted(m *pubsub.Message) { c.proc.Deliver(interceptMsg{m}) }

// ordered calls f now, or through the shard if something that this process may have published is still on its way there.
func (c *core) ordered(f func()) {
	if c.direct() {
		f()
		return
	}
	c.shard().PostFunc(f)
	c.mark = c.shard().Mark()
}

func (c *core) direct() bool {
	sh := c.shard()
	if now := sh.Mark(); now != c.began {
		c.mark = max(c.mark, now)
	}
	return sh.Passed(c.mark)
}

// send writes one message to the client, behind what this process has published.
func (c *core) send(encode func(sr wire.Serializer, b []byte) ([]byte, frame.Opcode, error)) error {
	if c.is(cut) {
		return nil
	}
	if c.direct() {
		return c.session.write(encode)
	}
	b, err := c.session.frame(nil, encode)
	if err != nil {
		return err
	}
	c.shard().Post(c.session.conn, b)
	c.mark = c.shard().Mark()
	return nil
}

func (c *core) is(status uint8) bool {
	c.session.mu.Lock()
	defer c.session.mu.Unlock()
	return c.status == status
}

func (c *core) reply(joinRef, ref wire.Ref, status string, p wire.Payload) error {
	return c.send(func(sr wire.Serializer, b []byte) ([]byte, frame.Opcode, error) {
		return sr.AppendReply(b, joinRef, ref, c.topic, status, p)
	})
}

func (c *core) push(event string, payload any) error {
	if !c.wasJoined() {
		return ErrNotJoined
	}
	p, err := encodeObject(payload)
	if err != nil {
		return err
	}
	if t := c.session.sock.env.Telemetry; t != nil && telemetry.Enabled[telemetry.ChannelPush](t) {
		telemetry.Emit(c.proc.Context(), t, telemetry.ChannelPush{Topic: c.topic, Event: event, Bytes: len(p.Data)})
	}
	return c.send(func(sr wire.Serializer, b []byte) ([]byte, frame.Opcode, error) {
		return sr.AppendPush(b, c.joinRef, c.topic, event, p)
	})
}

// inMsgs are reused: a message lives from the connection's goroutine to the channel's.
var inMsgs = sync.Pool{New: func() any { return new(inMsg) }}
