package web

import (
	"context"
	"errors"
	"time"
	"unicode/utf8"

	"github.com/bennu-go/bennu/channel"
	"github.com/bennu-go/bennu/examples/demo/chat"
)

// Room is the state of one client in one room.
type Room struct{ Name, User string }

// Seat is what presence says of a device.
type Seat struct {
	Since  time.Time `json:"since"`
	Device string    `json:"device"`
}

// UserSocket is what pages connect to with their session, and others with a token of the API.
func UserSocket(d Deps) channel.UserSocket[Person] {
	return channel.UserSocket[Person]{
		Name:     "demo",
		Connect:  d.connect,
		ID:       Person.SocketID,
		Channels: []channel.Route{channel.Topic("room:*", RoomChannel(d))},
		Messages: channel.Rate{N: 50},
	}
}

// RoomChannel is a chat room.
func RoomChannel(d Deps) channel.Channel[Room] {
	h := rooms{d}
	return channel.Channel[Room]{
		Name:     "room",
		Identity: channel.Wants[Person](),
		Join:     channel.Reply(h.join),
		In: channel.Events[Room]{
			"message:new": channel.Reply(h.post).Limit(channel.Rate{N: 5, Per: time.Second}),
			"typing":      channel.NoReply(h.typing),
		},
	}
}

type rooms struct{ d Deps }

type history struct {
	Messages []chat.Message `json:"messages"`
}

func (h rooms) join(ctx context.Context, s *channel.Socket[Room], in struct {
	Device string `json:"device"`
}) (history, error) {
	me := channel.Identity[Person](s).Name
	s.Assigns = Room{Name: s.Param("*"), User: me}
	messages, err := h.d.Chat.Enter(s.Assigns.Name, me)
	if errors.Is(err, chat.ErrUnauthorized) {
		return history{}, channel.Error{Reason: "unauthorized"}
	}
	seat := Seat{Since: time.Now().UTC().Truncate(time.Second), Device: cut(in.Device, 80)}
	s.AfterJoin(func(ctx context.Context, s *channel.Socket[Room]) error {
		if err := h.d.Online.Track(s, me, seat); err != nil {
			return err
		}
		return s.Push("presence_state", h.d.Online.List(s.Topic()))
	})
	return history{messages}, err
}

func (h rooms) post(ctx context.Context, s *channel.Socket[Room], in struct {
	Body string `json:"body"`
}) (map[string]int64, error) {
	m, err := h.d.Chat.Post(s.Assigns.Name, s.Assigns.User, in.Body)
	switch {
	case errors.Is(err, chat.ErrTooLong):
		return nil, channel.Error{Payload: map[string]string{"reason": "too_long", "detail": err.Error()}}
	case errors.Is(err, chat.ErrEmpty):
		return nil, channel.Error{Payload: map[string]string{"reason": "empty", "detail": err.Error()}}
	}
	return map[string]int64{"id": m.ID}, err
}

func (h rooms) typing(ctx context.Context, s *channel.Socket[Room], in struct{}) error {
	return s.BroadcastFrom("typing", map[string]string{"user": s.Assigns.User})
}

// cut shortens s to n bytes at most, at a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
