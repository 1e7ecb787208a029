package main

import (
	"context"
	"errors"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/bennu-go/bennu/bench/internal/phx"
	"github.com/bennu-go/bennu/bench/internal/ws"
	"github.com/bennu-go/bennu/bench/internal/wsconn"
)

// The states of a channel at the client.
const (
	errored = iota // not joined; it joins again when the connection opens, or at its rejoin time
	joining
	joined
	closed // by the server, for good
)

// member is a channel at the client.
type member struct {
	topic   string // as a JSON string
	state   uint8
	tries   int // rejoins since it was joined or the connection opened
	joinRef int
	asked   time.Time // when the join was sent
	due     time.Time // of the rejoin, or of the join's time-out; zero: none
}

// client is one page with phoenix.js, so to speak.
type client struct {
	crowd *crowd
	epoch int // in which all its channels were joined; guarded by the crowd's mutex
	back  time.Duration

	mu       sync.Mutex   // guards the fields below
	conn     *wsconn.Conn // nil unless open
	members  []*member
	ref      int
	joined   int // members in that state
	beat     int // ref of the heartbeat that waits for its reply, or 0
	beatDue  time.Time
	beatSent time.Time
	armed    time.Time // read deadline
}

// run connects again and again until ctx ends.
func (c *client) run(ctx context.Context) {
	for tries := 1; ; tries++ {
		if c.connect(ctx) {
			tries = 1
		}
		if !pause(ctx, reconnectAfter(tries)) {
			return
		}
	}
}

// connect is the life of one connection. It reports whether it was open.
func (c *client) connect(ctx context.Context) bool {
	conn, err := wsconn.Dial(ctx, c.crowd.dial)
	if err != nil {
		c.crowd.dialled(err)
		return false
	}
	defer conn.NC.Close()
	stop := context.AfterFunc(ctx, func() { conn.NC.Close() })
	defer stop()
	c.crowd.dialled(nil)
	c.opened(conn)
	end := c.read(conn)
	c.lost()
	if ctx.Err() == nil {
		c.crowd.ended(end)
	}
	return true
}

// opened joins all channels at once.
func (c *client) opened(conn *wsconn.Conn) {
	c.mu.Lock()
	c.conn, c.joined, c.beat = conn, 0, 0
	now := time.Now()
	c.beatDue = now.Add(c.crowd.heartbeat)
	var frames []byte
	for _, m := range c.members {
		m.tries = 0
		if m.state != closed {
			frames = c.joinLocked(frames, m, now)
		}
	}
	c.mu.Unlock()
	conn.NC.Write(frames) // a failure is the reader's to see
}

func (c *client) joinLocked(frames []byte, m *member, now time.Time) []byte {
	c.ref++
	m.state, m.joinRef, m.asked, m.due = joining, c.ref, now, now.Add(joinTimeout)
	return wsconn.AppendMessage(frames, m.joinRef, c.ref, m.topic, phx.Join, "{}")
}

// read handles what comes until the connection ends, and says how it did: by a close code or an error.
func (c *client) read(conn *wsconn.Conn) string {
	for {
		c.arm()
		op, payload, err := conn.Next()
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			if !c.tick() {
				return "heartbeat timeout"
			}
		case err != nil:
			return wsconn.Reason(err)
		case op == ws.OpClose:
			c.unusable()
			return strconv.Itoa(conn.AnswerClose(payload))
		case op == ws.OpPing:
			conn.Write(ws.OpPong, payload)
		case op == ws.OpText:
			c.receive(payload)
		}
	}
}

// arm sets the read deadline to what is due first.
func (c *client) arm() {
	c.mu.Lock()
	defer c.mu.Unlock()
	first := c.beatDue
	for _, m := range c.members {
		if !m.due.IsZero() && m.due.Before(first) {
			first = m.due
		}
	}
	if first != c.armed {
		c.armed = first
		c.conn.NC.SetReadDeadline(first)
	}
}

// tick does what is due. It is false if the connection has to be given up.
func (c *client) tick() bool {
	c.mu.Lock()
	now := time.Now()
	var frames []byte
	for _, m := range c.members {
		if m.due.IsZero() || now.Before(m.due) {
			continue
		}
		if m.state == errored {
			m.tries++
			frames = c.joinLocked(frames, m, now)
			continue
		}
		c.ref++
		frames = wsconn.AppendMessage(frames, m.joinRef, c.ref, m.topic, phx.Leave, "{}")
		c.erroredLocked(m, now)
		c.crowd.joinFailed("timeout")
	}
	if !now.Before(c.beatDue) {
		if c.beat != 0 {
			c.mu.Unlock()
			return false
		}
		c.ref++
		c.beat, c.beatSent, c.beatDue = c.ref, now, now.Add(c.crowd.heartbeat)
		frames = wsconn.AppendMessage(frames, 0, c.beat, phx.Phoenix, phx.Heartbeat, "{}")
	}
	conn := c.conn
	c.armed = time.Time{} // the deadline has passed, and stays in force until it is set anew
	c.mu.Unlock()
	conn.NC.Write(frames)
	return true
}

func (c *client) erroredLocked(m *member, now time.Time) {
	if m.state == joined {
		c.joined--
		c.crowd.out(c)
	}
	m.state, m.due = errored, now.Add(rejoinAfter(m.tries+1))
}

// receive handles one message.
func (c *client) receive(text []byte) {
	msg, err := phx.Parse(text)
	if err != nil {
		c.crowd.unexpected(err)
		return
	}
	ref, joinRef := wsconn.RefOf(msg.Ref), wsconn.RefOf(msg.JoinRef)
	c.mu.Lock()
	if string(msg.Topic) == phx.Phoenix {
		defer c.mu.Unlock()
		if ref == c.beat && ref != 0 {
			now := time.Now()
			c.beat, c.beatDue = 0, now.Add(c.crowd.heartbeat)
			c.crowd.beat(now.Sub(c.beatSent))
		}
		return
	}
	m := c.memberLocked(msg.Topic)
	if m == nil || joinRef != 0 && joinRef != m.joinRef {
		c.mu.Unlock()
		return // of an earlier join
	}
	now := time.Now()
	event := string(msg.Event)
	switch {
	case event == `"phx_reply"` && ref == m.joinRef && m.state == joining:
		c.answeredLocked(m, msg.Payload, now)
	case event == `"phx_error"`:
		c.erroredLocked(m, now)
	case event == `"phx_close"`:
		if m.state == joined {
			c.joined--
			c.crowd.out(c)
		}
		m.state, m.due = closed, time.Time{}
	default:
		c.mu.Unlock()
		if event == `"phx_reply"` {
			c.crowd.replied(wsconn.StatusOf(msg.Payload))
		} else {
			c.crowd.pushed(event)
		}
		return
	}
	c.mu.Unlock()
}

func (c *client) answeredLocked(m *member, payload []byte, now time.Time) {
	if status := wsconn.StatusOf(payload); status != "ok" {
		c.crowd.joinFailed(status)
		c.erroredLocked(m, now)
		return
	}
	m.state, m.tries, m.due = joined, 0, time.Time{}
	c.joined++
	c.crowd.joinTook(now.Sub(m.asked))
	if c.joined == len(c.members) {
		c.crowd.in(c)
	}
}

func (c *client) memberLocked(topic []byte) *member {
	for _, m := range c.members {
		if m.topic == string(topic) {
			return m
		}
	}
	return nil
}

// unusable keeps others from writing to a connection that is closing.
func (c *client) unusable() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.conn = nil
}

// lost puts all channels in error: they join again when the next connection opens.
func (c *client) lost() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.conn, c.joined, c.armed = nil, 0, time.Time{}
	for _, m := range c.members {
		if m.state != closed {
			m.state, m.due = errored, time.Time{}
		}
	}
	c.crowd.out(c)
}

// push sends an event to a channel; the reply goes to the crowd. It reports whether there was a joined channel.
func (c *client) push(i int, event, payload string) bool {
	c.mu.Lock()
	m, conn := c.members[i], c.conn
	if conn == nil || m.state != joined {
		c.mu.Unlock()
		return false
	}
	c.ref++
	frame := wsconn.AppendMessage(nil, m.joinRef, c.ref, m.topic, event, payload)
	c.mu.Unlock()
	_, err := conn.NC.Write(frame)
	return err == nil
}

// join adds a channel to a client that is connected.
func (c *client) join(topic string) bool {
	c.mu.Lock()
	conn := c.conn
	if conn == nil {
		c.mu.Unlock()
		return false
	}
	m := &member{topic: strconv.Quote(topic)}
	c.members = append(c.members, m)
	c.crowd.out(c) // until it is joined
	frame := c.joinLocked(nil, m, time.Now())
	if m.due.Before(c.armed) {
		c.armed = m.due
		conn.NC.SetReadDeadline(m.due)
	}
	c.mu.Unlock()
	_, err := conn.NC.Write(frame)
	return err == nil
}

// pause waits, and reports whether ctx let it.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
