package channel

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"

	"github.com/bennu-go/bennu/internal/wire"
	"github.com/bennu-go/bennu/telemetry"
)

// definition is a Channel with its type erased: what the engine sees.
type definition struct {
	name           string
	pattern        pattern
	identity       reflect.Type
	mailbox        int
	logJoin, logIn telemetry.LogLevel
	limits         limits // shared by all clients

	new       func() *core
	join      handler
	in        map[string]*handler
	any       func(ctx context.Context, c *core, event string, p Payload) (wire.Payload, error)
	info      func(ctx context.Context, c *core, msg any) error
	out       map[string]*handler
	terminate func(ctx context.Context, c *core, reason error)
	onError   func(ctx context.Context, c *core, event string, err error) error
	state     func(c *core) any
}

type handler struct {
	event string
	reply bool
	rate  Rate
	call  func(ctx context.Context, c *core, p Payload) (wire.Payload, error)
}

// A Route is a topic pattern with its channel. Make it with Topic.
type Route struct {
	def *definition
	err error
}

// Topic routes topics to a channel: an exact topic; a prefix, "room:*"; or with names, "tenant:{tenant}:room:{id}", where a name is
// one segment between colons and a last * is any rest. The first route that matches wins. A pattern or definition that is wrong is refused when the socket is mounted.
func Topic[A any](topic string, ch Channel[A]) Route {
	p, err := parsePattern(topic)
	switch {
	case err != nil:
	case ch.Join.call == nil:
		err = fmt.Errorf("channel: %q has no Join: who may join a topic must be said", topic)
	case ch.Join.rate.N > 0 && ch.Join.rate.By == PerChannel:
		err = fmt.Errorf("channel: %q: Join is called once per channel, so its limit must count By PerConnection, PerUser or PerTopic", topic)
	}
	if err != nil {
		return Route{err: err}
	}
	d := &definition{name: ch.Name, pattern: p, identity: ch.Identity.t, mailbox: ch.Mailbox, logJoin: ch.LogJoin, logIn: ch.LogIn}
	if d.name == "" {
		d.name = reflect.TypeFor[A]().String()
	}
	d.new = func() *core {
		return &new(Socket[A]).core
	}
	d.join = erase(ch.Join)
	if d.in, err = eraseAll(ch.In); err == nil {
		d.out, err = eraseAll(ch.Out)
	}
	for event, h := range d.out {
		if h.rate.N > 0 {
			err = fmt.Errorf("the handler of %q in Out has a Limit, which is for what clients send", event)
		}
	}
	if err != nil {
		return Route{err: fmt.Errorf("channel: %q: %w", topic, err)}
	}
	if ch.Any != nil {
		d.any = func(ctx context.Context, c *core, event string, p Payload) (wire.Payload, error) {
			out, err := ch.Any(ctx, socketOf[A](c), event, p)
			if err != nil {
				return wire.Payload{}, err
			}
			return encode(out)
		}
	}
	d.info = func(ctx context.Context, c *core, msg any) error { return dispatchInfo(ctx, ch.Info, c, msg) }
	if ch.Terminate != nil {
		d.terminate = func(ctx context.Context, c *core, reason error) { ch.Terminate(ctx, socketOf[A](c), reason) }
	}
	if ch.OnError != nil {
		d.onError = func(ctx context.Context, c *core, event string, err error) error {
			return ch.OnError(ctx, socketOf[A](c), event, err)
		}
	}
	d.state = func(c *core) any { return socketOf[A](c).Assigns }
	return Route{def: d}
}

func erase[A any](h Handler[A]) handler {
	return handler{reply: h.reply, rate: h.rate, call: func(ctx context.Context, c *core, p Payload) (wire.Payload, error) {
		return h.call(ctx, socketOf[A](c), p)
	}}
}

func eraseAll[A any](events Events[A]) (map[string]*handler, error) {
	all := make(map[string]*handler, len(events))
	for event, h := range events {
		switch {
		case h.call == nil:
			return nil, fmt.Errorf("the handler of event %q is empty: make it with Reply or NoReply", event)
		case reserved(event):
			return nil, fmt.Errorf("the event %q belongs to the protocol", event)
		}
		e := erase(h)
		e.event = event
		all[event] = &e
	}
	return all, nil
}

func reserved(event string) bool {
	switch event {
	case "", "phx_join", "phx_leave", "phx_reply", "phx_error", "phx_close":
		return true
	}
	return false
}

func dispatchInfo[A any](ctx context.Context, infos Infos[A], c *core, msg any) error {
	s := socketOf[A](c)
	if r, ok := msg.(run[A]); ok {
		return r.f(ctx, s)
	}
	t := reflect.TypeOf(msg)
	for i := range infos {
		h := &infos[i]
		if h.message == t || t != nil && h.message.Kind() == reflect.Interface && t.Implements(h.message) {
			return h.call(ctx, s, msg)
		}
	}
	sock := c.session.sock
	sock.lines.log(sock.env.Logger, slog.LevelWarn, "channel: got a message that it has no Info handler for",
		slog.String("channel", c.def.name), slog.String("topic", c.topic), slog.String("type", fmt.Sprintf("%T", msg)))
	return nil
}

// check says whether the definition fits a socket whose Connect returns identity.
func (r Route) check(socket string, identity reflect.Type) error {
	if r.err != nil {
		return r.err
	}
	if r.def == nil {
		return errors.New("channel: an empty Route: make it with channel.Topic")
	}
	if want := r.def.identity; want != nil && want != identity {
		return fmt.Errorf("channel: %q wants the identity %v, but Connect of %s returns %v", r.def.pattern.text, want, socket, identity)
	}
	return nil
}
