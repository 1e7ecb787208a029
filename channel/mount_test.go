package channel_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"

	"github.com/bennu-go/bennu/channel"
	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
	"github.com/bennu-go/bennu/transport"
)

func TestWrongDefinitionsAreRefusedWhenMounted(t *testing.T) {
	type socket = *channel.Socket[int]
	ok := channel.Reply(func(context.Context, socket, struct{}) (any, error) { return nil, nil })
	connect := func(context.Context, *channel.ConnectRequest) (string, error) { return "", nil }
	one := func(topic string, ch channel.Channel[int]) channel.UserSocket[string] {
		return channel.UserSocket[string]{Name: "users", Connect: connect, Channels: []channel.Route{channel.Topic(topic, ch)}}
	}
	for name, c := range map[string]struct {
		def  channel.UserSocket[string]
		want string
	}{
		"no connect":        {channel.UserSocket[string]{Name: "users"}, "socket users has no Connect"},
		"empty route":       {channel.UserSocket[string]{Connect: connect, Channels: []channel.Route{{}}}, "make it with channel.Topic"},
		"no join":           {one("a", channel.Channel[int]{}), `"a" has no Join`},
		"star in the midst": {one("a*b", channel.Channel[int]{Join: ok}), "* must be the last character"},
		"empty pattern":     {one("", channel.Channel[int]{Join: ok}), "topic pattern is empty"},
		"half a name":       {one("a:{b", channel.Channel[int]{Join: ok}), "must be text or {name}"},
		"name twice":        {one("{a}:{a}", channel.Channel[int]{Join: ok}), "{a} comes twice"},
		"star beside names": {one("{a}:b*", channel.Channel[int]{Join: ok}), "must be a whole segment"},
		"identity":          {one("a", channel.Channel[int]{Join: ok, Identity: channel.Wants[int]()}), `"a" wants the identity int, but Connect of users returns string`},
		"protocol's event":  {one("a", channel.Channel[int]{Join: ok, In: channel.Events[int]{"phx_leave": ok}}), `the event "phx_leave" belongs to the protocol`},
		"empty handler":     {one("a", channel.Channel[int]{Join: ok, In: channel.Events[int]{"x": {}}}), `the handler of event "x" is empty`},
		"empty Out":         {one("a", channel.Channel[int]{Join: ok, Out: channel.Events[int]{"x": {}}}), `the handler of event "x" is empty`},
		"limited Out":       {one("a", channel.Channel[int]{Join: ok, Out: channel.Events[int]{"x": ok.Limit(channel.Rate{N: 1})}}), "which is for what clients send"},
		"limited Join":      {one("a", channel.Channel[int]{Join: ok.Limit(channel.Rate{N: 1})}), "must count By PerConnection, PerUser or PerTopic"},
		"the same twice": {channel.UserSocket[string]{Name: "users", Connect: connect, Channels: []channel.Route{
			channel.Topic("a:*", channel.Channel[int]{Join: ok}), channel.Topic("a:*", channel.Channel[string]{Join: channel.Reply(
				func(context.Context, *channel.Socket[string], struct{}) (any, error) { return nil, nil })})}}, `users has two channels for "a:*"`},
	} {
		t.Run(name, func(t *testing.T) {
			sys := proc.NewSystem(proc.Config{})
			t.Cleanup(sys.Close)
			ps := pubsub.New(pubsub.Config{System: sys})
			_, err := c.def.NewSocket(transport.Env{System: sys, PubSub: ps, Shards: transport.NewShards(1, ps, nil), Logger: slog.New(slog.DiscardHandler)})
			if err == nil || !strings.HasPrefix(err.Error(), "channel: ") || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	if _, err := one("a", channel.Channel[int]{Join: ok}).NewSocket(transport.Env{}); err == nil || !strings.Contains(err.Error(), "needs a System") {
		t.Errorf("mounted on nothing: %v", err)
	}
}
