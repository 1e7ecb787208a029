package transport

import (
	"iter"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/bennu-go/bennu/proc"
)

// client is what a shard knows of a connection of any transport.
type client interface {
	Conn
	link() *link
	// mount is the socket that the client is connected to.
	mount() Socket
	// due returns after how long the client has to be looked at again, and looks at it if that is now; now is System.Now.
	// Zero: never.
	due(now time.Duration) time.Duration
	// drain has the session drained and the connection closed with 1012.
	drain()
	// abandon closes without more ado.
	abandon()
}

// link is a connection's place in its shard's list, which guards it: its index plus one; zero is none. It is embedded in the connection.
type link struct{ place int32 }

// conns is the list of all connections of a shard, and watches over their deadlines with one alarm for all.
type conns struct {
	shard *Shard
	mu    sync.Mutex // guards the fields below and every link
	all   []client
	alarm proc.Alarm
	at    time.Duration // when the alarm rings; zero: it is not set
}

// minSweep bounds how often deadlines are looked at: they are late by no more than this.
const minSweep = time.Second

// maxWatch bounds how far ahead a deadline is looked for, so that times without end do not wrap: then there is one more pass in some years.
const maxWatch = 1000 * 24 * time.Hour

func (l *conns) add(c client) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, c)
	c.link().place = int32(len(l.all))
}

func (l *conns) remove(c client) {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := int(c.link().place) - 1
	if i < 0 {
		return
	}
	c.link().place = 0
	last := len(l.all) - 1
	if i != last {
		l.all[i] = l.all[last]
		l.all[i].link().place = int32(i + 1)
	}
	l.all[last] = nil
	l.all = l.all[:last]
	switch {
	case last == 0:
		l.all = nil
		if l.at != 0 {
			l.at = 0
			l.system().CancelAlarm(&l.alarm)
		}
	case cap(l.all) > 1024 && last < cap(l.all)/4:
		l.all = append(make([]client, 0, 2*last), l.all...)
	}
}

func (l *conns) system() *proc.System { return l.shard.env.pubsub.System() }

// within makes sure that deadlines are looked at within d.
func (l *conns) within(d time.Duration) {
	d = min(d, maxWatch)
	at := l.system().Now() + d
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.all) > 0 && (l.at == 0 || at < l.at) {
		l.at = at
		l.system().SetAlarm(&l.alarm, l, d)
	}
}

// Ring is called by the timing wheel.
func (l *conns) Ring() { l.shard.PostFunc(l.sweep) }

// sweep looks at every connection's deadline. A pass over a million takes some milliseconds, and comes when the earliest deadline does.
func (l *conns) sweep() {
	l.mu.Lock()
	l.at = 0
	l.mu.Unlock()
	now := l.system().Now()
	next := time.Duration(0)
	var some [256]client
	for end := math.MaxInt; end > 0; {
		n := l.before(&end, some[:])
		for _, c := range some[:n] {
			if d := c.due(now); d > 0 && (next == 0 || d < next) {
				next = d
			}
		}
		l.shard.glance() // heartbeats do not wait for a million deadlines
	}
	if next > 0 {
		l.within(max(next, minSweep))
	}
}

// before copies the last connections before end, and moves end to the first of them. Going backwards misses nobody: who leaves meanwhile
// is replaced by one from the end of the list, who has been seen.
func (l *conns) before(end *int, some []client) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	to := min(*end, len(l.all))
	*end = max(to-len(some), 0)
	return copy(some, l.all[*end:to])
}

func (l *conns) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.all)
}

// has says whether there is a connection of socket, or any if socket is nil.
func (l *conns) has(socket Socket) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.ContainsFunc(l.all, func(c client) bool { return socket == nil || c.mount() == socket })
}

func (l *conns) of(socket Socket) (all []client) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if socket == nil {
		return append(all, l.all...)
	}
	for _, c := range l.all {
		if c.mount() == socket {
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
