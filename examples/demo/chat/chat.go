// Package chat is the demo's context: rooms, their messages and who may enter. It knows nothing of HTTP or channels.
package chat

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/bennu-go/bennu/channel"
	"github.com/bennu-go/bennu/pubsub"
)

// Limits of the demo's memory.
const (
	MaxBody     = 2_000 // characters of a message
	MaxName     = 32    // characters of a user's name
	historySize = 100   // messages kept of a room
	maxRooms    = 1_000 // rooms kept; the one that was quiet the longest is forgotten
	maxInvited  = 100   // guests of a private room
)

// The refusals that callers tell apart.
var (
	ErrEmpty        = errors.New("the message is empty")
	ErrTooLong      = fmt.Errorf("a message holds at most %d characters", MaxBody)
	ErrName         = fmt.Errorf("must have 1 to %d characters, none of them invisible", MaxName)
	ErrUnauthorized = errors.New("by invitation only")
	ErrFull         = fmt.Errorf("a private room takes %d guests", maxInvited)
)

// Message is one line of a room.
type Message struct {
	ID   int64     `json:"id"`
	User string    `json:"user"`
	Body string    `json:"body"`
	At   time.Time `json:"at"`
}

// Chat keeps rooms in memory.
type Chat struct {
	ps    *pubsub.PubSub
	mu    sync.Mutex // guards the fields below
	last  int64
	rooms map[string]*room
}

type room struct {
	messages []Message
	invited  map[string]bool
	used     time.Time
}

// New makes an empty Chat that tells clients of new messages through ps.
func New(ps *pubsub.PubSub) *Chat { return &Chat{ps: ps, rooms: make(map[string]*room)} }

// CheckName tidies a user's name.
func CheckName(name string) (string, error) {
	name = strings.Join(strings.Fields(name), " ")
	if n := utf8.RuneCountInString(name); n == 0 || n > MaxName || strings.ContainsFunc(name, invisible) {
		return "", ErrName
	}
	return name, nil
}

func invisible(r rune) bool {
	return r < ' ' || r >= 0x7f && r < 0xa0 || r == utf8.RuneError || r >= 0x200b && r <= 0x200f || r >= 0x202a && r <= 0x202e
}

// Private reports whether a room is by invitation only.
func Private(name string) bool { return strings.HasPrefix(name, "private:") }

// Enter lets user into a room and returns its history, the oldest message first; or ErrUnauthorized.
func (c *Chat) Enter(name, user string) ([]Message, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.rooms[name]
	if Private(name) && (r == nil || !r.invited[user]) {
		return nil, ErrUnauthorized
	}
	if r == nil {
		return nil, nil
	}
	return append([]Message(nil), r.messages...), nil
}

// MessagesOf returns what user has written of what is still kept, by room.
func (c *Chat) MessagesOf(user string) map[string][]Message {
	c.mu.Lock()
	defer c.mu.Unlock()
	written := make(map[string][]Message)
	for name, r := range c.rooms {
		for _, m := range r.messages {
			if m.User == user {
				written[name] = append(written[name], m)
			}
		}
	}
	return written
}

// Invite lets guest into a private room. The first to invite somebody founds the room; afterwards only guests invite.
func (c *Chat) Invite(name, host, guest string) error {
	if !Private(name) {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.roomLocked(name)
	switch {
	case len(r.invited) == 0:
		r.invited = map[string]bool{host: true}
	case !r.invited[host]:
		return ErrUnauthorized
	case len(r.invited) >= maxInvited:
		return ErrFull
	}
	r.invited[guest] = true
	return nil
}

// Post adds a message to a room and tells everybody in it.
func (c *Chat) Post(name, user, body string) (Message, error) {
	body = strings.TrimSpace(body)
	switch {
	case body == "":
		return Message{}, ErrEmpty
	case utf8.RuneCountInString(body) > MaxBody:
		return Message{}, ErrTooLong
	}
	m := c.keep(name, Message{User: user, Body: body, At: time.Now().UTC().Truncate(time.Millisecond)})
	return m, channel.Broadcast(c.ps, "room:"+name, "message:new", m)
}

func (c *Chat) keep(name string, m Message) Message {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last++
	m.ID = c.last
	r := c.roomLocked(name)
	if len(r.messages) >= historySize {
		r.messages = append(r.messages[:0], r.messages[1:]...)
	}
	r.messages = append(r.messages, m)
	return m
}

func (c *Chat) roomLocked(name string) *room {
	r := c.rooms[name]
	if r == nil {
		if len(c.rooms) >= maxRooms {
			c.forgetLocked()
		}
		r = &room{}
		c.rooms[name] = r
	}
	r.used = time.Now()
	return r
}

func (c *Chat) forgetLocked() {
	oldest := ""
	for name, r := range c.rooms {
		if oldest == "" || r.used.Before(c.rooms[oldest].used) {
			oldest = name
		}
	}
	delete(c.rooms, oldest)
}
