package main

import (
	"context"
	"time"

	"github.com/bennu-go/bennu/channel"
)

// crashChannel panics in every join.
func crashChannel() channel.Channel[struct{}] {
	return channel.Channel[struct{}]{
		Name: "crash",
		Join: channel.Reply(func(_ context.Context, s *channel.Socket[struct{}], _ struct{}) (any, error) {
			panic(asked)
		}),
	}
}

const (
	blockFor    = 5 * time.Second
	maxBlockFor = 5 * time.Minute
)

type blockParams struct {
	MS int `json:"ms"`
}

// block pushes blocking, sits in the callback for that many milliseconds (none: 5,000) without looking at its context, and replies.
func block(_ context.Context, s *channel.Socket[struct{}], in blockParams) (any, error) {
	if err := s.Push("blocking", map[string]any{}); err != nil {
		return nil, err
	}
	d := blockFor
	if in.MS > 0 {
		d = min(time.Duration(in.MS)*time.Millisecond, maxBlockFor)
	}
	time.Sleep(d)
	return nil, nil
}

func blockChannel() channel.Channel[struct{}] {
	return channel.Channel[struct{}]{
		Name: "block",
		Join: channel.Reply(func(context.Context, *channel.Socket[struct{}], struct{}) (any, error) { return nil, nil }),
		In:   channel.Events[struct{}]{"block": channel.Reply(block)},
	}
}
