package channel

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/bennu-go/bennu/internal/wire"
	"github.com/bennu-go/bennu/pubsub"
	"github.com/bennu-go/bennu/telemetry"
)

// inMsgs are reused: a message lives from the connection's goroutine to the channel's.
var inMsgs = sync.Pool{New: func() any { return new(inMsg) }}

func (m *inMsg) free() {
	*m = inMsg{}
	inMsgs.Put(m)
}

func (c *core) handleIn(ctx context.Context, m *inMsg) error {
	h, event := m.handler, m.event
	if h != nil {
		event = h.event
	}
	if h != nil && h.rate.N > 0 && !c.allow(h) {
		c.limited(ctx, h, event)
		err := c.reply(m.ref, "error", reason("rate_limited"))
		m.free()
		return err
	}
	t := c.session.sock.env.Telemetry
	observed := t != nil && telemetry.Enabled[telemetry.ChannelHandledIn](t)
	var began time.Time
	if observed {
		began = time.Now()
	}
	c.in = m
	var r reply
	switch {
	case h != nil:
		p, err := h.call(ctx, c, m.payload)
		r = resultOf(ctx, p, h.reply, err)
	case c.def.any != nil:
		p, err := c.def.any(ctx, c, event, m.payload)
		r = resultOf(ctx, p, true, err)
	default:
		r = reply{send: true, status: "error", payload: reason("unknown event")}
	}
	if observed {
		e := telemetry.ChannelHandledIn{Channel: c.def.name, Topic: c.topic, Event: event, Ref: string(m.ref), Duration: time.Since(began), Log: c.def.logIn}
		if !m.payload.Binary {
			e.Params = m.payload.Data
		}
		telemetry.Emit(ctx, t, e)
	}
	err := c.outcomeOf(ctx, event, m.ref, r)
	c.in = nil
	m.free()
	return err
}

func (c *core) limited(ctx context.Context, h *handler, event string) {
	telemetry.Emit(ctx, c.session.sock.env.Telemetry, telemetry.RateLimited{Scope: h.rate.By.String(), Topic: c.topic, Event: event, ID: c.session.ID()})
}

func (c *core) handleOut(ctx context.Context, m *pubsub.Message) error {
	h := c.def.out[m.Name]
	p, err := h.call(ctx, c, Payload{Data: m.Payload(), Binary: m.Kind == pubsub.Binary})
	if e, ok := errors.AsType[*errPayload](err); ok {
		err = fmt.Errorf("channel: %s: the broadcast %q does not fit its handler in Out: %s", c.def.name, m.Name, e.why)
	}
	if err == nil && h.reply {
		err = c.push(m.Name, p)
	}
	return c.outcome(ctx, m.Name, err)
}

// outcome is what the result of a callback means where there is nobody to reply to.
func (c *core) outcome(ctx context.Context, event string, err error) error {
	if err == nil {
		return nil
	}
	r := resultOf(ctx, wire.Payload{}, false, err)
	if r.send {
		r.send, r.crash = false, fmt.Errorf("channel: %s: %w, which is an answer, but not to a message of the client: push instead", c.def.name, err)
	}
	return c.outcomeOf(ctx, event, "", r)
}

// outcomeOf replies and says how the process goes on: nil, or the reason of its end.
func (c *core) outcomeOf(ctx context.Context, event string, ref wire.Ref, r reply) error {
	if r.crash != nil && c.def.onError != nil {
		err := c.def.onError(ctx, c, event, r.crash)
		if err == nil {
			return nil
		}
		r = resultOf(ctx, wire.Payload{}, false, err)
		if r.send && c.in == nil {
			r = reply{crash: fmt.Errorf("channel: OnError of %s: %w, which is an answer, but not to a message of the client", c.def.name, err)}
		}
	}
	if r.crash != nil {
		return r.crash
	}
	if r.send {
		if err := c.reply(ref, r.status, r.payload); err != nil {
			return err
		}
	}
	return r.stop
}
