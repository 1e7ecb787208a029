package main

import (
	"context"
	"time"

	"github.com/bennu-go/bennu/channel"
	"github.com/bennu-go/bennu/presence"
)

// seat is the one meta of a tracked user.
type seat struct {
	OnlineAt int64 `json:"online_at"`
}

// people is the channel presence:*.
func people(online *presence.Presence[seat]) channel.Channel[struct{}] {
	return channel.Channel[struct{}]{
		Name: "people",
		Join: channel.Reply(func(_ context.Context, s *channel.Socket[struct{}], in struct {
			User string `json:"user"`
		}) (any, error) {
			s.AfterJoin(func(_ context.Context, s *channel.Socket[struct{}]) error {
				if err := online.Track(s, in.User, seat{OnlineAt: time.Now().Unix()}); err != nil {
					return err
				}
				return s.Push("presence_state", online.List(s.Topic()))
			})
			return nil, nil
		}),
	}
}
