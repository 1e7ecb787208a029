package channel_test

import (
	"context"

	"github.com/bennu-go/bennu/channel"
)

// A reply that comes later: the channel goes on with other messages meanwhile.
func ExampleSocket_Ref() {
	slow := func(context.Context) int { return 42 }
	_ = channel.Events[struct{}]{
		"compute": channel.Reply(func(_ context.Context, s *channel.Socket[struct{}], _ struct{}) (any, error) {
			ref := s.Ref()
			s.Go(func(ctx context.Context) { // recovered, and its context ends with the channel
				ref.Reply(map[string]int{"result": slow(ctx)})
			})
			return nil, channel.Later
		}),
	}
}
