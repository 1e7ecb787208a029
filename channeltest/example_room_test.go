package channeltest_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bennu-go/bennu/channel"
	"github.com/bennu-go/bennu/channeltest"
)

// user is what connect learns about a client.
type user struct{ Name string }

// room is the state of a channel.
type room struct{ Messages int }

func connect(_ context.Context, r *channel.ConnectRequest) (user, error) {
	name, _ := r.Params["token"].(string)
	if name == "" {
		return user{}, channel.Refuse(401, "no token")
	}
	return user{name}, nil
}

type message struct {
	From string `json:"from"`
	Body string `json:"body"`
}

func join(_ context.Context, s *channel.Socket[room], _ struct{}) (map[string]any, error) {
	if s.Param("*") == "secret" {
		return nil, channel.Error{Reason: "unauthorized"}
	}
	s.AfterJoin(func(_ context.Context, s *channel.Socket[room]) error {
		return s.BroadcastFrom("joined", map[string]any{"name": channel.Identity[user](s).Name})
	})
	return map[string]any{"room": s.Param("*")}, nil
}

func newMessage(_ context.Context, s *channel.Socket[room], in message) (map[string]any, error) {
	s.Assigns.Messages++
	in.From = channel.Identity[user](s).Name
	return map[string]any{"n": s.Assigns.Messages}, s.Broadcast("message:new", in)
}

func remind(_ context.Context, s *channel.Socket[room], in struct{ Minutes int }) error {
	s.After(time.Duration(in.Minutes)*time.Minute, func(_ context.Context, s *channel.Socket[room]) error {
		return s.Push("reminder", nil)
	})
	return nil
}

func userSocket() channel.UserSocket[user] {
	return channel.UserSocket[user]{
		Connect: connect,
		ID:      func(u user) string { return "users_socket:" + u.Name },
		Channels: []channel.Route{channel.Topic("room:*", channel.Channel[room]{
			Join: channel.Reply(join),
			In: channel.Events[room]{
				"message:new": channel.Reply(newMessage),
				"remind":      channel.NoReply(remind),
			},
		})},
	}
}

// A test connects clients, joins topics, and wants and refutes what should and should not come.
func Example() {
	testRoom := func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			app := channeltest.Start(t, userSocket())
			ada := app.Connect(map[string]any{"token": "ada"}).Join("room:123", nil)
			bob := app.Connect(map[string]any{"token": "bob"}).Join("room:123", nil)
			ada.WantPush("joined", map[string]any{"name": "bob"})
			bob.RefutePush("joined", channeltest.Any)

			ada.Push("message:new", message{Body: "hi"}).WantReply("ok", map[string]any{"n": 1})
			bob.WantPush("message:new", map[string]any{"from": "ada", "body": "hi"})
			ada.WantPush("message:new", channeltest.Any)

			bob.Push("remind", map[string]any{"Minutes": 30}).RefuteReply()
			time.Sleep(30 * time.Minute) // costs no time
			bob.WantPush("reminder", nil)

			bob.Leave().WantReply("ok", nil)
			bob.WantClose()
		})
	}
	_ = testRoom // is TestRoom in a test file
}

func TestRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app := channeltest.Start(t, userSocket())
		ada := app.Connect(map[string]any{"token": "ada"}).Join("room:123", nil)
		bob := app.Connect(map[string]any{"token": "bob"}).Join("room:123", nil)
		ada.WantPush("joined", map[string]any{"name": "bob"})
		bob.RefutePush("joined", channeltest.Any)

		ada.Push("message:new", message{Body: "hi"}).WantReply("ok", map[string]any{"n": 1})
		bob.WantPush("message:new", map[string]any{"from": "ada", "body": "hi"})
		ada.WantPush("message:new", channeltest.Any)
		ada.WantBroadcast("message:new", map[string]any{"body": "hi"})
		ada.RefuteBroadcast("message:old", nil)
		if got := channeltest.Assigns[room](ada); got.Messages != 1 {
			t.Errorf("Assigns are %v", got)
		}

		start := time.Now()
		bob.Push("remind", map[string]any{"Minutes": 30}).RefuteReply()
		bob.RefutePush("reminder", nil)
		time.Sleep(30 * time.Minute)
		bob.WantPush("reminder", nil)
		if d := time.Since(start); d != 30*time.Minute {
			t.Errorf("it took %v of virtual time", d)
		}

		bob.Leave().WantReply("ok", nil)
		bob.WantClose()
		bob.Client().WantNothing()
		bob.Client().TryJoin("room:secret", nil).WantReply("error", map[string]any{"reason": "unauthorized"})
	})
}
