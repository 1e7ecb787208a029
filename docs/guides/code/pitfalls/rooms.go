// Package pitfalls is the code of the guide on pitfalls: a socket that has none of them, and tests that fall into each.
package pitfalls

import (
	"context"
	"net/http"
	"time"

	"github.com/bennu-go/bennu/channel"
	"github.com/bennu-go/bennu/token"
)

// Member is what Connect learns of a client. Nothing that the client says later can change it.
type Member struct{ Tenant, User string }

// Room is the state of one member in one room.
type Room struct{ ID string }

// Socket lets in who has a token, into rooms of their own tenant.
func Socket(tokens *token.Tokens) channel.UserSocket[Member] {
	return channel.UserSocket[Member]{
		Name: "chat",
		Connect: func(_ context.Context, r *channel.ConnectRequest) (Member, error) {
			signed, _ := r.Params.String("token")
			m, err := token.Verify[Member](tokens, "socket", signed, 24*time.Hour)
			if err != nil {
				return m, channel.Refuse(http.StatusForbidden, "bad token")
			}
			return m, nil
		},
		ID: func(m Member) string { return "users_socket:" + m.User },
		Channels: []channel.Route{channel.Topic("tenant:{tenant}:room:{id}", channel.Channel[Room]{
			Join:     channel.Reply(join),
			In:       channel.Events[Room]{"message:new": channel.Reply(newMessage).Limit(channel.Rate{N: 5, Per: time.Second})},
			Identity: channel.Wants[Member](),
		})},
	}
}

func join(_ context.Context, s *channel.Socket[Room], _ struct{}) (any, error) {
	if s.Param("tenant") != channel.Identity[Member](s).Tenant {
		return nil, channel.Error{Reason: "unauthorized"}
	}
	s.Assigns.ID = s.Param("id")
	// Join is not over: the client gets nothing of this topic before its reply.
	s.AfterJoin(func(_ context.Context, s *channel.Socket[Room]) error {
		return s.Push("welcome", map[string]string{"room": s.Assigns.ID})
	})
	return nil, nil
}

func newMessage(_ context.Context, s *channel.Socket[Room], in struct {
	Body string `json:"body"`
}) (any, error) {
	switch {
	case in.Body == "":
		return nil, channel.Error{Reason: "empty"}
	case len(in.Body) > 2_000:
		return nil, channel.Error{Reason: "too long"}
	case in.Body == "/crash":
		panic("a bug")
	}
	return nil, s.Broadcast("message:new", map[string]string{"from": channel.Identity[Member](s).User, "body": in.Body})
}
