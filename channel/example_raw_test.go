package channel_test

import (
	"context"
	"fmt"

	"github.com/bennu-go/bennu/channel"
)

// A channel that handles every event of its topics itself, as it came: what Phoenix does with a process of one's own behind a topic. It joins, leaves
// and ends like any other. Here it hands everything to a script of the room.
func Example_raw() {
	type script = func(event string, payload []byte) (answer []byte, ok bool)
	scripts := map[string]script{
		"parrot": func(event string, payload []byte) ([]byte, bool) { return payload, event == "say" },
	}
	ch := channel.Channel[script]{
		Join: channel.Reply(func(_ context.Context, s *channel.Socket[script], _ channel.Payload) (any, error) {
			s.Assigns = scripts[s.Param("*")]
			if s.Assigns == nil {
				return nil, channel.Error{Reason: "no such script"}
			}
			return nil, nil
		}),
		Any: func(_ context.Context, s *channel.Socket[script], event string, p channel.Payload) (any, error) {
			answer, ok := s.Assigns(event, p.Data)
			if !ok {
				return nil, channel.Later // says nothing
			}
			return channel.Payload{Data: answer, Binary: p.Binary}, nil
		},
	}
	fmt.Println("routed:", channel.Topic("script:*", ch) != channel.Route{})
	// Output: routed: true
}
