package channeltest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bennu-go/bennu/channel"
	"github.com/bennu-go/bennu/channeltest"
	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
	"github.com/bennu-go/bennu/transport"
)

type seen struct {
	Params, Session              map[string]any
	Peer, Agent, Token, Vsn, URI string
}

// socketOf has one kind of channel, with handlers for what the tests need.
func socketOf(in channel.Events[any], more ...func(ch *channel.Channel[any])) channel.UserSocket[seen] {
	ch := channel.Channel[any]{
		Join: channel.Reply(func(_ context.Context, s *channel.Socket[any], in map[string]any) (any, error) {
			if in["refuse"] != nil {
				return nil, channel.Error{Reason: "no", Payload: in}
			}
			return channel.Identity[seen](s), nil
		}),
		In: in,
		Info: channel.Infos[any]{channel.OnInfo(func(_ context.Context, s *channel.Socket[any], n int) error {
			return s.Push("info", map[string]int{"n": n})
		})},
	}
	for _, f := range more {
		f(&ch)
	}
	return channel.UserSocket[seen]{
		Connect: func(_ context.Context, r *channel.ConnectRequest) (seen, error) {
			switch r.Params["refuse"] {
			case "401":
				return seen{}, channel.Refuse(401, "who are you?")
			case "plain":
				return seen{}, errors.New("not today")
			case "panic":
				panic("in connect")
			}
			return seen{Params: r.Params, Session: r.Session(), Peer: r.PeerAddr().String(), Agent: r.UserAgent(), Token: r.AuthToken,
				Vsn: r.Serializer.Vsn(), URI: r.URI().Path}, nil
		},
		ID:       func(seen) string { return "users:1" },
		Channels: []channel.Route{channel.Topic("t:*", ch)},
	}
}

func echo(_ context.Context, _ *channel.Socket[any], in channel.Payload) (channel.Payload, error) {
	return in, nil
}

func inBubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, f)
}

func TestConnectRequestIsARealOne(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		app := channeltest.Start(t, socketOf(nil))
		c, err := app.TryConnect(map[string]any{"a": map[string]any{"b": []any{"c"}}, "n": 7}, channeltest.Options{
			Header: http.Header{"user-agent": {"robot"}}, PeerAddr: "10.1.2.3:4567", AuthToken: "tök/en+", Session: map[string]any{"user_id": 5}, Path: "/s",
		})
		if err != nil {
			t.Fatal(err)
		}
		if c.ID() != "users:1" {
			t.Errorf("the id is %q", c.ID())
		}
		c.TryJoin("t:1", nil).WantReply("ok", map[string]any{
			"Params":  map[string]any{"a": map[string]any{"b": []any{"c"}}, "n": "7", "vsn": "2.0.0"},
			"Session": map[string]any{"user_id": 5, "_csrf_token": channeltest.Any},
			"Peer":    "10.1.2.3:4567", "Agent": "robot", "Token": "tök/en+", "Vsn": "2.0.0", "URI": "/s/websocket",
		})
		v1, err := app.TryConnect(nil, channeltest.Options{Vsn: "1.0.0"})
		if err != nil {
			t.Fatal(err)
		}
		v1.Join("t:1", nil)
		c.WantNothing()
	})
}

func TestRefusals(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		app := channeltest.StartWith(t, socketOf(nil), channeltest.Config{})
		for name, c := range map[string]struct {
			params  map[string]any
			options channeltest.Options
			status  int
			text    string
		}{
			"refused":       {map[string]any{"refuse": "401"}, channeltest.Options{}, 401, "who are you?"},
			"plain error":   {map[string]any{"refuse": "plain"}, channeltest.Options{}, 403, "not today"},
			"panic":         {map[string]any{"refuse": "panic"}, channeltest.Options{}, 403, "before Connect"},
			"wrong version": {nil, channeltest.Options{Vsn: "3.0.0"}, 403, "before Connect"},
			"wrong origin":  {nil, channeltest.Options{Header: http.Header{"Origin": {"https://evil.example"}}}, 403, "before Connect"},
		} {
			client, err := app.TryConnect(c.params, c.options)
			var refused *channeltest.RefusedError
			if client != nil || !errors.As(err, &refused) || refused.Status != c.status || !strings.Contains(err.Error(), c.text) {
				t.Errorf("%s: got %v, %v; want status %d and %q", name, client, err, c.status, c.text)
			}
		}
	})
}

func TestOutsideOfABubble(t *testing.T) {
	app := channeltest.StartWith(t, socketOf(channel.Events[any]{
		"later": channel.Reply(func(_ context.Context, s *channel.Socket[any], _ struct{}) (any, error) {
			ref := s.Ref()
			s.After(20*time.Millisecond, func(context.Context, *channel.Socket[any]) error { return ref.Reply(nil) })
			return nil, channel.Later
		}),
	}), channeltest.Config{Timeout: 5 * time.Second})
	j := app.Connect(nil).Join("t:1", nil)
	j.Push("later", nil).WantReply("ok", nil)
	app.Broadcast("t:1", "hello", nil)
	j.WantPush("hello", nil)
	j.WantBroadcast("hello", nil)
	if message := failing(t, func(t testing.TB) {
		app := channeltest.StartWith(t, socketOf(nil), channeltest.Config{Timeout: 10 * time.Millisecond})
		j := app.Connect(nil).Join("t:1", nil)
		j.RefutePush("never", nil)
		j.WantPush("never", nil)
	}); !strings.Contains(message, `no event "never" on "t:1"`) {
		t.Errorf("the message is %s", message)
	}
}

func TestPushesRepliesAndEnds(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		app := channeltest.Start(t, socketOf(channel.Events[any]{
			"echo":  channel.Reply(echo),
			"crash": channel.NoReply(func(context.Context, *channel.Socket[any], struct{}) error { panic("boom") }),
			"stop":  channel.NoReply(func(context.Context, *channel.Socket[any], struct{}) error { return channel.Stop{} }),
		}))
		for _, vsn := range []string{"1.0.0", "2.0.0"} {
			c, err := app.TryConnect(nil, channeltest.Options{Vsn: vsn})
			if err != nil {
				t.Fatal(err)
			}
			c.Heartbeat().WantReply("ok", map[string]any{})
			j := c.Join("t:1", nil)
			m := j.Push("echo", map[string]any{"x": []int{1, 2}}).WantReply("ok", map[string]any{"x": []int{1, 2}})
			var got struct{ X []int }
			if err := m.Decode(&got); err == nil && len(got.X) != 0 { // keys match in case
				t.Errorf("decoded %v", got)
			}
			j.Send(3)
			j.WantPush("info", map[string]any{"n": 3})
			other := app.Connect(nil).Join("t:1", nil)
			app.BroadcastFrom(j, "hello", map[string]any{"to": "others"})
			other.WantPush("hello", nil)
			j.RefutePush("hello", nil)
			j.Push("crash", nil)
			j.WantError()
			if j.Process().Alive() {
				t.Error("the channel lives on")
			}
			again := c.Join("t:1", nil)
			again.Push("stop", nil)
			again.WantClose()
			c.Join("t:2", nil).Leave().WantReply("ok", nil)
			c.Close()
			other.Client().Drop()
		}
		c := app.Connect(nil)
		j := c.Join("t:1", nil)
		j.Push("echo", channel.Binary{1, 2}).WantReply("ok", channel.Binary{1, 2})
		app.Broadcast("t:1", "bytes", channel.Binary("abc"))
		j.WantPush("bytes", channel.Binary("abc"))
		j.WantBroadcast("bytes", channel.Binary("abc"))
		app.Disconnect("users:1")
		c.WantDisconnect(transport.CloseGoingAway)
		c2 := app.Connect(nil)
		c2.Join("t:1", nil)
		app.Drain()
		c2.WantDisconnect(transport.CloseRestart)
		c3 := app.Connect(nil)
		c3.Send("{")
		c3.WantDisconnect(transport.CloseInternal)
	})
}

func TestRawMode(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		app := channeltest.Start(t, socketOf(channel.Events[any]{"echo": channel.Reply(echo)}))
		c := app.Connect(nil)
		c.Send(`[null,"9","phoenix","heartbeat",{}]`)
		c.WantRaw(`[null,"9","phoenix","phx_reply",{"status":"ok","response":{}}]`)
		c.Send(`["1","1","t:1","phx_join",{"refuse":1}]`)
		if got := c.Raw(); len(got) != 1 || !strings.Contains(got[0], `"error"`) {
			t.Errorf("got %q", got)
		}
		c.Join("t:2", nil)
		c.SendBinary([]byte("\x00\x01\x01\x03\x0411t:2echo\xff"))
		c.WantRaw("hex " + fmt.Sprintf("%x", "\x01\x01\x01\x03\x0211t:2ok\xff"))
		c.WantRaw()
	})
}

func TestTheApplicationsOwnSystemAndPubSub(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		sys := proc.NewSystem(proc.Config{})
		t.Cleanup(sys.Close)
		ps := pubsub.New(pubsub.Config{System: sys, Strict: true})
		app := channeltest.StartWith(t, socketOf(nil), channeltest.Config{PubSub: ps})
		if app.System() != sys || app.PubSub() != ps {
			t.Error("the App has others")
		}
		j := app.Connect(nil).Join("t:1", nil)
		seen := app.Observe("elsewhere")
		if err := channel.Broadcast(ps, "t:1", "from:context", nil); err != nil {
			t.Error(err)
		}
		if err := channel.Broadcast(ps, "elsewhere", "x", nil); err != nil {
			t.Error(err)
		}
		j.WantPush("from:context", nil)
		seen.Want("x", nil)
		seen.Refute("x", nil)
	})
}

func TestFailuresTeach(t *testing.T) {
	events := channel.Events[any]{
		"echo":  channel.Reply(echo),
		"crash": channel.NoReply(func(context.Context, *channel.Socket[any], struct{}) error { panic("boom") }),
		"hang": channel.NoReply(func(context.Context, *channel.Socket[any], struct{}) error {
			time.Sleep(5 * time.Second)
			return nil
		}),
		"mutate": channel.NoReply(func(_ context.Context, s *channel.Socket[any], _ struct{}) error {
			v := &[]int{1}
			err := pubsub.Topic[*[]int]("values").Broadcast(s.PubSub(), v)
			(*v)[0] = 2
			return err
		}),
	}
	for name, c := range map[string]struct {
		run  func(t testing.TB, j *channeltest.Channel, app *channeltest.App)
		want []string
	}{
		"another payload": {func(t testing.TB, j *channeltest.Channel, app *channeltest.App) {
			j.Push("echo", map[string]any{"a": 1, "b": []any{1, map[string]any{"c": "x"}}}).WantReply("ok", map[string]any{"b": []any{channeltest.Any, map[string]any{"c": "y"}}})
		}, []string{`no reply "ok" with {"b":[(anything),{"c":"y"}]} to "echo" on "t:1", ref 2`, `.b[1].c is "x", wanted "y"`, "+ reply to 1 on t:1: ok"}},
		"another status": {func(t testing.TB, j *channeltest.Channel, app *channeltest.App) {
			j.Push("nope", nil).WantReply("ok", nil)
		}, []string{`the status is "error"`, `{"reason":"unknown event"}`}},
		"nothing": {func(t testing.TB, j *channeltest.Channel, app *channeltest.App) {
			j.WantPush("x", map[string]any{"a": 1})
		}, []string{`no event "x" on "t:1" with {"a":1}`, "what was asked for already"}},
		"refuted": {func(t testing.TB, j *channeltest.Channel, app *channeltest.App) {
			app.Broadcast("t:1", "x", map[string]any{"a": 1})
			j.RefutePush("x", map[string]any{"a": 1.0})
		}, []string{`refuted event "x"`, `x on t:1: {"a":1}`}},
		"no broadcast": {func(t testing.TB, j *channeltest.Channel, app *channeltest.App) {
			app.Broadcast("t:1", "x", map[string]any{"a": 1})
			j.WantBroadcast("x", map[string]any{"a": 2})
		}, []string{`no broadcast "x" on "t:1" with {"a":2}`, ".a is 1, wanted 2"}},
		"refuted broadcast": {func(t testing.TB, j *channeltest.Channel, app *channeltest.App) {
			app.Broadcast("t:1", "x", nil)
			j.RefuteBroadcast("x", nil)
		}, []string{"refuted broadcast"}},
		"unasked crash": {func(t testing.TB, j *channeltest.Channel, app *channeltest.App) {
			j.Push("crash", nil)
		}, []string{`the channel on "t:1" crashed, and no WantError has asked for it`, "boom", "channeltest_test.go"}},
		"a callback that hangs": {func(t testing.TB, j *channeltest.Channel, app *channeltest.App) {
			j.Push("hang", nil)
		}, []string{`the channel on "t:1" has not ended 3s after its client went away`, "time.Sleep"}},
		"a changed value": {func(t testing.TB, j *channeltest.Channel, app *channeltest.App) {
			j.Push("mutate", nil).RefuteReply()
		}, []string{`was changed afterwards`}},
		"refused join": {func(t testing.TB, j *channeltest.Channel, app *channeltest.App) {
			j.Client().Join("t:2", map[string]any{"refuse": true})
		}, []string{"TryJoin is for joins that may be refused", `"refuse":true`}},
		"refused connect": {func(t testing.TB, j *channeltest.Channel, app *channeltest.App) {
			app.Connect(map[string]any{"refuse": "401"})
		}, []string{"refused with status 401 who are you?", "TryConnect is for clients that may be refused"}},
		"raw": {func(t testing.TB, j *channeltest.Channel, app *channeltest.App) {
			j.Client().Send(`[null,"9","phoenix","heartbeat",{}]`)
			j.Client().WantRaw("x")
		}, []string{`[null,"9","phoenix"`, "wanted\n  x"}},
		"leftovers": {func(t testing.TB, j *channeltest.Channel, app *channeltest.App) {
			j.Push("echo", nil)
			j.Client().WantNothing()
		}, []string{"messages that nothing has asked for"}},
		"not disconnected": {func(t testing.TB, j *channeltest.Channel, app *channeltest.App) {
			j.Client().WantDisconnect(1001)
		}, []string{"has not closed the connection; wanted code 1001"}},
		"another code": {func(t testing.TB, j *channeltest.Channel, app *channeltest.App) {
			app.Drain()
			j.Client().WantDisconnect(1001)
		}, []string{"closed with code 1012, wanted 1001"}},
		"bytes for JSON": {func(t testing.TB, j *channeltest.Channel, app *channeltest.App) {
			j.Push("echo", nil).WantReply("ok", channel.Binary{1})
		}, []string{"the payload is JSON, not bytes"}},
		"JSON for bytes": {func(t testing.TB, j *channeltest.Channel, app *channeltest.App) {
			j.Push("echo", channel.Binary{1}).WantReply("ok", map[string]any{})
		}, []string{"the payload is bytes, not JSON"}},
		"wrong assigns": {func(t testing.TB, j *channeltest.Channel, app *channeltest.App) {
			channeltest.Assigns[int](j)
		}, []string{`the Assigns of "t:1" are a <nil>, not a int`}},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				message := failing(t, func(t testing.TB) {
					app := channeltest.Start(t, socketOf(events))
					c.run(t, app.Connect(nil).Join("t:1", nil), app)
				})
				for _, want := range c.want {
					if !strings.Contains(message, want) {
						t.Errorf("the message lacks %q:\n%s", want, message)
					}
				}
			})
		})
	}
}

func TestPatterns(t *testing.T) {
	for _, c := range []struct {
		pattern any
		payload string
		fits    bool
	}{
		{nil, `1`, true},
		{channeltest.Any, `"x"`, true},
		{map[string]any{}, `{"a":1}`, true},
		{map[string]any{"a": nil}, `{"a":null}`, true},
		{map[string]any{"a": nil}, `{}`, false},
		{map[string]any{"a": channeltest.Any}, `{"a":[1]}`, true},
		{map[string]any{"a": channeltest.Any}, `{"b":[1]}`, false},
		{struct{ A any }{channeltest.Any}, `{"A":7,"B":8}`, true},
		{[]int{1, 2}, `[1,2]`, true},
		{[]int{1, 2}, `[1,2,3]`, false},
		{[]any{map[string]int{"a": 1}}, `[{"a":1,"b":2}]`, true},
		{1, `1.0`, true},
		{1.5, `15e-1`, true},
		{int64(9007199254740993), `9007199254740992`, false},
		{"1", `1`, false},
		{true, `true`, true},
		{json.RawMessage(`{"a":{"b":null}}`), `{"a":{"b":null,"c":1}}`, true},
		{json.RawMessage(`null`), `null`, true},
		{json.RawMessage(`null`), `{}`, false},
		{func(p json.RawMessage) bool { return len(p) == 3 }, `"x"`, true},
		{func(p json.RawMessage) bool { return false }, `"x"`, false},
		{map[string]any{"a": func() {}}, `{}`, false},
	} {
		inBubble(t, func(t *testing.T) {
			run := func(t testing.TB) {
				app := channeltest.Start(t, socketOf(channel.Events[any]{"echo": channel.Reply(echo)}))
				app.Connect(nil).Join("t:1", nil).Push("echo", json.RawMessage(c.payload)).WantReply("ok", c.pattern)
			}
			if c.fits {
				run(t)
			} else {
				failing(t, run)
			}
		})
	}
}
