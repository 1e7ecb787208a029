package channel_test

import (
	"context"
	"fmt"

	"github.com/bennu-go/bennu/channel"
)

// member is what connect learns about a client: all its channels share it.
type member struct{ ID, Name string }

// lobby is the state of one joined topic.
type lobby struct{ Sent int }

type chatMessage struct {
	From string `json:"from,omitempty"`
	Body string `json:"body"`
}

// A chat room: who may join, what clients may send, and what they are told.
func Example_room() {
	room := channel.Channel[lobby]{
		Identity: channel.Wants[member](),
		Join: channel.Reply(func(ctx context.Context, s *channel.Socket[lobby], in struct{ Invitation string }) (map[string]any, error) {
			if s.Param("*") == "private" && in.Invitation == "" {
				return nil, channel.Error{Reason: "unauthorized"}
			}
			s.AfterJoin(func(ctx context.Context, s *channel.Socket[lobby]) error {
				return s.BroadcastFrom("joined", map[string]string{"name": channel.Identity[member](s).Name})
			})
			return map[string]any{"history": []chatMessage{}}, nil
		}),
		In: channel.Events[lobby]{
			"message:new": channel.Reply(func(ctx context.Context, s *channel.Socket[lobby], in chatMessage) (map[string]int, error) {
				if in.Body == "" {
					return nil, channel.Error{Reason: "empty"}
				}
				in.From = channel.Identity[member](s).Name
				s.Assigns.Sent++
				return map[string]int{"sent": s.Assigns.Sent}, s.Broadcast("message:new", in)
			}).Limit(channel.Rate{N: 5}),
			"typing": channel.NoReply(func(ctx context.Context, s *channel.Socket[lobby], _ struct{}) error {
				return s.BroadcastFrom("typing", map[string]string{"name": channel.Identity[member](s).Name})
			}),
		},
	}
	users := channel.UserSocket[member]{
		Name: "users",
		Connect: func(ctx context.Context, r *channel.ConnectRequest) (member, error) {
			if r.AuthToken == "" {
				return member{}, channel.Refuse(401, "sign in first")
			}
			return member{ID: "1", Name: r.AuthToken}, nil // a real one verifies it
		},
		ID:       func(m member) string { return "users_socket:" + m.ID },
		Channels: []channel.Route{channel.Topic("room:*", room)},
	}
	fmt.Println(users.Name, "has", len(users.Channels), "kind of channel; mount it with endpoint.Mount")
	// Output: users has 1 kind of channel; mount it with endpoint.Mount
}
