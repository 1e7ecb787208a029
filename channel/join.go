package channel

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/bennu-go/bennu/internal/wire"
	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/telemetry"
	"github.com/bennu-go/bennu/transport"
)

// replaceTimeout is how long a join waits for the end of the channel that it replaces.
const replaceTimeout = 5 * time.Second

func (c *core) handleJoin(ctx context.Context, m *inMsg) error {
	accepted, err := c.answerJoin(ctx, m)
	c.in = nil
	if accepted {
		return c.afterJoin(ctx)
	}
	return err
}

// answerJoin is the join up to the client's knowing how it went.
func (c *core) answerJoin(ctx context.Context, m *inMsg) (accepted bool, err error) {
	replaced := c.awaitOld(ctx)
	ref := m.ref
	r := c.callJoin(ctx, m)
	if r.crash != nil {
		r.status, r.payload = "error", reason("join crashed")
	}
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	b, err := c.replyFrame(*buf, ref, r.status, r.payload)
	if err != nil {
		r.crash = err
		b, _ = c.replyFrame(*buf, ref, "error", reason("join crashed"))
	}
	b = transport.Prepare(c.session.conn, b) // it may be long, and the rest is done under locks
	if r.crash == nil && r.stop == nil {
		return c.activate(b, replaced), nil
	}
	c.ordered(func() { c.refuse(b, replaced) })
	if r.crash != nil {
		return false, r.crash
	}
	return false, errRefused
}

// callJoin runs Join and says how the client is answered; a panic is a crash like any other. Without crash and stop the client is let in.
func (c *core) callJoin(ctx context.Context, m *inMsg) (r reply) {
	defer func() {
		if v := recover(); v != nil {
			r = reply{crash: &proc.PanicError{Value: v, Stack: debug.Stack()}}
		}
	}()
	if c.is(detached) || c.is(cut) { // joined again before this join had begun
		return cancelled()
	}
	if h := &c.def.join; h.rate.N > 0 && !c.allow(h) {
		c.limited(ctx, h, wire.EventJoin)
		return reply{status: "error", payload: reason("rate_limited"), stop: errRefused}
	}
	c.begun = true
	began := time.Now()
	p, err := c.def.join.call(ctx, c, m.payload)
	r = c.joinOutcome(ctx, p, err)
	if t := c.session.sock.env.Telemetry; t != nil && telemetry.Enabled[telemetry.ChannelJoined](t) {
		e := telemetry.ChannelJoined{Channel: c.def.name, Topic: c.topic, Status: r.status, Duration: time.Since(began), Err: err, Log: c.def.logJoin}
		if r.crash != nil {
			e.Status = "error"
		}
		if !m.payload.Binary {
			e.Params = m.payload.Data
		}
		telemetry.Emit(ctx, t, e)
	}
	return r
}

// joinOutcome says what Join's result means: a join is let in, refused, or has crashed.
func (c *core) joinOutcome(ctx context.Context, p wire.Payload, err error) reply {
	if err == nil {
		return reply{send: true, status: "ok", payload: p}
	}
	r := resultOf(ctx, p, true, err)
	if r.crash != nil && c.def.onError != nil {
		if e := c.def.onError(ctx, c, wire.EventJoin, r.crash); e != nil {
			r = resultOf(ctx, p, true, e)
		}
	}
	switch {
	case r.crash != nil:
		return r
	case r.stop != nil, !r.send && ctx.Err() == nil:
		return reply{crash: fmt.Errorf("channel: Join of %s returned %q, but a join is answered when it returns: return nil to let the client in, an Error to refuse it",
			c.def.name, err)}
	case !r.send:
		return cancelled()
	case r.status == "ok": // it is a refusal all the same
		r.status = "error"
	}
	r.stop = errRefused
	return r
}

func cancelled() reply {
	return reply{status: "error", payload: reason("join cancelled"), stop: errRefused}
}

// activate makes the channel a member of its topic: the reply first, then the close of the channel that it replaces, then whatever is
// broadcast. It is false if the channel's end is near already.
func (c *core) activate(answer []byte, replaced *core) bool {
	s := c.session
	s.mu.Lock()
	live := !s.closed && (c.status == joining || c.status == leaving)
	mine := c.answerLocked(true)
	if live {
		if c.status == joining {
			c.status = joined
		}
		c.member = transport.Member{Conn: s.conn, Process: &c.proc}
		if len(c.def.out) > 0 {
			c.member.Target = c
		}
	}
	s.mu.Unlock()
	switch {
	case live && c.direct():
		c.enter(answer, replaced)
	case live:
		c.ordered(func() { c.enter(answer, replaced) })
	default:
		c.ordered(func() {
			if mine {
				transport.WritePrepared(s.conn, answer)
			}
			if replaced != nil {
				s.writeClose(replaced)
			}
		})
	}
	return live
}

func (c *core) enter(answer []byte, replaced *core) {
	s := c.session
	c.shard().Join(c.topic, &c.member, func() {
		transport.WritePrepared(s.conn, answer)
		if replaced != nil {
			s.writeClose(replaced)
		}
	})
}

// refuse answers the join and takes the channel off the session's list, in one step: what the client sends behind it is answered behind it.
func (c *core) refuse(answer []byte, replaced *core) {
	s := c.session
	s.mu.Lock()
	defer s.mu.Unlock()
	s.removeLocked(c)
	if c.answerLocked(false) && answer != nil {
		transport.WritePrepared(s.conn, answer)
	}
	if replaced != nil {
		s.writeClose(replaced)
	}
}

// awaitOld waits until the channel that this one replaces has ended, for 5 seconds at most, and returns it if its client still has to be told. It waits also
// if this join is no longer wanted, for a third one may be waiting for it: one of them after the other.
func (c *core) awaitOld(ctx context.Context) *core {
	if c.extra == nil || c.extra.old == nil {
		return nil
	}
	old, gone := c.extra.old, c.extra.oldGone
	t := time.NewTimer(replaceTimeout)
	defer t.Stop()
	unwanted := ctx.Done()
wait:
	for {
		select {
		case <-gone:
			break wait
		case <-t.C:
			c.abandoned(old)
			break wait
		case <-unwanted:
			unwanted = nil
			if c.session.isClosed() {
				break wait
			}
		}
	}
	replaced := c.releaseOld()
	c.mark = max(c.mark, c.shard().Mark()) // its last words and its leaving the topic may be on their way
	return replaced
}

// releaseOld sees to it that the channel that this one replaces writes nothing more, answers its join if it has not done so, and returns it
// if its client still has to be told of its end.
func (c *core) releaseOld() *core {
	if c.extra == nil || c.extra.old == nil {
		return nil
	}
	old := c.extra.old
	c.extra.old, c.extra.oldGone = nil, nil
	s := c.session
	s.mu.Lock()
	old.status = cut
	told, ref := old.told, wire.Ref("")
	if !old.answered { // else in is the channel's own
		ref = old.in.ref
	}
	answer := old.answerLocked(false)
	s.mu.Unlock()
	if answer {
		c.owe(old.joinRef, ref, "error", reason("join cancelled"))
	}
	if !told {
		return nil
	}
	c.shard().Leave(&old.member) // it may be stuck in a callback for long
	return old
}

func (c *core) abandoned(old *core) {
	env := &c.session.sock.env
	telemetry.Emit(context.Background(), env.Telemetry, telemetry.CallbackAbandoned{Process: old.Label(), After: replaceTimeout})
	c.session.sock.lines.log(env.Logger, slog.LevelWarn, "channel: a callback holds up the end of its channel, which was joined again; use the callback's context",
		slog.String("channel", c.def.name), slog.String("topic", c.topic), slog.Duration("after", replaceTimeout))
}

func (c *core) afterJoin(ctx context.Context) error {
	for c.extra != nil && len(c.extra.after) > 0 {
		f := c.extra.after[0]
		c.extra.after = c.extra.after[1:]
		if err := c.outcome(ctx, "", f(ctx)); err != nil {
			return err
		}
	}
	if c.extra != nil {
		c.extra.after = nil
	}
	return nil
}
