package channel

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync/atomic"

	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/transport"
)

// ConnectRequest is what Connect decides about.
type ConnectRequest = transport.ConnectRequest

// A UserSocket is what clients connect to. U is what Connect learns about a client: an immutable value that its channels share.
type UserSocket[U any] struct {
	// Name for logs and telemetry. Empty means the name of U.
	Name string
	// Connect lets a client in, or refuses it with an error: Refuse says how, any other is 403. Required; Anonymous lets everybody in.
	Connect func(ctx context.Context, r *ConnectRequest) (U, error)
	// ID names the client's connections, so that Disconnect ends them: "users_socket:" + id. Nil, or empty: they have no name.
	ID func(u U) string
	// Channels by topic; the first that matches wins.
	Channels []Route
	// MaxChannels that one connection may have joined. Zero means 100.
	MaxChannels int
	// Messages and Joins bound what one connection may send; their By is not looked at. Off by default. Beyond them messages are answered with
	// {"reason":"rate_limited"}. Heartbeats and leaves are always taken.
	Messages, Joins Rate
}

// Anonymous is a Connect that lets everybody in and learns nothing.
func Anonymous(context.Context, *ConnectRequest) (struct{}, error) { return struct{}{}, nil }

// Refuse is an error of Connect that says with which HTTP status a client is refused, and why.
func Refuse(status int, reason string) error { return transport.Refuse(status, reason) }

// NewSocket implements transport.Definition: it checks the socket and its channels.
func (u UserSocket[U]) NewSocket(env transport.Env) (transport.Socket, error) {
	t := reflect.TypeFor[U]()
	s := &socket{name: u.Name, env: env, maxChannels: u.MaxChannels, messages: u.Messages, joins: u.Joins}
	if s.name == "" {
		s.name = t.String()
	}
	if s.maxChannels <= 0 {
		s.maxChannels = 100
	}
	if u.Connect == nil {
		return nil, fmt.Errorf("channel: socket %s has no Connect: say who may connect, or channel.Anonymous", s.name)
	}
	if env.System == nil || env.PubSub == nil || env.Shards == nil || env.Logger == nil {
		return nil, fmt.Errorf("channel: socket %s needs a System, a PubSub, Shards and a Logger", s.name)
	}
	var errs []error
	seen := map[string]bool{}
	for _, r := range u.Channels {
		if err := r.check(s.name, t); err != nil {
			errs = append(errs, err)
			continue
		}
		if text := r.def.pattern.text; seen[text] {
			errs = append(errs, fmt.Errorf("channel: socket %s has two channels for %q, of which the second would never be reached", s.name, text))
		} else {
			seen[text] = true
		}
		s.routes = append(s.routes, r.def)
	}
	s.connect = func(ctx context.Context, r *ConnectRequest) (any, string, error) {
		identity, err := u.Connect(ctx, r)
		if err != nil {
			return nil, "", err
		}
		id := ""
		if u.ID != nil {
			id = u.ID(identity)
		}
		return identity, id, nil
	}
	return s, errors.Join(errs...)
}

// socket is a UserSocket with its type erased. It supervises the channels of its clients: it counts them; each ends with its connection.
type socket struct {
	name            string
	env             transport.Env
	connect         func(ctx context.Context, r *ConnectRequest) (identity any, id string, err error)
	routes          []*definition
	maxChannels     int
	messages, joins Rate
	channels        atomic.Int64
	lines           lines
}

// Name implements transport.Socket.
func (s *socket) Name() string { return s.name }

// Connect implements transport.Socket.
func (s *socket) Connect(ctx context.Context, r *ConnectRequest) (transport.Session, error) {
	identity, id, err := s.connect(ctx, r)
	if err != nil {
		return nil, err
	}
	ses := &session{sock: s, identity: identity}
	if id != "" {
		ses.byID = &byID{id: id, session: ses}
	}
	if s.limited() {
		ses.rare = &rare{limits: newSessionLimits(s.messages, s.joins)}
	}
	return ses, nil
}

// limited says whether what a client sends is bounded.
func (s *socket) limited() bool { return s.messages.N > 0 || s.joins.N > 0 }

func (s *socket) route(topic string) *definition {
	for _, d := range s.routes {
		if d.pattern.match(topic) {
			return d
		}
	}
	return nil
}

// System implements proc.Supervisor.
func (s *socket) System() *proc.System { return s.env.System }

// Adopt implements proc.Supervisor.
func (s *socket) Adopt(*proc.Process) error {
	s.channels.Add(1)
	return nil
}

// Exited implements proc.Supervisor.
func (s *socket) Exited(*proc.Process, error) { s.channels.Add(-1) }

// Channels returns the number of channel processes.
func (s *socket) Channels() int { return int(s.channels.Load()) }
