package channel

import (
	"context"
	"fmt"
	"sync"
	"time"
	"unsafe"

	"github.com/bennu-go/bennu/internal/frame"
	"github.com/bennu-go/bennu/internal/wire"
	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
)

// A Socket is one joined topic of one client. Its methods are for the channel's own callbacks, except Process, Topic and what says otherwise.
type Socket[A any] struct {
	Assigns A // the channel's state
	core    core
}

// socketOf is the Socket that c is part of: a pointer back would cost each of a million channels 16 bytes. Whoever calls it has A from the definition that
// made c.
func socketOf[A any](c *core) *Socket[A] {
	return (*Socket[A])(unsafe.Add(unsafe.Pointer(c), -int(unsafe.Offsetof(Socket[A]{}.core))))
}

// Topic returns the topic that the client joined. It may be called from any goroutine.
func (s *Socket[A]) Topic() string { return s.core.topic }

// Param returns what a name of the pattern stands for in the topic: Param("id") of "room:{id}", Param("*") of "room:*". It panics
// if the pattern has no such name: that is a slip of the pen, and an empty id would be a strange one.
func (s *Socket[A]) Param(name string) string {
	p := &s.core.def.pattern
	if !p.has(name) {
		panic(fmt.Sprintf("channel: %s asks for the parameter %q, which the pattern %q does not have", s.core.def.name, name, p.text))
	}
	return p.param(s.core.topic, name)
}

// ID returns the connection's id, empty if it has none.
func (s *Socket[A]) ID() string { return s.core.session.ID() }

// Transport returns "websocket" or "longpoll".
func (s *Socket[A]) Transport() string { return s.core.session.conn.Transport() }

// Process returns the channel's process, for others to send to and to monitor. It may be called from any goroutine.
func (s *Socket[A]) Process() *proc.Process { return &s.core.proc }

// PubSub returns the PubSub that the channel's topic belongs to.
func (s *Socket[A]) PubSub() *pubsub.PubSub { return s.core.session.sock.env.PubSub }

// Identity returns what Connect learnt about the client. It panics if that is no U, naming both.
func Identity[U, A any](s *Socket[A]) U {
	u, ok := s.core.session.identity.(U)
	if !ok {
		panic(fmt.Sprintf("channel: %s asks for the identity %T, but Connect of socket %s returns %T; set Channel.Identity to be told at start",
			s.core.def.name, u, s.core.session.sock.name, s.core.session.identity))
	}
	return u
}

// Push sends an event to this client. The payload is encoded as a JSON object, or is Binary. It returns ErrNotJoined from Join.
func (s *Socket[A]) Push(event string, payload any) error {
	p, err := encodeObject("push", event, payload)
	if err != nil {
		return err
	}
	return s.core.push(event, p)
}

// Broadcast sends an event to all clients that joined the topic, this one too, on all nodes. It returns ErrNotJoined from Join.
func (s *Socket[A]) Broadcast(event string, payload any) error {
	return s.broadcast(event, payload, nil)
}

// BroadcastFrom is Broadcast without this client.
func (s *Socket[A]) BroadcastFrom(event string, payload any) error {
	return s.broadcast(event, payload, &s.core.proc)
}

func (s *Socket[A]) broadcast(event string, payload any, from *proc.Process) error {
	if !s.core.wasJoined() {
		return ErrNotJoined
	}
	return BroadcastFrom(s.PubSub(), from, s.core.topic, event, payload)
}

// AfterJoin has f called right after the client has been told that it joined, before anything else: the place to push and broadcast. It is for Join, and
// panics elsewhere, where Push and Broadcast can be called at once.
func (s *Socket[A]) AfterJoin(f func(ctx context.Context, s *Socket[A]) error) {
	if s.core.in == nil || !s.core.in.join {
		panic("channel: AfterJoin is for Join; elsewhere push and broadcast at once, or Send a message to yourself")
	}
	x := s.core.more()
	x.after = append(x.after, func(ctx context.Context) error { return f(ctx, s) })
}

// Send sends a message to the channel itself, for Info.
func (s *Socket[A]) Send(msg any) error { return s.core.proc.Send(msg) }

// After has f called on the channel after d.
func (s *Socket[A]) After(d time.Duration, f func(ctx context.Context, s *Socket[A]) error) *proc.Timer {
	return s.core.proc.SendAfter(d, run[A]{f})
}

// Every has f called on the channel every d.
func (s *Socket[A]) Every(d time.Duration, f func(ctx context.Context, s *Socket[A]) error) *proc.Timer {
	return s.core.proc.SendEvery(d, run[A]{f})
}

// Go runs work that outlives the callback: recovered, reported, ended with the channel. It must not use the Socket but for Process, Topic and a Ref.
func (s *Socket[A]) Go(f func(ctx context.Context)) { s.core.proc.Go(f) }

// Subscribe has f called on the channel for each value of the topic, until the channel ends.
func Subscribe[A, T any](s *Socket[A], topic pubsub.Topic[T], f func(ctx context.Context, s *Socket[A], v T) error) error {
	return topic.SubscribeAs(s.PubSub(), &s.core.proc, func(v T) any {
		return run[A]{func(ctx context.Context, s *Socket[A]) error { return f(ctx, s, v) }}
	})
}

// SubscribeEvents has f called on the channel for each event that is broadcast to a topic other than its own.
func SubscribeEvents[A any](s *Socket[A], topic string, f func(ctx context.Context, s *Socket[A], event string, p Payload) error) error {
	return s.PubSub().Subscribe(&s.core.proc, topic, func(m *pubsub.Message) any {
		if m.Kind == pubsub.Value {
			return nil
		}
		p := Payload{Data: m.Payload(), Binary: m.Kind == pubsub.Binary}
		return run[A]{func(ctx context.Context, s *Socket[A]) error { return f(ctx, s, m.Name, p) }}
	})
}

// Ref returns what answers the message being handled later: return Later and keep it. It panics outside of a handler of a client's message.
func (s *Socket[A]) Ref() *Ref {
	c := &s.core
	if c.in == nil || c.in.join {
		panic("channel: Ref is for handlers of a client's message")
	}
	return &Ref{session: c.session, topic: c.topic, joinRef: c.joinRef, ref: c.in.ref}
}

// A Ref answers one message of a client. It may be used from any goroutine and any number of times, even after the channel has ended.
type Ref struct {
	session      *session
	topic        string
	joinRef, ref wire.Ref
	mu           sync.Mutex // keeps the answers of several goroutines apart
}

// Reply answers with status ok.
func (r *Ref) Reply(payload any) error { return r.reply("ok", payload) }

// Fail answers with an Error's status and payload.
func (r *Ref) Fail(e Error) error {
	return r.reply(e.answer())
}

func (r *Ref) reply(status string, payload any) error {
	p, err := encode(payload)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	enc := func(sr wire.Serializer, b []byte) ([]byte, frame.Opcode, error) {
		return sr.AppendReply(b, r.joinRef, r.ref, r.topic, status, p)
	}
	sh := r.session.conn.Shard()
	if sh.Passed(sh.Mark()) {
		return r.session.write(enc)
	}
	return r.session.post(enc)
}
