package pitfalls

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bennu-go/bennu/channeltest"
	"github.com/bennu-go/bennu/token"
)

var tokens = token.New(token.Config{Secrets: token.Secrets{strings.Repeat("s", 64)}})

type object = map[string]any

func connect(t *testing.T, app *channeltest.App, m Member) *channeltest.Client {
	signed, err := tokens.Sign("socket", m)
	if err != nil {
		t.Fatal(err)
	}
	return app.Connect(object{"token": signed})
}

// bubble runs a test in virtual time.
func bubble(t *testing.T, f func(t *testing.T, app *channeltest.App)) {
	synctest.Test(t, func(t *testing.T) { f(t, channeltest.Start(t, Socket(tokens))) })
}

func TestStrangersDoNotConnect(t *testing.T) {
	bubble(t, func(t *testing.T, app *channeltest.App) {
		for _, params := range []object{nil, {"token": ""}, {"token": "forged"}, {"token": object{"a": "b"}}} {
			if _, err := app.TryConnect(params, channeltest.Options{}); err == nil {
				t.Errorf("%v lets a stranger in", params)
			}
		}
	})
}

func TestRoomsOfOthersStayClosed(t *testing.T) {
	bubble(t, func(t *testing.T, app *channeltest.App) {
		ada := connect(t, app, Member{"acme", "ada"})
		ada.Join("tenant:acme:room:1", nil).WantPush("welcome", object{"room": "1"})
		ada.TryJoin("tenant:other:room:1", nil).WantReply("error", object{"reason": "unauthorized"})
		ada.TryJoin("room:1", nil).WantReply("error", object{"reason": "unmatched topic"})
	})
}

func TestNobodySpeaksForOthers(t *testing.T) {
	bubble(t, func(t *testing.T, app *channeltest.App) {
		room := connect(t, app, Member{"acme", "ada"}).Join("tenant:acme:room:1", nil)
		room.Push("message:new", object{"body": "hi", "from": "bob", "user_id": "bob"}).WantReply("ok", nil)
		room.WantPush("message:new", object{"from": "ada", "body": "hi"})
	})
}

func TestMessagesAreBounded(t *testing.T) {
	bubble(t, func(t *testing.T, app *channeltest.App) {
		room := connect(t, app, Member{"acme", "ada"}).Join("tenant:acme:room:1", nil)
		room.Push("message:new", object{"body": strings.Repeat("x", 2_001)}).WantReply("error", object{"reason": "too long"})
		room.Push("message:new", object{"body": 7}).WantReply("error", channeltest.Any)
		room.Push("message:gnu", nil).WantReply("error", object{"reason": "unknown event"})
	})
}

// The limit is of a second, and not of the life of a channel: a counter in the assigns that nobody sets back would be that.
func TestFloodsAreLimitedAndEnd(t *testing.T) {
	bubble(t, func(t *testing.T, app *channeltest.App) {
		room := connect(t, app, Member{"acme", "ada"}).Join("tenant:acme:room:1", nil)
		for range 5 {
			room.Push("message:new", object{"body": "hi"}).WantReply("ok", nil)
		}
		room.Push("message:new", object{"body": "hi"}).WantReply("error", object{"reason": "rate_limited"})
		time.Sleep(time.Second)
		room.Push("message:new", object{"body": "hi"}).WantReply("ok", nil)
	})
}

func TestACrashIsOneChannelsOwn(t *testing.T) {
	bubble(t, func(t *testing.T, app *channeltest.App) {
		ada := connect(t, app, Member{"acme", "ada"})
		one, two := ada.Join("tenant:acme:room:1", nil), ada.Join("tenant:acme:room:2", nil)
		one.Push("message:new", object{"body": "/crash"})
		one.WantError()
		two.Push("message:new", object{"body": "hi"}).WantReply("ok", nil)
		ada.Join("tenant:acme:room:1", nil).WantPush("welcome", nil) // as phoenix.js does
	})
}
