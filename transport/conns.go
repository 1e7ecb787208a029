package transport

import (
	"iter"
	"sync"
)

// client is what a shard knows of a connection of any transport.
type client interface {
	Conn
	link() *link
	// drain has the session drained and the connection closed with 1012.
	drain()
	// abandon closes without more ado.
	abandon()
}

// link is a connection's place in its shard's list. It is embedded in the connection.
type link struct {
	prev, next client
	socket     Socket
	linked     bool
}

// conns is the list of all connections of a shard.
type conns struct {
	mu   sync.Mutex // guards the list and every link in it
	head client
	n    int
}

func (l *conns) add(c client) {
	l.mu.Lock()
	defer l.mu.Unlock()
	k := c.link()
	k.linked, k.next = true, l.head
	if l.head != nil {
		l.head.link().prev = c
	}
	l.head = c
	l.n++
}

func (l *conns) remove(c client) {
	l.mu.Lock()
	defer l.mu.Unlock()
	k := c.link()
	if !k.linked {
		return
	}
	if k.prev != nil {
		k.prev.link().next = k.next
	} else {
		l.head = k.next
	}
	if k.next != nil {
		k.next.link().prev = k.prev
	}
	k.prev, k.next, k.linked = nil, nil, false
	l.n--
}

func (l *conns) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.n
}

func (l *conns) of(socket Socket) (all []client) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := l.head; c != nil; c = c.link().next {
		if socket == nil || c.link().socket == socket {
			all = append(all, c)
		}
	}
	return all
}

// Sessions lists the connections of a socket, or of all if socket is nil.
func (ss *Shards) Sessions(socket Socket) iter.Seq[Conn] {
	return func(yield func(Conn) bool) {
		for _, s := range ss.all {
			for _, c := range s.conns.of(socket) {
				if !yield(c) {
					return
				}
			}
		}
	}
}
