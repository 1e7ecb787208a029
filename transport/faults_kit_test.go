package transport

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bennu-go/bennu/internal/frame"
	"github.com/bennu-go/bennu/pubsub"
)

// ward is a socket whose sessions watch the contract between them and the transport.
type ward struct {
	t   *testing.T
	env *Env
	mu  sync.Mutex // guards all
	all []*watched
}

func (w *ward) Name() string { return "ward" }

func (w *ward) Connect(_ context.Context, r *ConnectRequest) (Session, error) {
	id, _ := r.Params["id"].(string)
	panics, _ := r.Params["panics"].(string)
	s := &watched{ward: w, id: id, panics: panics, gone: make(chan error, 1)}
	w.mu.Lock()
	w.all = append(w.all, s)
	w.mu.Unlock()
	return s, nil
}

// session waits until one with this id has connected.
func (w *ward) session(id string) (found *watched) {
	await(w.t, "a session "+id, func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		for _, s := range w.all {
			if s.id == id {
				found = s
			}
		}
		return found != nil
	})
	return found
}

// check is called when all connections have gone.
func (w *ward) check() {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.all {
		if opened, closed := s.opened.Load(), s.closed.Load(); opened > 1 || closed != 1 {
			w.t.Errorf("session %s was opened %d times and closed %d times", s.id, opened, closed)
		}
	}
}

// watched answers "echo X" with "ID|X", publishes "cast X" and then answers likewise, once on the transport's goroutine and once on another.
type watched struct {
	ward           *ward
	id, panics     string
	conn           Conn
	all, casts     Member
	busy           atomic.Int32
	opened, closed atomic.Int32
	open           atomic.Bool  // Open has returned
	receives       atomic.Int64 // bytes
	work           sync.WaitGroup
	gone           chan error
}

func (s *watched) ID() string { return s.id }

func (s *watched) Open(c Conn) {
	s.opened.Add(1)
	s.conn = c
	defer s.open.Store(true)
	switch s.panics {
	case "open":
		panic("in Open")
	case "opening":
		var wg sync.WaitGroup
		wg.Go(func() { c.Close(4000, "while opening") })
		wg.Wait()
	}
	s.all.Conn, s.casts.Conn = c, c
	c.Shard().Join("all", &s.all, func() { c.Write(NewFrame(frame.Text, []byte(s.id+"|hello"))) })
	c.Shard().Join("cast", &s.casts, nil)
}

func (s *watched) Drain() {
	if s.panics == "drain" {
		panic("in Drain")
	}
}

func (s *watched) Closed(reason error) {
	s.closed.Add(1)
	if s.opened.Load() > 0 {
		if !s.open.Load() {
			s.ward.t.Error("Closed was called while Open was running")
		}
		s.conn.Shard().Leave(&s.all)
		s.conn.Shard().Leave(&s.casts)
	}
	select {
	case s.gone <- reason:
	default:
	}
	if s.panics == "closed" {
		panic("in Closed")
	}
}

func (s *watched) Receive(_ frame.Opcode, data []byte) error {
	if s.busy.Add(1) != 1 || s.opened.Load() != 1 {
		s.ward.t.Error("Receive overlaps with itself, or comes before Open")
	}
	defer s.busy.Add(-1)
	s.receives.Add(int64(len(data)))
	verb, rest, _ := strings.Cut(string(data), " ")
	switch verb {
	case "echo":
		s.conn.Write(NewFrame(frame.Text, []byte(s.id+"|"+rest)))
	case "cast":
		s.cast(rest)
	case "work":
		s.work.Go(func() { s.cast(rest) })
	case "close":
		s.conn.Close(4000, "asked")
		s.conn.Close(4001, "again")
		s.conn.Write(NewFrame(frame.Text, []byte("after the end")))
	case "panic":
		panic("in Receive")
	}
	return nil
}

// cast publishes, then writes behind it, as channels do.
func (s *watched) cast(what string) {
	m, _ := pubsub.NewEvent("cast", "e", fmt.Appendf(nil, `{"of":"%s|%s"}`, s.id, what))
	s.ward.env.PubSub.Broadcast(m, nil)
	answer := NewFrame(frame.Text, []byte(s.id+"|"+what))
	if sh := s.conn.Shard(); sh.Passed(sh.Mark()) {
		s.conn.Write(answer)
	} else {
		sh.Post(s.conn, answer)
	}
}

// onWard serves a ward over the loopback address, and checks that nothing of it is left behind.
func (y way) onWard(t *testing.T, cfg WebSocketConfig, f func(h *harness, w *ward)) {
	t.Helper()
	l, dial := y.listen(t)
	cfg.Engine = y.engine
	w := &ward{t: t}
	serveSocket(t, l, cfg, w, func(h *harness) {
		w.env = &h.env
		h.dial = dial
		f(h, w)
		h.env.Shards.Drain(context.Background(), h.env, nil, DrainConfig{Timeout: 15 * time.Second})
		h.nothingLeft()
		w.check()
	})
}

// nothingLeft checks what the shards and the PubSub hold when every client has gone.
func (h *harness) nothingLeft() {
	h.t.Helper()
	if n := h.env.Shards.Count(); n != 0 {
		h.t.Errorf("%d connections are left", n)
	}
	for i, s := range h.env.Shards.all {
		await(h.t, "the shard's rest", func() bool {
			s.mu.Lock()
			defer s.mu.Unlock()
			return !s.working && s.poller == nil
		})
		s.members.Lock()
		if n := len(s.groups); n != 0 {
			h.t.Errorf("shard %d still has %d groups", i, n)
		}
		s.members.Unlock()
	}
	for _, topic := range []string{"all", "cast"} {
		before := h.posted()
		m, _ := pubsub.NewEvent(topic, "e", []byte(`{}`))
		h.env.PubSub.Broadcast(m, nil)
		if h.posted() != before {
			h.t.Errorf("the PubSub still has groups in the topic %q", topic)
		}
	}
}

// of waits until the connection of the session with this id is listed, which is a moment after Open.
func (h *harness) of(id string) (found *wsConn) {
	await(h.t, "the connection of "+id, func() bool {
		for c := range h.env.Shards.Sessions(nil) {
			if c := c.(*wsConn); c.session.ID() == id {
				found = c
			}
		}
		return found != nil
	})
	return found
}

func (h *harness) posted() (n uint64) {
	for _, s := range h.env.Shards.all {
		n += s.Mark()
	}
	return n
}

// await waits for what has no channel to wait on: the end of what another goroutine is about to do.
func await(t testing.TB, what string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	late := time.After(20 * time.Second)
	for !is() {
		select {
		case <-tick.C:
		case <-late:
			t.Fatal("waited in vain for " + what)
		}
	}
}

// reset ends the client's side so that the server gets RST.
func (p *peer) reset() {
	tcp := p.tcp()
	tcp.SetLinger(0)
	tcp.Close()
}

func (p *peer) say(text string) { p.write(fromClient(frame.Text, true, text)) }

// hold keeps every shard busy until the returned function is called.
func (h *harness) hold() (release func()) {
	free := make(chan struct{})
	for _, s := range h.env.Shards.all {
		held := make(chan struct{})
		s.PostFunc(func() { close(held); <-free })
		<-held
	}
	return sync.OnceFunc(func() { close(free) })
}
