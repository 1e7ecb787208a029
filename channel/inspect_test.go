package channel_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bennu-go/bennu/channel"
	"github.com/bennu-go/bennu/channeltest"
	"github.com/bennu-go/bennu/pubsub"
)

func TestChannelsOf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app := channeltest.Start(t, testSocket("", &notes{}))
		c := app.Connect(nil)
		j := c.Join("room:a", nil)
		j.Push("count", nil).WantReply("ok", 1)
		c.TryJoin("room:b", map[string]any{"Slow": 1000})
		left := c.TryJoin("room:c", map[string]any{"Deaf": 1000})
		synctest.Wait()
		left.Leave()
		var got []string
		for _, i := range c.Channels() {
			got = append(got, i.Topic+" "+i.Channel+" "+i.Status)
		}
		slices.Sort(got)
		want := []string{"room:a room joined", "room:b room joining", "room:c room leaving"}
		if !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		if n := channeltest.Assigns[room](j).n; n != 1 {
			t.Errorf("Assigns.n is %d", n)
		}
		if got, want := j.Process().Label(), "channel room room:a"; got != want {
			t.Errorf("the label is %q, want %q", got, want)
		}
		time.Sleep(time.Second)
		if got := channel.ChannelsOf(nil); got != nil {
			t.Errorf("a session of nobody has %v", got)
		}
	})
}

func TestRefsFromManyGoroutines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type socket = *channel.Socket[int]
		const answers = 100
		app := channeltest.Start(t, channel.UserSocket[struct{}]{Connect: channel.Anonymous, Channels: []channel.Route{
			channel.Topic("r:*", channel.Channel[int]{
				Join: channel.Reply(func(context.Context, socket, struct{}) (any, error) { return nil, nil }),
				In: channel.Events[int]{"many": channel.Reply(func(_ context.Context, s socket, _ struct{}) (any, error) {
					ref := s.Ref()
					var wg sync.WaitGroup
					for i := range answers {
						wg.Go(func() {
							if i%2 == 0 {
								ref.Reply(i)
							} else {
								ref.Fail(channel.Error{Payload: i})
							}
						})
					}
					s.Go(func(context.Context) { wg.Wait(); ref.Reply(make(chan int)); ref.Reply("done") })
					return nil, channel.Stop{} // the answers come all the same
				})},
			})}})
		c := app.Connect(nil)
		j := c.Join("r:1", nil)
		p := j.Push("many", nil)
		for i := range answers {
			status := "ok"
			if i%2 == 1 {
				status = "error"
			}
			p.WantReply(status, i)
		}
		p.WantReply("ok", "done") // what cannot be encoded was an error of Reply
		j.WantClose()
		c.WantNothing()
	})
}

func TestBroadcastsOfOneNodeAndOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app := channeltest.Start(t, testSocket("", &notes{}))
		ps := app.PubSub()
		j := app.Connect(nil).Join("room:a", nil)
		if err := channel.LocalBroadcast(ps, "room:a", "local", map[string]int{"n": 1}); err != nil {
			t.Error(err)
		}
		if err := channel.DirectBroadcast(ps, ps.Node(), "room:a", "direct", channel.Binary("b")); err != nil {
			t.Error(err)
		}
		if err := channel.DirectBroadcast(ps, "another node", "room:a", "elsewhere", nil); err != nil {
			t.Error(err)
		}
		j.WantPush("local", map[string]any{"n": 1})
		j.WantPush("direct", channel.Binary("b"))
		j.RefutePush("elsewhere", nil)
		for what, err := range map[string]error{
			"list":      channel.Broadcast(ps, "room:a", "x", []int{1}),
			"local":     channel.LocalBroadcast(ps, "room:a", "x", 1),
			"direct":    channel.DirectBroadcast(ps, ps.Node(), "room:a", "x", "text"),
			"no JSON":   channel.Broadcast(ps, "room:a", "x", map[string]any{"f": func() {}}),
			"long name": channel.Broadcast(ps, "room:a", fmt.Sprintf("%300d", 1), channel.Binary("b")),
		} {
			if err == nil {
				t.Errorf("%s was broadcast", what)
			}
		}
		pubsub.Topic[int]("room:a").Broadcast(ps, 1) // values are for processes only
		j.Client().WantNothing()
	})
}
