// Command hello is the smallest Bennu application: one channel that says hello to everybody who joins.
package main

import (
	"context"

	"github.com/bennu-go/bennu/app"
	"github.com/bennu-go/bennu/channel"
	"github.com/bennu-go/bennu/endpoint"
	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
	"github.com/bennu-go/bennu/supervise"
)

// Hello is the state of one client in one room.
type Hello struct{ Name string }

func join(ctx context.Context, s *channel.Socket[Hello], in struct {
	Name string `json:"name"`
}) (any, error) {
	if in.Name == "" {
		return nil, channel.Error{Reason: "who are you?"}
	}
	s.Assigns.Name = in.Name
	return nil, nil
}

func hello(ctx context.Context, s *channel.Socket[Hello], in struct {
	Body string `json:"body"`
}) (any, error) {
	return nil, s.Broadcast("hello", map[string]string{"from": s.Assigns.Name, "body": in.Body})
}

// Config comes from the environment.
type Config struct {
	Addr string `env:"ADDR" default:"127.0.0.1:4000"`
}

func build(cfg Config) (app.Parts, error) {
	socket := channel.UserSocket[struct{}]{
		Name:    "hello",
		Connect: channel.Anonymous,
		Channels: []channel.Route{channel.Topic("room:*", channel.Channel[Hello]{
			Join: channel.Reply(join),
			In:   channel.Events[Hello]{"hello": channel.Reply(hello)},
		})},
	}
	sys := proc.NewSystem(proc.Config{})
	ps := pubsub.New(pubsub.Config{System: sys})
	ep := endpoint.New(endpoint.Config{
		System: sys, PubSub: ps, Addr: cfg.Addr,
		Sockets: []endpoint.Mount{{Path: "/socket", Socket: socket}},
	})
	return app.Parts{Endpoint: ep, Service: supervise.New(supervise.Config{Name: "hello"},
		supervise.Child{Name: "processes", Service: sys},
		supervise.Child{Name: "pubsub", Service: ps},
		supervise.Child{Name: "endpoint", Service: ep},
	)}, nil
}

func main() { app.Main(app.App[Config]{Name: "hello", Build: build}) }
