package channel_test

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/bennu-go/bennu/channel"
	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
)

// notes is what an application under test writes down.
type notes struct {
	mu    sync.Mutex // guards lines
	lines []string
}

func (n *notes) add(line string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.lines = append(n.lines, line)
}

func (n *notes) take() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	lines := n.lines
	n.lines = nil
	return lines
}

// who is what connect learns.
type who struct{ ID, Tenant string }

// room is the state of most channels under test.
type room struct{ n int }

type roomSocket = *channel.Socket[room]

// testSocket is the socket that transcripts name; "" is the ordinary one.
func testSocket(name string, n *notes) channel.UserSocket[who] {
	s := channel.UserSocket[who]{
		Name: "test",
		Connect: func(_ context.Context, r *channel.ConnectRequest) (who, error) {
			id, _ := r.Params["id"].(string)
			tenant, _ := r.Params["tenant"].(string)
			return who{ID: id, Tenant: tenant}, nil
		},
		ID: func(w who) string {
			if w.ID == "" {
				return ""
			}
			return "users:" + w.ID
		},
		Channels: []channel.Route{
			channel.Topic("room:*", roomChannel(n)),
			channel.Topic("tenant:{tenant}:room:{id}", tenantChannel()),
			channel.Topic("raw:*", rawChannel()),
			channel.Topic("small:*", smallChannel()),
			channel.Topic("exact", roomChannel(n)),
		},
	}
	switch name {
	case "two channels":
		s.MaxChannels = 2
	case "two":
		s.MaxChannels = 2
	case "limited":
		s.Messages, s.Joins = channel.Rate{N: 4, Per: time.Minute}, channel.Rate{N: 2, Per: time.Minute}
	}
	return s
}

type joinParams struct {
	Say  string
	Slow int // milliseconds
	Deaf int // milliseconds, without looking at the context
}

func roomChannel(n *notes) channel.Channel[room] {
	h := roomHandlers{n}
	return channel.Channel[room]{
		Name: "room",
		Join: channel.Reply(h.join),
		In: channel.Events[room]{
			"echo":    channel.Reply(func(_ context.Context, _ roomSocket, in channel.Payload) (channel.Payload, error) { return in, nil }),
			"silent":  channel.NoReply(func(context.Context, roomSocket, struct{}) error { return nil }),
			"nothing": channel.Reply(func(context.Context, roomSocket, struct{}) (any, error) { return nil, nil }),
			"list":    channel.Reply(func(context.Context, roomSocket, struct{}) ([]int, error) { return nil, nil }),
			"map":     channel.Reply(func(context.Context, roomSocket, struct{}) (map[string]int, error) { return nil, nil }),
			"number":  channel.Reply(func(context.Context, roomSocket, struct{}) (int, error) { return 7, nil }),
			"typed":   channel.Reply(func(_ context.Context, _ roomSocket, in struct{ N int }) (int, error) { return in.N + 1, nil }),
			"no":      channel.Reply(func(context.Context, roomSocket, struct{}) (int, error) { return 1, channel.Error{Reason: "no"} }),
			"bare no": channel.NoReply(func(context.Context, roomSocket, struct{}) error { return channel.Error{} }),
			"status": channel.Reply(func(context.Context, roomSocket, struct{}) (int, error) {
				return 0, channel.Error{Status: "accepted", Payload: []int{1}}
			}),
			"replier": channel.Reply(func(context.Context, roomSocket, struct{}) (int, error) { return 0, changeset{} }),
			"bytes": channel.Reply(func(context.Context, roomSocket, struct{}) (channel.Binary, error) {
				return channel.Binary("\x00\xff"), nil
			}),
			"wants bytes": channel.Reply(func(_ context.Context, _ roomSocket, in channel.Binary) (int, error) { return len(in), nil }),
			"count":       channel.Reply(func(_ context.Context, s roomSocket, _ struct{}) (int, error) { s.Assigns.n++; return s.Assigns.n, nil }),
			"param":       channel.Reply(func(_ context.Context, s roomSocket, _ struct{}) (string, error) { return s.Param("*"), nil }),

			"push":       channel.NoReply(func(_ context.Context, s roomSocket, in json.RawMessage) error { return s.Push("pushed", in) }),
			"push bytes": channel.NoReply(func(_ context.Context, s roomSocket, _ struct{}) error { return s.Push("pushed", channel.Binary("ab")) }),
			"push list": channel.Reply(func(_ context.Context, s roomSocket, _ struct{}) (string, error) {
				return s.Push("pushed", []int{1}).Error(), nil
			}),
			"broadcast list": channel.Reply(func(_ context.Context, s roomSocket, _ struct{}) (string, error) {
				return s.Broadcast("pushed", 7).Error(), nil
			}),
			"shout": channel.Reply(func(_ context.Context, s roomSocket, in json.RawMessage) (any, error) {
				return nil, s.Broadcast("shout", in)
			}),
			"shout bytes": channel.Reply(func(_ context.Context, s roomSocket, in channel.Binary) (any, error) {
				return nil, s.Broadcast("shout", in)
			}),
			"whisper": channel.NoReply(func(_ context.Context, s roomSocket, in json.RawMessage) error { return s.Broadcast("whisper", in) }),
			"others": channel.Reply(func(_ context.Context, s roomSocket, in json.RawMessage) (any, error) {
				return nil, s.BroadcastFrom("shout", in)
			}),
			"everything": channel.Reply(h.everything),
			"context":    channel.Reply(h.context),

			"later":      channel.Reply(h.later),
			"later no":   channel.Reply(h.laterNo),
			"stop":       channel.Reply(func(context.Context, roomSocket, struct{}) (any, error) { return nil, channel.Stop{} }),
			"stop reply": channel.Reply(func(context.Context, roomSocket, struct{}) (any, error) { return nil, channel.Stop{Reply: "bye"} }),
			"stop shutdown": channel.Reply(func(context.Context, roomSocket, struct{}) (any, error) {
				return nil, channel.Stop{Reason: proc.Shutdown("closing time")}
			}),
			"stop shouting": channel.Reply(func(_ context.Context, s roomSocket, _ struct{}) (any, error) {
				return nil, errors.Join(s.Broadcast("shout", nil), channel.Stop{})
			}),
			"stop badly": channel.Reply(func(context.Context, roomSocket, struct{}) (any, error) {
				return nil, channel.Stop{Reason: errors.New("badly"), Reply: "bye"}
			}),
			"crash": channel.NoReply(func(context.Context, roomSocket, struct{}) error { panic("crash") }),
			"error": channel.NoReply(func(context.Context, roomSocket, struct{}) error { return errors.New("unexpected") }),
			"sleep": channel.Reply(h.sleep),
			"deaf": channel.NoReply(func(_ context.Context, s roomSocket, in int) error {
				time.Sleep(time.Duration(in) * time.Millisecond)
				return s.Push("awake", nil)
			}),
			"subscribe": channel.Reply(func(_ context.Context, s roomSocket, _ struct{}) (any, error) {
				return nil, channel.SubscribeEvents(s, "other", func(_ context.Context, s roomSocket, event string, p channel.Payload) error {
					return s.Push("heard", map[string]any{"event": event, "payload": json.RawMessage(p.Data)})
				})
			}),
			"limited": channel.Reply(func(context.Context, roomSocket, struct{}) (any, error) { return nil, nil }).Limit(channel.Rate{N: 2, Per: time.Minute}),
		},
		Out: channel.Events[room]{
			"secret": channel.Reply(func(_ context.Context, s roomSocket, in map[string]any) (map[string]any, error) {
				in["for"] = channel.Identity[who](s).ID
				return in, nil
			}),
			"picky": channel.NoReply(func(_ context.Context, s roomSocket, in struct{ For string }) error {
				if in.For != channel.Identity[who](s).ID {
					return nil
				}
				return s.Push("picked", nil)
			}),
		},
		Info: channel.Infos[room]{channel.OnInfo(func(_ context.Context, s roomSocket, n int) error {
			if n < 0 {
				return channel.Stop{}
			}
			return s.Push("info", map[string]int{"n": n})
		})},
		Terminate: func(ctx context.Context, s roomSocket, reason error) {
			n.add("terminate " + s.Topic() + " " + reason.Error())
			if ctx.Err() != nil {
				n.add("the context is cancelled")
			}
			s.Push("bye", nil)
		},
	}
}

type roomHandlers struct{ notes *notes }

func (h roomHandlers) join(ctx context.Context, s roomSocket, in joinParams) (any, error) {
	time.Sleep(time.Duration(in.Deaf) * time.Millisecond)
	if in.Slow > 0 {
		select {
		case <-time.After(time.Duration(in.Slow) * time.Millisecond):
		case <-ctx.Done():
			h.notes.add("join cancelled: " + context.Cause(ctx).Error())
			return nil, ctx.Err()
		}
	}
	switch in.Say {
	case "no":
		return nil, channel.Error{Reason: "unauthorized"}
	case "no because":
		return nil, channel.Error{Payload: map[string]any{"missing": []string{"token"}}}
	case "ok no":
		return nil, channel.Error{Status: "ok", Reason: "a refusal all the same"}
	case "panic":
		panic("in join")
	case "error":
		return nil, errors.New("unexpected")
	case "stop":
		return nil, channel.Stop{}
	case "later":
		return nil, channel.Later
	case "bytes":
		return channel.Binary("in"), nil
	case "reply":
		return map[string]any{"history": []string{}}, nil
	case "push at once":
		err := s.Push("too early", nil)
		if errors.Is(err, channel.ErrNotJoined) {
			err = s.Broadcast("too early", nil)
		}
		if errors.Is(err, channel.ErrNotJoined) {
			err = nil
		}
		return "refused to", errors.Join(err, channel.Broadcast(s.PubSub(), s.Topic(), "early", nil))
	case "push":
		s.AfterJoin(func(_ context.Context, s roomSocket) error {
			return errors.Join(s.Push("hello", map[string]string{"id": s.Param("*")}), s.Broadcast("here", nil), s.Push("last", nil))
		})
	case "crash after":
		s.AfterJoin(func(context.Context, roomSocket) error { panic("after join") })
	}
	return nil, nil
}

// everything sends all there is, and the client is to see it in this order.
func (h roomHandlers) everything(_ context.Context, s roomSocket, _ struct{}) (int, error) {
	topic := s.Topic()
	return 6, errors.Join(
		s.Push("1", nil),
		s.Broadcast("2", nil),
		s.Push("3", nil),
		channel.Broadcast(s.PubSub(), topic, "4", nil),
		s.Push("5", nil))
}

// context calls what stands for a context of the application, which publishes on its own.
func (h roomHandlers) context(ctx context.Context, s roomSocket, _ struct{}) (any, error) {
	return nil, func(context.Context, *pubsub.PubSub) error {
		return channel.Broadcast(s.PubSub(), s.Topic(), "saved", map[string]int{"id": 1})
	}(ctx, s.PubSub())
}

func (h roomHandlers) later(_ context.Context, s roomSocket, in struct{ Twice bool }) (any, error) {
	ref := s.Ref()
	s.Go(func(ctx context.Context) {
		<-time.After(time.Second) // also after the channel's end
		ref.Reply(map[string]int{"late": 1})
		if in.Twice {
			ref.Reply([]int{2})
		}
	})
	return nil, channel.Later
}

func (h roomHandlers) laterNo(_ context.Context, s roomSocket, _ struct{}) (any, error) {
	ref := s.Ref()
	s.After(2*time.Second, func(context.Context, roomSocket) error { return ref.Fail(channel.Error{Reason: "too late"}) })
	return nil, channel.Later
}

func (h roomHandlers) sleep(ctx context.Context, _ roomSocket, in int) (any, error) {
	select {
	case <-time.After(time.Duration(in) * time.Millisecond):
		return nil, nil
	case <-ctx.Done():
		h.notes.add("cancelled: " + context.Cause(ctx).Error())
		return nil, ctx.Err()
	}
}

// changeset is an error that knows its reply.
type changeset struct{}

func (changeset) Error() string { return "invalid" }
func (changeset) ChannelReply() (string, any) {
	return "error", map[string]any{"errors": map[string][]string{"name": {"is missing"}}}
}

func tenantChannel() channel.Channel[string] {
	type socket = *channel.Socket[string]
	return channel.Channel[string]{
		Name:     "tenant",
		Identity: channel.Wants[who](),
		Join: channel.Reply(func(_ context.Context, s socket, _ struct{}) (map[string]string, error) {
			if s.Param("tenant") != channel.Identity[who](s).Tenant {
				return nil, channel.Error{Reason: "unauthorized"}
			}
			s.Assigns = s.Param("id")
			return map[string]string{"tenant": s.Param("tenant"), "id": s.Param("id")}, nil
		}),
		In: channel.Events[string]{
			"shout": channel.NoReply(func(_ context.Context, s socket, in json.RawMessage) error { return s.Broadcast("shout", in) }),
		},
	}
}

// rawChannel takes every event of its topics as it comes.
func rawChannel() channel.Channel[int] {
	type socket = *channel.Socket[int]
	return channel.Channel[int]{
		Name: "raw",
		Join: channel.Reply(func(_ context.Context, _ socket, in channel.Payload) (channel.Payload, error) { return in, nil }),
		Any: func(_ context.Context, s socket, event string, p channel.Payload) (any, error) {
			s.Assigns++
			switch event {
			case "quiet":
				return nil, channel.Later
			case "refuse":
				return nil, channel.Error{Status: "refused", Payload: p}
			case "again":
				return nil, s.Push("again "+strconv.Itoa(s.Assigns), p)
			case "end":
				return nil, channel.Stop{Reply: p}
			}
			return p, nil
		},
	}
}

// smallChannel has little room in its mailbox.
func smallChannel() channel.Channel[int] {
	type socket = *channel.Socket[int]
	return channel.Channel[int]{
		Name:    "small",
		Mailbox: 2,
		Join: channel.Reply(func(_ context.Context, _ socket, in joinParams) (any, error) {
			time.Sleep(time.Duration(in.Slow) * time.Millisecond)
			if in.Say == "no" {
				return nil, channel.Error{Reason: "no"}
			}
			return nil, nil
		}),
		In: channel.Events[int]{
			"sleep": channel.Reply(func(_ context.Context, _ socket, in int) (any, error) {
				time.Sleep(time.Duration(in) * time.Millisecond)
				return nil, nil
			}),
		},
		Out: channel.Events[int]{
			"secret": channel.Reply(func(_ context.Context, _ socket, in channel.Payload) (channel.Payload, error) { return in, nil }),
		},
	}
}
