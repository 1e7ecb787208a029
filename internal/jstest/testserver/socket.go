package testserver

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/bennu-go/bennu/channel"
	"github.com/bennu-go/bennu/presence"
)

// client is what connect learns.
type client struct {
	id     string
	params map[string]any
	token  string
}

func socket(online *presence.Presence[map[string]any]) channel.UserSocket[client] {
	return channel.UserSocket[client]{
		Name: "jstest",
		Connect: func(ctx context.Context, r *channel.ConnectRequest) (client, error) {
			if refuse, _ := r.Params["refuse"].(string); refuse != "" {
				return client{}, channel.Refuse(403, "refused")
			}
			id, _ := r.Params["id"].(string)
			return client{id: id, params: r.Params, token: r.AuthToken}, nil
		},
		ID:       func(c client) string { return c.id },
		Channels: []channel.Route{channel.Topic("room:*", room()), channel.Topic("presence:*", people(online))},
	}
}

type (
	none   struct{}
	roomS  = *channel.Socket[none]
	person struct{ user string }
)

func room() channel.Channel[none] {
	return channel.Channel[none]{
		Name:     "room",
		Identity: channel.Wants[client](),
		Join:     channel.Reply(joinRoom),
		In: channel.Events[none]{
			"echo":   channel.Reply(func(_ context.Context, _ roomS, in json.RawMessage) (json.RawMessage, error) { return in, nil }),
			"fail":   channel.Reply(func(context.Context, roomS, none) (any, error) { return nil, channel.Error{Reason: "failed"} }),
			"silent": channel.NoReply(func(context.Context, roomS, none) error { return nil }),
			"async": channel.Reply(func(_ context.Context, s roomS, in json.RawMessage) (any, error) {
				ref := s.Ref()
				s.Go(func(ctx context.Context) {
					t := time.NewTimer(50 * time.Millisecond)
					defer t.Stop()
					select {
					case <-t.C:
						ref.Reply(in)
					case <-ctx.Done():
					}
				})
				return nil, channel.Later
			}),
			"push_me": channel.Reply(func(_ context.Context, s roomS, in json.RawMessage) (any, error) { return nil, s.Push("pushed", in) }),
			"shout": channel.Reply(func(_ context.Context, s roomS, in json.RawMessage) (any, error) {
				return nil, s.Broadcast("shout", in)
			}),
			"shout_others": channel.Reply(func(_ context.Context, s roomS, in json.RawMessage) (any, error) {
				return nil, s.BroadcastFrom("shout_others", in)
			}),
			"crash": channel.NoReply(func(context.Context, roomS, none) error { panic("asked to crash") }),
			"stop":  channel.Reply(func(context.Context, roomS, none) (any, error) { return nil, channel.Stop{} }),
			"whoami": channel.Reply(func(_ context.Context, s roomS, _ none) (map[string]any, error) {
				c := channel.Identity[client](s)
				out := map[string]any{"params": c.params, "auth_token": nil}
				if c.token != "" {
					out["auth_token"] = c.token
				}
				return out, nil
			}),
			"binary": channel.Reply(func(_ context.Context, s roomS, in channel.Binary) (channel.Binary, error) {
				out := slices.Clone(in)
				slices.Reverse(out)
				return out, s.Push("binary_push", in)
			}),
			"binary_shout": channel.Reply(func(_ context.Context, s roomS, in channel.Binary) (any, error) {
				return nil, s.Broadcast("binary_shout", in)
			}),
			"binary_size": channel.Reply(func(_ context.Context, _ roomS, in channel.Binary) (map[string]int, error) {
				return map[string]int{"size": len(in)}, nil
			}),
		},
	}
}

func joinRoom(ctx context.Context, s roomS, in json.RawMessage) (map[string]any, error) {
	var p struct {
		Slow   int  `json:"slow"`
		Refuse bool `json:"refuse"`
		Crash  bool `json:"crash"`
	}
	if len(in) > 0 {
		if err := json.Unmarshal(in, &p); err != nil {
			return nil, err
		}
	}
	if p.Slow > 0 {
		t := time.NewTimer(time.Duration(p.Slow) * time.Millisecond)
		defer t.Stop()
		select {
		case <-t.C:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	switch {
	case p.Refuse:
		return nil, channel.Error{Reason: "unauthorized"}
	case p.Crash:
		panic("asked to crash in join")
	}
	return map[string]any{"joined": s.Topic(), "params": in}, nil
}

func people(online *presence.Presence[map[string]any]) channel.Channel[person] {
	type socketP = *channel.Socket[person]
	return channel.Channel[person]{
		Name: "people",
		Join: channel.Reply(func(_ context.Context, s socketP, in struct {
			User   string `json:"user"`
			Device string `json:"device"`
		}) (any, error) {
			s.Assigns = person{in.User}
			s.AfterJoin(func(_ context.Context, s socketP) error {
				if err := online.Track(s, in.User, map[string]any{"device": in.Device}); err != nil {
					return err
				}
				return s.Push("presence_state", online.List(s.Topic()))
			})
			return nil, nil
		}),
		In: channel.Events[person]{
			"list": channel.Reply(func(_ context.Context, s socketP, _ none) (any, error) { return online.List(s.Topic()), nil }),
			"update": channel.Reply(func(_ context.Context, s socketP, in map[string]any) (any, error) {
				return nil, online.Update(s, s.Assigns.user, in)
			}),
			"untrack": channel.Reply(func(_ context.Context, s socketP, _ none) (any, error) {
				online.Untrack(s, s.Assigns.user)
				return nil, nil
			}),
			"echo":  channel.Reply(func(_ context.Context, _ socketP, in json.RawMessage) (json.RawMessage, error) { return in, nil }),
			"crash": channel.NoReply(func(context.Context, socketP, none) error { panic("asked to crash") }),
		},
	}
}
