package transport

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bennu-go/bennu/internal/frame"
	"github.com/bennu-go/bennu/pubsub"
)

const (
	stressClients = 150 // at a time
	stressLives   = 8   // of each
	stressPayload = 4 << 10
)

// Hundreds of clients come, talk, go silent, break and go, while broadcasts run. Descriptor numbers are used again and again: every message must be for
// the client that gets it, every broadcast must come in order and without a gap, and nothing may be left when all have gone.
func TestClientsOfEveryKindAtOnce(t *testing.T) {
	for name, y := range ways {
		t.Run(name, func(t *testing.T) {
			files, before := descriptors(t), goroutines()
			y.onWard(t, WebSocketConfig{MaxQueued: 128 << 10, SendBuffer: 16 << 10}, func(h *harness, w *ward) {
				s := &stress{h: h, t: t, lives: stressLives, stop: make(chan struct{})}
				if y.tls {
					s.lives /= 3 // each begins with a handshake
				}
				if raced {
					s.lives = max(s.lives/3, 1)
				}
				var storm, clients sync.WaitGroup
				storm.Go(s.broadcast)
				for i := range stressClients {
					clients.Go(func() { s.client(i) })
				}
				clients.Wait()
				close(s.stop)
				storm.Wait()
				if s.echoes.Load() == 0 || s.broadcasts.Load() == 0 || s.dropped.Load() == 0 {
					t.Errorf("%d answers, %d broadcasts, %d slow clients: the storm was none", s.echoes.Load(), s.broadcasts.Load(), s.dropped.Load())
				}
			})
			await(t, "goroutines to end", func() bool { return goroutines() <= before })
			if n := descriptors(t); n > files {
				t.Errorf("%d descriptors, %d before", n, files)
			}
		})
	}
}

func goroutines() int { return runtime.NumGoroutine() }

type stress struct {
	t                           *testing.T
	h                           *harness
	lives                       int // of each client
	stop                        chan struct{}
	echoes, broadcasts, dropped atomic.Int64
}

// broadcast publishes numbered messages, no faster than the shards pass them on and one a millisecond at most, so that most clients keep up.
func (s *stress) broadcast() {
	filler := strings.Repeat("x", stressPayload)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-s.stop:
			return
		case <-tick.C:
		}
		m, _ := pubsub.NewEvent("all", "n", fmt.Appendf(nil, `{"n":%d,"x":"%s"}`, n, filler))
		s.h.env.PubSub.Broadcast(m, nil)
		for _, sh := range s.h.env.Shards.all {
			passed := make(chan struct{})
			sh.PostFunc(func() { close(passed) })
			<-passed
		}
	}
}

func (s *stress) client(client int) {
	rnd := rand.New(rand.NewPCG(uint64(client), 7))
	for life := range s.lives {
		c := &stressed{stress: s, id: fmt.Sprintf("c%dl%d", client, life), last: -1}
		c.live(rnd)
	}
}

// stressed is one connection's client.
type stressed struct {
	*stress
	id   string
	p    *peer
	last int  // number of the last broadcast; -1: none yet
	slow bool // it was told that it is too slow
}

func (c *stressed) live(rnd *rand.Rand) {
	if rnd.IntN(8) == 0 { // gone before the answer
		nc := c.h.dial()
		fmt.Fprintf(nc, "GET /websocket?vsn=2.0.0&id=%s HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", c.id)
		(&peer{nc: nc}).reset()
		return
	}
	c.p = c.h.connect("&id=" + c.id)
	defer c.p.nc.Close()
	for i := range rnd.IntN(10) {
		verb := [...]string{"echo", "cast", "work"}[rnd.IntN(3)]
		what := fmt.Sprint(verb, i)
		c.p.say(verb + " " + what)
		if !c.until(what, verb != "echo") {
			if !c.slow {
				c.t.Errorf("%s was ended in the middle of a talk", c.id)
			}
			return
		}
		c.echoes.Add(1)
	}
	switch rnd.IntN(8) {
	case 0:
		c.p.write(clientClose(1000, ""))
		c.until("", false) // its end
	case 1:
		c.p.write(fromClient(frame.Text, true, "echo half a message")[:9])
		c.p.reset()
	case 2:
		c.p.reset()
	case 3:
		c.p.nc.(interface{ CloseWrite() error }).CloseWrite()
		c.until("", false)
	case 4: // garbage
		c.p.write([]byte{0xFF, 0xFF, 1, 2, 3})
		c.until("", false)
	case 5:
		c.p.say("panic")
		c.p.reset()
	case 6: // closed by the server
		c.p.say("close")
		c.p.write(clientClose(1000, ""))
		c.until("", false)
	case 7: // reads no more until the server has given it up
		if s := c.h.connected(c.id); s != nil {
			<-s.gone
			c.dropped.Add(1)
			if c.until("", false); !c.slow {
				c.t.Errorf("%s was not told that it is too slow", c.id)
			}
		}
	}
}

// connected finds the session of a client.
func (h *harness) connected(id string) *watched {
	for c := range h.env.Shards.Sessions(nil) {
		if s := c.(*wsConn).session.(*watched); s.id == id {
			return s
		}
	}
	return nil
}

// until reads and checks all that comes, up to the answer to what (true) or the end (false). Behind a broadcast of one's own the answer must come second.
func (c *stressed) until(what string, broadcast bool) bool {
	saw := !broadcast
	for {
		op, payload, err := c.p.read()
		if err != nil {
			return false
		}
		switch {
		case op == frame.Close:
			c.slow = string(payload) == "\x03\xf5too slow"
			c.p.write(clientClose(1000, ""))
		case strings.HasPrefix(string(payload), c.id+"|"):
			if got := string(payload[len(c.id)+1:]); got == what {
				if !saw {
					c.t.Errorf("%s: the answer %q overtook the broadcast", c.id, what)
				}
				return true
			} else if got != "hello" {
				c.t.Errorf("%s got %q, want %q", c.id, got, what)
			}
		default:
			saw = c.broadcastOf(payload, what) || saw
		}
	}
}

// broadcastOf checks a broadcast and says whether it is the client's own.
func (c *stressed) broadcastOf(payload []byte, what string) bool {
	c.broadcasts.Add(1)
	var m []json.RawMessage
	var body struct {
		N  int
		X  string
		Of string
	}
	if err := json.Unmarshal(payload, &m); err != nil || len(m) != 5 || json.Unmarshal(m[4], &body) != nil {
		c.t.Errorf("%s got what is neither its own nor a broadcast: %.60q", c.id, payload)
		return false
	}
	if string(m[2]) == `"cast"` {
		return body.Of == c.id+"|"+what
	}
	if len(body.X) != stressPayload || c.last >= 0 && body.N != c.last+1 {
		c.t.Errorf("%s got broadcast %d of %d bytes after %d", c.id, body.N, len(body.X), c.last)
	}
	c.last = body.N
	return false
}
