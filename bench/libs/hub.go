package main

import (
	"iter"
	"sync"

	"github.com/bennu-go/bennu/bench/internal/phx"
)

// conn is what the hub needs of a library's connection.
type conn interface {
	// write sends one text message and reports whether the connection still
	// lives. Any goroutine may call it. It must not call the hub.
	write(text []byte) bool
}

// hub knows who is in which room.
type hub[C conn] struct {
	// fanOut sends one text to everyone of to in turn, by the library's own
	// means for that. The text is lent until it returns.
	fanOut func(text []byte, to iter.Seq[C])

	mu    sync.Mutex // guards the field below, rooms, and each member's room and index
	rooms map[string]*room[C]

	scratch sync.Pool // of *[]byte: an idle connection has no buffer
}

type room[C conn] struct {
	topic   string
	members []*member[C]
}

// all yields the members' connections. The caller has the hub's lock.
func (r *room[C]) all(yield func(C) bool) {
	for _, m := range r.members {
		if !yield(m.conn) {
			return
		}
	}
}

// member is a connection with its place in a room. It is a [phx.Peer] for the
// goroutine that reads it, the only one that changes room.
type member[C conn] struct {
	hub   *hub[C]
	conn  C
	room  *room[C]
	index int
}

func newHub[C conn](fanOut func(text []byte, to iter.Seq[C])) *hub[C] {
	return &hub[C]{
		fanOut: fanOut, rooms: map[string]*room[C]{},
		scratch: sync.Pool{New: func() any { return new([]byte) }},
	}
}

// receive handles one message of m, and reports whether m is to be read on.
func (h *hub[C]) receive(m *member[C], text []byte) (alive bool) {
	out := h.scratch.Get().(*[]byte)
	defer h.scratch.Put(out)
	var err error
	*out, alive, err = phx.Dispatch(m, text, *out)
	return alive && err == nil
}

func (m *member[C]) Send(buf []byte) bool { return m.conn.write(buf[phx.Room:]) }

func (m *member[C]) Joined() string {
	if m.room != nil {
		return m.room.topic
	}
	return ""
}

func (m *member[C]) Join(topic, reply []byte) bool {
	h := m.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	m.leaveLocked()
	if !m.Send(reply) {
		return false
	}
	r, ok := h.rooms[string(topic)]
	if !ok {
		r = &room[C]{topic: string(topic)}
		h.rooms[r.topic] = r
	}
	m.room, m.index = r, len(r.members)
	r.members = append(r.members, m)
	return true
}

// Leave is also what ends m: after it the hub does not know m any more.
func (m *member[C]) Leave() {
	m.hub.mu.Lock()
	defer m.hub.mu.Unlock()
	m.leaveLocked()
}

func (m *member[C]) leaveLocked() {
	r := m.room
	if r == nil {
		return
	}
	last := len(r.members) - 1
	r.members[m.index] = r.members[last]
	r.members[m.index].index = m.index
	r.members[last] = nil
	r.members = r.members[:last]
	m.room = nil
	if last == 0 {
		delete(m.hub.rooms, r.topic)
	}
}

// Shout writes under the lock, as the hijack floor does: one order of
// broadcasts. Who cannot be written to is removed by its own reader.
func (m *member[C]) Shout(buf []byte) bool {
	m.hub.mu.Lock()
	defer m.hub.mu.Unlock()
	m.hub.fanOut(buf[phx.Room:], m.room.all)
	return true
}

// oneByOne is the fan-out of a library that has no means of its own for it.
func oneByOne[C conn](text []byte, to iter.Seq[C]) {
	for c := range to {
		c.write(text)
	}
}
