package channeltest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/bennu-go/bennu/channel"
	"github.com/bennu-go/bennu/internal/codec"
	"github.com/bennu-go/bennu/internal/frame"
	"github.com/bennu-go/bennu/internal/wire"
	"github.com/bennu-go/bennu/transport"
)

// A Client is a connection to the socket.
type Client struct {
	app     *App
	conn    *conn
	session transport.Session
	name    string
	ref     int

	// The App's mutex guards the fields below.
	messages []*Message
	closed   bool
	code     int // 0: closed by the client
	reason   string
}

func (a *App) open(s transport.Session, sr wire.Serializer) *Client {
	c := &Client{app: a, session: s}
	c.conn = &conn{client: c, shard: a.env.Shards.Pick(), serializer: sr}
	a.mu.Lock()
	a.clients = append(a.clients, c)
	c.name = "client " + strconv.Itoa(len(a.clients))
	a.mu.Unlock()
	s.Open(c.conn)
	return c
}

// ID returns the socket id, which App.Disconnect takes; empty if it has none.
func (c *Client) ID() string { return c.session.ID() }

// Channels lists what the client has joined, as the server sees it.
func (c *Client) Channels() []channel.Info { return channel.ChannelsOf(c.session) }

// got is called by whoever writes to the client.
func (c *Client) got(op frame.Opcode, data []byte) {
	m := parse(c.conn.serializer, op, data)
	c.app.mu.Lock()
	defer c.app.mu.Unlock()
	if !c.closed {
		c.messages = append(c.messages, m)
		c.app.arrivedLocked()
	}
}

// end closes the connection once, from either side.
func (c *Client) end(code int, reason string, why error) {
	c.app.mu.Lock()
	first := !c.closed
	if first {
		c.closed, c.code, c.reason = true, code, reason
		c.app.arrivedLocked()
	}
	c.app.mu.Unlock()
	if first {
		c.session.Closed(why)
	}
}

// Close closes the connection in order, as a browser does that leaves the page. Closing twice is no error.
func (c *Client) Close() { c.end(0, "", transport.ErrClosed) }

// Drop loses the connection, as in a tunnel.
func (c *Client) Drop() { c.end(0, "", transport.ErrLost) }

// WantDisconnect wants the server to have closed the connection with a WebSocket close code.
func (c *Client) WantDisconnect(code int) {
	c.app.t.Helper()
	if !c.app.await(func() bool { return c.closed }) {
		c.fail("the server has not closed the connection; wanted code %d", code)
	}
	if c.code != code {
		c.fail("the connection was closed with code %d, wanted %d (0 is the client's own close)", c.code, code)
	}
}

// Closed says whether the connection is closed, and with which code and reason: 0 if the client closed or lost it.
func (c *Client) Closed() (code int, reason string, closed bool) {
	c.app.settle()
	c.app.mu.Lock()
	defer c.app.mu.Unlock()
	return c.code, c.reason, c.closed
}

// Join joins a topic, or fails the test.
func (c *Client) Join(topic string, payload any) *Channel {
	c.app.t.Helper()
	j := c.TryJoin(topic, payload)
	j.join.want("ok", Any, "; TryJoin is for joins that may be refused")
	return j
}

// TryJoin sends a join. [Channel.WantReply] says how it went.
func (c *Client) TryJoin(topic string, payload any) *Channel {
	c.app.t.Helper()
	j := &Channel{client: c, topic: topic, joinRef: c.nextRef(), broadcasts: c.app.Observe(topic)}
	j.join = c.push(j.joinRef, j.joinRef, topic, wire.EventJoin, payload)
	return j
}

// Heartbeat sends what clients send every 30 seconds.
func (c *Client) Heartbeat() *Push {
	c.app.t.Helper()
	return c.push("", c.nextRef(), wire.TopicPhoenix, wire.EventHeartbeat, nil)
}

func (c *Client) nextRef() string {
	c.ref++
	return strconv.Itoa(c.ref)
}

// push sends a message. Clients with vsn 1.0.0 send no join_ref.
func (c *Client) push(joinRef, ref, topic, event string, payload any) *Push {
	c.app.t.Helper()
	p := &Push{client: c, ref: ref, topic: topic, event: event}
	if b, ok := payload.(channel.Binary); ok {
		c.receive(frame.Binary, binaryPush(joinRef, ref, topic, event, b))
		return p
	}
	if payload == nil {
		payload = struct{}{}
	}
	body, err := codec.Marshal(payload)
	if err != nil {
		c.app.t.Fatalf("channeltest: the payload of %q: %v", event, err)
	}
	q := func(s string) string { return string(wire.AppendString(nil, s)) }
	if c.conn.serializer.Vsn() == "1.0.0" {
		c.Send(fmt.Sprintf(`{"topic":%s,"event":%s,"payload":%s,"ref":%s}`, q(topic), q(event), body, q(ref)))
		return p
	}
	j := "null"
	if joinRef != "" {
		j = q(joinRef)
	}
	c.Send(fmt.Sprintf("[%s,%s,%s,%s,%s]", j, q(ref), q(topic), q(event), body))
	return p
}

// binaryPush is the client's binary message of vsn 2.0.0.
func binaryPush(joinRef, ref, topic, event string, payload []byte) []byte {
	b := []byte{0, byte(len(joinRef)), byte(len(ref)), byte(len(topic)), byte(len(event))}
	for _, s := range []string{joinRef, ref, topic, event} {
		b = append(b, s...)
	}
	return append(b, payload...)
}

// Send sends one text message as it is: raw mode, for tests of the protocol. What does not decode closes the connection with 1011.
func (c *Client) Send(message string) {
	c.app.t.Helper()
	c.receive(frame.Text, []byte(message))
}

// SendBinary sends one binary message as it is.
func (c *Client) SendBinary(message []byte) {
	c.app.t.Helper()
	c.receive(frame.Binary, slices.Clone(message))
}

func (c *Client) receive(op frame.Opcode, data []byte) {
	c.app.mu.Lock()
	closed := c.closed
	c.app.mu.Unlock()
	if closed {
		return // as with a real one, it goes nowhere
	}
	err := c.session.Receive(op, data)
	for i := range data { // what the transport does with its buffer, too
		data[i] = 'x'
	}
	if err != nil {
		c.conn.Close(transport.CloseInternal, "")
	}
}

// Raw returns what the client has got since nothing of it was wanted, message by message as it was on the wire (binary ones as "hex " and their bytes), and
// takes it.
func (c *Client) Raw() []string {
	c.app.settle()
	return c.take()
}

func (c *Client) take() (raw []string) {
	c.app.mu.Lock()
	defer c.app.mu.Unlock()
	for _, m := range c.messages {
		if !m.taken {
			m.taken = true
			raw = append(raw, m.raw)
		}
	}
	return raw
}

// WantRaw wants exactly these messages, in this order, and takes them.
func (c *Client) WantRaw(want ...string) {
	c.app.t.Helper()
	var got []string
	c.app.await(func() bool {
		got = nil
		for _, m := range c.messages {
			if !m.taken {
				got = append(got, m.raw)
			}
		}
		return slices.Equal(got, want)
	})
	if !slices.Equal(got, want) {
		c.fail("got\n  %s\nwanted\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
	c.take()
}

// WantNothing wants that everything the client has got was wanted by something else.
func (c *Client) WantNothing() {
	c.app.t.Helper()
	c.app.settle()
	c.app.mu.Lock()
	left := slices.ContainsFunc(c.messages, func(m *Message) bool { return !m.taken })
	c.app.mu.Unlock()
	if left {
		c.fail("it has got messages that nothing has asked for")
	}
}
