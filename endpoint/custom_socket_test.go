package endpoint

import (
	"context"
	"testing"

	"github.com/bennu-go/bennu/transport"
)

// upper is a socket without channels: a Definition of one's own, on the transports of the framework.
type upper struct{ drained chan struct{} }

func (u upper) NewSocket(env transport.Env) (transport.Socket, error) { return u, nil }
func (u upper) Name() string                                          { return "upper" }
func (u upper) Connect(ctx context.Context, r *transport.ConnectRequest) (transport.Session, error) {
	if r.Params["name"] == nil {
		return nil, transport.Refuse(422, "a name is needed")
	}
	return &upperSession{drained: u.drained}, nil
}

type upperSession struct {
	conn    transport.Conn
	drained chan struct{}
}

func (s *upperSession) ID() string            { return "" }
func (s *upperSession) Open(c transport.Conn) { s.conn = c }
func (s *upperSession) Drain()                { close(s.drained) }
func (s *upperSession) Closed(reason error)   {}
func (s *upperSession) Receive(op transport.Opcode, data []byte) error {
	out := make([]byte, len(data))
	for i, c := range data {
		if out[i] = c; 'a' <= c && c <= 'z' {
			out[i] = c - 32
		}
	}
	s.conn.Write(transport.NewFrame(op, out))
	return nil
}

func TestACustomSocketNeedsNoChannels(t *testing.T) {
	u := upper{make(chan struct{})}
	a := run(t, func(c *Config) { c.Sockets = append(c.Sockets, Mount{Path: "/upper/{name}", Socket: u}) })
	c := dial(t, tcp(t, a.addr), "/upper/ada/websocket?vsn=2.0.0")
	c.send("hello")
	c.want("HELLO")
	go a.stop()
	c.want("close 1012")
	<-u.drained
}
