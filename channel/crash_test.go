package channel_test

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bennu-go/bennu/channel"
	"github.com/bennu-go/bennu/channeltest"
	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
	"github.com/bennu-go/bennu/telemetry"
)

type (
	state        struct{ onError bool }
	stateSocket  = *channel.Socket[state]
	unmarshaler  struct{}
	unmarshaled  struct{}
	crashMessage struct{}
)

func (unmarshaler) MarshalJSON() ([]byte, error)        { panic("boom") }
func (*unmarshaled) UnmarshalJSON([]byte) error         { panic("boom") }
func boom(context.Context, stateSocket, struct{}) error { panic("boom") }

// crashing has every callback panic on demand.
func crashing() channel.UserSocket[string] {
	exits := map[string]channel.Handler[state]{
		"in":        channel.NoReply(boom),
		"echo":      channel.Reply(func(_ context.Context, _ stateSocket, in channel.Payload) (channel.Payload, error) { return in, nil }),
		"marshal":   channel.Reply(func(context.Context, stateSocket, struct{}) (unmarshaler, error) { return unmarshaler{}, nil }),
		"unmarshal": channel.Reply(func(context.Context, stateSocket, unmarshaled) (any, error) { return nil, nil }),
		"goexit": channel.NoReply(func(context.Context, stateSocket, struct{}) error {
			runtime.Goexit()
			return nil
		}),
		"error": channel.NoReply(func(context.Context, stateSocket, struct{}) error { return errors.New("boom") }),
		"onerror": channel.NoReply(func(_ context.Context, s stateSocket, _ struct{}) error {
			s.Assigns.onError = true
			return errors.New("mild")
		}),
		"after": channel.NoReply(func(_ context.Context, s stateSocket, _ struct{}) error {
			s.After(time.Second, func(context.Context, stateSocket) error { panic("boom") })
			return nil
		}),
		"every": channel.NoReply(func(_ context.Context, s stateSocket, _ struct{}) error {
			s.Every(time.Second, func(context.Context, stateSocket) error { panic("boom") })
			return nil
		}),
		"go": channel.NoReply(func(_ context.Context, s stateSocket, _ struct{}) error {
			s.Go(func(context.Context) { panic("boom") })
			return nil
		}),
		"subscribe": channel.NoReply(func(_ context.Context, s stateSocket, _ struct{}) error {
			return errors.Join(
				channel.Subscribe(s, pubsub.Topic[int]("numbers"), func(context.Context, stateSocket, int) error { panic("boom") }),
				channel.SubscribeEvents(s, "events", func(context.Context, stateSocket, string, channel.Payload) error { panic("boom") }))
		}),
		"afterjoin": channel.NoReply(func(_ context.Context, s stateSocket, _ struct{}) error {
			s.AfterJoin(func(context.Context, stateSocket) error { return nil })
			return nil
		}),
		"answer": channel.NoReply(func(_ context.Context, s stateSocket, _ struct{}) error {
			s.After(0, func(context.Context, stateSocket) error { return channel.Error{Reason: "boom"} })
			return nil
		}),
	}
	return channel.UserSocket[string]{
		Connect: func(context.Context, *channel.ConnectRequest) (string, error) { return "", nil },
		Channels: []channel.Route{channel.Topic("c:*", channel.Channel[state]{
			Name: "crashing",
			Join: channel.Reply(func(_ context.Context, s stateSocket, in map[string]string) (any, error) {
				switch in["crash"] {
				case "join":
					panic("boom")
				case "afterjoin":
					s.AfterJoin(func(context.Context, stateSocket) error { panic("boom") })
				case "marshal":
					return unmarshaler{}, nil
				case "goexit":
					runtime.Goexit()
				case "identity":
					channel.Identity[int](s)
				case "ref":
					s.Ref()
				}
				return nil, nil
			}),
			In: exits,
			Any: func(_ context.Context, _ stateSocket, event string, _ channel.Payload) (any, error) {
				panic("boom")
			},
			Info: channel.Infos[state]{channel.OnInfo(func(context.Context, stateSocket, crashMessage) error { panic("boom") })},
			Out:  channel.Events[state]{"out": channel.NoReply(boom)},
			Terminate: func(_ context.Context, s stateSocket, _ error) {
				if strings.HasSuffix(s.Topic(), "terminate") {
					panic("boom")
				}
			},
			OnError: func(_ context.Context, s stateSocket, _ string, err error) error {
				if s.Assigns.onError {
					panic("boom")
				}
				return err
			},
		})},
	}
}

// crashReports counts what is reported.
type crashReports struct {
	mu  sync.Mutex // guards all
	all []telemetry.ProcessCrashed
}

func (r *crashReports) take() []telemetry.ProcessCrashed {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := r.all
	r.all = nil
	return all
}

func startCounting(t *testing.T, socket channel.UserSocket[string]) (*channeltest.App, *crashReports) {
	reports := &crashReports{}
	tele := telemetry.New(telemetry.Config{})
	telemetry.Attach(tele, func(_ context.Context, e telemetry.ProcessCrashed) {
		reports.mu.Lock()
		defer reports.mu.Unlock()
		reports.all = append(reports.all, e)
	})
	return channeltest.StartWith(t, socket, channeltest.Config{Telemetry: tele, Logger: slog.New(slog.DiscardHandler)}), reports
}

func TestACrashEndsOneChannelAndIsReportedOnce(t *testing.T) {
	for name, c := range map[string]struct {
		do    func(app *channeltest.App, c *channeltest.Client) *channeltest.Channel // leaves a channel that ends
		end   string                                                                 // "phx_error", "phx_close" or "join crashed"
		plain bool                                                                   // an error, not a panic: without stack
		why   string
	}{
		"in":                        {do: pushing("in")},
		"any":                       {do: pushing("anything")},
		"marshal":                   {do: pushing("marshal")},
		"unmarshal":                 {do: pushing("unmarshal")},
		"go":                        {do: pushing("go")},
		"on error":                  {do: pushing("onerror")},
		"error":                     {do: pushing("error"), plain: true},
		"goexit":                    {do: pushing("goexit"), plain: true, why: "Goexit"},
		"AfterJoin outside of Join": {do: pushing("afterjoin"), why: "AfterJoin is for Join"},
		"an answer to nobody": {do: func(app *channeltest.App, c *channeltest.Client) *channeltest.Channel {
			j := pushing("answer")(app, c)
			time.Sleep(time.Second)
			return j
		}, plain: true, why: "not to a message of the client"},
		"after": {do: func(app *channeltest.App, c *channeltest.Client) *channeltest.Channel {
			j := pushing("after")(app, c)
			time.Sleep(time.Second)
			return j
		}},
		"every": {do: func(app *channeltest.App, c *channeltest.Client) *channeltest.Channel {
			j := pushing("every")(app, c)
			time.Sleep(3 * time.Second)
			return j
		}},
		"info": {do: func(app *channeltest.App, c *channeltest.Client) *channeltest.Channel {
			j := c.Join("c:1", nil)
			j.Send(crashMessage{})
			return j
		}},
		"out": {do: func(app *channeltest.App, c *channeltest.Client) *channeltest.Channel {
			j := c.Join("c:1", nil)
			app.Broadcast("c:1", "out", nil)
			return j
		}},
		"subscribed value": {do: func(app *channeltest.App, c *channeltest.Client) *channeltest.Channel {
			j := pushing("subscribe")(app, c)
			synctest.Wait()
			pubsub.Topic[int]("numbers").Broadcast(app.PubSub(), 1)
			return j
		}},
		"subscribed event": {do: func(app *channeltest.App, c *channeltest.Client) *channeltest.Channel {
			j := pushing("subscribe")(app, c)
			synctest.Wait()
			app.Broadcast("events", "e", nil)
			return j
		}},
		"join":           {do: joining("join"), end: "join crashed"},
		"join's reply":   {do: joining("marshal"), end: "join crashed"},
		"join's goexit":  {do: joining("goexit"), end: "join crashed", plain: true, why: "Goexit"},
		"wrong identity": {do: joining("identity"), end: "join crashed", why: "asks for the identity int, but Connect of socket string returns string"},
		"ref in join":    {do: joining("ref"), end: "join crashed", why: "Ref is for handlers"},
		"after join": {do: func(app *channeltest.App, c *channeltest.Client) *channeltest.Channel {
			j := joining("afterjoin")(app, c)
			j.WantReply("ok", nil)
			return j
		}},
		"terminate": {do: func(app *channeltest.App, c *channeltest.Client) *channeltest.Channel {
			j := c.Join("c:terminate", nil)
			j.Leave().WantReply("ok", nil)
			return j
		}, end: "phx_close"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				app, reports := startCounting(t, crashing())
				client, other := app.Connect(nil), app.Connect(nil)
				beside := []*channeltest.Channel{client.Join("c:beside", nil), other.Join("c:beside", nil)}
				j := c.do(app, client)
				switch c.end {
				case "":
					j.WantError()
				case "phx_close":
					j.WantClose()
				default:
					j.WantReply("error", map[string]any{"reason": c.end})
				}
				client.WantNothing()
				for _, b := range beside {
					b.Push("echo", map[string]any{"x": 1}).WantReply("ok", map[string]any{"x": 1})
				}
				all := reports.take()
				if len(all) != 1 {
					t.Fatalf("reported %d times: %v", len(all), all)
				}
				why := c.why
				if why == "" {
					why = "boom"
				}
				if !strings.Contains(all[0].Reason.Error(), why) {
					t.Errorf("the reason is %v, want %q", all[0].Reason, why)
				}
				if hasStack := strings.Contains(string(all[0].Stack), "crash_test.go"); hasStack == c.plain {
					t.Errorf("the stack is %s", all[0].Stack)
				}
				if n := app.System().Count(); n != len(beside) {
					t.Errorf("%d processes live, want %d", n, len(beside))
				}
			})
		})
	}
}

func pushing(event string) func(*channeltest.App, *channeltest.Client) *channeltest.Channel {
	return func(_ *channeltest.App, c *channeltest.Client) *channeltest.Channel {
		j := c.Join("c:1", nil)
		j.Push(event, nil).RefuteReply()
		return j
	}
}

func joining(crash string) func(*channeltest.App, *channeltest.Client) *channeltest.Channel {
	return func(_ *channeltest.App, c *channeltest.Client) *channeltest.Channel {
		return c.TryJoin("c:1", map[string]any{"crash": crash})
	}
}

func TestAKilledChannelsClientIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &notes{}
		app := channeltest.Start(t, testSocket("", n))
		c := app.Connect(nil)
		j := c.Join("room:a", nil)
		slow := c.TryJoin("room:b", map[string]any{"Deaf": 1000})
		synctest.Wait()
		j.Process().Exit(proc.ErrKilled)
		slow.Process().Exit(proc.ErrKilled)
		j.WantError()
		time.Sleep(time.Second)
		slow.WantReply("ok", nil) // Join had let it in
		slow.WantError()
		c.WantNothing()
		if lines := n.take(); len(lines) != 0 {
			t.Errorf("Terminate was called: %q", lines)
		}
	})
}

func TestOnErrorDecides(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type socket = *channel.Socket[int]
		errMissing := errors.New("missing")
		fail := func(context.Context, socket, struct{}) (int, error) { return 0, errMissing }
		var events []string
		app := channeltest.Start(t, channel.UserSocket[struct{}]{Connect: channel.Anonymous, Channels: []channel.Route{
			channel.Topic("o:{what}", channel.Channel[int]{
				Join: channel.Reply(func(_ context.Context, s socket, _ struct{}) (any, error) {
					if s.Param("what") == "absent" || s.Param("what") == "ignored" {
						return nil, errMissing
					}
					return nil, nil
				}),
				In:   channel.Events[int]{"find": channel.Reply(fail), "ignore": channel.Reply(fail), "stop": channel.Reply(fail), "keep": channel.Reply(fail)},
				Info: channel.Infos[int]{channel.OnInfo(func(context.Context, socket, int) error { return errMissing })},
				OnError: func(_ context.Context, s socket, event string, err error) error {
					events = append(events, event)
					switch event {
					case "find", "phx_join":
						if s.Param("what") == "ignored" {
							return nil
						}
						return channel.Error{Reason: "not found"}
					case "stop":
						return channel.Stop{Reply: 1}
					case "keep":
						return err
					case "":
						return channel.Error{Reason: "to nobody"}
					}
					return nil
				},
			})}})
		c := app.Connect(nil)
		c.TryJoin("o:absent", nil).WantReply("error", map[string]any{"reason": "not found"})
		c.TryJoin("o:ignored", nil).WantReply("error", map[string]any{"reason": "join crashed"})
		j := c.Join("o:1", nil)
		j.Push("find", nil).WantReply("error", map[string]any{"reason": "not found"})
		j.Push("ignore", nil).RefuteReply()
		j.Push("stop", nil).WantReply("ok", 1)
		j.WantClose()
		j = c.Join("o:1", nil)
		j.Push("keep", nil).RefuteReply()
		j.WantError()
		j = c.Join("o:1", nil)
		j.Send(1)
		j.WantError()
		c.WantNothing()
		want := "phx_join phx_join find ignore stop keep "
		if got := strings.Join(events, " "); got != want {
			t.Errorf("OnError saw %q, want %q", got, want)
		}
	})
}
