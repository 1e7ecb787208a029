package channel_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bennu-go/bennu/channel"
	"github.com/bennu-go/bennu/channeltest"
	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
	"github.com/bennu-go/bennu/telemetry"
)

type gatedSocket = *channel.Socket[int]

// gated is a socket whose event "block" waits for the gate to open. Its mailboxes hold two messages.
func gated(gate <-chan struct{}, ended func(topic string, reason error)) channel.UserSocket[struct{}] {
	return channel.UserSocket[struct{}]{Name: "gated", Connect: channel.Anonymous, Channels: []channel.Route{channel.Topic("g:*", channel.Channel[int]{
		Name:    "gated",
		Mailbox: 2,
		Join: channel.Reply(func(_ context.Context, s gatedSocket, _ struct{}) (any, error) {
			return nil, channel.Subscribe(s, pubsub.Topic[int]("numbers"), func(context.Context, gatedSocket, int) error { return nil })
		}),
		In: channel.Events[int]{
			"block": channel.Reply(func(context.Context, gatedSocket, struct{}) (any, error) { <-gate; return nil, nil }),
			"echo":  channel.Reply(func(context.Context, gatedSocket, struct{}) (any, error) { return nil, nil }),
			"fill": channel.Reply(func(_ context.Context, s gatedSocket, _ struct{}) (any, error) {
				return nil, errors.Join(s.Send(1), s.Send(2), s.Send(3))
			}),
		},
		Out:  channel.Events[int]{"secret": channel.Reply(func(_ context.Context, _ gatedSocket, in channel.Payload) (channel.Payload, error) { return in, nil })},
		Info: channel.Infos[int]{channel.OnInfo(func(context.Context, gatedSocket, int) error { return nil })},
		OnError: func(_ context.Context, _ gatedSocket, _ string, err error) error {
			return channel.Error{Reason: err.Error()}
		},
		Terminate: func(_ context.Context, s gatedSocket, reason error) { ended(s.Topic(), reason) },
	})}}
}

// TestOverflow is the table of what happens when a queue is full, as far as channels are concerned.
func TestOverflow(t *testing.T) {
	for name, c := range map[string]struct {
		do    func(t *testing.T, app *channeltest.App, j *channeltest.Channel)
		after func(t *testing.T, j *channeltest.Channel) // the gate is open
		ended error
		count int // telemetry.MailboxOverflow
	}{
		"a client's push is answered": {
			do: func(t *testing.T, app *channeltest.App, j *channeltest.Channel) {
				j.Push("echo", nil).WantReply("error", map[string]any{"reason": "overloaded"})
				j.Push("echo", nil).WantReply("error", map[string]any{"reason": "overloaded"})
			},
			after: func(t *testing.T, j *channeltest.Channel) { j.Push("echo", nil).WantReply("ok", nil) },
			count: 2,
		},
		"an intercepted broadcast ends the channel": {
			do: func(t *testing.T, app *channeltest.App, j *channeltest.Channel) {
				app.Broadcast("g:1", "secret", nil)
				app.Broadcast("g:1", "plain", nil)
				j.WantPush("plain", nil)
			},
			after: func(t *testing.T, j *channeltest.Channel) { j.WantError() },
			ended: proc.ErrOverloaded,
			count: 1,
		},
		"a published value ends the channel": {
			do: func(t *testing.T, app *channeltest.App, j *channeltest.Channel) {
				pubsub.Topic[int]("numbers").Broadcast(app.PubSub(), 1)
			},
			after: func(t *testing.T, j *channeltest.Channel) { j.WantError() },
			ended: proc.ErrOverloaded,
			count: 1,
		},
		"a message is given back to its sender": {
			do: func(t *testing.T, app *channeltest.App, j *channeltest.Channel) {
				if err := j.Process().Send(1); err != proc.ErrFull {
					t.Errorf("Send returned %v", err)
				}
			},
			after: func(t *testing.T, j *channeltest.Channel) {
				j.Push("fill", nil).WantReply("error", map[string]any{"reason": proc.ErrFull.Error()})
			},
			count: 2,
		},
		"a leave is taken": {
			do: func(t *testing.T, app *channeltest.App, j *channeltest.Channel) { j.Leave().RefuteReply() },
			after: func(t *testing.T, j *channeltest.Channel) {
				j.WantClose()
			},
			ended: channel.ErrLeft,
		},
		"an exit is taken": {
			do: func(t *testing.T, app *channeltest.App, j *channeltest.Channel) {
				j.Process().Exit(proc.Shutdown("now"))
			},
			after: func(t *testing.T, j *channeltest.Channel) {
				j.WantClose()
			},
			ended: proc.ErrShutdown,
		},
		"a monitor is told": {
			do: func(t *testing.T, app *channeltest.App, j *channeltest.Channel) {
				other := app.Connect(nil).Join("g:other", nil)
				j.Process().Monitor(other.Process())
				other.Leave().WantReply("ok", nil)
				other.WantClose()
				if n := j.Process().Mailbox(); n != 3 {
					t.Errorf("%d messages wait, want 3", n)
				}
			},
			after: func(t *testing.T, j *channeltest.Channel) { j.Push("echo", nil).WantReply("ok", nil) },
		},
		"a drain is taken": {
			do: func(t *testing.T, app *channeltest.App, j *channeltest.Channel) {
				app.Drain()
				j.Client().WantDisconnect(1012)
			},
			after: func(t *testing.T, j *channeltest.Channel) {},
			ended: channel.ErrDraining,
		},
		"a heartbeat and a join are answered": {
			do: func(t *testing.T, app *channeltest.App, j *channeltest.Channel) {
				j.Client().Heartbeat().WantReply("ok", nil)
				j.Client().Join("g:2", nil).Push("echo", nil).WantReply("ok", nil)
			},
			after: func(t *testing.T, j *channeltest.Channel) {},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				gate := make(chan struct{})
				var ended error
				overflows := 0
				tele := telemetry.New(telemetry.Config{})
				telemetry.Attach(tele, func(context.Context, telemetry.MailboxOverflow) { overflows++ })
				app := channeltest.StartWith(t, gated(gate, func(topic string, reason error) {
					if topic == "g:1" {
						ended = reason
					}
				}), channeltest.Config{Telemetry: tele, Logger: slog.New(slog.DiscardHandler)})
				j := app.Connect(nil).Join("g:1", nil)
				j.Push("block", nil).RefuteReply()
				j.Push("echo", nil).RefuteReply()
				j.Push("echo", nil).RefuteReply()
				c.do(t, app, j)
				close(gate)
				synctest.Wait()
				c.after(t, j)
				synctest.Wait()
				if !errors.Is(ended, c.ended) || c.ended == nil && ended != nil {
					t.Errorf("the channel ended with %v, want %v", ended, c.ended)
				}
				if overflows != c.count {
					t.Errorf("%d overflows counted, want %d", overflows, c.count)
				}
			})
		})
	}
}

func TestAFloodOfJoinsIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app := channeltest.StartWith(t, testSocket("", &notes{}), channeltest.Config{Logger: slog.New(slog.DiscardHandler)})
		c := app.Connect(nil)
		const flood = 1000
		for i := range flood { // each replaces one that looks neither at its context nor at the clock
			ref := strconv.Itoa(i + 1)
			c.Send(`["` + ref + `","` + ref + `","room:a","phx_join",{"Deaf":600000}]`)
			if i == 0 {
				synctest.Wait()
			}
		}
		synctest.Wait()
		if n := app.System().Count(); n > 101 {
			t.Errorf("%d processes live", n)
		}
		time.Sleep(time.Minute)
		answers := map[string]int{}
		for _, m := range c.Raw() {
			for _, what := range []string{"join cancelled", "too many channels joined", `"ok"`} {
				if strings.Contains(m, what) {
					answers[what]++
				}
			}
		}
		if got := answers["join cancelled"] + answers["too many channels joined"] + answers[`"ok"`]; got != flood-1 {
			t.Errorf("%d of %d joins are answered, want all but the last: %v", got, flood, answers)
		}
		c.Close()
		time.Sleep(time.Hour)
	})
}

func TestAFloodOfTopicsIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app := channeltest.StartWith(t, testSocket("", &notes{}), channeltest.Config{Logger: slog.New(slog.DiscardHandler)})
		c := app.Connect(nil)
		refused := 0
		for i := range 150 {
			j := c.TryJoin("room:"+strconv.Itoa(i), map[string]any{"Slow": 1000})
			defer func() {
				if i < 100 {
					j.WantReply("ok", nil)
				}
			}()
		}
		synctest.Wait()
		for _, m := range c.Raw() {
			if strings.Contains(m, "too many channels joined") {
				refused++
			}
		}
		if n := app.System().Count(); n != 100 || refused != 50 {
			t.Errorf("%d processes, %d refusals; want 100 and 50", n, refused)
		}
		time.Sleep(time.Second)
	})
}

func TestBlockedChannelsHoldUpNobody(t *testing.T) {
	const clients, channels = 100, 100
	base := runtime.NumGoroutine()
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		app := channeltest.Start(t, gated(gate, func(string, error) {}))
		began := time.Now()
		for range clients {
			c := app.Connect(nil)
			for i := range channels {
				topic := "g:" + strconv.Itoa(i)
				c.Send(fmt.Sprintf(`["1","1","%s","phx_join",{}]`, topic))
				c.Send(fmt.Sprintf(`["1","2","%s","block",{}]`, topic))
			}
		}
		c := app.Connect(nil)
		j := c.Join("g:free", nil)
		j.Push("echo", nil).WantReply("ok", nil)
		c.Heartbeat().WantReply("ok", nil)
		c.Join("g:1", nil).Push("echo", nil).WantReply("ok", nil)
		if n := app.System().Count(); n != clients*channels+2 {
			t.Errorf("%d processes, want %d", n, clients*channels+2)
		}
		if d := time.Since(began); d != 0 {
			t.Errorf("it took %v of virtual time", d)
		}
		close(gate)
		synctest.Wait()
		// What is left are idle workers, of which a bounded number is kept.
		if n := runtime.NumGoroutine(); n > base+64*runtime.GOMAXPROCS(0)+10 {
			t.Errorf("%d goroutines for idle channels", n-base)
		}
		j.Push("echo", nil).WantReply("ok", nil)
	})
	if n := runtime.NumGoroutine(); n > base+1 {
		t.Errorf("%d goroutines are left, from %d", n, base)
	}
}

func TestRates(t *testing.T) {
	type socket = *channel.Socket[int]
	ok := func(context.Context, socket, struct{}) (any, error) { return nil, nil }
	two := func(by channel.Scope) channel.Rate { return channel.Rate{N: 2, Per: time.Minute, By: by} }
	def := channel.UserSocket[string]{
		Connect: func(_ context.Context, r *channel.ConnectRequest) (string, error) {
			id, _ := r.Params["id"].(string)
			return id, nil
		},
		ID: func(id string) string { return id },
		Channels: []channel.Route{
			channel.Topic("t:*", channel.Channel[int]{
				Join: channel.Reply(ok),
				In: channel.Events[int]{
					"channel": channel.Reply(ok).Limit(two(channel.PerChannel)), "connection": channel.Reply(ok).Limit(two(channel.PerConnection)),
					"user": channel.Reply(ok).Limit(two(channel.PerUser)), "topic": channel.Reply(ok).Limit(two(channel.PerTopic)),
				},
			}),
			channel.Topic("join:*", channel.Channel[int]{Join: channel.Reply(ok).Limit(two(channel.PerUser))}),
		}}
	// The pushes, by client and topic, and how many of them get through. Client 0 and 1 are the same user, 2 another, 3 nobody.
	for event, want := range map[string][]bool{
		//            0 t:1, 0 t:1, 0 t:1, 0 t:2, 1 t:1, 2 t:1, 3 t:3, 3 t:3, 3 t:3
		"channel":    {true, true, false, true, true, true, true, true, false},
		"connection": {true, true, false, false, true, true, true, true, false},
		"user":       {true, true, false, false, false, true, true, true, false},
		"topic":      {true, true, false, true, false, false, true, true, false},
	} {
		t.Run(event, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var limited []string
				tele := telemetry.New(telemetry.Config{})
				telemetry.Attach(tele, func(_ context.Context, e telemetry.RateLimited) { limited = append(limited, e.Scope+" "+e.Event) })
				app := channeltest.StartWith(t, def, channeltest.Config{Telemetry: tele})
				var joined []*channeltest.Channel
				for _, j := range []struct{ id, topic string }{{"ada", "t:1"}, {"ada", "t:1"}, {"bob", "t:1"}, {"", "t:3"}} {
					joined = append(joined, app.Connect(map[string]any{"id": j.id}).Join(j.topic, nil))
				}
				second := joined[0].Client().Join("t:2", nil)
				rest := 0
				for range 2 {
					for i, j := range []*channeltest.Channel{joined[0], joined[0], joined[0], second, joined[1], joined[2], joined[3], joined[3], joined[3]} {
						if p := j.Push(event, nil); want[i] {
							p.WantReply("ok", nil)
						} else {
							p.WantReply("error", map[string]any{"reason": "rate_limited"})
							rest++
						}
					}
					time.Sleep(time.Hour) // forgotten, and swept
				}
				if len(limited) != rest || limited[0] != event+" "+event {
					t.Errorf("telemetry has %q, want %d of %s", limited, rest, event)
				}
			})
		})
	}
	t.Run("join", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			app := channeltest.Start(t, def)
			c := app.Connect(map[string]any{"id": "ada"})
			c.Join("join:1", nil)
			c.Join("join:2", nil)
			c.TryJoin("join:3", nil).WantReply("error", map[string]any{"reason": "rate_limited"})
			app.Connect(map[string]any{"id": "ada"}).TryJoin("join:1", nil).WantReply("error", map[string]any{"reason": "rate_limited"})
			app.Connect(map[string]any{"id": "bob"}).Join("join:1", nil)
			time.Sleep(30 * time.Second)
			c.Join("join:3", nil)
		})
	})
}
